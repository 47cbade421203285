/**
 * Services that would take an address if there were one, in the order of their creation: the order in which they are asked
 * again when an address becomes free.
 */
export class Waiting {
  readonly #entries = new Map<string, { readonly createdAtMs: number; readonly pending: boolean }>()
  #pending = 0

  /** @param pending whether it has no address at all; the others have one and would take a second */
  add({ key, createdAtMs }: { readonly key: string; readonly createdAtMs: number }, pending = true): void {
    this.delete(key)
    this.#entries.set(key, { createdAtMs, pending })
    if (pending) this.#pending++
  }

  delete(key: string): void {
    if (this.#entries.get(key)?.pending) this.#pending--
    this.#entries.delete(key)
  }

  /** how many have no address */
  get pending(): number {
    return this.#pending
  }

  oldestFirst(): string[] {
    return [...this.#entries]
      .sort(([a, { createdAtMs: atA }], [b, { createdAtMs: atB }]) => atA - atB || (a < b ? -1 : 1))
      .map(([key]) => key)
  }
}

/**
 * The order of the first pass after a start: Services that hold an address before those that want one, so that nobody is
 * given what another holds; the older first in either group.
 */
export function firstPassOrder<
  S extends { readonly key: string; readonly createdAtMs: number; readonly ingress: readonly unknown[] },
>(services: Iterable<S>): S[] {
  return [...services].sort(
    (a, b) =>
      Math.min(b.ingress.length, 1) - Math.min(a.ingress.length, 1) ||
      a.createdAtMs - b.createdAtMs ||
      (a.key < b.key ? -1 : 1),
  )
}
