import { describeProblem, type NamedProblem } from '../config/problem.ts'
import type { ConditionState } from './conditions.ts'

/** Why an object is refused, or what of it is not in force. */
export interface AcceptanceProblem extends NamedProblem {
  /** the rest of it is in force */
  readonly partly?: boolean
}

/** What the condition of one kind says; sentences without their full stop. */
export interface AcceptanceWords {
  /** for an object that is in use */
  readonly accepted: string
  /** what does not happen with one that is refused; the problem follows it */
  readonly refused: string
  /** what becomes of others, if there is something to say */
  readonly consequence?: string
}

/** By kind; the words of pools and reservations too, so that all speak alike. */
const ACCEPTANCE_WORDS = {
  IPAddressPool: {
    accepted: 'The pool is in use',
    refused: 'The pool gives out no address',
    consequence: 'Services that hold addresses of it keep them',
  },
  AddressReservation: { accepted: 'The addresses are kept', refused: 'The addresses are not kept' },
  L2Advertisement: { accepted: 'The advertisement is in use', refused: 'Nothing is announced by it' },
  BGPAdvertisement: { accepted: 'The advertisement is in use', refused: 'Nothing is announced by it' },
  BGPPeer: { accepted: 'The peer is in use', refused: 'No session is held with the peer' },
  BFDProfile: {
    accepted: 'Peers can use the profile',
    refused: 'The profile cannot be used',
    consequence: 'Peers that name it are refused',
  },
  Community: {
    accepted: 'Advertisements can use the aliases',
    refused: 'The aliases cannot be used',
    consequence: 'Advertisements that name one are refused',
  },
} as const satisfies Record<string, AcceptanceWords>

export type AcceptedKind = keyof typeof ACCEPTANCE_WORDS

export const ACCEPTED_REASON = 'Accepted'

/**
 * The condition that says whether an object is in use.
 *
 * @param observedGeneration metadata.generation of the object that was judged
 */
export function acceptanceState(
  kind: AcceptedKind,
  problem: AcceptanceProblem | undefined,
  observedGeneration?: number,
): ConditionState {
  const { accepted, refused, consequence }: AcceptanceWords = ACCEPTANCE_WORDS[kind]
  if (!problem) return { status: 'True', reason: ACCEPTED_REASON, message: `${accepted}.`, observedGeneration }
  const { reason } = problem
  const why = describeProblem(problem)
  if (problem.partly) {
    return { status: 'True', reason, message: `${accepted}, but not all of it: ${why}.`, observedGeneration }
  }
  const message = `${refused}: ${why}.${consequence ? ` ${consequence}.` : ''}`
  return { status: 'False', reason, message, observedGeneration }
}
