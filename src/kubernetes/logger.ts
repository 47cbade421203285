/** What the Kubernetes drivers ask of a logger; a pino logger is one. Messages are constant, what varies is in the fields. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const nothing = (): void => {}

/** Says nothing: for tests and for tools that report in their own way. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
