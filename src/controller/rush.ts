/** Addresses are given one upon the other as long as they come at most this far apart. */
const PAUSE_MS = 500
/** What waits for the end of a rush waits no longer than this. */
const LONGEST_MS = 10_000

/**
 * Whether addresses are being given to many Services one upon the other. What is less urgent, events and the news that a Service is not
 * announced yet, gives way until that is over: at the API server these writes cost as much as those that somebody waits for.
 */
export class Rush {
  #sinceMs = Number.NEGATIVE_INFINITY
  #lastMs = Number.NEGATIVE_INFINITY

  /** An address is being given. @param nowMs monotonic */
  note(nowMs: number): void {
    if (nowMs - this.#lastMs > PAUSE_MS) this.#sinceMs = nowMs
    this.#lastMs = nowMs
  }

  /** One that does not end holds nobody up for longer than ten seconds. @param nowMs monotonic */
  isOn(nowMs: number): boolean {
    return nowMs - this.#lastMs <= PAUSE_MS && nowMs - this.#sinceMs <= LONGEST_MS
  }
}
