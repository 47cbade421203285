import assert from 'node:assert/strict'
import { ApiClient } from '../../../src/kubernetes/client.ts'
import type { Credentials } from '../../../src/kubernetes/credentials.ts'
import type { Logger } from '../../../src/kubernetes/logger.ts'
import { FakeClock } from '../io/fake-clock.ts'
import { ScriptedServer } from '../scripted-server.ts'

/** Credentials that hold nothing but a URL and a token that the test may change. */
export class FixedCredentials implements Credentials {
  readonly server: URL
  readonly namespace = 'herald'
  token: string | undefined
  expired = 0
  readonly #tls = {}

  constructor(url: string) {
    this.server = new URL(url)
  }

  async tls(): Promise<object> {
    return this.#tls
  }

  async authorization(): Promise<string | undefined> {
    return this.token && `Bearer ${this.token}`
  }

  expire(): void {
    this.expired++
  }
}

export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error'
  message: string
  fields: Record<string, unknown>
}

/** A logger that keeps what it is told. */
export class MemoryLogger implements Logger {
  readonly lines: LogLine[] = []

  debug = this.#keep('debug')
  info = this.#keep('info')
  warn = this.#keep('warn')
  error = this.#keep('error')

  count(level: LogLine['level'], message?: string): number {
    return this.lines.filter(line => line.level === level && (message === undefined || line.message === message)).length
  }

  #keep(level: LogLine['level']): (fields: object, message: string) => void {
    return (fields, message) => void this.lines.push({ level, message, fields: fields as Record<string, unknown> })
  }
}

/** A scripted server with a client before it, on a clock that the test moves. */
export class Driven {
  readonly server: ScriptedServer
  readonly clock = new FakeClock()
  readonly logger = new MemoryLogger()
  readonly credentials: FixedCredentials
  readonly client: ApiClient
  readonly random = (): number => 0.5

  private constructor(server: ScriptedServer) {
    this.server = server
    this.credentials = new FixedCredentials(server.url)
    this.client = new ApiClient({ credentials: this.credentials, clock: this.clock, logger: this.logger })
  }

  static async start(): Promise<Driven> {
    return new Driven(await ScriptedServer.start())
  }

  async stop(): Promise<void> {
    this.client.close()
    await this.server.stop()
  }

  /** Waits for something that needs no time to pass, only packets on loopback. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + 2_000
    while (!condition()) {
      assert.ok(performance.now() < deadline, `not within 2 s: ${what}`)
      await tick()
    }
  }

  /** As until(), but moves the clock to its next timer whenever nothing else happens. */
  async eventually(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + 4_000
    let { activity } = this.server
    for (let quiet = 0; !condition(); ) {
      assert.ok(performance.now() < deadline, `never came to be: ${what}`)
      await tick()
      quiet = activity === this.server.activity ? quiet + 1 : 0
      activity = this.server.activity
      const { nextTimerInMs } = this.clock
      if (quiet < 4 || nextTimerInMs === undefined) continue
      quiet = 0
      this.clock.advance(nextTimerInMs)
    }
  }
}

/** A turn of the event loop that gives sockets time. */
export function tick(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 1))
}
