export interface BackoffInit {
  initialMs?: number
  maximumMs?: number
}

/** Growing delays between attempts: doubled each time, each shortened at random by up to half so that many do not come at once. */
export class Backoff {
  readonly #random: () => number
  readonly #initialMs: number
  readonly #maximumMs: number
  #failures = 0

  constructor({ random }: { random: () => number }, { initialMs = 100, maximumMs = 10_000 }: BackoffInit = {}) {
    this.#random = random
    this.#initialMs = initialMs
    this.#maximumMs = maximumMs
  }

  /** attempts that failed since the last reset */
  get failures(): number {
    return this.#failures
  }

  /** The delay before the next attempt, never shorter than what the server asked for. */
  nextMs(atLeastMs = 0): number {
    const delayMs = backoffDelayMs(this.#failures, this.#initialMs, this.#maximumMs, this.#random)
    this.#failures++
    return Math.max(delayMs, atLeastMs)
  }

  reset(): void {
    this.#failures = 0
  }
}

/** The delay after so many failures before this one. */
export function backoffDelayMs(failures: number, initialMs: number, maximumMs: number, random: () => number): number {
  const fullMs = Math.min(maximumMs, initialMs * 2 ** Math.min(failures, 30))
  return fullMs * (0.5 + random() / 2)
}
