import assert from 'node:assert/strict'
import { CLEANUP_FINALIZER, type FinalizerStep, nextFinalizerStep } from '../../../src/controller/cleanup-finalizer.ts'
import { serviceStatusPatch } from '../../../src/kubernetes/status-writer.ts'
import { service } from '../../support/services.ts'

const mark = { 'herald.io/load-balancer-cleanup': 'true' }

describe('the finalizer of a Service', () => {
  const rows: [
    what: string,
    state: { ours?: boolean; there?: boolean; deleting?: boolean },
    wanted: boolean,
    FinalizerStep,
  ][] = [
    ['is added where it is wanted', {}, true, 'add'],
    ['is left where it is', { ours: true, there: true }, true, undefined],
    ['is added again when somebody took it off', { ours: true }, true, 'add'],
    ['of a cloud provider serves as well', { there: true }, true, undefined],
    ['is not added to a Service that is being deleted', { deleting: true }, true, undefined],
    ['is removed from one that is being deleted', { ours: true, there: true, deleting: true }, true, 'remove'],
    ['is removed where it is not wanted', { ours: true, there: true }, false, 'remove'],
    ['of a cloud provider is never removed', { there: true, deleting: true }, false, undefined],
    ['leaves no mark behind', { ours: true }, false, 'remove'],
    ['is none of our business elsewhere', {}, false, undefined],
  ]
  for (const [what, { ours, there, deleting }, wanted, step] of rows) {
    it(what, () => {
      const view = {
        annotations: ours ? mark : {},
        ...(there && { finalized: true as const }),
        ...(deleting && { deleting: true as const }),
      }
      assert.equal(nextFinalizerStep(view, wanted), step)
    })
  }

  it('is read from the Service', () => {
    const { finalized, deleting } = service('web', {
      metadata: { finalizers: ['other', CLEANUP_FINALIZER], deletionTimestamp: '2026-01-01T00:00:00Z' },
    })
    assert.deepEqual([finalized, deleting], [true, true])
    const plain = service('web', { metadata: { finalizers: ['other'] } })
    assert.deepEqual([plain.finalized, plain.deleting], [undefined, undefined])
  })

  it('is added to the others and removed from among them', () => {
    const add = serviceStatusPatch(service(), { finalizers: { add: [CLEANUP_FINALIZER] } })
    assert.deepEqual(add, { metadata: { resourceVersion: '1', finalizers: [CLEANUP_FINALIZER] } })
    const remove = serviceStatusPatch(service(), { finalizers: { remove: [CLEANUP_FINALIZER] } })
    assert.deepEqual(remove, {
      metadata: { resourceVersion: '1', '$deleteFromPrimitiveList/finalizers': [CLEANUP_FINALIZER] },
    })
  })
})
