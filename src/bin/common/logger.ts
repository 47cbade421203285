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
      serializers: { error: pino.stdSerializers.errWithCause, err: pino.stdSerializers.errWithCause },
    },
    destination ?? pino.destination({ sync: true }),
  )
}
