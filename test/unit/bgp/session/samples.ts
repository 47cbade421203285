import { Afi, type Message, type OpenMessage, SAFI_UNICAST } from '../../../../src/bgp/message.ts'
import type { Negotiated, PeerSettings } from '../../../../src/bgp/negotiation.ts'
import type { PeerAction } from '../../../../src/bgp/peer/actions.ts'
import type { PeerConfig } from '../../../../src/bgp/peer-config.ts'
import { parseAddress } from '../../../../src/ip/address.ts'

/** A peer of AS 64513 at 192.0.2.1, called by AS 64512 with identifier 10. */
export function peerConfig(changes: Partial<PeerConfig> = {}): PeerConfig {
  return {
    name: 'router',
    location: { type: 'address', address: parseAddress('192.0.2.1')! },
    port: 179,
    localAs: 64512,
    peerAs: 64513,
    mode: 'active',
    holdTimeSeconds: 90,
    connectRetrySeconds: 120,
    multihop: false,
    families: [4],
    gracefulRestart: false,
    ...changes,
  }
}

export function peerSettings(changes: Partial<PeerConfig> = {}, routerId = 10): PeerSettings {
  return { config: peerConfig(changes), routerId }
}

export const ipv4 = { afi: Afi.ipv4, safi: SAFI_UNICAST }
export const ipv6 = { afi: Afi.ipv6, safi: SAFI_UNICAST }

/** The OPEN of that peer, identifier 20. */
export function peerOpen(changes: Partial<OpenMessage> = {}): OpenMessage {
  return {
    type: 'open',
    version: 4,
    asNumber: 64513,
    holdTimeSeconds: 180,
    bgpIdentifier: 20,
    capabilities: [{ type: 'multiprotocol', ...ipv4 }, { type: 'routeRefresh' }],
    ...changes,
  }
}

export const restartCapability = {
  type: 'gracefulRestart',
  restarting: false,
  notification: true,
  restartTimeSeconds: 60,
  families: [{ ...ipv4, forwardingPreserved: true }],
} as const

/** What comes of both. */
export const negotiated: Negotiated = {
  localAs: 64512,
  peerAs: 64513,
  internal: false,
  peerIdentifier: 20,
  holdTimeSeconds: 90,
  keepaliveSeconds: 30,
  fourOctetAs: false,
  extendedMessage: false,
  families: [4],
  extendedNextHop: false,
  routeRefresh: true,
  enhancedRouteRefresh: false,
  gracefulRestart: undefined,
}

export const restartNegotiated = { restartTimeSeconds: 60, notification: true, families: [4] } as const

/** An action in a line: `send notification 6/2`, `set hold outgoing-1 90000`. */
export function brief(action: PeerAction): string {
  switch (action.type) {
    case 'connect':
      return `connect ${action.connection}`
    case 'close':
      return `${action.abort ? 'abort' : 'close'} ${action.connection}`
    case 'send':
      return `send ${briefMessage(action.message)} ${action.connection}`
    case 'setTimer':
      return `set ${action.timer} ${action.delayMs}`
    case 'clearTimer':
      return `clear ${action.timer}`
    case 'routeRefresh':
      return `refresh IPv${action.family} ${action.connection}`
    case 'down':
      return `down ${action.reason.code} ${action.connection}`
    case 'transition':
      return `${action.direction} ${action.from} > ${action.to}: ${action.reason.code}`
    case 'established':
    case 'update':
      return `${action.type} ${action.connection}`
  }
}

export function briefMessage(message: Message): string {
  if (message.type !== 'notification') return message.type
  const data = message.data.length === 0 ? '' : ` ${Buffer.from(message.data).toString('hex')}`
  return `${message.code}/${message.subcode}${data}`
}
