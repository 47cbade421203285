import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { FuzzTarget } from './target.ts'

const FOLDER = join(import.meta.dirname, 'corpus')

/** Where the inputs of a target are kept that reached something new, and those that failed once: one a line. */
export function corpusFile({ name }: FuzzTarget, folder = FOLDER): string {
  return join(folder, `${name}.txt`)
}

/** The inputs of earlier runs. */
export function readInputs(target: FuzzTarget, file = corpusFile(target)): Uint8Array[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => target.format.fromLine(line))
}

/** Writes the inputs in an order that does not depend on how they were found, so that a change of the file is small. */
export function writeInputs(target: FuzzTarget, inputs: readonly Uint8Array[], file = corpusFile(target)): void {
  const known = new Set(target.seeds.map(seed => target.format.toLine(seed)))
  const lines = new Set(inputs.map(input => target.format.toLine(input)).filter(line => !known.has(line)))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(
    file,
    [...lines]
      .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
      .map(line => `${line}\n`)
      .join(''),
  )
}
