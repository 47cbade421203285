/**
 * Whether the API server answers at all. All reflectors of a process share one client: the first that is answered after an
 * outage tells the others, which then need not wait out their own delays.
 */
export class Reachability {
  #reachable = true
  readonly #listeners = new Set<() => void>()
  readonly #lostListeners = new Set<() => void>()

  /** Some answer came, whatever it says. */
  answered(): void {
    if (this.#reachable) return
    this.#reachable = true
    for (const listener of [...this.#listeners]) listener()
  }

  /** No answer came: the connection was refused, cut or silent. */
  unanswered(): void {
    if (!this.#reachable) return
    this.#reachable = false
    for (const listener of [...this.#lostListeners]) listener()
  }

  get reachable(): boolean {
    return this.#reachable
  }

  /** Calls back each time that the server answers no more; returns what ends it. */
  onLost(listener: () => void): () => void {
    this.#lostListeners.add(listener)
    return () => this.#lostListeners.delete(listener)
  }

  /** Calls back each time that the server answers again; returns what ends it. */
  onRecovered(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
