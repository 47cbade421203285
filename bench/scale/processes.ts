import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import type { NetworkNamespace } from '../../test/support/netns.ts'
import { NAMESPACE } from './api.ts'
import { OWN_NODE } from './objects.ts'

const READY_TIMEOUT_MS = 600_000
/** A process that is in trouble is so with every Service. */
const MOST_WARNINGS = 5

/** One of Herald's processes, bundled as the image has it. */
export interface HeraldProcess {
  readonly pid: number
  /** from the start of the process until it said that it is ready */
  readonly readyMs: Promise<number>
  /** rejects when the process ends by itself, as the controller does that cannot renew its Lease on a machine with too much else to do */
  readonly died: Promise<never>
  end(): Promise<void>
}

export interface HeraldProcesses {
  controller(): HeraldProcess
  speaker(): HeraldProcess
}

/** @param init.folder of the bundles; `node`: the network namespace of the speaker */
export function heraldProcesses(init: {
  folder: string
  kubeconfigs: { controller: string; speaker: string }
  node: NetworkNamespace
}): HeraldProcesses {
  const { folder, kubeconfigs, node } = init
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
  const env = { ...process.env, HERALD_NATIVE: resolve('native/build/herald.node') }
  const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit']
  return {
    controller: () => {
      const flags = ['--pod-name', 'controller', '--kubeconfig', kubeconfigs.controller, ...common]
      return running(
        spawn(process.execPath, [...chartNodeFlags('controller'), `${folder}/controller.js`, ...flags], { env, stdio }),
      )
    },
    speaker: () => {
      const flags = ['--node-name', OWN_NODE, '--pod-name', 'speaker', '--kubeconfig', kubeconfigs.speaker, ...common]
      return running(
        node.spawn(process.execPath, [...chartNodeFlags('speaker'), `${folder}/speaker.js`, ...flags], { env, stdio }),
      )
    },
  }
}

/** The flags of Node that the chart gives a process. */
function chartNodeFlags(component: 'controller' | 'speaker'): string[] {
  const values = parse(readFileSync('charts/herald/values.yaml', 'utf8')) as Record<string, { nodeFlags: string[] }>
  return values[component]?.nodeFlags ?? []
}

function running(child: ChildProcess): HeraldProcess {
  const ready = Promise.withResolvers<number>()
  const closed = once(child, 'close')
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
  const died = Promise.withResolvers<never>()
  let isWanted = true
  child.once('exit', code => {
    const error = new Error(`a process of Herald's ended with exit code ${code}`)
    ready.reject(error)
    if (isWanted) died.reject(error)
  })
  died.promise.catch(() => {}) // told to whoever awaits it
  ready.promise.catch(() => {}).finally(() => clearTimeout(timer))
  return {
    pid: child.pid ?? 0,
    readyMs: ready.promise,
    died: died.promise,
    async end() {
      isWanted = false
      child.kill('SIGKILL')
      await closed
    },
  }
}
