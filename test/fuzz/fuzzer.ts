import type { Random } from '../simulation/random.ts'
import { minimise } from './minimise.ts'
import type { FuzzTarget } from './target.ts'

/** Which code ran. */
export interface FuzzCoverage {
  /** How much of what ran since the last look is not known to run; anything above 0 is new. */
  look(): number
  /** What the last look saw is known from now on. */
  learn(): void
}

export interface FuzzerComponents {
  target: FuzzTarget
  coverage: FuzzCoverage
  random: Random
  nowMs: () => number
  /** of this thread alone: other work on the machine must not make an input slow */
  cpuMs: () => number
  /** bytes on the heap and in buffers */
  allocatedBytes: () => number
  /** told of each input before it is tried, for whoever watches that it ends */
  trying?: (input: Uint8Array) => void
}

/** What an input did that it must not do. */
export interface Failure {
  readonly input: Uint8Array
  readonly error: Error
}

/** No input is longer than a few kilobytes: whatever is done for one is done within these bounds many times over. */
export const BOUNDS = { cpuMs: 200, allocatedBytes: 32 * 1024 * 1024 } as const
/** An input that seems to break a bound is tried again: compiling and collecting garbage cost something, too. */
const SECOND_LOOKS = 4

/**
 * Tries inputs on one target, in batches. A batch in which something ran that never ran before is halved until the inputs are found that did
 * it; they join the corpus, from which all inputs are made.
 */
export class Fuzzer {
  readonly target: FuzzTarget
  readonly #components: FuzzerComponents
  readonly corpus: Uint8Array[] = []
  readonly outcomes = new Map<string, number>()
  inputs = 0

  constructor(components: FuzzerComponents) {
    this.#components = components
    this.target = components.target
  }

  /**
   * Tries what is known, the shortest first, and keeps of it what reaches something that the others do not.
   *
   * @param saved inputs of earlier runs
   */
  begin(saved: readonly Uint8Array[]): Failure | undefined {
    const known = [...this.target.seeds, ...saved].sort((a, b) => a.length - b.length)
    for (const input of known) {
      const failure = this.#try(input)
      if (failure) return failure
    }
    this.#components.coverage.look()
    return this.#find(known)
  }

  /** Tries so many new inputs. */
  batch(size: number): Failure | undefined {
    const { random, coverage } = this.#components
    const inputs: Uint8Array[] = []
    const sources = [this.target.seeds, this.corpus].filter(({ length }) => length > 0)
    const pick = () => random.pick(random.pick(sources))
    for (let index = 0; index < size; index++) {
      const input = this.target.format.mutate(random, pick)
      inputs.push(input)
      const failure = this.#try(input)
      if (failure) return failure
    }
    return coverage.look() > 0 ? this.#find(inputs) : undefined
  }

  /** The smallest input that fails in the same way. */
  minimise({ input, error }: Failure): Failure {
    let smallest = { input, error }
    const fails = (candidate: Uint8Array) => {
      const failure = this.#try(candidate)
      if (failure?.error.name !== error.name) return false
      smallest = failure
      return true
    }
    minimise(input, candidate => this.target.format.shrink(candidate), fails)
    return smallest
  }

  /** Adds to the corpus those of the inputs, one of which at least reached something new. */
  #find(inputs: readonly Uint8Array[]): Failure | undefined {
    for (const input of inputs) this.target.check(input.slice())
    const { coverage } = this.#components
    if (coverage.look() === 0) return undefined
    if (inputs.length > 1) {
      const half = inputs.length >>> 1
      return this.#find(inputs.slice(0, half)) ?? this.#find(inputs.slice(half))
    }
    coverage.learn()
    const input = inputs[0]!
    this.corpus.push(input)
    return this.#beyond('allocatedBytes', this.#components.allocatedBytes, input)
  }

  #try(input: Uint8Array): Failure | undefined {
    const { nowMs, cpuMs, trying } = this.#components
    const copy = input.slice()
    this.inputs++
    trying?.(input)
    const startedMs = nowMs()
    try {
      const outcome = this.target.check(copy)
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
      if (Buffer.compare(copy, input) !== 0) throw new Error('the input was changed')
    } catch (error) {
      return { input, error: error instanceof Error ? error : new Error(String(error)) }
    }
    return nowMs() - startedMs > BOUNDS.cpuMs ? this.#beyond('cpuMs', cpuMs, input) : undefined
  }

  /** The failure, if the input breaks the bound whenever it is tried. */
  #beyond(bound: keyof typeof BOUNDS, meter: () => number, input: Uint8Array): Failure | undefined {
    let least = Number.POSITIVE_INFINITY
    for (let look = 0; look < SECOND_LOOKS; look++) {
      const before = meter()
      this.target.check(input.slice())
      least = Math.min(least, meter() - before)
    }
    if (least <= BOUNDS[bound]) return undefined
    const error = new Error(`${Math.round(least)} for ${input.length} octets; at most ${BOUNDS[bound]}`)
    error.name = bound
    return { input, error }
  }
}
