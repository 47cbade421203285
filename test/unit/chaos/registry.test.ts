import assert from 'node:assert/strict'
import { faultKinds, kindsNamed } from '../../chaos/faults/registry.ts'

describe('chaos: the kinds of faults', () => {
  it('have a name and a line each, and nobody has the name of another', () => {
    const names = faultKinds.map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
    for (const { name, summary } of faultKinds) {
      assert.match(name, /^[a-z]+(-[a-z0-9]+)*$/)
      assert.ok(summary.length > 10 && !summary.includes('\n'), name)
    }
  })

  it('touch something, last for a while, and end within a round', () => {
    for (const { name, touches, durationMs, bounds } of faultKinds) {
      assert.ok(touches.length > 0, name)
      assert.ok(durationMs[0] > 0 && durationMs[0] < durationMs[1] && durationMs[1] <= 60_000, name)
      assert.ok(bounds.recoveryMs >= 10_000 && bounds.recoveryMs <= 120_000, name)
    }
  })

  it('let silence be judged only where two announcers are, as the same segment tells of both', () => {
    for (const { name, bounds } of faultKinds) assert.ok(bounds.oneAnnouncer || bounds.silenceMs === undefined, name)
  })

  it('are found by name, in the order asked for', () => {
    const [one, other] = [faultKinds[3]!.name, faultKinds[0]!.name]
    assert.deepEqual(
      kindsNamed([one, other]).map(({ name }) => name),
      [one, other],
    )
    assert.throws(() => kindsNamed(['nonsense']), /no kind of fault is named "nonsense"; there are: controller-kill, /)
  })
})
