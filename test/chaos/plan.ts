import { Random } from '../simulation/random.ts'

/** Whom a fault strikes. `pair`: two nodes. */
export type Target = 'none' | 'node' | 'pair'

/** What the plan has to know of a kind of fault. */
export interface FaultShape {
  readonly name: string
  readonly target: Target
  /** the shortest and the longest time from strike to heal, in ms */
  readonly durationMs: readonly [number, number]
  /** parts of the cluster; two faults that touch the same part do not meet in one round */
  readonly touches: readonly string[]
}

/** One fault of a round. Times count from the beginning of the round. */
export interface PlannedFault {
  readonly kind: string
  /** a node ("node2"), a pair ("node1+node3"), or empty */
  readonly target: string
  readonly startMs: number
  readonly durationMs: number
  /** seed of whatever else the fault leaves to chance */
  readonly dice: number
}

/** Faults that overlap, and after which the cluster is left alone until it is well. */
export interface Round {
  readonly number: number
  readonly faults: readonly PlannedFault[]
  /** when the last fault ends */
  readonly endMs: number
}

export interface PlanOptions {
  readonly kinds: readonly FaultShape[]
  readonly nodes: readonly string[]
}

/** How often a round has a second fault, and a third. */
const SECOND_FAULT = 0.4
const THIRD_FAULT = 0.25
/** A further fault begins this long after the first at most, and always while that lasts. */
const MOST_OFFSET_MS = 4_000

/**
 * The faults of one round. The same seed, number and options give the same round, whatever happened in the rounds before.
 *
 * Each kind comes first once in as many rounds as there are kinds, so that a run of that length has seen all of them.
 */
export function planRound(seed: number, number: number, options: PlanOptions): Round {
  const { kinds } = options
  if (kinds.length === 0) throw new Error('a plan needs at least one kind of fault')
  const deck = new Random(mix(seed, Math.floor(number / kinds.length), 1)).shuffled(kinds)
  const random = new Random(mix(seed, number, 2))
  const first = plan(deck[number % kinds.length]!, 0, random, options)
  const faults = [first]
  const touched = new Set(deck[number % kinds.length]!.touches)
  const wanted = random.chance(SECOND_FAULT) ? (random.chance(THIRD_FAULT) ? 3 : 2) : 1
  for (const kind of random.shuffled(kinds)) {
    if (faults.length === wanted) break
    if (kind.touches.some(part => touched.has(part))) continue
    for (const part of kind.touches) touched.add(part)
    const startMs = Math.round(random.between(0, Math.min(first.durationMs, MOST_OFFSET_MS)))
    faults.push(plan(kind, startMs, random, options))
  }
  return { number, faults, endMs: Math.max(...faults.map(({ startMs, durationMs }) => startMs + durationMs)) }
}

function plan(kind: FaultShape, startMs: number, random: Random, options: PlanOptions): PlannedFault {
  const [least, most] = kind.durationMs
  const durationMs = Math.round(random.between(least, most))
  return {
    kind: kind.name,
    target: targetOf(kind.target, random, options),
    ...{ startMs, durationMs },
    dice: random.below(2 ** 31),
  }
}

function targetOf(target: Target, random: Random, { nodes }: PlanOptions): string {
  if (target === 'none') return ''
  const [one, ...rest] = random.shuffled(nodes)
  return target === 'node' ? one! : `${one}+${random.pick(rest)}`
}

/** One seed out of three numbers. */
function mix(seed: number, number: number, salt: number): number {
  return (Math.imul(seed, 0x01000193) ^ Math.imul(number + 1, 0x85ebca6b) ^ Math.imul(salt, 0xc2b2ae35)) | 0
}
