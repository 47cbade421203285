import type { Random } from '../simulation/random.ts'

const MOST_EDITS = 5

/** How often an input is changed: once most of the time, for what is changed in many places is seldom understood at all. */
export function editCount(random: Random): number {
  return random.chance(0.6) ? 1 : 1 + random.below(MOST_EDITS)
}
