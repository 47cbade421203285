/**
 * How long an address is without a living owner, with Herald's speakers and with MetalLB's, in the lab: three nodes, dual-stack
 * Services, a sniffer on the segment. Writes docs/images/failover.svg and prints a table in Markdown.
 *
 *   sh lab/toolchain.sh node bench/failover.ts [--rounds 6] [--services 100] [--herald-only]
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { nodeCgroup } from '../lab/node.ts'
import { findProcesses } from '../lab/processes.ts'
import { aimAtCable } from '../test/support/lab/cable.ts'
import { distributionOf, failoverRound } from '../test/support/lab/failover.ts'
import { layer2Lab } from '../test/support/lab/layer2-lab.ts'
import { WatchedSegment } from '../test/support/lab/segment.ts'
import { load, machine, ms, table } from './figures.ts'
import { swapForMetallb } from './metallb-speaker.ts'
import { distributionPlot, type PlottedSamples } from './step-plot.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '6' },
    services: { type: 'string', default: '100' },
    'herald-only': { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)

interface Contender {
  name: string
  colour: string
  /** the program that its process runs */
  program: string
  selector: string
  daemonSet: string
  /** those that are not announced within this time count as never */
  giveUpMs: number
  /** how long its speakers need to find each other */
  settleMs: number
}

const contenders: Contender[] = [
  {
    ...{ name: 'Herald', colour: '#0969da', program: '/speaker.js', giveUpMs: 15_000, settleMs: 3_000 },
    ...{ selector: 'app.kubernetes.io/component=speaker', daemonSet: 'herald-speaker' },
  },
  {
    ...{ name: 'MetalLB', colour: '#cf222e', program: '/speaker --port', giveUpMs: 15_000, settleMs: 10_000 },
    ...{ selector: 'app=metallb,component=speaker', daemonSet: 'metallb-speaker' },
  },
]

const faults = ['killed', 'stopped', 'cable pulled'] as const
type Fault = (typeof faults)[number]
const dashes: Record<Fault, string> = { killed: '', stopped: '7 4', 'cable pulled': '2 3' }

const { lab, addresses } = await layer2Lab({ services: Number(values.services) })
const nodes = lab.lab.topology.nodes.map(({ name }) => name)
const lines: PlottedSamples[] = []
const rows: string[][] = []

await measure(contenders[0]!)
if (!values['herald-only']) {
  const putBack = await swapForMetallb(lab)
  try {
    await measure(contenders[1]!)
  } finally {
    await putBack()
  }
}

const head = ['speaker', 'fault', 'addresses', 'p50', 'p99', 'longest', 'not within 15 s', 'two owners for']
console.log(`\n${table(head, rows)}`)
console.log(`\n${rounds} rounds of each fault, ${addresses.length} addresses. ${machine()}; load average ${load()}.`)
const plot = distributionPlot('An address finds its next owner', lines, { fromMs: 100, toMs: 20_000 })
writeFileSync(new URL('../docs/images/failover.svg', import.meta.url), plot)

async function measure(contender: Contender): Promise<void> {
  for (const fault of faults) {
    const samples: number[] = []
    let dualMs: number | undefined
    for (let round = 0; round < rounds; round++) {
      const node = nodes[round % nodes.length]!
      const segment = await WatchedSegment.watch(lab, addresses, { askEveryMs: 50 })
      try {
        await segment.settled({ forMs: contender.settleMs, timeoutMs: 90_000 })
        const pid = processOn(contender, node)
        const strike = await aim(fault, node, pid)
        const { times, missing, atMs } = await failoverRound(segment, strike, {
          ...{ node, timeoutMs: contender.giveUpMs, giveUp: true, byAnyone: fault === 'killed' },
        })
        samples.push(...times.map(time => time.ms), ...missing.map(() => Number.POSITIVE_INFINITY))
        await undo(fault, node, pid)
        await sleep(3_000)
        const dual = segment.longestDual(atMs)
        if (dual !== undefined) dualMs = Math.max(dualMs ?? 0, dual)
        await renew(contender, node)
      } finally {
        await segment.stop()
      }
    }
    const found = distributionOf(samples)
    const never = samples.filter(sample => sample === Number.POSITIVE_INFINITY).length
    rows.push([
      ...[contender.name, fault, String(samples.length), ms(found.p50), ms(found.p99), ms(found.max), String(never)],
      dualMs === undefined ? 'never' : ms(dualMs),
    ])
    console.log(rows.at(-1)!.join(' | '))
    lines.push({
      name: `${contender.name}, ${fault}`,
      colour: contender.colour,
      dashes: dashes[fault],
      samples,
    })
  }
}

function processOn({ program, name }: Contender, nodeName: string): number {
  const node = lab.lab.topology.nodes.find(each => each.name === nodeName)!
  const found = findProcesses('', [], new RegExp(`^${nodeCgroup(lab.lab, node)}$`)).filter(({ command }) =>
    command.includes(program),
  )
  if (found.length !== 1) throw new Error(`${nodeName} has ${found.length} speakers of ${name}`)
  return found[0]!.pid
}

/** @returns what does it and tells when, in ms since 1970 */
async function aim(fault: Fault, node: string, pid: number): Promise<() => number> {
  if (fault === 'cable pulled') return await aimAtCable(lab, node, 'eth0')
  return () => {
    const atMs = Date.now()
    process.kill(pid, fault === 'killed' ? 'SIGKILL' : 'SIGSTOP')
    return atMs
  }
}

async function undo(fault: Fault, node: string, pid: number): Promise<void> {
  if (fault === 'cable pulled') await lab.setCable(node, 'eth0', 'up')
  else if (fault === 'stopped') {
    try {
      process.kill(pid, 'SIGCONT')
    } catch {
      // kubelet's probe has ended it meanwhile
    }
  }
}

/** A new Pod, so that none is restarted late because of its crashes. */
async function renew({ selector, daemonSet }: Contender, node: string): Promise<void> {
  const scope = ['--namespace=herald-system']
  const only = [`--selector=${selector}`, `--field-selector=spec.nodeName=${node}`]
  await lab.kubectl(['delete', 'pods', ...scope, ...only, '--force', '--grace-period=0'])
  await lab.kubectl(['rollout', 'status', `daemonset/${daemonSet}`, ...scope, '--timeout=60s'])
}
