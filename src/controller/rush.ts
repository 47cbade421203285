/** From so many addresses a second on it is a rush, once there were a few. */
const PER_SECOND = 20
const A_FEW = 5
/** Kept in mind at most, so that a rush of thousands is over within a second, too. */
const MOST = 20
/** What waits for the end of a rush waits no longer than this. */
const LONGEST_MS = 60_000

/**
 * Whether many Services are being given their addresses, one upon the other. What is less urgent, events and the news that a Service is not
 * announced yet, gives way until that is over: at the API server these writes cost as much as those that somebody waits for.
 */
export class Rush {
  /** addresses given, of which so many are forgotten each second as make a rush */
  #count = 0
  #countedMs = 0
  #sinceMs = 0

  /** An address was given. @param nowMs monotonic */
  note(nowMs: number): void {
    const before = this.#countAt(nowMs)
    this.#count = Math.min(MOST, before + 1)
    this.#countedMs = nowMs
    if (before < A_FEW) this.#sinceMs = nowMs
  }

  /** One that does not end holds nobody up for longer than a minute. @param nowMs monotonic */
  isOn(nowMs: number): boolean {
    return this.#countAt(nowMs) >= A_FEW && nowMs - this.#sinceMs <= LONGEST_MS
  }

  #countAt(nowMs: number): number {
    return Math.max(0, this.#count - ((nowMs - this.#countedMs) * PER_SECOND) / 1_000)
  }
}
