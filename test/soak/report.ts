import { table } from '../../bench/figures.ts'
import { type Bound, judge, type Sample, type Verdict } from './judge.ts'
import { type ProcessReadings, SERIES, type SeriesName } from './readings.ts'

/**
 * The garbage collector lets memory waver by some megabytes, and a burst of writes opens some connections more, each with its timers. What leaves
 * something behind with every change passes these bounds within minutes.
 */
const BOUNDS: Readonly<Record<SeriesName | 'requests', Bound>> = {
  memory: { absolute: 10, share: 0.1 },
  descriptors: { absolute: 15, share: 0 },
  threads: { absolute: 2, share: 0 },
  timers: { absolute: 40, share: 0.1 },
  processor: { absolute: 2, share: 0.3 },
  requests: { absolute: 1, share: 0.3 },
}

const UNITS: Readonly<Record<SeriesName | 'requests', string>> = {
  memory: ' MB',
  descriptors: '',
  threads: '',
  timers: '',
  processor: ' %',
  requests: '/s',
}

export interface Judged {
  readonly what: string
  readonly verdict: Verdict
  readonly unit: string
}

/** Every series of a run with its verdict. */
export function judgeAll(
  processes: readonly ProcessReadings[],
  requests: ReadonlyMap<string, readonly Sample[]>,
): Judged[] {
  const ofProcesses = processes.flatMap(({ name, series }) =>
    SERIES.map(kind => ({ what: `${name}: ${kind}`, unit: UNITS[kind], verdict: judge(series[kind], BOUNDS[kind]) })),
  )
  const ofAccounts = [...requests].map(([account, samples]) => ({
    ...{ what: `${account}: API requests`, unit: UNITS.requests, verdict: judge(samples, BOUNDS.requests) },
  }))
  return [...ofProcesses, ...ofAccounts]
}

/** A table in Markdown. */
export function tableOf(judged: readonly Judged[]): string {
  const rows = judged.map(({ what, unit, verdict: { before, after, perHour, grows } }) => {
    const shown = (value: number) => (Number.isNaN(value) ? '—' : `${value.toFixed(unit === '' ? 0 : 1)}${unit}`)
    const word = grows === undefined ? 'too short to tell' : grows ? 'GROWS' : 'ok'
    return [what, shown(before), shown(after), `${perHour >= 0 ? '+' : ''}${perHour.toFixed(1)}${unit}`, word]
  })
  return table(['', 'first third', 'last third', 'an hour', ''], rows)
}
