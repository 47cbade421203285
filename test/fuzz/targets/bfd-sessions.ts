import assert from 'node:assert/strict'
import { Authentication, AuthenticationType } from '../../../src/bfd/authentication.ts'
import { decodeControlPacket, encodeControlPacket, SessionState } from '../../../src/bfd/packet.ts'
import { type PeerConfig, SessionSet } from '../../../src/bfd/session-set.ts'
import { address } from '../../support/addresses.ts'
import { seededRandom } from '../../support/bfd/network.ts'
import { bytesFormat } from '../bytes-format.ts'
import type { FuzzTarget } from '../target.ts'

const there = address('192.0.2.2')
const elsewhere = address('192.0.2.99')
const authentication = new Authentication({
  type: AuthenticationType.meticulousKeyedSha1,
  keyId: 1,
  key: new TextEncoder().encode('fuzz'),
})
const peer: PeerConfig = {
  addresses: [there],
  role: 'active',
  desiredMinTxIntervalMs: 100,
  requiredMinRxIntervalMs: 100,
  detectMultiplier: 3,
  minimumTtl: 255,
}
const MOST_PACKETS = 12
const BYTES_BEFORE_PACKET = 3
const STRANGER = 0x80

/** Sessions as they are before the first packet; the seed makes their discriminators the same every time. */
function begin(isKeyed: boolean): { set: SessionSet; discriminator: number } {
  const set = new SessionSet(
    { random: seededRandom(1) },
    { peerOf: ({ source }) => (source.value === there.value ? 'peer' : undefined) },
  )
  for (const action of set.setPeers(new Map([['peer', isKeyed ? { ...peer, authentication } : peer]]), 0)) {
    if (action.type !== 'send') continue
    const sent = decodeControlPacket(action.payload)
    if ('packet' in sent) return { set, discriminator: sent.packet.myDiscriminator }
  }
  throw new Error('nothing was sent')
}

/**
 * A conversation: what a node with a session with and without a key hears, packet by packet. Before each packet stand its TTL (the lowest
 * bits) and whether it comes from a stranger, the time since the one before in hundredths of a second, and its length.
 */
export const bfdSessions: FuzzTarget = {
  name: 'bfd-sessions',
  format: bytesFormat({ maxLength: 600 }),
  seeds: seeds(),
  check(bytes) {
    const outcomes = new Set<string>()
    for (const isKeyed of [false, true]) {
      const { set } = begin(isKeyed)
      let nowMs = 0
      let packets = 0
      for (let at = 0; at + BYTES_BEFORE_PACKET <= bytes.length && packets < MOST_PACKETS; packets++) {
        const [how = 0, pause = 0, length = 0] = bytes.subarray(at, at + BYTES_BEFORE_PACKET)
        const packet = bytes.subarray(at + BYTES_BEFORE_PACKET, at + BYTES_BEFORE_PACKET + length)
        at += BYTES_BEFORE_PACKET + length
        nowMs += pause * 10
        set.timer(nowMs)
        const before = total(set)
        const source = how & STRANGER ? elsewhere : there
        const actions = set.receive(packet, { source, ttl: 255 - (how & 3) }, nowMs)
        const isDropped = total(set) > before
        if (isDropped) assert.equal(actions.length, 0)
        if ('problem' in decodeControlPacket(packet) || (how & 3) !== 0) assert.ok(isDropped)
        // RFC 5880 §6.7.1: what has no key, or another's, is discarded.
        if (isKeyed && !isSigned(packet)) assert.ok(isDropped)
        if (how & STRANGER && !namesSession(packet)) assert.ok(isDropped)
        assert.equal(set.size, 1)
        assert.ok((set.dueMs ?? Number.NaN) >= nowMs || set.dueMs === undefined || isDue(set, nowMs))
        outcomes.add(`${isKeyed ? 'key ' : ''}${isDropped ? 'dropped' : 'taken'}`)
      }
    }
    return [...outcomes].sort().join(', ') || 'nothing said'
  },
}

function total(set: SessionSet): number {
  let sum = 0
  for (const count of Object.values(set.dropped)) sum += count
  return sum
}

/** A packet that was due is sent by the next call of timer(), which sets a time to come. */
function isDue(set: SessionSet, nowMs: number): boolean {
  set.timer(nowMs)
  return set.dueMs === undefined || set.dueMs >= nowMs
}

function isSigned(packet: Uint8Array): boolean {
  return (
    (packet[1]! & 4) !== 0 &&
    packet[3] === 52 &&
    packet[24] === AuthenticationType.meticulousKeyedSha1 &&
    packet[26] === 1
  )
}

function namesSession(packet: Uint8Array): boolean {
  return packet.length >= 12 && packet.subarray(8, 12).some(octet => octet !== 0)
}

function seeds(): Uint8Array[] {
  const { down, init, up, adminDown } = SessionState
  const states = [
    [down],
    [down, init, up],
    [down, up, up, down],
    [init, up, adminDown],
    [down, up, up, adminDown, down, init],
  ]
  return states.flatMap(states => [conversation(states, false), conversation(states, true)])
}

function conversation(states: readonly SessionState[], isKeyed: boolean): Uint8Array {
  const { discriminator } = begin(isKeyed)
  const sequence = { transmitted: 0, received: undefined }
  const parts = states.map(state => {
    const packet = encodeControlPacket(
      {
        diagnostic: 0,
        state,
        poll: state === SessionState.init,
        final: false,
        controlPlaneIndependent: false,
        authenticationPresent: isKeyed,
        demand: false,
        detectMultiplier: 3,
        myDiscriminator: 5,
        yourDiscriminator: state <= SessionState.down ? 0 : discriminator,
        desiredMinTxIntervalUs: 100_000,
        requiredMinRxIntervalUs: 100_000,
        requiredMinEchoRxIntervalUs: 0,
      },
      28,
    )
    if (isKeyed) authentication.sign(packet, sequence)
    return Uint8Array.of(0, 10, packet.length, ...packet)
  })
  return Buffer.concat(parts)
}
