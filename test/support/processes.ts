import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** One of Herald's processes, run from its source as a user would run the bundle. */
export interface Running {
  readonly process: ChildProcess
  /** what it has logged so far, a JSON object a line */
  logs(): Record<string, unknown>[]
  /** what it has written to standard error so far */
  errors(): string
  /** ends it with this signal and waits; the exit code, or the signal's name */
  end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>
}

/** Starts `src/bin/<entry>.ts` with these flags. */
export function runEntry(
  entry: 'controller' | 'speaker',
  flags: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Running {
  const child = spawn(process.execPath, [`src/bin/${entry}.ts`, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...env },
  })
  let out = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    errors += text
  })
  const closed = once(child, 'close')
  return {
    process: child,
    logs: () =>
      out
        .split('\n')
        .slice(0, -1)
        .map(line => JSON.parse(line)),
    errors: () => errors,
    async end(signal = 'SIGTERM') {
      child.kill(signal)
      await closed
      return child.exitCode ?? child.signalCode ?? 'SIGKILL'
    },
  }
}

/**
 * Waits until a probe says something else than undefined or false; fails with what was waited for and what was last seen. The time is that of
 * a machine with much else to do: what has to be soon says how soon.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 20_000, everyMs = 20 } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    let problem: unknown
    try {
      const seen = await probe()
      if (seen !== undefined && seen !== false) return seen
    } catch (error) {
      problem = error
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`, { cause: problem })
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}
