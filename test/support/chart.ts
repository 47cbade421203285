import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'
import { buildHelm } from '../../lab/build.ts'
import { type RunResult, run } from '../../lab/process.ts'

export const chartFolder = resolve(import.meta.dirname, '../../charts/herald')

/** An object as a template made it. */
export interface ChartObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: unknown
  readonly data?: Readonly<Record<string, string>>
}

/** Runs `helm template`; never rejects for what the chart refuses: look at the code. */
export async function tryTemplate(values: object = {}, release = 'lb'): Promise<RunResult> {
  const helm = await buildHelm()
  const folder = await mkdtemp(join(tmpdir(), 'herald-chart-'))
  try {
    const file = join(folder, 'values.yaml')
    await writeFile(file, stringify(values))
    const command = [helm, 'template', release, chartFolder, '--namespace', 'herald-system', '--values', file]
    return await run(command, { check: false })
  } finally {
    await rm(folder, { recursive: true })
  }
}

/**
 * The objects that the chart makes of the values.
 * @throws Error with Helm's words, when the chart refuses them
 */
export async function template(values: object = {}, release = 'lb'): Promise<ChartObject[]> {
  const { code, stdout, stderr } = await tryTemplate(values, release)
  if (code !== 0) throw new Error(stderr)
  return parseAllDocuments(stdout)
    .map(document => document.toJS() as ChartObject | null)
    .filter(object => object !== null)
}
