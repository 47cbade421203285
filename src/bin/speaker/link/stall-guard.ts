import type { CancelTimer, Clock } from '../../../io/clock.ts'

/**
 * Notices that this thread did not run for a while: stopped by a signal, on a suspended machine, or starved. Whatever was true before may
 * not be true any more then: others have taken over, and what waits in the sockets was meant for somebody else.
 */
export class StallGuard {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #onStall: (gapMs: number) => void
  #lastMs: number
  #cancel: CancelTimer = () => {}

  /** @param init.limitMs how long the others take to find out that this node is silent */
  constructor({ clock }: { clock: Clock }, init: { limitMs: number; onStall: (gapMs: number) => void }) {
    this.#clock = clock
    this.#limitMs = init.limitMs
    this.#onStall = init.onStall
    this.#lastMs = clock.monotonicMs()
  }

  start(): void {
    this.#lastMs = this.#clock.monotonicMs()
    this.#tick()
  }

  stop(): void {
    this.#cancel()
  }

  /**
   * To be asked before anything that came from outside is looked at, for a timer may come after the packets that waited. True when the
   * thread had stalled; onStall has been called then.
   */
  stalled(): boolean {
    const nowMs = this.#clock.monotonicMs()
    const gapMs = nowMs - this.#lastMs
    this.#lastMs = nowMs
    if (gapMs <= this.#limitMs) return false
    this.#onStall(gapMs)
    return true
  }

  /** A thread with nothing to do must not look like one that did not run. */
  #tick(): void {
    this.#cancel = this.#clock.setTimer(() => {
      this.stalled()
      this.#tick()
    }, this.#limitMs / 3)
  }
}
