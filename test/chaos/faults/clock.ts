import { Random } from '../../simulation/random.ts'
import { type FaultKind, unfelt } from '../fault.ts'
import { evaluateIn, isAlive } from '../inspector.ts'

/** From a few seconds, as a time server may correct, to years, as a machine without a battery begins with. */
const JUMPS_SECONDS = [-3_600, -45, 45, 3_600, 366 * 24 * 3_600]

/** Shifts `Date`, by which Herald reads the time of day, by so much against the true clock. */
export const shifted = (ms: number) => `(() => {
  globalThis.__trueDate ??= Date
  const True = globalThis.__trueDate
  globalThis.Date = ${ms} === 0 ? True : class Date extends True {
    constructor(...parts) { parts.length === 0 ? super(True.now() + ${ms}) : super(...parts) }
    static now() { return True.now() + ${ms} }
  }
  return Date.now()
})()`

/**
 * The kernel has one clock of the time of day for all its namespaces, and this machine's is not ours to set. So the process is made to read another one.
 */
export const clockJump: FaultKind = {
  name: 'clock-jump',
  summary: "the time of day jumps by 45 s to a year, forth or back, for the controller and one node's speaker",
  ...{ target: 'node', durationMs: [5_000, 45_000], touches: ['clock', 'controller', 'speakers'] },
  bounds: unfelt(45_000),
  strike: async ({ lab, say }, { target, dice }) => {
    const random = new Random(dice)
    const seconds = random.pick(JUMPS_SECONDS)
    const pids = [...lab.heraldProcesses('speaker', target), ...lab.heraldProcesses('controller')]
    // A process that is only just starting has no inspector yet; the others jump all the same.
    const jumps = await Promise.allSettled(pids.map(pid => evaluateIn(pid, shifted(seconds * 1_000))))
    const jumped = pids.filter((_, i) => jumps[i]!.status === 'fulfilled')
    say(`clock-jump: ${jumped.length} of ${pids.length} processes by ${seconds} s`)
    return async () => {
      await Promise.all(jumped.filter(isAlive).map(pid => evaluateIn(pid, shifted(0))))
    }
  },
}
