/** Why a request failed; stable, for code that decides and for metric labels. */
export type ApiErrorCode =
  | 'unreachable'
  | 'timeout'
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'conflict'
  | 'alreadyExists'
  | 'gone'
  | 'invalid'
  | 'throttled'
  | 'serverError'
  | 'badResponse'
  | 'rejected'

export interface ApiErrorInit {
  /** HTTP status; 0 when no answer came */
  status?: number
  /** the `reason` of the server's Status object, such as `AlreadyExists`; empty when it sent none */
  reason?: string
  /** how long the server asks to wait (Retry-After), on 429 and 5xx */
  retryAfterMs?: number
  cause?: unknown
}

/** A request that did not succeed. The message names verb and object: `patch services/status "web/shop": 409 Conflict: …`. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  readonly status: number
  readonly reason: string
  readonly retryAfterMs: number | undefined

  constructor(
    code: ApiErrorCode,
    message: string,
    { status = 0, reason = '', retryAfterMs, cause }: ApiErrorInit = {},
  ) {
    super(message, { cause })
    this.code = code
    this.status = status
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}

/** True for an ApiError with one of these codes. */
export function isApiError(error: unknown, ...codes: ApiErrorCode[]): error is ApiError {
  return error instanceof ApiError && (codes.length === 0 || codes.includes(error.code))
}

/** metav1.Status, as far as errors are made from it. */
export interface StatusObject {
  kind?: string
  status?: string
  message?: string
  reason?: string
  code?: number
  details?: { retryAfterSeconds?: number }
}

/**
 * The error for an answer of the API server.
 * @param request what was asked, such as `get leases "herald/herald-controller"`
 * @param status the HTTP status, or the code inside an ERROR event of a watch
 * @param body the Status object, when the answer was one
 */
export function errorFromStatus(request: string, status: number, body?: StatusObject, retryAfter?: string): ApiError {
  const reason = typeof body?.reason === 'string' ? body.reason : ''
  const text = typeof body?.message === 'string' ? body.message.slice(0, 2_000) : ''
  const message = `${request}: ${status}${reason ? ` ${reason}` : ''}${text ? `: ${text}` : ''}`
  return new ApiError(codeOf(status, reason), message, { status, reason, retryAfterMs: retryAfterMs(body, retryAfter) })
}

function codeOf(status: number, reason: string): ApiErrorCode {
  if (status === 401) return 'unauthorized'
  if (status === 403) return 'forbidden'
  if (status === 404) return 'notFound'
  if (status === 409) return reason === 'AlreadyExists' ? 'alreadyExists' : 'conflict'
  if (status === 410) return 'gone'
  if (status === 422) return 'invalid'
  if (status === 429) return 'throttled'
  return status >= 500 ? 'serverError' : 'rejected'
}

// RFC 9110 §10.2.3 allows a date too; the API server sends seconds, and a date would need the wall clock.
function retryAfterMs(body: StatusObject | undefined, header: string | undefined): number | undefined {
  const seconds = header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : body?.details?.retryAfterSeconds
  return typeof seconds === 'number' && seconds > 0 ? Math.min(seconds, 600) * 1000 : undefined
}
