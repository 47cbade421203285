import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { failoverRound } from '../../support/lab/failover.ts'
import { aimAtSpeaker, cutFromApiServer, heal, loseLiveness } from '../../support/lab/faults.ts'
import { isFullRun } from '../../support/lab/full-run.ts'
import type { TestLab } from '../../support/lab/lab.ts'
import { layer2Lab } from '../../support/lab/layer2-lab.ts'
import { WatchedSegment } from '../../support/lab/segment.ts'

describe('layer 2: never two nodes answer for one address', function () {
  this.timeout(240_000)
  let lab: TestLab
  let segment: WatchedSegment
  let nodes: string[]
  let owners: Map<string, string>

  before(async function () {
    this.timeout(3_600_000)
    const made = await layer2Lab()
    lab = made.lab
    nodes = lab.lab.topology.nodes.map(({ name }) => name)
    segment = await WatchedSegment.watch(lab, made.addresses, { askEveryMs: isFullRun() ? 50 : 20 })
  })

  beforeEach(async () => {
    owners = await segment.settled({ forMs: 1500 })
  })

  afterEach(async () => {
    if (nodes) await heal(lab, nodes)
  })

  after(async () => {
    await segment?.stop()
  })

  it('in the steady state', async () => {
    const sinceMs = Date.now()
    await sleep(isFullRun() ? 120_000 : 3_000)
    // Not even one claim in the time of another: here the bound is zero.
    assert.deepEqual(segment.violations({ sinceMs, longerThanMs: -1 }), [])
    assert.deepEqual(segment.movedSince(owners), [])
  })

  const directions: [what: string, lose: (victim: string, other: string) => Promise<void>][] = [
    ['from it', (victim, other) => loseLiveness(lab, { from: victim, to: other })],
    ['to it', (victim, other) => loseLiveness(lab, { from: other, to: victim })],
    [
      'both ways',
      async (victim, other) => {
        await loseLiveness(lab, { from: victim, to: other })
        await loseLiveness(lab, { from: other, to: victim })
      },
    ],
  ]
  for (const [what, lose] of directions) {
    it(`while liveness packets of an owner are lost ${what}, and the segment works: it keeps its addresses`, async () => {
      const { node } = segment.busiest()
      const sinceMs = Date.now()
      for (const other of nodes.filter(name => name !== node)) await lose(node, other)
      await sleep(isFullRun() ? 30_000 : 3_000)
      assert.deepEqual(segment.movedSince(owners), [], 'during the loss')
      await heal(lab, nodes)
      await segment.settled()
      assert.deepEqual(segment.movedSince(owners), [], 'after the loss')
      assert.deepEqual(segment.violations({ sinceMs }), [])
    })
  }

  it('while a node cannot reach the API server', async () => {
    const { node } = segment.busiest()
    const sinceMs = Date.now()
    await cutFromApiServer(lab, node)
    // In a full run until its Lease has run out and the controller has marked it.
    await sleep(isFullRun() ? 60_000 : 5_000)
    if (!isFullRun()) assert.deepEqual(segment.movedSince(owners), [], 'during the cut')
    assert.equal(segment.owners().size, segment.addresses.length, 'every address has an owner')
    await heal(lab, nodes)
    await segment.settled({ timeoutMs: 60_000 })
    assert.deepEqual(segment.violations({ sinceMs }), [])
  })

  it('while a speaker stands still for 5 s and wakes up', async () => {
    const { node, addresses } = segment.busiest()
    const signal = aimAtSpeaker(lab, node)
    const sinceMs = Date.now()
    try {
      const { times } = await failoverRound(segment, () => signal('SIGSTOP'), { node })
      assert.ok(Math.max(...times.map(({ ms }) => ms)) < 2_000, 'others have taken over')
      await sleep(Math.max(0, sinceMs + 5_000 - Date.now()))
    } finally {
      signal('SIGCONT')
    }
    await segment.settled({ forMs: 2_000 })
    assert.deepEqual(segment.violations({ sinceMs }), [])
    assert.ok(addresses.length > 0)
    assert.deepEqual(segment.movedSince(owners), [], 'every address is back where it was')
  })
})
