import assert from 'node:assert/strict'
import { note } from '../../support/figures.ts'
import { aimAtCable } from '../../support/lab/cable.ts'
import { distributionOf, type FailoverTime, failoverRound, tell } from '../../support/lab/failover.ts'
import { aimAtSpeaker, loadAverage, speakersReady } from '../../support/lab/faults.ts'
import { isFullRun, rounds } from '../../support/lab/full-run.ts'
import type { TestLab } from '../../support/lab/lab.ts'
import { layer2Lab } from '../../support/lab/layer2-lab.ts'
import { WatchedSegment } from '../../support/lab/segment.ts'

// The goal is p50 400 ms and p99 600 ms, which a busy machine may miss for a while. What takes longer than this is
// another mechanism than liveness.
const BROKEN_MS = 2_000

describe('layer 2: another node takes over', function () {
  this.timeout(isFullRun() ? 3_600_000 : 240_000)
  let lab: TestLab
  let segment: WatchedSegment
  let nodes: string[]
  /** who owns what while all nodes live */
  let home: Map<string, string>

  before(async function () {
    this.timeout(3_600_000)
    const made = await layer2Lab()
    lab = made.lab
    nodes = lab.lab.topology.nodes.map(({ name }) => name)
    segment = await WatchedSegment.watch(lab, made.addresses, { askEveryMs: isFullRun() ? 50 : 20 })
    home = await segment.settled()
  })

  after(async () => {
    await segment?.stop()
  })

  function judge(what: string, times: FailoverTime[], sinceMs: number): void {
    const families = [
      ['IPv4', times.filter(({ address }) => !address.includes(':'))],
      ['IPv6', times.filter(({ address }) => address.includes(':'))],
    ] as const
    for (const [family, some] of families) {
      const found = distributionOf(some.map(({ ms }) => ms))
      console.log(`      ${tell(`${what}, ${family}`, found)} (load ${loadAverage()})`)
      note('failoverP99Ms', found.p99)
      assert.ok(found.samples > 0, `${family} addresses were on the nodes that were struck`)
      assert.ok(found.max < BROKEN_MS, `every ${family} address is announced again within ${BROKEN_MS} ms`)
      if (isFullRun()) {
        assert.ok(found.p50 < 400, `half of the ${family} addresses within 400 ms`)
        assert.ok(found.p99 < 600, `99 % of the ${family} addresses within 600 ms`)
      }
    }
    assert.deepEqual(segment.violations({ sinceMs }), [])
  }

  it('when the speaker is killed', async () => {
    const startedMs = Date.now()
    const times: FailoverTime[] = []
    for (let round = 0; round < rounds(3); round++) {
      // A second crash of the same Pod would be restarted late.
      if (round % nodes.length === 0) await lab.replaceHerald('speaker')
      await segment.settled({ as: home, timeoutMs: 40_000 })
      const node = nodes[round % nodes.length]!
      const signal = aimAtSpeaker(lab, node)
      times.push(...(await failoverRound(segment, () => signal('SIGKILL'), { node })).times)
      await speakersReady(lab)
    }
    await segment.settled()
    judge('killed', times, startedMs)
  })

  it('when the speaker is killed while the API server is away', async () => {
    const startedMs = Date.now()
    const times: FailoverTime[] = []
    for (let round = 0; round < Math.ceil(rounds(3) / nodes.length); round++) {
      // The controllers of Kubernetes take up to a minute to notice that the API server is back.
      await lab.replaceHerald('speaker', { timeoutSeconds: 120 })
      await segment.settled({ as: home, timeoutMs: 60_000 })
      const node = nodes[round % nodes.length]!
      const signal = aimAtSpeaker(lab, node)
      await lab.stopApiServer()
      try {
        times.push(...(await failoverRound(segment, () => signal('SIGKILL'), { node })).times)
      } finally {
        await lab.startApiServer()
      }
      await speakersReady(lab, { timeoutMs: 90_000 })
    }
    await segment.settled({ timeoutMs: 60_000 })
    judge('killed, no API server', times, startedMs)
  })

  it("when the node's cable is pulled", async () => {
    const startedMs = Date.now()
    const times: FailoverTime[] = []
    for (let round = 0; round < rounds(3); round++) {
      await segment.settled({ as: home, timeoutMs: 40_000 })
      const node = nodes[round % nodes.length]!
      const pull = await aimAtCable(lab, node, 'eth0')
      try {
        times.push(...(await failoverRound(segment, pull, { node })).times)
      } finally {
        await lab.setCable(node, 'eth0', 'up')
      }
    }
    await segment.settled({ timeoutMs: 40_000 })
    judge('cable pulled', times, startedMs)
  })
})
