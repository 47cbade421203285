import { type ChildProcess, spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { buildHerald, chartNodeFlags, HERALD_ENVIRONMENT } from './herald-bundles.ts'
import { buildMetallb, metallbVersion } from './metallb.ts'

export const namespace = 'bench-system'

/** Something that gives Services their addresses, as a process of its own. */
export interface Contender {
  readonly name: string
  /** custom resource definitions and whatever else it needs to find */
  readonly manifests: readonly object[]
  /** Services at once that it can be asked for within the time of the benchmark */
  readonly atMost: number
  start(kubeconfigFile: string): ChildProcess
}

/** Herald's controller as the image has it: one bundle. */
export async function herald({ nodeFlags = chartNodeFlags('controller') } = {}): Promise<Contender> {
  const folder = await buildHerald()
  const flags = ['--namespace', namespace, '--pod-name', 'controller', '--log-level', 'warn', '--port', '0']
  const probes = ['--health-probe-host', '127.0.0.1', '--health-probe-port', '0']
  return {
    name: 'Herald',
    manifests: definitions('charts/herald/templates/crds/*.yaml'),
    atMost: Number.POSITIVE_INFINITY,
    start: kubeconfig =>
      spawn(
        process.execPath,
        [...nodeFlags, join(folder, 'controller.js'), ...flags, ...probes, '--kubeconfig', kubeconfig],
        { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...HERALD_ENVIRONMENT } },
      ),
  }
}

/** The least that the work can cost: watches and patches with Herald's client, without deciding anything. */
export function bareLoop(): Contender {
  return {
    name: 'bare loop',
    manifests: definitions('charts/herald/templates/crds/*.yaml'),
    atMost: Number.POSITIVE_INFINITY,
    start: kubeconfig =>
      spawn(process.execPath, ['bench/bare-loop.ts', kubeconfig], { stdio: ['ignore', 'ignore', 'inherit'] }),
  }
}

/** MetalLB's controller without its webhooks. Its log costs it time, so it says only errors. */
export async function metallb(): Promise<Contender> {
  const { controller, crds } = await buildMetallb()
  const flags = ['--namespace', namespace, '--webhook-mode', 'disabled', '--port', '0', '--log-level', 'error']
  return {
    name: `MetalLB ${metallbVersion}`,
    manifests: definitions(`${crds}/*.yaml`),
    atMost: 1_000,
    start: kubeconfig =>
      spawn(controller, [...flags, '--kubeconfig', kubeconfig], {
        env: { ...process.env, METALLB_POD_NAME: 'controller' },
        stdio: ['ignore', 'ignore', 'ignore'],
      }),
  }
}

/** The custom resource definitions in these files. */
export function definitions(pattern: string): object[] {
  return globSync(pattern).flatMap(file =>
    // A line of the chart's that only a template engine understands decides whether, not what.
    parseAllDocuments(readFileSync(file, 'utf8').replaceAll(/^.*\{\{.*\n/gm, '')).map(document => document.toJS()),
  )
}
