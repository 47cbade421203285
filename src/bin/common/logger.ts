import { type DestinationStream, type Logger, pino } from 'pino'

/** MetalLB's level names, so that a values file moves over, and what they mean to pino. */
const LEVELS: Readonly<Record<string, string>> = {
  all: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  none: 'silent',
}

export const LOG_LEVELS = Object.keys(LEVELS)

/** What the outside world answered is told in its words; a stack says something of our own mistakes alone. */
function describeError(error: unknown): unknown {
  const described = pino.stdSerializers.errWithCause(error as Error)
  if (!(error instanceof Error) || !FORESEEN.includes(error.name)) return described
  const { stack: _stack, cause, ...rest } = described as object & { stack?: string; cause?: { message?: string } }
  return { ...rest, ...(cause?.message !== undefined && { cause: cause.message }) }
}

/** names of the errors that are no bugs */
const FORESEEN = ['ApiError', 'NotLeading']

/**
 * The process's logger: one JSON object a line on standard output. Messages are constant; what varies stands in fields.
 *
 * @param level one of LOG_LEVELS
 */
export function createLogger(init: { name: string; level: string }, destination?: DestinationStream): Logger {
  return pino(
    {
      name: init.name,
      level: LEVELS[init.level] ?? 'info',
      base: { name: init.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      // Errors under any of these names keep their code and their cause.
      serializers: { error: describeError, err: describeError },
    },
    destination ?? pino.destination({ sync: true }),
  )
}
