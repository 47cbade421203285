/**
 * Services that have no address, in the order of their creation: the order in which they are asked again when an address
 * becomes free.
 */
export class Waiting {
  readonly #createdAtMs = new Map<string, number>()

  add(service: { readonly key: string; readonly createdAtMs: number }): void {
    this.#createdAtMs.set(service.key, service.createdAtMs)
  }

  delete(key: string): void {
    this.#createdAtMs.delete(key)
  }

  get size(): number {
    return this.#createdAtMs.size
  }

  oldestFirst(): string[] {
    return [...this.#createdAtMs].sort(([a, atA], [b, atB]) => atA - atB || (a < b ? -1 : 1)).map(([key]) => key)
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
