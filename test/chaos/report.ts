import { type Finding, INVARIANTS, type Invariant } from './judge-round.ts'
import type { Round } from './plan.ts'

/** How one kind of fault went over the run. */
interface KindTally {
  faults: number
  /** rounds that had this kind alone, so that their recovery is its own */
  alone: number
  slowestMs: number
}

/** How a run ended. */
export interface Summary {
  readonly rounds: number
  readonly faults: number
  readonly violations: number
  readonly unknown: number
}

/** So many findings of a round about one invariant are told; one cause often makes a hundred. */
const MOST_TOLD = 3

/** Says what happens as it happens, and what it came to. */
export class Report {
  readonly #print: (line: string) => void
  readonly #repeat: string
  readonly #kinds = new Map<string, KindTally>()
  readonly #findings: Finding[] = []
  readonly #startedMs = Date.now()
  #rounds = 0

  /** @param init.repeat the command that repeats the run */
  constructor(init: { print: (line: string) => void; repeat: string }) {
    this.#print = init.print
    this.#repeat = init.repeat
  }

  say(line: string): void {
    const seconds = Math.floor((Date.now() - this.#startedMs) / 1000)
    const time = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(part =>
      String(Math.floor(part)).padStart(2, '0'),
    )
    this.#print(`${time.join(':')}  ${line}`)
  }

  strike(round: number, kind: string, target: string): void {
    this.say(`round ${round}: ${kind}${target === '' ? '' : ` ${target}`}`)
  }

  /** @param recoveryMs undefined: it did not recover within its bound */
  ended({ number, faults }: Round, recoveryMs: number | undefined, findings: readonly Finding[]): void {
    this.#rounds++
    for (const { kind } of faults) {
      const tally = this.#kinds.get(kind) ?? { faults: 0, alone: 0, slowestMs: 0 }
      tally.faults++
      if (faults.length === 1) tally.alone++
      if (faults.length === 1) tally.slowestMs = Math.max(tally.slowestMs, recoveryMs ?? Number.POSITIVE_INFINITY)
      this.#kinds.set(kind, tally)
    }
    const how = recoveryMs === undefined ? 'NOT whole again' : `whole again after ${seconds(recoveryMs)}`
    this.say(`round ${number}: ${how} (${faults.map(({ kind }) => kind).join(', ')})`)
    this.found(findings)
  }

  found(findings: readonly Finding[]): void {
    this.#findings.push(...findings)
    for (const alike of Map.groupBy(findings, ({ verdict, invariant }) => `${verdict} ${invariant}`).values()) {
      for (const { verdict, invariant, text } of alike.slice(0, MOST_TOLD)) {
        const mark = verdict === 'violated' ? 'VIOLATION' : 'unknown, the machine was too busy'
        this.say(`${mark}: ${INVARIANTS[invariant]}\n    ${text.replaceAll('\n', '\n    ')}`)
      }
      if (alike.length > MOST_TOLD) this.say(`… and ${alike.length - MOST_TOLD} more like these`)
    }
    if (findings.some(({ verdict }) => verdict === 'violated')) this.say(`to repeat: ${this.#repeat}`)
  }

  /** Prints the end. @param extra lines about the observers */
  finish(extra: readonly string[]): Summary {
    const count = (verdict: Finding['verdict'], invariant?: Invariant) =>
      this.#findings.filter(
        each => each.verdict === verdict && (invariant === undefined || each.invariant === invariant),
      ).length
    const faults = [...this.#kinds.values()].reduce((sum, tally) => sum + tally.faults, 0)
    const minutes = (Date.now() - this.#startedMs) / 60_000
    this.#print(`\n${this.#rounds} rounds with ${faults} faults in ${minutes.toFixed(0)} minutes`)
    this.#print(
      `\n${'fault'.padEnd(24)}${'times'.padStart(6)}${'alone'.padStart(7)}${'slowest recovery, alone'.padStart(26)}`,
    )
    for (const [kind, tally] of [...this.#kinds].sort()) {
      const slowest = tally.alone === 0 ? '-' : Number.isFinite(tally.slowestMs) ? seconds(tally.slowestMs) : 'none'
      this.#print(
        `${kind.padEnd(24)}${String(tally.faults).padStart(6)}${String(tally.alone).padStart(7)}${slowest.padStart(26)}`,
      )
    }
    this.#print(`\n${'invariant'.padEnd(56)}${'violated'.padStart(9)}${'unknown'.padStart(9)}`)
    for (const [invariant, what] of Object.entries(INVARIANTS)) {
      const numbers = [count('violated', invariant as Invariant), count('unknown', invariant as Invariant)]
      this.#print(`${what.padEnd(56)}${numbers.map(number => String(number).padStart(9)).join('')}`)
    }
    for (const line of ['', ...extra]) this.#print(line)
    const violations = count('violated')
    const untold = count('unknown')
    const held = `all invariants held${untold === 0 ? '' : `, ${untold} times nobody could tell`}`
    this.#print(violations === 0 ? `\n${held}` : `\nviolations: ${violations}; to repeat: ${this.#repeat}`)
    return { rounds: this.#rounds, faults, violations, unknown: untold }
  }
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
