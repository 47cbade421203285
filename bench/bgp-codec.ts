/**
 * BGP messages read and written, beside GoBGP's packet library in the same run: messages per second of processor time, the median of
 * rounds in which the two take turns.
 *
 *   sh lab/toolchain.sh node bench/bgp-codec.ts
 */
import { spawnSync } from 'node:child_process'
import type { CodecOptions } from '../src/bgp/codec/codec-options.ts'
import { decodeMessage } from '../src/bgp/codec/decode-message.ts'
import { encodeMessage } from '../src/bgp/codec/encode-message.ts'
import { Framer } from '../src/bgp/codec/framer.ts'
import type { Message, PathAttributes } from '../src/bgp/message.ts'
import type { Address } from '../src/ip/address.ts'
import type { Prefix } from '../src/ip/prefix.ts'
import { percentile, table, times } from './figures.ts'
import { buildGobgpCodec, gobgpVersion } from './gobgp-codec.ts'

const ROUNDS = 5
/** processor time of one measurement */
const MEASURE_MS = 300

const options: CodecOptions = { fourOctetAs: true, internal: false, extendedMessage: false, extendedNextHop: false }
const ipv4 = (index: number): Address => ({ family: 4, value: 0xc6336400 + index })
const ipv6 = (index: number): Address => ({ family: 6, value: (0x20010db8n << 96n) + BigInt(index) })
const hostRoutes = (count: number, address: (index: number) => Address, length: number): Prefix[] =>
  Array.from({ length: count }, (_, index) => ({ address: address(index), length }))

const common: PathAttributes = {
  origin: 0,
  asPath: [{ type: 2, asNumbers: [64500] }],
  communities: [0xfbf40001, 0xfbf40002],
}
const viaIpv4: PathAttributes = { ...common, nextHop: ipv4(1) }
const update = (attributes: PathAttributes, announced: Prefix[] = []): Message => ({
  type: 'update',
  withdrawn: [],
  attributes,
  announced,
})
const viaIpv6 = (announced: Prefix[]): PathAttributes => ({
  mpReach: { afi: 2, safi: 1, nextHop: { global: ipv6(1) }, announced },
  ...common,
})

const messages: { name: string; message: Message }[] = [
  { name: 'KEEPALIVE', message: { type: 'keepalive' } },
  {
    name: 'OPEN, 5 capabilities',
    message: {
      type: 'open',
      version: 4,
      asNumber: 64500,
      holdTimeSeconds: 90,
      bgpIdentifier: 0xc6336401,
      capabilities: [
        { type: 'multiprotocol', afi: 1, safi: 1 },
        { type: 'multiprotocol', afi: 2, safi: 1 },
        { type: 'routeRefresh' },
        { type: 'fourOctetAs', asNumber: 64500 },
        { type: 'enhancedRouteRefresh' },
      ],
    },
  },
  { name: 'UPDATE, 1 IPv4 prefix', message: update(viaIpv4, hostRoutes(1, ipv4, 32)) },
  { name: 'UPDATE, 800 IPv4 prefixes', message: update(viaIpv4, hostRoutes(800, ipv4, 32)) },
  { name: 'UPDATE, 230 IPv6 prefixes', message: update(viaIpv6(hostRoutes(230, ipv6, 128))) },
]

const program = await buildGobgpCodec()
console.log(`GoBGP ${gobgpVersion}.\n`)

const encoded = messages.map(({ message }) => encodeMessage(message, options))
const input = encoded.map(bytes => Buffer.from(bytes).toString('hex')).join('\n')
const rounds = Array.from({ length: ROUNDS }, () => ({ herald: herald(), gobgp: gobgp() }))

const rows = messages.flatMap(({ name }, index) =>
  (['reading', 'writing'] as const).map(work => {
    const median = (who: 'herald' | 'gobgp') =>
      percentile(
        rounds.map(round => round[who][index]![work]),
        0.5,
      )
    const [own, theirs] = [median('herald'), median('gobgp')]
    return [
      `${name}: ${work}`,
      `${encoded[index]!.length}`,
      us(own),
      us(theirs),
      perSecond(own),
      perSecond(theirs),
      times(theirs, own),
    ]
  }),
)
console.log(
  table(
    ['', 'octets', 'Herald', 'GoBGP', 'Herald, messages/s', 'GoBGP, messages/s', 'Herald / GoBGP, messages/s'],
    rows,
  ),
)

interface Cost {
  /** nanoseconds of processor time for one message */
  readonly reading: number
  readonly writing: number
}

function herald(): Cost[] {
  return messages.map(({ message }, index) => {
    const bytes = encoded[index]!
    const framer = new Framer()
    const read = () => {
      framer.push(bytes)
      const framed = framer.next()
      if (!framed || 'error' in framed || !('message' in decodeMessage(framed.frame, options))) {
        throw new Error('cannot read what was written')
      }
    }
    return { reading: measure(read), writing: measure(() => encodeMessage(message, options)) }
  })
}

/** Repeats the work until it has used the processor for long enough; nanoseconds that one turn took. */
function measure(work: () => void): number {
  let turns = 0
  const start = process.cpuUsage()
  for (;;) {
    for (let index = 0; index < 100; index++) work()
    turns += 100
    // All threads, those of the garbage collector too.
    const { user, system } = process.cpuUsage(start)
    const usedMs = (user + system) / 1000
    if (usedMs >= MEASURE_MS) return (usedMs * 1e6) / turns
  }
}

function gobgp(): Cost[] {
  const { stdout, stderr, status } = spawnSync(program, [String(MEASURE_MS)], { input, encoding: 'utf8' })
  if (status !== 0) throw new Error(`GoBGP's codec: ${stderr}`)
  return stdout
    .trim()
    .split('\n')
    .map(line => {
      const [reading = Number.NaN, writing = Number.NaN] = line.split(' ').map(Number)
      return { reading, writing }
    })
}

function us(nanoseconds: number): string {
  return `${(nanoseconds / 1000).toFixed(2)} µs`
}

function perSecond(nanoseconds: number): string {
  return Math.round(1e9 / nanoseconds).toLocaleString('en-US')
}
