/** What is kept open for each of several names. */
interface Closable {
  close(): void
}

/** Sockets by name: it takes the whole set of what is wanted, closes what is not, and opens what is missing. */
export class SocketSet<Wanted, Socket extends Closable> {
  readonly #open: (wanted: Wanted) => Socket
  readonly #onProblem: (error: Error) => void
  readonly #sockets = new Map<string, Socket>()
  /** what was told last, by name */
  readonly #problems = new Map<string, string>()

  /**
   * @param init.open may throw
   * @param init.onProblem what it threw; the same one of one name is told once
   */
  constructor(init: { open: (wanted: Wanted) => Socket; onProblem: (error: Error) => void }) {
    this.#open = init.open
    this.#onProblem = init.onProblem
  }

  get(name: string): Socket | undefined {
    return this.#sockets.get(name)
  }

  /** Returns whether all that are wanted are open. */
  sync(wanted: ReadonlyMap<string, Wanted>): boolean {
    for (const [name, socket] of this.#sockets) {
      if (wanted.has(name)) continue
      socket.close()
      this.#sockets.delete(name)
    }
    for (const name of this.#problems.keys()) if (!wanted.has(name)) this.#problems.delete(name)
    for (const [name, one] of wanted) if (!this.#sockets.has(name)) this.#try(name, one)
    return this.#problems.size === 0
  }

  #try(name: string, wanted: Wanted): void {
    try {
      this.#sockets.set(name, this.#open(wanted))
      this.#problems.delete(name)
    } catch (error) {
      const { message } = error as Error
      if (this.#problems.get(name) !== message) this.#onProblem(error as Error)
      this.#problems.set(name, message)
    }
  }
}
