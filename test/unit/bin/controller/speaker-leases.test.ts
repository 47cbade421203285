import assert from 'node:assert/strict'
import { reconcileSpeakerMark, type SpeakerMark } from '../../../../src/bin/controller/speaker-leases.ts'
import type { LeaseState } from '../../../../src/kubernetes/lease.ts'
import { silentLogger } from '../../../../src/kubernetes/logger.ts'
import { Store } from '../../../../src/kubernetes/store.ts'

describe('the mark on a speaker whose Lease ran out', () => {
  const marked = '2026-01-01T00:00:00Z'
  const rows: [
    what: string,
    state: LeaseState | undefined,
    exists: boolean,
    expiredAt: string | undefined,
    written: boolean,
  ][] = [
    ['a live Lease', 'live', true, undefined, false],
    ['a Lease that was not seen to change yet', 'unknown', true, undefined, false],
    ['a Lease that ran out', 'expired', true, undefined, true],
    ['no Lease at all', undefined, false, undefined, true],
    ['a Lease that the watch has not brought yet', undefined, true, undefined, false],
    ['a mark that is there', 'expired', true, marked, false],
    ['a mark beside a live Lease: the speaker is leaving, or clears it itself', 'live', true, marked, false],
  ]
  for (const [what, state, exists, expiredAt, written] of rows) {
    it(`${written ? 'is set for' : 'is left alone for'} ${what}`, async () => {
      const speakers = new Store<SpeakerMark>()
      speakers.upsert('h/n1', '7', {
        namespace: 'h',
        uid: 'u',
        name: 'n1',
        resourceVersion: '7',
        ...(expiredAt && { expiredAt }),
      })
      const patches: object[] = []
      const outcome = await reconcileSpeakerMark(
        {
          speakers,
          leases: { state: name => (name === 'herald-speaker-n1' ? state : assert.fail()) },
          leaseExists: async () => exists,
          statusWriter: {
            async patchStatus(_resource, _ref, status, options) {
              patches.push({ status, options: options?.resourceVersion })
              return 'written'
            },
          },
          logger: silentLogger,
          nowText: () => marked,
        },
        'h/n1',
      )
      assert.equal(outcome.kind, 'done')
      assert.deepEqual(patches, written ? [{ status: { expiredAt: marked }, options: '7' }] : [])
    })
  }
})
