import type { FuzzTarget } from './target.ts'

/** A target that is not loaded yet: each has a process of its own, in which the code that others use is not counted. */
export interface TargetEntry {
  readonly name: string
  /** what is tried, for `--list` */
  readonly what: string
  readonly load: () => Promise<FuzzTarget>
}

/** Everything that reads what comes from outside. */
export const TARGETS: readonly TargetEntry[] = [
  {
    name: 'arp',
    what: 'ARP frames: answered, heard and read exactly if they are whole',
    load: async () => (await import('./targets/arp.ts')).arp,
  },
  {
    name: 'ndp',
    what: 'neighbour discovery in ICMPv6, IPv6 and Ethernet: answered, heard and read exactly if it is whole',
    load: async () => (await import('./targets/ndp.ts')).ndp,
  },
  {
    name: 'router-advertisement',
    what: 'router advertisements: taken exactly if they are whole',
    load: async () => (await import('./targets/router-advertisement.ts')).routerAdvertisement,
  },
  {
    name: 'bfd-packet',
    what: 'BFD control packets: read exactly if they are whole, and written as they were',
    load: async () => (await import('./targets/bfd-packet.ts')).bfdPacket,
  },
  {
    name: 'bfd-sessions',
    what: 'BFD conversations, with and without a key: no session for a stranger, no answer to what is malformed',
    load: async () => (await import('./targets/bfd-sessions.ts')).bfdSessions,
  },
  {
    name: 'bgp-message',
    what: 'BGP messages with all attributes and capabilities: read, mended or refused, and written as they were read',
    load: async () => (await import('./targets/bgp.ts')).bgpMessage,
  },
  {
    name: 'bgp-stream',
    what: 'bytes of a BGP connection, in any pieces: the same messages however they are cut',
    load: async () => (await import('./targets/bgp.ts')).bgpStream,
  },
  {
    name: 'netlink',
    what: 'route netlink datagrams: links, addresses and ends of lists, each in its bounds',
    load: async () => (await import('./targets/netlink.ts')).netlink,
  },
  {
    name: 'configuration',
    what: 'all custom resources of the configuration, alone and put together: read, or refused with a field and a reason',
    load: async () => (await import('./targets/configuration.ts')).configuration,
  },
  {
    name: 'service',
    what: 'what a Service asks for in its spec and annotations: a request, or a reason in words',
    load: async () => (await import('./targets/service.ts')).service,
  },
  {
    name: 'address-text',
    what: 'addresses, prefixes and ranges as text: the same answer as Node’s own, and the same again when written',
    load: async () => (await import('./targets/texts.ts')).addressText,
  },
  {
    name: 'value-text',
    what: 'durations, communities and MAC addresses as text: in their bounds, and the same again when written',
    load: async () => (await import('./targets/texts.ts')).valueText,
  },
  {
    name: 'admission',
    what: 'reviews of the admission webhook: no answer to what is none, and a verdict with a reason to what is',
    load: async () => (await import('./targets/admission.ts')).admission,
  },
  {
    name: 'conversion',
    what: 'reviews of the conversion webhook: all objects in their order or none, and nothing lost there and back',
    load: async () => (await import('./targets/admission.ts')).conversion,
  },
  {
    name: 'watch',
    what: 'bytes of a watch, in any pieces: the same events however they are cut, and no line without a bound',
    load: async () => (await import('./targets/watch.ts')).watch,
  },
  {
    name: 'flags',
    what: 'command lines of controller, speaker and kubectl herald: read, or refused in words that name the flag',
    load: async () => (await import('./targets/flags.ts')).flags,
  },
  {
    name: 'certificates',
    what: 'the Secret with the webhook’s certificates (PEM and DER): used if it can be, and put right if not',
    load: async () => (await import('./targets/certificates.ts')).certificates,
  },
]

/** The target of this name. */
export async function loadTarget(name: string): Promise<FuzzTarget> {
  const entry = TARGETS.find(target => target.name === name)
  if (!entry) throw new Error(`there is no target "${name}"`)
  return await entry.load()
}
