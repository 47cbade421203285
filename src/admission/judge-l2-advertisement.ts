import type { AdvertisementScope } from '../config/advertisement.ts'
import { parseL2Advertisement } from '../config/l2-advertisement.ts'
import { describeProblem } from '../config/problem.ts'
import type { AdmissionRequest, Verdict } from './admission-review.ts'
import { problemOf, same } from './own-problem.ts'
import type { AdmissionSnapshot } from './snapshot.ts'

export function judgeL2Advertisement({ object, oldObject }: AdmissionRequest, snapshot: AdmissionSnapshot): Verdict {
  const problem = problemOf(parseL2Advertisement, object)
  if (problem && !same(problemOf(parseL2Advertisement, oldObject), problem)) {
    return { refusal: describeProblem(problem), warnings: [] }
  }
  const parsed = parseL2Advertisement(object ?? {})
  return { warnings: 'problem' in parsed ? [] : unknownPools(parsed.advertisement, snapshot) }
}

/** Pools may come after what advertises them; a name that nobody has is more often a slip. */
export function unknownPools({ poolNames }: AdvertisementScope, { pools }: AdmissionSnapshot): string[] {
  const known = [...pools].map(({ metadata }) => metadata?.name)
  return unknownNames('spec.ipAddressPools', 'IPAddressPool', poolNames, known)
}

/** A warning for each name that no object of the kind has. */
export function unknownNames(
  field: string,
  kind: string,
  names: readonly string[],
  known: readonly (string | undefined)[],
): string[] {
  return names.filter(name => !known.includes(name)).map(name => `${field}: there is no ${kind} "${name}" yet`)
}
