import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { NetworkNamespace } from '../../test/support/netns.ts'
import { chartNodeFlags, HERALD_ENVIRONMENT } from '../herald-bundles.ts'
import { buildMetallb } from '../metallb.ts'
import { NAMESPACE } from './api.ts'
import { OWN_NODE, OWN_POD } from './objects.ts'

const READY_TIMEOUT_MS = 600_000
/** A process that is in trouble is so with every Service. */
const MOST_WARNINGS = 5

/** A process whose costs are measured. */
export interface MeasuredProcess {
  readonly pid: number
  /** from the start of the process until it said that it is ready; NaN of one that does not say so */
  readonly readyMs: Promise<number>
  /** rejects when the process ends by itself, as the controller does that cannot renew its Lease on a machine with too much else to do */
  readonly died: Promise<never>
  end(): Promise<void>
}

/** Starts the processes of one installation. */
export interface MeasuredProcesses {
  controller(): MeasuredProcess
  speaker(): MeasuredProcess
}

/** Where the processes of an installation run. */
export interface Surroundings {
  /** files, by user */
  readonly kubeconfigs: { readonly controller: string; readonly speaker: string }
  /** the network namespace of the speaker */
  readonly node: NetworkNamespace
}

/** Herald's, bundled as the image has them. @param folder of the bundles */
export function heraldProcesses(folder: string, { kubeconfigs, node }: Surroundings): MeasuredProcesses {
  const common = [
    '--namespace',
    NAMESPACE,
    '--port',
    '0',
    '--health-probe-host',
    '127.0.0.1',
    '--health-probe-port',
    '0',
  ]
  const env = { ...process.env, ...HERALD_ENVIRONMENT }
  const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit']
  return {
    controller: () => {
      const flags = ['--pod-name', 'controller', '--kubeconfig', kubeconfigs.controller, ...common]
      return measured(
        spawn(process.execPath, [...chartNodeFlags('controller'), `${folder}/controller.js`, ...flags], { env, stdio }),
      )
    },
    speaker: () => {
      const flags = ['--node-name', OWN_NODE, '--pod-name', OWN_POD, '--kubeconfig', kubeconfigs.speaker, ...common]
      return measured(
        node.spawn(process.execPath, [...chartNodeFlags('speaker'), `${folder}/speaker.js`, ...flags], { env, stdio }),
      )
    },
  }
}

/** MetalLB's, the speaker without its list of members and the controller without its webhooks. Their logs cost them time, so they say only errors. */
export async function metallbProcesses({ kubeconfigs, node }: Surroundings): Promise<MeasuredProcesses> {
  const { controller, speaker } = await buildMetallb()
  const common = ['--namespace', NAMESPACE, '--port', '0', '--log-level', 'error']
  const stdio = 'ignore'
  return {
    controller: () => {
      const flags = ['--webhook-mode', 'disabled', '--kubeconfig', kubeconfigs.controller]
      const env = { ...process.env, METALLB_POD_NAME: 'controller' }
      return running(spawn(controller, [...common, ...flags], { env, stdio }), Promise.resolve(Number.NaN))
    },
    speaker: () => {
      const flags = ['--node-name', OWN_NODE, '--pod-name', OWN_POD, '--host', '127.0.0.1']
      const child = node.spawn(speaker, [...common, ...flags, '--kubeconfig', kubeconfigs.speaker], { stdio })
      return running(child, Promise.resolve(Number.NaN))
    },
  }
}

/** Herald's process: it logs to its standard output that it is ready. */
function measured(child: ChildProcess): MeasuredProcess {
  const ready = Promise.withResolvers<number>()
  const timer = setTimeout(() => ready.reject(new Error('not ready in time')), READY_TIMEOUT_MS)
  let rest = ''
  let told = 0
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { level, msg, sinceStartMs } = JSON.parse(line) as { level?: string; msg?: string; sinceStartMs?: number }
      if (msg === 'ready' && sinceStartMs !== undefined) ready.resolve(sinceStartMs)
      else if (level !== 'info' && ++told <= MOST_WARNINGS) console.error(line.slice(0, 300))
    }
  })
  const process = running(child, ready.promise)
  process.died.catch(ready.reject)
  ready.promise.catch(() => {}).finally(() => clearTimeout(timer))
  return process
}

function running(child: ChildProcess, readyMs: Promise<number>): MeasuredProcess {
  const closed = once(child, 'close')
  const died = Promise.withResolvers<never>()
  let isWanted = true
  child.once('exit', code => {
    if (isWanted) died.reject(new Error(`a process that is measured ended with exit code ${code}`))
  })
  died.promise.catch(() => {}) // told to whoever awaits it
  return {
    pid: child.pid ?? 0,
    readyMs,
    died: died.promise,
    async end() {
      isWanted = false
      child.kill('SIGKILL')
      await closed
    },
  }
}
