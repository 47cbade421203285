/** A program `bench/NAME.ts` that prints its figures as Markdown. */
export interface Benchmark {
  readonly about: string
  /** its flags where `--full` is not asked for */
  readonly short?: readonly string[]
}

/** By name, in the order in which they run. */
export const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  allocator: { about: 'the allocator alone' },
  'bgp-codec': { about: "BGP messages read and written, beside GoBGP's library" },
  bgp: { about: 'announcing by BGP, beside BIRD, GoBGP and MetalLB', short: ['--rounds', '3'] },
  controller: {
    about: 'how long Services wait for their addresses, beside a bare loop and MetalLB',
    short: ['--sizes', '200,1000'],
  },
  memory: { about: 'memory of the controllers, beside MetalLB', short: ['--sizes', '0,1000'] },
  cost: { about: 'memory, processor and requests of whole installations, at rest and busy, beside MetalLB' },
  arp: { about: 'answers to ARP, beside the kernel and MetalLB' },
  scale: { about: 'a cluster of 200 speakers', short: ['--sizes', '1000x50,1000x200'] },
  // The last ones leave a lab running, which would be other work for those above.
  'first-answer': { about: 'from the creation of a Service to the first answer for its address, beside MetalLB' },
  failover: { about: 'how long an address has no owner, beside MetalLB' },
  lab: { about: 'Herald as its chart installs it' },
}
