import { setTimeout as sleep } from 'node:timers/promises'
import { paths } from './api-client.ts'
import { type Bounds, boundsOf, type FaultKind, type Heal } from './fault.ts'
import { growth, mebibytes } from './growth.ts'
import { type Finding, judgeRound, type Loss, type Seen, union } from './judge-round.ts'
import { type Observers, startObservers, stopObservers } from './observers.ts'
import { type PlannedFault, planRound, type Round } from './plan.ts'
import { Report, type Summary } from './report.ts'
import { whatIsAmiss } from './rest.ts'
import type { Span } from './spans.ts'
import { leaveWorld, prepareWorld, type World } from './world.ts'

export interface RunOptions {
  readonly name: string
  readonly seed: number
  readonly kinds: readonly FaultKind[]
  /** no round begins later than this after the first */
  readonly minutes: number
  /** nor more rounds than this */
  readonly rounds?: number
  /** Services of a crowd */
  readonly crowd: number
  /** all bounds in time are multiplied by this, for machines that are slow */
  readonly patience: number
  /** the command that repeats the run */
  readonly repeat: string
  readonly print: (line: string) => void
  readonly signal?: AbortSignal
}

/** How long it has to be whole to count as whole. */
const QUIET_MS = 1_500
const LOOK_EVERY_MS = 300
const TELL_EVERY_MS = 20_000
/** After its bound, a cluster is waited for so many times as long again, before the run gives up. */
const GIVE_UP_AFTER = 3
/** At the beginning, everything starts at once. */
const FIRST_REST_MS = 120_000
/** What was heard before the round before is forgotten. */
const KEEP_MS = 30_000

/** Strikes, heals, waits until all is well, judges, and begins anew. @throws Error when the lab cannot be used */
export async function runChaos(options: RunOptions): Promise<Summary> {
  const report = new Report(options)
  const { name, crowd, patience } = options
  const world = await prepareWorld({ name, crowd, patience, say: line => report.say(line) })
  const observers = await startObservers(world)
  const run = new ChaosRun(world, observers, report, options)
  try {
    await run.begin()
    await run.rounds()
  } finally {
    await stopObservers(observers).catch(error => report.say((error as Error).message))
    await leaveWorld(world)
  }
  return run.finish()
}

class ChaosRun {
  readonly #world: World
  readonly #observers: Observers
  readonly #report: Report
  readonly #options: RunOptions
  /** of the ledger's violations, those that were told */
  #told = 0

  constructor(world: World, observers: Observers, report: Report, options: RunOptions) {
    this.#world = world
    this.#observers = observers
    this.#report = report
    this.#options = options
  }

  async begin(): Promise<void> {
    const { amiss } = await this.#rest(FIRST_REST_MS * this.#options.patience)
    if (amiss.length > 0) throw new Error(`the lab is not whole before the first fault:\n${amiss.join('\n')}`)
    this.#report.say(`the cluster is whole; seed ${this.#options.seed}`)
  }

  async rounds(): Promise<void> {
    const { seed, kinds, minutes, rounds = Number.POSITIVE_INFINITY, signal } = this.#options
    const deadlineMs = Date.now() + minutes * 60_000
    const plan = { kinds, nodes: this.#world.nodes }
    for (let number = 0; number < rounds && Date.now() < deadlineMs && !signal?.aborted; number++) {
      const whole = await this.#round(planRound(seed, number, plan))
      if (!whole) return
    }
  }

  finish(): Summary {
    const { services, near, far, processes, load, waits } = this.#observers
    const found = [...processes.samples].flatMap(([name, samples]) => growth(name, samples))
    this.#report.found(found.map(text => ({ verdict: 'violated', invariant: 'growth', text })))
    const longest = [...processes.samples].sort(([, one], [, other]) => other.length - one.length).slice(0, 4)
    return this.#report.finish([
      `${services.ledger.changes} states of Services, ${near.requests + far.requests} pages looked at`,
      `observers stood still for ${(load.totalMs / 1000).toFixed(1)} s, speakers waited for a processor for ${(waits.totalMs / 1000).toFixed(1)} s`,
      ...longest.map(
        ([name, samples]) =>
          `${name}: ${samples.length} samples, memory ${mebibytes(samples[0]!.residentBytes)} to ${mebibytes(samples.at(-1)!.residentBytes)}, descriptors ${samples[0]!.descriptors} to ${samples.at(-1)!.descriptors}`,
      ),
    ])
  }

  /** @returns whether the cluster was whole again in the end */
  async #round(round: Round): Promise<boolean> {
    const startedMs = Date.now()
    this.#forget(startedMs - KEEP_MS)
    const kinds = round.faults.map(({ kind }) => this.#options.kinds.find(({ name }) => name === kind)!)
    const bounds = this.#patient(boundsOf(kinds.map(each => each.bounds)))
    await Promise.all(round.faults.map((fault, i) => this.#fault(round.number, kinds[i]!, fault)))
    const healedMs = Date.now()
    const { recoveredMs, amiss } = await this.#rest(bounds.recoveryMs)
    const findings = this.#ledgerFindings()
    if (amiss.length > 0) findings.push(this.#late(bounds.recoveryMs, amiss, { fromMs: healedMs, toMs: Date.now() }))
    const span = { fromMs: startedMs, toMs: Date.now() }
    findings.push(...judgeRound(bounds, this.#seen(span), span))
    this.#report.ended(round, recoveredMs === undefined ? undefined : recoveredMs - healedMs, findings)
    if (recoveredMs === undefined) {
      const { recoveredMs: inTheEnd, amiss: still } = await this.#rest(bounds.recoveryMs * GIVE_UP_AFTER)
      if (inTheEnd === undefined) {
        this.#report.say(`giving up: it stays so\n    ${still.join('\n    ')}`)
        return false
      }
      this.#report.say(`whole again at last, ${((inTheEnd - healedMs) / 1000).toFixed(1)} s after the last fault`)
    }
    await this.#observers.processes.sample()
    await this.#forgive()
    return true
  }

  /** Strikes at its time and heals at its time. */
  async #fault(round: number, kind: FaultKind, planned: PlannedFault): Promise<void> {
    await sleep(planned.startMs)
    this.#report.strike(round, kind.name, planned.target)
    const told = (what: string) => (error: Error) => this.#report.say(`${kind.name} ${what}: ${error.message}`)
    const heal = await kind.strike(this.#world, planned).catch(told('could not strike'))
    await sleep(planned.durationMs)
    await (heal as Heal | undefined)?.().catch(told('did not heal as it should'))
  }

  /** Waits until all is well and stays so. */
  async #rest(boundMs: number): Promise<{ recoveredMs?: number; amiss: string[] }> {
    const startedMs = Date.now()
    let wholeSinceMs: number | undefined
    let toldMs = startedMs
    for (;;) {
      const lookedMs = Date.now()
      const amiss = await whatIsAmiss(this.#world, this.#observers).catch(error => [
        `a look failed: ${(error as Error).message}`,
      ])
      if (amiss.length > 0) wholeSinceMs = undefined
      else wholeSinceMs ??= lookedMs
      if (wholeSinceMs !== undefined && Date.now() - wholeSinceMs >= QUIET_MS)
        return { recoveredMs: wholeSinceMs, amiss }
      if (wholeSinceMs === undefined && lookedMs - startedMs > boundMs) return { amiss }
      if (amiss.length > 0 && lookedMs - toldMs > TELL_EVERY_MS) {
        toldMs = lookedMs
        this.#report.say(`not yet whole: ${amiss.join('; ').slice(0, 300)}`)
      }
      await sleep(LOOK_EVERY_MS)
    }
  }

  #late(boundMs: number, amiss: readonly string[], span: Span): Finding {
    const stalledMs = this.#stalls(span).reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
    return {
      verdict: stalledMs > boundMs / 4 ? 'unknown' : 'violated',
      invariant: 'recovery',
      text: `not whole ${boundMs / 1000} s after the last fault:\n${amiss.join('\n')}`,
    }
  }

  #ledgerFindings(): Finding[] {
    const { violations } = this.#observers.services.ledger
    const fresh = violations.slice(this.#told)
    this.#told = violations.length
    return fresh.map(text => ({ verdict: 'violated', invariant: 'oneHolder', text }))
  }

  #seen(span: Span): Seen {
    const { segment, near, far } = this.#observers
    const silence = (loss: Loss): Loss => ({ ...loss, story: () => segment.story(loss.address, loss.span) })
    const pages = ({ address, span, visit }: Loss & { visit: object }): Loss => ({
      ...{ address, span },
      story: () => `the first that failed: ${JSON.stringify(visit)}`,
    })
    return {
      twoOwners: segment.twoOwners(span.fromMs),
      silences: segment.silences(span.fromMs).map(silence),
      nearLosses: near.losses(span.fromMs).map(pages),
      farLosses: far.losses(span.fromMs).map(pages),
      stalls: this.#stalls(span),
    }
  }

  /** The times of a span in which observers or speakers could not run. */
  #stalls({ fromMs, toMs }: Span): Span[] {
    const { load, waits } = this.#observers
    return union([...load.stalls, ...waits.waits]).filter(stall => stall.toMs > fromMs && stall.fromMs < toMs)
  }

  /** Kubelet starts what has crashed again later each time: a Pod that was restarted is replaced by one without a history. */
  async #forgive(): Promise<void> {
    const { api } = this.#world
    type Pod = { metadata: { name: string }; status: { containerStatuses?: { restartCount: number }[] } }
    const restarted = (await api.list<Pod>(paths.pods)).filter(({ status }) =>
      status.containerStatuses?.some(({ restartCount }) => restartCount > 0),
    )
    if (restarted.length === 0) return
    for (const { metadata } of restarted) await api.delete(`${paths.pods}/${metadata.name}`)
    const { amiss } = await this.#rest(FIRST_REST_MS * this.#options.patience)
    if (amiss.length > 0) this.#report.say(`after Pods were replaced:\n    ${amiss.join('\n    ')}`)
  }

  #patient(bounds: Bounds): Bounds {
    const { patience } = this.#options
    const times = (ms: number | undefined) => (ms === undefined ? undefined : ms * patience)
    return {
      ...bounds,
      ...{
        silenceMs: times(bounds.silenceMs),
        nearLossMs: times(bounds.nearLossMs),
        farLossMs: times(bounds.farLossMs),
      },
      recoveryMs: bounds.recoveryMs * patience,
    }
  }

  #forget(beforeMs: number): void {
    const { segment, near, far } = this.#observers
    for (const observer of [segment, near, far]) observer.forget(beforeMs)
  }
}
