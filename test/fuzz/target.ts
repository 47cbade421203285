import type { Random } from '../simulation/random.ts'

/** How inputs of one kind are changed, made smaller, and written in a line of a corpus. */
export interface Format {
  /** A new input made of one of the corpus, or of several; `pick` gives any of them. */
  mutate(random: Random, pick: () => Uint8Array): Uint8Array
  /** Smaller inputs that are like this one, the smallest first. */
  shrink(input: Uint8Array): Iterable<Uint8Array>
  toLine(input: Uint8Array): string
  fromLine(line: string): Uint8Array
}

/**
 * Tries one input and names what came of it, for the counts. Throws when something is broken. What it does depends on nothing but the
 * input, so that a failure can be repeated.
 */
export type Check = (input: Uint8Array) => string

/** Something that reads what comes from outside. */
export interface FuzzTarget {
  readonly name: string
  readonly format: Format
  /** good inputs and near misses, from which the others are made */
  readonly seeds: readonly Uint8Array[]
  readonly check: Check
  /** inputs hold keys made for the occasion: nothing that belongs into a repository */
  readonly hasKeys?: boolean
}
