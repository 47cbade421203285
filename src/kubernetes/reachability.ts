/**
 * Whether the API server answers at all. All reflectors of a process share one client: the first that is answered after an
 * outage tells the others, which then need not wait out their own delays.
 */
export class Reachability {
  #reachable = true
  readonly #listeners = new Set<() => void>()

  /** Some answer came, whatever it says. */
  answered(): void {
    if (this.#reachable) return
    this.#reachable = true
    for (const listener of [...this.#listeners]) listener()
  }

  /** No answer came: the connection was refused, cut or silent. */
  unanswered(): void {
    this.#reachable = false
  }

  /** Calls back each time that the server answers again; returns what ends it. */
  onRecovered(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
