/**
 * How long a new Service waits until somebody answers for its address on the segment, with Herald and with MetalLB, in the lab:
 * three nodes, endpoints that are ready, a sniffer on the segment. Writes docs/images/first-answer.svg.
 *
 *   sh lab/toolchain.sh node bench/first-answer.ts [--turns 3] [--services 20]
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { services as serviceKind } from '../src/kubernetes/resources.ts'
import { connect } from '../test/support/kubernetes/admin-client.ts'
import { waitFor } from '../test/support/lab/lab.ts'
import { layer2Lab } from '../test/support/lab/layer2-lab.ts'
import { loadBalancer } from '../test/support/lab/manifests.ts'
import { WatchedSegment } from '../test/support/lab/segment.ts'
import { ms, percentile, spread, table } from './figures.ts'
import { metallbVersion } from './metallb.ts'
import { swapForMetallb } from './metallb-in-lab.ts'
import { distributionPlot } from './step-plot.ts'

/** In the pool of the lab, above the addresses of the Services that it has already. */
const FIRST = 150
const ASK_EVERY_MS = 20
const PAUSE_MS = 200
/** Until those that are gone are forgotten, and a new leader is at rest. */
const SETTLE_MS = 5_000

const { values } = parseArgs({
  options: { turns: { type: 'string', default: '3' }, services: { type: 'string', default: '20' } },
})
const turns = Number(values.turns)
const wanted = Array.from({ length: Number(values.services) }, (_, i) => ({
  name: `fresh-${i}`,
  address: `192.0.2.${FIRST + i}`,
}))
if (wanted.length > 40) throw new Error('--services: the pool has room for 40')

const { lab } = await layer2Lab({ services: 12 })
const client = await connect(lab.kubeconfigFile)
/** of each turn, by contender */
const samples: Record<'Herald' | 'MetalLB', number[][]> = { Herald: [], MetalLB: [] }
for (let turn = 1; turn <= turns; turn++) {
  console.error(`bench: turn ${turn} of ${turns}: Herald`)
  samples.Herald.push(await measure())
  console.error(`bench: turn ${turn} of ${turns}: MetalLB`)
  const putBack = await swapForMetallb(lab, 'controller and speaker')
  try {
    samples.MetalLB.push(await measure())
  } finally {
    await putBack()
  }
}
client.close()
print()

/** Creates the Services one after the other; of each the time from the answer to its creation to the first answer for its address, in ms. */
async function measure(): Promise<number[]> {
  await sleep(SETTLE_MS)
  const segment = await WatchedSegment.watch(
    lab,
    wanted.map(({ address }) => address),
    { askEveryMs: ASK_EVERY_MS },
  )
  const { sniffer } = segment
  try {
    const waits: number[] = []
    for (const { name, address } of wanted) {
      if (sniffer.claims(address).length > 0) throw new Error(`somebody answers for ${address} before it is wanted`)
      const spec = { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] }
      await client.create(serviceKind, loadBalancer(name, spec, { 'metallb.io/loadBalancerIPs': address }))
      const createdMs = Date.now()
      const answer = await waitFor(() => sniffer.claims(address).find(({ kind }) => kind === 'answer'), {
        ...{ what: `somebody to answer for ${address}`, timeoutMs: 60_000, everyMs: 10 },
      })
      waits.push(Math.max(0, answer.timeMs - createdMs))
      await sleep(PAUSE_MS)
    }
    return waits
  } finally {
    await lab.kubectl(['delete', 'services', ...wanted.map(({ name }) => name), '--ignore-not-found'])
    await segment.stop()
  }
}

function print(): void {
  const rows = Object.entries(samples).map(([name, each]) => [
    name === 'MetalLB' ? `MetalLB ${metallbVersion}` : name,
    String(each.flat().length),
    ...[0.5, 0.99, 1].map(share =>
      spread(
        each.map(turn => percentile(turn, share)),
        ms,
      ),
    ),
  ])
  console.log(`\n${table(['created → first answer by ARP', 'Services', 'p50', 'p99', 'longest'], rows)}\n`)
  console.log(
    `${turns} turns of ${wanted.length} Services, one after the other; the median of the turns, and the least and the most. A question for every address every ${ASK_EVERY_MS} ms.`,
  )
  const lines = [
    { name: 'Herald', colour: '#0969da', samples: samples.Herald.flat() },
    { name: 'MetalLB', colour: '#cf222e', samples: samples.MetalLB.flat() },
  ]
  const text = {
    title: 'A new Service is answered for',
    axis: 'from the answer to its creation to the first answer by ARP',
  }
  writeFileSync('docs/images/first-answer.svg', distributionPlot(text, lines, { fromMs: 10, toMs: 2_000 }))
}
