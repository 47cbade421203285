import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ApiServer } from './api-server.ts'
import { NetworkNamespace } from './netns.ts'

export interface SpeakerStart {
  readonly kubeconfig: string
  /** Herald's own */
  readonly namespace: string
  readonly flags?: readonly string[]
  /** a command that runs another one, such as `setpriv …` */
  readonly wrapper?: readonly string[]
}

/** Leads from network namespaces to the API server, which listens on the machine's loopback, another one than theirs. */
export class ApiRelay {
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'herald-relay-'))
  readonly socket = join(this.#folder, 'api.sock')
  readonly #process: ChildProcess

  constructor({ port }: ApiServer) {
    this.port = port
    const program = relayProgram(JSON.stringify(this.socket), `${port}, '127.0.0.1'`)
    this.#process = spawn(process.execPath, ['-e', program], { stdio: 'ignore' })
  }

  stop(): void {
    this.#process.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true })
  }
}

/** A node in a namespace of its own, with a way to the API server, and the speaker on it. */
export class SpeakerNode {
  readonly name: string
  readonly netns: NetworkNamespace
  readonly #relay: ChildProcess
  speaker: ChildProcess | undefined
  log = ''
  errors = ''

  constructor(name: string, relay: ApiRelay) {
    this.name = name
    this.netns = new NetworkNamespace(name)
    const program = relayProgram(`${relay.port}, '127.0.0.1'`, JSON.stringify(relay.socket))
    this.#relay = this.netns.spawn(process.execPath, ['-e', program], { stdio: 'ignore' })
  }

  start({ kubeconfig, namespace, flags = [], wrapper = [] }: SpeakerStart): void {
    const common = ['--namespace', namespace, '--node-name', this.name, '--pod-name', `speaker-${this.name}`]
    const ports = ['--metrics-protocol', 'http', '--health-probe-host', '127.0.0.1']
    const args = ['src/bin/speaker.ts', ...common, ...ports, '--kubeconfig', kubeconfig, ...flags]
    const [command = '', ...rest] = [...wrapper, process.execPath, ...args]
    const speaker = this.netns.spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
    speaker.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.log += text
    })
    speaker.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    this.speaker = speaker
  }

  http(path: string, port = 17472): string {
    return this.netns.exec('curl', ['--silent', '--max-time', '2', `http://127.0.0.1:${port}${path}`])
  }

  mac(interfaceName: string): string {
    return [...this.netns.mac(interfaceName)].map(byte => byte.toString(16).padStart(2, '0')).join(':')
  }

  /** Waits for the speaker to end by itself, with all that it says. */
  async ended(): Promise<number | null> {
    const { speaker } = this
    if (!speaker) return null
    if (speaker.exitCode === null && speaker.signalCode === null) await once(speaker, 'close')
    return speaker.exitCode
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; ms: number }> {
    const startedMs = performance.now()
    this.speaker?.kill(signal)
    const code = await this.ended()
    this.speaker = undefined
    return { code, ms: performance.now() - startedMs }
  }

  async remove(): Promise<void> {
    await this.end('SIGKILL')
    this.#relay.kill('SIGKILL')
    this.netns.remove()
  }
}

/** A program that passes connections on: a process of its own, because tests block while they ask who answers. */
function relayProgram(listenOn: string, connectTo: string): string {
  return `const net = require('node:net')
    net.createServer(a => {
      const b = net.connect(${connectTo})
      a.pipe(b).pipe(a)
      for (const end of [a, b]) end.on('error', () => { a.destroy(); b.destroy() })
    }).listen(${listenOn})`
}
