/**
 * How long an address is without a living owner, with Herald's speakers and with MetalLB's in turn, in the lab: three nodes,
 * dual-stack Services, a sniffer on the segment. Writes docs/images/failover.svg and prints tables in Markdown.
 *
 *   sh lab/toolchain.sh node bench/failover.ts [--turns 2] [--rounds 3] [--services 100] [--herald-only]
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { heraldNamespace } from '../lab/herald.ts'
import { nodeCgroup } from '../lab/node.ts'
import { findProcesses } from '../lab/processes.ts'
import { aimAtCable } from '../test/support/lab/cable.ts'
import { ANSWER_WITHIN_MS, silences } from '../test/support/lab/claims.ts'
import { distributionOf, failoverRound } from '../test/support/lab/failover.ts'
import { layer2Lab } from '../test/support/lab/layer2-lab.ts'
import { WatchedSegment } from '../test/support/lab/segment.ts'
import { ms, table } from './figures.ts'
import { swapForMetallb } from './metallb-in-lab.ts'
import { distributionPlot, type PlottedSamples } from './step-plot.ts'

const { values } = parseArgs({
  options: {
    turns: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    services: { type: 'string', default: '100' },
    'herald-only': { type: 'boolean', default: false },
  },
})
const turns = Number(values.turns)
/** of each fault in each turn */
const rounds = Number(values.rounds)

const ASK_EVERY_MS = 50
const scope = `--namespace=${heraldNamespace}`

interface Contender {
  name: 'Herald' | 'MetalLB'
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

const crashes = ['killed', 'stopped', 'cable pulled'] as const
type Crash = (typeof crashes)[number]
const dashes: Record<Crash, string> = { killed: '', stopped: '7 4', 'cable pulled': '2 3' }

/** What one kind of fault did to one contender's addresses, over all turns. */
interface Outcome {
  readonly contender: Contender
  readonly samples: number[]
  /** the longest time that an address had two owners; undefined: it never had */
  dualMs?: number
}

const { lab, addresses } = await layer2Lab({ services: Number(values.services) })
const nodes = lab.lab.topology.nodes.map(({ name }) => name)
const outcomes = new Map<string, Outcome>()
let round = 0

for (let turn = 1; turn <= turns; turn++) {
  console.error(`bench: turn ${turn} of ${turns}: Herald`)
  await measure(contenders[0]!)
  if (values['herald-only']) continue
  console.error(`bench: turn ${turn} of ${turns}: MetalLB`)
  const putBack = await swapForMetallb(lab, 'speaker')
  try {
    await measure(contenders[1]!)
  } finally {
    await putBack()
  }
}
print()

async function measure(contender: Contender): Promise<void> {
  for (const crash of crashes) {
    for (let i = 0; i < rounds; i++)
      await onSegment(contender, crash, (segment, node) => crashOf(contender, crash, segment, node))
  }
  for (let i = 0; i < rounds; i++) {
    await onSegment(contender, 'restarted', (segment, node) => restart(contender, segment, node))
  }
}

/** Does something to the node whose turn it is, and adds what its addresses met. */
async function onSegment(
  contender: Contender,
  what: string,
  work: (segment: WatchedSegment, node: string) => Promise<{ samples: readonly number[]; atMs: number }>,
): Promise<void> {
  const node = nodes[round++ % nodes.length]!
  const segment = await WatchedSegment.watch(lab, addresses, { askEveryMs: ASK_EVERY_MS })
  try {
    await segment.settled({ forMs: contender.settleMs, timeoutMs: 90_000 })
    const { samples, atMs } = await work(segment, node)
    const key = `${contender.name}, ${what}`
    const outcome = outcomes.get(key) ?? { contender, samples: [] }
    outcomes.set(key, outcome)
    outcome.samples.push(...samples)
    const dualMs = segment.longestDual(atMs)
    if (dualMs !== undefined) outcome.dualMs = Math.max(outcome.dualMs ?? 0, dualMs)
    console.error(`bench: ${key} on ${node}: longest ${ms(distributionOf(samples).max)}`)
  } finally {
    await segment.stop()
  }
}

/** Of each address of the node, the time to the next announcement by anyone who lives. */
async function crashOf(
  contender: Contender,
  crash: Crash,
  segment: WatchedSegment,
  node: string,
): Promise<{ samples: number[]; atMs: number }> {
  const pid = processOn(contender, node)
  const strike = await aim(crash, node, pid)
  const { times, missing, atMs } = await failoverRound(segment, strike, {
    ...{ node, timeoutMs: contender.giveUpMs, giveUp: true, byAnyone: crash === 'killed' },
  })
  await undo(crash, node, pid)
  await sleep(3_000)
  await renew(contender, node)
  return { samples: [...times.map(time => time.ms), ...missing.map(() => Number.POSITIVE_INFINITY)], atMs }
}

/** Replaces the Pod as an upgrade does; of each address of the node, the longest time in which nobody answered for it. */
async function restart(
  contender: Contender,
  segment: WatchedSegment,
  node: string,
): Promise<{ samples: number[]; atMs: number }> {
  const own = [...segment.owners()].flatMap(([address, owner]) => (owner === node ? [address] : []))
  const atMs = Date.now()
  await lab.kubectl(['delete', 'pods', scope, ...podOn(contender, node)])
  await lab.kubectl(['rollout', 'status', `daemonset/${contender.daemonSet}`, scope, '--timeout=60s'])
  await segment.settled({ forMs: contender.settleMs, timeoutMs: 90_000 })
  const { sniffer } = segment
  const longest = (address: string) =>
    silences(sniffer.heard(address, atMs), sniffer.heardUntilMs).map(({ fromMs, toMs }) => toMs - fromMs)
  return { samples: own.map(address => Math.max(0, ...longest(address))), atMs }
}

function print(): void {
  const row = (key: string) => {
    const { contender, samples, dualMs } = outcomes.get(key)!
    const { p50, p99, max } = distributionOf(samples)
    const [, what = ''] = key.split(', ')
    const two = dualMs === undefined ? 'never' : ms(dualMs)
    return [contender.name, what, String(samples.length), ms(p50), ms(p99), ms(max), two]
  }
  const keys = [...outcomes.keys()].sort()
  const isRestart = (key: string) => key.endsWith('restarted')
  const figures = ['addresses', 'p50', 'p99', 'longest', 'two owners for']
  const head = ['speaker', 'fault', ...figures]
  console.log(`\n${table(head, keys.filter(key => !isRestart(key)).map(row))}\n`)
  const restarts = keys.filter(isRestart).map(row)
  console.log(`${table(['speaker', 'nobody answered, while it was', ...figures], restarts)}\n`)
  console.log(
    `${turns} turns of ${rounds} rounds of each, ${addresses.length} addresses over ${nodes.length} nodes. What is longer than ${contenders[0]!.giveUpMs / 1000} s is given as ∞; a silence shorter than ${ANSWER_WITHIN_MS} ms counts as none.`,
  )
  const lines = keys
    .filter(key => !isRestart(key))
    .map((key): PlottedSamples => {
      const { contender, samples } = outcomes.get(key)!
      const [, crash = ''] = key.split(', ')
      return { name: key, colour: contender.colour, dashes: dashes[crash as Crash], samples }
    })
  const text = { title: 'An address finds its next owner', axis: 'from the fault to the next announcement' }
  const plot = distributionPlot(text, lines, { fromMs: 100, toMs: 20_000 })
  writeFileSync(new URL('../docs/images/failover.svg', import.meta.url), plot)
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
async function aim(fault: Crash, node: string, pid: number): Promise<() => number> {
  if (fault === 'cable pulled') return await aimAtCable(lab, node, 'eth0')
  return () => {
    const atMs = Date.now()
    process.kill(pid, fault === 'killed' ? 'SIGKILL' : 'SIGSTOP')
    return atMs
  }
}

async function undo(fault: Crash, node: string, pid: number): Promise<void> {
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
async function renew(contender: Contender, node: string): Promise<void> {
  await lab.kubectl(['delete', 'pods', scope, ...podOn(contender, node), '--force', '--grace-period=0'])
  await lab.kubectl(['rollout', 'status', `daemonset/${contender.daemonSet}`, scope, '--timeout=60s'])
}

function podOn({ selector }: Contender, node: string): string[] {
  return [`--selector=${selector}`, `--field-selector=spec.nodeName=${node}`]
}
