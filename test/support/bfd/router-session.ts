import assert from 'node:assert/strict'
import {
  type ControlPacket,
  decodeControlPacket,
  encodeControlPacket,
  type SessionState,
} from '../../../src/bfd/packet.ts'
import type { RouterSessionConfig } from '../../../src/bfd/router-session.ts'
import type { RouterSessions, RouterSessionsAction } from '../../../src/bfd/router-sessions.ts'
import { address } from '../addresses.ts'

/** A session with a router, 100 ms × 3, as BGP would want it; its id is `router`. */
export function routerSession(to: string, parts: Partial<RouterSessionConfig> = {}): RouterSessionConfig {
  return {
    id: 'router',
    address: address(to),
    multihop: false,
    receiveIntervalMs: 100,
    transmitIntervalMs: 100,
    detectMultiplier: 3,
    passive: false,
    minimumTtl: 254,
    ...parts,
  }
}

/** As `router Up`. */
export function statesOf(sessions: RouterSessions): string[] {
  return [...sessions.sessions()].map(({ id, state }) => `${id} ${state}`)
}

export function sends(actions: readonly RouterSessionsAction[]): Extract<RouterSessionsAction, { type: 'send' }>[] {
  return actions.filter(action => action.type === 'send')
}

export function decoded(payload: Uint8Array): ControlPacket {
  const result = decodeControlPacket(payload)
  assert.ok('packet' in result)
  return result.packet
}

/** My Discriminator of the first packet sent. */
export function discriminatorOf(actions: readonly RouterSessionsAction[]): number {
  return decoded(sends(actions)[0]!.payload).myDiscriminator
}

/** What a router says, 100 ms × 3. */
export function fromRouter(
  yourDiscriminator: number,
  state: SessionState,
  flags: { demand?: boolean; poll?: boolean; final?: boolean } = {},
): Uint8Array {
  return encodeControlPacket({
    diagnostic: 0,
    state,
    poll: false,
    final: false,
    demand: false,
    ...flags,
    controlPlaneIndependent: false,
    authenticationPresent: false,
    detectMultiplier: 3,
    myDiscriminator: 77,
    yourDiscriminator,
    desiredMinTxIntervalUs: 100_000,
    requiredMinRxIntervalUs: 100_000,
    requiredMinEchoRxIntervalUs: 0,
  })
}
