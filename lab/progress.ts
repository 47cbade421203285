import { spawn } from 'node:child_process'
import { appendFileSync, createWriteStream, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Prints one line about what the lab does. Standard output belongs to results, so this goes to standard error. */
export function say(line: string): void {
  process.stderr.write(`lab: ${line}\n`)
}

/**
 * Shows that a long step is alive: on a terminal a line that counts the seconds, elsewhere a line every 15 s.
 * @param expected what a reader should reckon with, e.g. "about 6 minutes"; empty for a step of a few seconds
 */
export async function step<T>(what: string, expected: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now()
  const elapsed = () => formatDuration(performance.now() - started)
  const terminal = process.stderr.isTTY
  const note = expected === '' ? '' : ` (${expected})`
  if (!terminal) say(`${what}${note} …`)
  const show = () => {
    if (terminal) process.stderr.write(`\r\x1b[Klab: ${what}${note} … ${elapsed()}`)
    else say(`${what}: ${elapsed()} so far`)
  }
  if (terminal) show()
  const timer = setInterval(show, terminal ? 1000 : 15_000)
  let ended = 'failed after'
  try {
    const result = await work()
    ended = 'done in'
    return result
  } finally {
    clearInterval(timer)
    if (terminal) process.stderr.write('\r\x1b[K')
    say(`${what}: ${ended} ${elapsed()}`)
  }
}

/** 850 → "0.9 s", 61000 → "1 min 1 s". */
export function formatDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/**
 * Runs a command whose output goes to a file.
 * @throws Error that names the file and quotes its end when the command fails
 */
export async function runLogged(
  command: readonly string[],
  options: { logFile: string; cwd?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal },
): Promise<void> {
  mkdirSync(dirname(options.logFile), { recursive: true })
  appendFileSync(options.logFile, `\n# ${new Date().toISOString()} ${command.join(' ')}\n`)
  const log = createWriteStream(options.logFile, { flags: 'a' })
  let tail = ''
  const keep = (chunk: Buffer) => {
    log.write(chunk)
    tail = (tail + chunk.toString('utf8')).slice(-2000)
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), {
      cwd: options.cwd,
      env: options.env ?? process.env,
      signal: options.signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', reject)
    child.on('close', resolve)
  }).finally(() => log.end())
  if (code === 0) return
  const end = tail.trimEnd().split('\n').slice(-10).join('\n')
  throw new Error(
    `${command.slice(0, 3).join(' ')} failed (exit code ${code}); all of its output is in ${options.logFile}. It ended with:\n${end}`,
  )
}
