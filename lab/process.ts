import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'

export interface RunOptions {
  /** Text for the command's standard input; without it the command reads end-of-file at once. */
  input?: string
  env?: NodeJS.ProcessEnv
  cwd?: string
  signal?: AbortSignal
  timeoutMs?: number
  /** A failing command rejects with a CommandError unless this is false. */
  check?: boolean
}

export interface RunResult {
  code: number
  stdout: string
  stderr: string
}

/** A command that ended with another exit code than 0. The message has the command and the end of what it printed. */
export class CommandError extends Error {
  override name = 'CommandError'
  readonly result: RunResult

  constructor(command: readonly string[], result: RunResult) {
    const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-12).join('\n')
    super(`${command.join(' ').slice(0, 300)}: exit code ${result.code}${said === '' ? '' : `\n${said}`}`)
    this.result = result
  }
}

/** Runs a command to its end and gives back what it printed. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { input, env, cwd, signal, timeoutMs, check = true } = options
  const child = spawn(command[0]!, command.slice(1), {
    env: env ?? process.env,
    cwd,
    signal,
    timeout: timeoutMs,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  if (child.stdin !== null) {
    child.stdin.on('error', () => {}) // a command may end without reading all of its input
    child.stdin.end(input)
  }
  const [code, stdout, stderr] = await Promise.all([exitCode(child), text(child.stdout!), text(child.stderr!)])
  const result = { code, stdout, stderr }
  if (check && code !== 0) throw new CommandError(command, result)
  return result
}

/** Runs a command on the caller's terminal and resolves to its exit code. */
export async function runInteractive(
  command: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const child = spawn(command[0]!, command.slice(1), { env, stdio: 'inherit' })
  // Ctrl-C reaches the whole process group; the command decides what it means, and its exit code becomes ours.
  const ignore = () => {}
  process.on('SIGINT', ignore)
  try {
    return await exitCode(child)
  } finally {
    process.off('SIGINT', ignore)
  }
}

/** Starts a command that outlives this process, in a session of its own, its output appended to a file. */
export function spawnDetached(
  command: readonly string[],
  options: { logFile: string; env?: NodeJS.ProcessEnv },
): ChildProcess {
  const log = openSync(options.logFile, 'a')
  try {
    const child = spawn(command[0]!, command.slice(1), {
      detached: true,
      stdio: ['ignore', log, log],
      env: options.env ?? process.env,
    })
    child.on('error', () => {}) // seen by the caller as a process that is not running
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

/** Start time of a process in clock ticks since boot: with the id it names one process for ever. Undefined: no such process, or only its remains. */
export function processStartTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field, the name in parentheses, may itself hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // While other threads than the first are still about to end, so are its sockets, and its port is taken.
    const [state, threads] = [fields[0], Number(fields[17])]
    return (state === 'Z' || state === 'X') && threads <= 1 ? undefined : fields[19]
  } catch {
    return undefined
  }
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      signal?.removeEventListener('abort', aborted)
      resolve()
    }
    const aborted = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(done, ms)
    if (signal?.aborted) aborted()
    else signal?.addEventListener('abort', aborted, { once: true })
  })
}

/**
 * Asks again and again until the condition gives something other than undefined or false.
 * @throws Error naming `what` and the condition's last error when the time is over.
 */
export async function waitFor<T>(
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  options: { what: string; timeoutMs: number; everyMs?: number; signal?: AbortSignal },
): Promise<T> {
  const deadline = Date.now() + options.timeoutMs
  let reason = ''
  for (;;) {
    options.signal?.throwIfAborted()
    try {
      const value = await condition()
      if (value !== undefined && value !== false) return value
      reason = ''
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : String(error)}`
    }
    if (Date.now() >= deadline) throw new Error(`waited ${options.timeoutMs / 1000} s for ${options.what}${reason}`)
    await sleep(options.everyMs ?? 100, options.signal)
  }
}

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? 128 + signalNumber(signal)))
  })
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGTERM: 15 }[signal as string] ?? 0
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
