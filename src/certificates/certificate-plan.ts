const DAY_MS = 86_400_000

/** An authority outlives many server certificates: whoever keeps its certificate need not be told of those. */
export const AUTHORITY_LIFETIME_MS = 3_650 * DAY_MS
export const SERVER_LIFETIME_MS = 365 * DAY_MS

/** Clocks of API servers that are behind ours must not take a new certificate for one of the future. */
export const CLOCK_TOLERANCE_MS = 3_600_000

/** From when to when a certificate is valid. */
export interface Validity {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** The certificates that there are, as far as they could be read and fit together. */
export interface HeldCertificates {
  /** the newest authority, whose key is there too */
  readonly authority: Validity
  /** undefined: there is none, or it is for other hosts, or not of this authority */
  readonly server?: Validity
}

/** What must be made: nothing, a certificate for the server, or an authority and one for the server. */
export type CertificatePlan = 'keep' | 'server' | 'authority'

/**
 * A certificate is replaced when a third of its life is left, an authority when it could not sign one that lasts. One that is not valid, be it
 * because nobody was there to replace it, is replaced at once.
 */
export function planCertificates(held: HeldCertificates | undefined, nowMs: number): CertificatePlan {
  if (!held || !isValid(held.authority, nowMs) || held.authority.notAfterMs - nowMs < SERVER_LIFETIME_MS) {
    return 'authority'
  }
  const { server } = held
  if (!server || !isValid(server, nowMs)) return 'server'
  return server.notAfterMs - nowMs < (server.notAfterMs - server.notBeforeMs) / 3 ? 'server' : 'keep'
}

export function isValid({ notBeforeMs, notAfterMs }: Validity, nowMs: number): boolean {
  return notBeforeMs <= nowMs && nowMs < notAfterMs
}
