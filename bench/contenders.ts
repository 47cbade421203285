import { type ChildProcess, spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { runLogged } from '../lab/progress.ts'
import { buildMetallb, metallbVersion } from './metallb.ts'

export const namespace = 'bench-system'

/** The environment of Herald's processes as its chart and its image have it; the addon lies beside the bundles there. */
export const HERALD_ENVIRONMENT = {
  MALLOC_ARENA_MAX: '1',
  HERALD_NATIVE: resolve('native/build/herald.node'),
  // The image has no code that was compiled before, as a checkout has.
  NODE_DISABLE_COMPILE_CACHE: '1',
}

/** Something that gives Services their addresses, as a process of its own. */
export interface Contender {
  readonly name: string
  /** custom resource definitions and whatever else it needs to find */
  readonly manifests: readonly object[]
  /** Services at once that it can be asked for within the time of the benchmark */
  readonly atMost: number
  start(kubeconfigFile: string): ChildProcess
}

/** Bundles Herald's processes as the image has them; the folder, which goes with this process. */
export async function buildHerald(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'herald-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  await runLogged([process.execPath, 'src/bin/build.ts', '--out', folder], { logFile: join(folder, 'build.log') })
  return folder
}

/** Herald's controller as the image has it: one bundle. */
export async function herald({ nodeFlags = chartNodeFlags() } = {}): Promise<Contender> {
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

/** The flags of Node that the chart gives the controller. */
function chartNodeFlags(): string[] {
  const values = parse(readFileSync('charts/herald/values.yaml', 'utf8')) as { controller: { nodeFlags: string[] } }
  return values.controller.nodeFlags
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
