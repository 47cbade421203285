/**
 * Lets Herald run in the lab under a small change a second, and looks whether anything grows: memory, descriptors, threads, timers, processor
 * time, API requests; and whether its addresses can be reached all the time.
 *
 *   npm run soak -- 2h              in a lab of its own, which is taken down afterwards
 *   npm run soak -- 2m --name NAME  in the lab of that name; --keep leaves it running
 *
 * The first fifth is the warm-up. Exit code: 0 nothing grows and everything was reached, 1 not so, 2 wrong command line.
 */
import { parseArgs } from 'node:util'
import { takeDown } from '../../lab/down.ts'
import { heraldNamespace } from '../../lab/herald.ts'
import { durationMs, minutes } from '../fuzz/duration.ts'
import { connect } from '../support/kubernetes/admin-client.ts'
import { countedFlow, countRequests } from '../support/kubernetes/request-counter.ts'
import { ensureLab, type HeraldComponent, type TestLab } from '../support/lab/lab.ts'
import { loadBalancer, poolAndAdvertisement, webServer } from '../support/lab/manifests.ts'
import { PageLoop } from '../support/lab/page-loop.ts'
import type { Sample } from './judge.ts'
import { SteadyChanges } from './load.ts'
import { Readings } from './readings.ts'
import { judgeAll, tableOf } from './report.ts'

const USAGE = 'usage: npm run soak -- [TIME] [--name NAME] [--keep]      TIME is 2m, 2h; the default is 10m'
const STAYING = 8
const POOL = 'soak'
const COMPONENTS: readonly HeraldComponent[] = ['controller', 'speaker']
const SAMPLES = 300
const SHORTEST_INTERVAL_MS = 2_000
const PROGRESS_EVERY_MS = 30_000
/** Asking for timers opens the inspector of a process for a moment. */
const TIMER_SAMPLES = 12
const PAGE_EVERY_MS = 250
/** Requests that may fail: of a Service that a moved endpoint had a connection to. */
const BAD_SHARE = 0.001

const { values: options, positionals } = parseArgs({
  options: {
    name: { type: 'string', default: 'soak' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
  allowPositionals: true,
})
const budgetMs = durationMs(positionals[0] ?? '10m')
if (options.help || budgetMs === undefined || positionals.length > 1) {
  console.error(USAGE)
  process.exit(options.help ? 0 : 2)
}
const lab = await ensureLab({ nodes: 3, name: options.name })
let passed = false
try {
  passed = await soak(lab, budgetMs)
} finally {
  if (!options.keep) await takeDown(options.name)
}
process.exit(passed ? 0 : 1)

async function soak(lab: TestLab, forMs: number): Promise<boolean> {
  const staying = Array.from({ length: STAYING }, (_, index) => `staying-${index}`)
  await lab.apply(
    // So that no request fails of which kube-proxy, and not Herald, learns too late that its Pod is gone.
    ...webServer({ servesOnSeconds: 4 }),
    ...poolAndAdvertisement(POOL, ['192.0.2.100-192.0.2.199']),
    ...staying.map(name => loadBalancer(name)),
    ...COMPONENTS.map(component => countedFlow(`herald-${component}`, heraldNamespace)),
  )
  await lab.kubectl(['rollout', 'status', 'deployment/web', '--timeout=90s'])
  const addresses = await Promise.all(staying.map(service => lab.addressOf(service)))
  const processes = COMPONENTS.flatMap(component =>
    lab.heraldProcesses(component).map((pid, index) => ({ name: `${component} ${index + 1}`, pid })),
  )
  const readings = new Readings(processes)
  const client = await connect(lab.kubeconfigFile)
  const kubectl = (args: readonly string[]) => lab.kubectl(args, { check: false })
  const changes = new SteadyChanges({ client, kubectl }, { pool: POOL })
  const requests = new Map<string, Sample[]>()
  const pages = await PageLoop.start({ namespace: lab.client.namespace, addresses, everyMs: PAGE_EVERY_MS })
  changes.start()

  const startedMs = performance.now()
  const intervalMs = Math.max(SHORTEST_INTERVAL_MS, forMs / SAMPLES)
  const timersEveryMs = Math.max(intervalMs, forMs / TIMER_SAMPLES)
  let [timersMs, toldMs] = [startedMs, startedMs]
  let before = { atMs: startedMs, counts: await countRequests(kubectl) }
  for (let nowMs = startedMs; nowMs - startedMs < forMs; nowMs = performance.now()) {
    await readings.sample({ withTimers: nowMs >= timersMs })
    if (nowMs >= timersMs) timersMs += timersEveryMs
    const after = { atMs: performance.now(), counts: await countRequests(kubectl) }
    for (const [account, count] of after.counts) {
      const seconds = (after.atMs - before.atMs) / 1_000
      const samples = requests.get(account) ?? []
      samples.push({ atMs: after.atMs, value: (count - (before.counts.get(account) ?? 0)) / seconds })
      requests.set(account, samples)
    }
    before = after
    if (nowMs - toldMs >= PROGRESS_EVERY_MS) {
      toldMs = nowMs
      const memory = readings.processes.map(
        ({ name, series }) => `${name} ${series.memory.at(-1)?.value.toFixed(0)} MB`,
      )
      console.error(`${minutes(nowMs - startedMs)} of ${minutes(forMs)}: ${changes.made} changes; ${memory.join(', ')}`)
    }
    await new Promise(resolve => setTimeout(resolve, intervalMs))
  }
  await changes.stop()
  const summary = await pages.stop()
  client.close()

  const judged = judgeAll(readings.processes, requests)
  const growing = judged.filter(({ verdict }) => verdict.grows)
  const reached = summary.bad <= summary.requests * BAD_SHARE
  console.log(`\n${tableOf(judged)}\n`)
  console.log(
    `${minutes(forMs)} minutes, ${changes.made} changes (${changes.failed} not taken), ${summary.requests} pages of which ${summary.bad} failed or were late; median ${summary.medianMs.toFixed(1)} ms.`,
  )
  for (const name of readings.ended) console.log(`ENDED: ${name}`)
  for (const { what } of growing) console.log(`GROWS: ${what}`)
  if (!reached) console.log(`NOT REACHED: ${JSON.stringify(pages.bad.slice(0, 5))}`)
  return growing.length === 0 && readings.ended.size === 0 && reached
}
