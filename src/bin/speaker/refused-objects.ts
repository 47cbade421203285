import type { Logger } from '../../kubernetes/logger.ts'

/** Logs each problem of an object when it comes to be, and when it is gone. */
export class RefusedObjects {
  readonly #logger: Logger
  readonly #onRefused: () => void
  /** by kind and key: what is wrong */
  #refused: ReadonlyMap<string, string> = new Map()

  /** @param init.onRefused called for each problem that is new */
  constructor({ logger }: { logger: Logger }, init: { onRefused: () => void }) {
    this.#logger = logger
    this.#onRefused = init.onRefused
  }

  get size(): number {
    return this.#refused.size
  }

  /** Takes all problems that there are, in words, by the object's kind and key. */
  set(refused: ReadonlyMap<string, string>): void {
    const before = this.#refused
    this.#refused = refused
    for (const [object, problem] of refused) {
      if (before.get(object) === problem) continue
      this.#logger.warn({ object, problem }, 'refused, the others are used')
      this.#onRefused()
    }
    for (const object of before.keys()) {
      if (!refused.has(object)) this.#logger.info({ object }, 'no longer refused')
    }
  }
}
