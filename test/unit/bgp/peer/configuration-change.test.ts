import assert from 'node:assert/strict'
import { compareSettings } from '../../../../src/bgp/peer/configuration-change.ts'
import type { PeerConfig } from '../../../../src/bgp/peer-config.ts'
import { parseAddress } from '../../../../src/ip/address.ts'
import { peerSettings } from '../session/samples.ts'

const bfd = { receiveIntervalMs: 300, transmitIntervalMs: 300, detectMultiplier: 3, passive: false, minimumTtl: 254 }

/** Another value of every field, and what it takes. */
const rows: readonly {
  readonly change: Partial<PeerConfig>
  readonly effect: 'keep' | 'restart' | 'anew'
}[] = [
  { change: { mode: 'both' }, effect: 'keep' },
  { change: { connectRetrySeconds: 5 }, effect: 'keep' },
  { change: { bfd }, effect: 'keep' },
  { change: { port: 1179 }, effect: 'restart' },
  { change: { password: 'secret' }, effect: 'restart' },
  { change: { holdTimeSeconds: 30 }, effect: 'restart' },
  { change: { keepaliveTimeSeconds: 5 }, effect: 'restart' },
  { change: { multihop: true }, effect: 'restart' },
  { change: { ttlSecurityHops: 1 }, effect: 'restart' },
  { change: { families: [4, 6] }, effect: 'restart' },
  { change: { name: 'other' }, effect: 'anew' },
  { change: { location: { type: 'address', address: parseAddress('2001:db8::1')! } }, effect: 'anew' },
  { change: { localAs: 64600 }, effect: 'anew' },
  { change: { peerAs: 'external' }, effect: 'anew' },
  { change: { routerId: 11 }, effect: 'anew' },
  { change: { sourceAddress: parseAddress('192.0.2.9')! }, effect: 'anew' },
  { change: { vrf: 'red' }, effect: 'anew' },
  { change: { gracefulRestart: true }, effect: 'anew' },
]

describe("a change of a peer's settings", () => {
  it('is none between equal values', () => {
    const same = peerSettings({ bfd: { ...bfd }, families: [4, 6] })
    const { fields, needsSession } = compareSettings(peerSettings({ bfd, families: [4, 6] }), same)
    assert.deepEqual([fields, needsSession], [[], false])
  })

  for (const { change, effect } of rows) {
    const field = Object.keys(change)[0]
    it(`of ${field}: ${effect}`, () => {
      const after = peerSettings(change, change.routerId ?? 10)
      for (const [a, b] of [
        [peerSettings(), after],
        [after, peerSettings()],
      ] as const) {
        assert.deepEqual(compareSettings(a, b), {
          fields: [field],
          needsSession: effect !== 'keep',
          continued: effect !== 'anew',
        })
      }
    })
  }

  it('of several fields is as grave as the gravest', () => {
    const after = peerSettings({ mode: 'both', password: 'secret', vrf: 'red' })
    assert.deepEqual(compareSettings(peerSettings(), after), {
      fields: ['mode', 'password', 'vrf'],
      needsSession: true,
      continued: false,
    })
  })
})
