import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { cacheDir } from '../../lab/paths.ts'
import type { CommittedFigures, Figures } from './figures.ts'

/** What the guard compares with; part of the repository. */
export const COMMITTED_FILE = join(import.meta.dirname, 'committed.json')

/** What the last run of the suites measured, on this machine. */
const LAST_RUN_FILE = join(cacheDir(), 'figures', 'last-run.json')

export function readCommitted(): CommittedFigures | undefined {
  return read<CommittedFigures>(COMMITTED_FILE)
}

export function readLastRun(): Figures | undefined {
  return read<Figures>(LAST_RUN_FILE)
}

/** A run of some suites leaves the figures of the others as they were. */
export function keepLastRun(figures: Figures): void {
  mkdirSync(dirname(LAST_RUN_FILE), { recursive: true })
  writeFileSync(LAST_RUN_FILE, `${JSON.stringify({ ...readLastRun(), ...figures }, undefined, 2)}\n`)
}

/** Makes the figures those that later runs are compared with. */
export function commitFigures(figures: Figures): void {
  const machine = `${availableParallelism()} cores, ${cpus()[0]?.model.trim() ?? 'unknown processor'}`
  const rounded = Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(4))]),
  )
  const committed: CommittedFigures = { date: new Date().toISOString().slice(0, 10), machine, figures: rounded }
  writeFileSync(COMMITTED_FILE, `${JSON.stringify(committed, undefined, 2)}\n`)
}

function read<T>(file: string): T | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined
}
