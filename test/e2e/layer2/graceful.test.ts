import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFullRun } from '../../support/lab/full-run.ts'
import type { TestLab } from '../../support/lab/lab.ts'
import { waitFor } from '../../support/lab/lab.ts'
import { advertisement, layer2Lab } from '../../support/lab/layer2-lab.ts'
import { lostPages, tellPages } from '../../support/lab/moves.ts'
import { PageLoop } from '../../support/lab/page-loop.ts'
import { WatchedSegment } from '../../support/lab/segment.ts'

describe('layer 2: a client that fetches a page every 20 ms through every address loses none', function () {
  this.timeout(240_000)
  let lab: TestLab
  let segment: WatchedSegment
  let visited: readonly string[]
  let owners: Map<string, string>

  before(async function () {
    this.timeout(3_600_000)
    const made = await layer2Lab()
    lab = made.lab
    visited = made.visited
    segment = await WatchedSegment.watch(lab, made.addresses, { askEveryMs: isFullRun() ? 50 : 20 })
  })

  beforeEach(async () => {
    owners = await segment.settled({ forMs: 2000 })
  })

  after(async () => {
    await lab?.apply(advertisement())
    await segment?.stop()
  })

  /** Does something while the client fetches; checks that it lost nothing and that no address ever had two owners for long. */
  async function whileFetching(work: () => Promise<void>): Promise<void> {
    const startedMs = Date.now()
    const loop = await PageLoop.start({ namespace: lab.client.namespace, addresses: visited })
    try {
      await sleep(500)
      await work()
      await sleep(500)
    } finally {
      const summary = await loop.stop()
      const dual = segment.longestDual(startedMs)
      console.log(
        `      ${tellPages(summary, loop.bad, segment)}; ${dual === undefined ? 'never two owners' : `two owners for ${dual.toFixed(0)} ms at most`}`,
      )
    }
    assert.deepEqual(lostPages(loop.bad, segment), [])
    assert.deepEqual(segment.violations({ sinceMs: startedMs }), [])
  }

  const ownedBy = (node: string) => [...segment.owners().values()].filter(owner => owner === node).length

  it('while the DaemonSet restarts node by node', async () => {
    await whileFetching(async () => {
      await lab.kubectl(['rollout', 'restart', 'daemonset/herald-speaker', '--namespace=herald-system'])
      await lab.kubectl([
        'rollout',
        'status',
        'daemonset/herald-speaker',
        '--namespace=herald-system',
        '--timeout=120s',
      ])
      assert.deepEqual(await segment.settled({ timeoutMs: 30_000 }), owners, 'every address is back where it was')
    })
  })

  it('while a node is drained by annotation, and after', async () => {
    const { node } = segment.busiest()
    await whileFetching(async () => {
      await lab.kubectl(['annotate', 'node', node, 'herald.io/drain=true'])
      try {
        await waitFor(() => ownedBy(node) === 0, { what: `${node} to own nothing`, timeoutMs: 10_000, everyMs: 50 })
        await segment.settled()
      } finally {
        await lab.kubectl(['annotate', 'node', node, 'herald.io/drain-'])
      }
      await waitFor(() => ownedBy(node) > 0, { what: `${node} to own again`, timeoutMs: 10_000, everyMs: 50 })
      assert.deepEqual(await segment.settled(), owners, 'every address is back where it was')
    })
  })

  it('while an advertisement comes to prefer one node, and no longer does', async () => {
    const node = lab.lab.topology.nodes[1]!.name
    await whileFetching(async () => {
      await lab.apply(advertisement([node]))
      await waitFor(() => ownedBy(node) === segment.addresses.length, {
        what: `${node} to own all`,
        timeoutMs: 10_000,
        everyMs: 50,
      })
      await segment.settled()
      await lab.apply(advertisement())
      await waitFor(() => ownedBy(node) < segment.addresses.length, {
        what: 'the others to own some',
        timeoutMs: 10_000,
        everyMs: 50,
      })
      assert.deepEqual(await segment.settled(), owners, 'every address is back where it was')
    })
  })
})
