import { type Flag, FlagError, helpText } from './flags.ts'

/** How long a process may take to stop before it leaves anyway. */
const STOP_WITHIN_MS = 2_000

export interface ProcessContext {
  /** aborted when the process shall end */
  readonly signal: AbortSignal
  /** ends the process with exit code 1; the first error counts */
  readonly fail: (error: unknown) => void
  /** ends the process with exit code 0: all is done */
  readonly finish: () => void
}

/** Starts everything; returns what stops it again. */
export type Main = (args: string[], env: NodeJS.ProcessEnv, context: ProcessContext) => Promise<() => Promise<void>>

/**
 * Runs a process from flags to exit code: `--help`; 2 for wrong flags; SIGTERM and SIGINT stop it cleanly, with 0; what fails
 * ends it with 1, and says why in one line on standard error.
 */
export async function runProcess(
  init: { command: string; what: string; flags: Readonly<Record<string, Flag>> },
  main: Main,
): Promise<void> {
  const args = process.argv.slice(2)
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(helpText(init.command, init.what, init.flags))
    return
  }
  const abort = new AbortController()
  const ended = Promise.withResolvers<number>()
  const end = (code: number) => {
    if (abort.signal.aborted) return
    setTimeout(() => process.exit(code), STOP_WITHIN_MS).unref()
    abort.abort()
    ended.resolve(code)
  }
  const fail = (error: unknown, unforeseen = false) => {
    if (!abort.signal.aborted) process.stderr.write(`${init.command}: ${describe(error, unforeseen)}\n`)
    end(1)
  }
  process.once('SIGTERM', () => end(0))
  process.once('SIGINT', () => end(0))
  process.once('uncaughtException', error => fail(error, true))
  process.once('unhandledRejection', error => fail(error, true))

  let stop = async () => {}
  try {
    stop = await main(args, process.env, { signal: abort.signal, fail: error => fail(error), finish: () => end(0) })
  } catch (error) {
    if (error instanceof FlagError) {
      process.stderr.write(`${init.command}: ${error.message}\nTry --help.\n`)
      end(2)
    } else fail(error)
  }
  const code = await ended.promise
  await stop().catch(error => process.stderr.write(`${init.command}: while stopping: ${describe(error, true)}\n`))
  process.exit(code)
}

/** A sentence for what was foreseen, which was made with `new Error` or a class of ours; a bug comes with its stack. */
function describe(error: unknown, unforeseen: boolean): string {
  if (!(error instanceof Error)) return String(error)
  const { message, cause } = error
  const more = cause instanceof Error && !message.includes(cause.message) ? ` (${cause.message})` : ''
  const isBug = unforeseen || BUGS.some(kind => error instanceof kind)
  return `${isBug ? (error.stack ?? message) : message}${more}`
}

const BUGS = [TypeError, RangeError, ReferenceError, SyntaxError]
