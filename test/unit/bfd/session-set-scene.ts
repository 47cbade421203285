import { Authentication, AuthenticationType } from '../../../src/bfd/authentication.ts'
import { decodeControlPacket, encodeControlPacket, type SessionState } from '../../../src/bfd/packet.ts'
import {
  type PeerConfig,
  SessionSet,
  type SessionSetAction,
  type SessionSetInit,
} from '../../../src/bfd/session-set.ts'
import { type Address, parseAddress } from '../../../src/ip/address.ts'
import { FakeNetwork, type NetworkEnd, seededRandom } from '../../support/bfd/network.ts'

/** Addresses of this end, the peer and a stranger. */
export const here = parseAddress('192.0.2.1')!
export const there = parseAddress('192.0.2.2')!
export const elsewhere = parseAddress('192.0.2.99')!

/** A peer one hop away: 100 ms, three packets. */
export const singleHop: PeerConfig = {
  addresses: [there],
  role: 'active',
  desiredMinTxIntervalMs: 100,
  requiredMinRxIntervalMs: 100,
  detectMultiplier: 3,
  minimumTtl: 255,
}

/** A key that both ends know by this text. */
export const key = (text: string) =>
  new Authentication({
    type: AuthenticationType.meticulousKeyedSha1,
    keyId: 1,
    key: new TextEncoder().encode(text),
  })

/** A set that knows the peer by its address. */
export function makeSet(init: Partial<SessionSetInit> = {}, seed = 1): SessionSet {
  return new SessionSet(
    { random: seededRandom(seed) },
    { peerOf: ({ source }) => (source.value === there.value ? 'peer' : undefined), ...init },
  )
}

/** One end with one session, to `peer`. */
export class End implements NetworkEnd {
  readonly address: Address
  readonly set: SessionSet
  readonly ttl = 255

  constructor(address: Address, peer: PeerConfig, seed: number) {
    this.address = address
    this.set = new SessionSet({ random: seededRandom(seed) }, { peerOf: () => 'peer' })
    this.peer = peer
  }

  readonly peer: PeerConfig

  get dueMs(): number | undefined {
    return this.set.dueMs
  }

  get state(): SessionState | undefined {
    return this.set.session('peer')?.state
  }

  start(nowMs: number): readonly SessionSetAction[] {
    return this.set.setPeers(new Map([['peer', this.peer]]), nowMs)
  }

  receive(payload: Uint8Array, source: Address, nowMs: number): readonly SessionSetAction[] {
    return this.set.receive(payload, { source, ttl: this.ttl }, nowMs)
  }

  timer(nowMs: number): readonly SessionSetAction[] {
    return this.set.timer(nowMs)
  }
}

/** Two ends that keep one session with each other. */
export function pair(
  init: { a?: Partial<PeerConfig>; b?: Partial<PeerConfig>; seed?: number },
  network: Omit<ConstructorParameters<typeof FakeNetwork>[0], 'ends'> = {},
) {
  const seed = init.seed ?? 1
  const a = new End(here, { ...singleHop, addresses: [there], ...init.a }, seed)
  const b = new End(there, { ...singleHop, addresses: [here], ...init.b }, seed + 1)
  const wire = new FakeNetwork({ ends: [a, b], ...network })
  wire.take(a, a.start(0))
  wire.take(b, b.start(0))
  return { a, b, wire }
}

/** What a peer might send: to our discriminator, or to none. */
export function fromPeer(yourDiscriminator: number, state: SessionState, authentication?: Authentication): Uint8Array {
  const bytes = encodeControlPacket(
    {
      diagnostic: 0,
      state,
      poll: false,
      final: false,
      controlPlaneIndependent: false,
      authenticationPresent: authentication !== undefined,
      demand: false,
      detectMultiplier: 3,
      myDiscriminator: 5,
      yourDiscriminator,
      desiredMinTxIntervalUs: 100_000,
      requiredMinRxIntervalUs: 100_000,
      requiredMinEchoRxIntervalUs: 0,
    },
    28,
  )
  authentication?.sign(bytes, { transmitted: 0, received: undefined })
  return bytes
}

/** The discriminator of the session that sends the first packet among actions. */
export function discriminatorOf(actions: readonly SessionSetAction[]): number {
  for (const action of actions) {
    if (action.type !== 'send') continue
    const decoded = decodeControlPacket(action.payload)
    if ('packet' in decoded) return decoded.packet.myDiscriminator
  }
  throw new Error('nothing was sent')
}
