/** What was asked for is not there, or cannot be read. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}
