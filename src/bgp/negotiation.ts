import type { Family } from '../ip/address.ts'
import { encodeCapabilities } from './codec/capability.ts'
import { AS_TRANS, spokenFamily } from './codec/layout.ts'
import { BGP_VERSION } from './codec/open.ts'
import { ErrorCode, OpenSubcode, type ProtocolError } from './error-codes.ts'
import { type AddressFamily, Afi, type Capability, type OpenMessage, SAFI_UNICAST } from './message.ts'
import type { PeerConfig } from './peer-config.ts'

/** A peer's configuration with the BGP identifier of this end. */
export interface PeerSettings {
  readonly config: PeerConfig
  readonly routerId: number
}

/** What holds on a session, from both OPENs. */
export interface Negotiated {
  readonly localAs: number
  readonly peerAs: number
  /** iBGP: both ends are in one AS */
  readonly internal: boolean
  readonly peerIdentifier: number
  /** 0: no hold timer and no keepalives */
  readonly holdTimeSeconds: number
  readonly keepaliveSeconds: number
  readonly fourOctetAs: boolean
  readonly extendedMessage: boolean
  /** what both ends speak, in our order; at least one */
  readonly families: readonly Family[]
  /** RFC 8950: IPv4 prefixes may have an IPv6 next hop */
  readonly extendedNextHop: boolean
  readonly routeRefresh: boolean
  readonly enhancedRouteRefresh: boolean
  /** undefined unless both ends have it */
  readonly gracefulRestart?: NegotiatedGracefulRestart
}

export interface NegotiatedGracefulRestart {
  /** how long the peer's own restart may take */
  readonly restartTimeSeconds: number
  /** RFC 8538: both ends keep routes over a NOTIFICATION that is no Hard Reset */
  readonly notification: boolean
  /** whose forwarding the peer can keep over its own restart; none: it only helps others */
  readonly families: readonly Family[]
}

/** How long a peer keeps our routes without a session: enough for a new image to be pulled, short of a node that never comes back. */
const RESTART_TIME_SECONDS = 120

/**
 * Our OPEN. Extended messages (RFC 8654) are not offered: they would only let the peer send larger ones, Herald takes no routes, and a
 * thousand prefixes fit into 4096 octets.
 *
 * @param restarting RFC 4724 §3, the R bit: another process may have announced routes before this one
 */
export function openMessage({ config, routerId }: PeerSettings, restarting: boolean): OpenMessage {
  return {
    type: 'open',
    version: BGP_VERSION,
    // RFC 6793 §4.2.3
    asNumber: config.localAs > 0xffff ? AS_TRANS : config.localAs,
    holdTimeSeconds: config.holdTimeSeconds,
    bgpIdentifier: routerId,
    capabilities: ourCapabilities(config, restarting),
  }
}

/**
 * What both ends can agree to, or why not: the checks of RFC 4271 §6.2 that need the configuration. Those that do not (version, hold
 * time, AS 0, identifier 0) are the decoder's, see src/bgp/codec/open.ts.
 */
export function negotiate(
  { config, routerId }: PeerSettings,
  theirs: OpenMessage,
): { readonly negotiated: Negotiated } | { readonly error: ProtocolError } {
  const { localAs } = config
  const peerAs = peerAsOf(theirs)
  const problem = asProblem(config, theirs, peerAs)
  if (problem !== undefined) return refuse(OpenSubcode.badPeerAs, problem)
  const internal = peerAs === localAs
  // RFC 6286 §2.2: only within an AS need identifiers differ.
  if (internal && theirs.bgpIdentifier === routerId) {
    return refuse(OpenSubcode.badBgpIdentifier, 'the peer has the BGP identifier of this speaker')
  }
  const families = commonFamilies(config, theirs.capabilities)
  if (families.length === 0) return refuseFamilies(config)
  const holdTimeSeconds = Math.min(config.holdTimeSeconds, theirs.holdTimeSeconds)
  return {
    negotiated: {
      localAs,
      peerAs,
      internal,
      peerIdentifier: theirs.bgpIdentifier,
      holdTimeSeconds,
      keepaliveSeconds: keepaliveSeconds(config, holdTimeSeconds),
      fourOctetAs: has(theirs, 'fourOctetAs'),
      extendedMessage: false,
      families,
      extendedNextHop: offersExtendedNextHop(config) && acceptsExtendedNextHop(theirs.capabilities),
      routeRefresh: has(theirs, 'routeRefresh'),
      enhancedRouteRefresh: has(theirs, 'enhancedRouteRefresh'),
      gracefulRestart: commonGracefulRestart(config, families, theirs.capabilities),
    },
  }
}

function ourCapabilities(config: PeerConfig, restarting: boolean): readonly Capability[] {
  const families = config.families.map(addressFamily)
  const capabilities: Capability[] = families.map(each => ({ type: 'multiprotocol', ...each }))
  capabilities.push({ type: 'routeRefresh' }, { type: 'enhancedRouteRefresh' })
  capabilities.push({ type: 'fourOctetAs', asNumber: config.localAs })
  if (offersExtendedNextHop(config)) {
    capabilities.push({ type: 'extendedNextHop', entries: [{ ...addressFamily(4), nextHopAfi: Afi.ipv6 }] })
  }
  if (config.gracefulRestart) {
    capabilities.push({
      type: 'gracefulRestart',
      restarting,
      notification: true,
      restartTimeSeconds: RESTART_TIME_SECONDS,
      // The F bit, always: kube-proxy and the kernel forward, and neither restarts with the speaker.
      families: families.map(each => ({ ...each, forwardingPreserved: true })),
    })
  }
  return capabilities
}

/** The AS number that the peer says it has, of four octets where it can say so (RFC 6793 §4.1). */
function peerAsOf({ asNumber, capabilities }: OpenMessage): number {
  return capabilities.find(each => each.type === 'fourOctetAs')?.asNumber ?? asNumber
}

function asProblem(config: PeerConfig, theirs: OpenMessage, peerAs: number): string | undefined {
  // RFC 6793 §9: reserved, so that it stands for others and nobody has it.
  if (peerAs === AS_TRANS) return `the peer says that it is AS ${AS_TRANS}, which is reserved`
  // RFC 6793 §4.2.3: the two-octet field repeats the number if it fits.
  if (theirs.asNumber !== peerAs && theirs.asNumber !== AS_TRANS) {
    return `the peer says that it is both AS ${theirs.asNumber} and AS ${peerAs}`
  }
  const internal = peerAs === config.localAs
  if (config.peerAs === 'internal') {
    return internal
      ? undefined
      : `the peer is AS ${peerAs}, where the same AS as this end's, ${config.localAs}, is expected`
  }
  if (config.peerAs === 'external') {
    return internal ? `the peer is AS ${peerAs}, the same as this end, where another is expected` : undefined
  }
  return peerAs === config.peerAs ? undefined : `the peer is AS ${peerAs}, where ${config.peerAs} is expected`
}

/** RFC 4760 §8: a peer that names no family at all speaks IPv4 unicast. */
function commonFamilies(config: PeerConfig, capabilities: readonly Capability[]): readonly Family[] {
  const named = capabilities.filter(each => each.type === 'multiprotocol')
  const theirs = named.length === 0 ? [4] : named.map(spokenFamily)
  return config.families.filter(family => theirs.includes(family))
}

/** RFC 5492 §5: the data are the capabilities that the peer lacks. */
function refuseFamilies(config: PeerConfig): { readonly error: ProtocolError } {
  const needed = config.families.map(family => ({ type: 'multiprotocol', ...addressFamily(family) }) as const)
  const names = config.families.map(family => `IPv${family}`).join(' or ')
  return refuse(
    OpenSubcode.unsupportedCapability,
    `the peer does not speak ${names} unicast, which is all that is configured for it`,
    encodeCapabilities(needed),
  )
}

/** RFC 4271 §4.4: at most a third of the hold time. */
function keepaliveSeconds({ keepaliveTimeSeconds }: PeerConfig, holdTimeSeconds: number): number {
  const third = Math.floor(holdTimeSeconds / 3)
  // RFC 4271 §4.4: a hold time of zero means no periodic keepalives.
  if (third === 0 || !keepaliveTimeSeconds) return third
  return Math.min(keepaliveTimeSeconds, third)
}

/** Where the session itself runs over IPv6, this end has a next hop of that family (RFC 8950). */
function offersExtendedNextHop({ families, location }: PeerConfig): boolean {
  return families.includes(4) && (location.type === 'interface' || location.address.family === 6)
}

function acceptsExtendedNextHop(capabilities: readonly Capability[]): boolean {
  return capabilities.some(
    each =>
      each.type === 'extendedNextHop' &&
      each.entries.some(entry => spokenFamily(entry) === 4 && entry.nextHopAfi === Afi.ipv6),
  )
}

function commonGracefulRestart(
  config: PeerConfig,
  families: readonly Family[],
  capabilities: readonly Capability[],
): NegotiatedGracefulRestart | undefined {
  // RFC 4724 §3: of several, the last one counts.
  const theirs = capabilities.findLast(each => each.type === 'gracefulRestart')
  if (!config.gracefulRestart || !theirs) return undefined
  return {
    restartTimeSeconds: theirs.restartTimeSeconds,
    notification: theirs.notification,
    families: families.filter(family => theirs.families.some(each => spokenFamily(each) === family)),
  }
}

function has({ capabilities }: OpenMessage, type: Capability['type']): boolean {
  return capabilities.some(each => each.type === type)
}

function addressFamily(family: Family): AddressFamily {
  return { afi: family === 4 ? Afi.ipv4 : Afi.ipv6, safi: SAFI_UNICAST }
}

function refuse(subcode: OpenSubcode, reason: string, data?: Uint8Array): { readonly error: ProtocolError } {
  return { error: { code: ErrorCode.open, subcode, data: data ?? new Uint8Array(0), reason } }
}
