import type { Condition } from '../resources/service.ts'

export const ADDRESS_ALLOCATED = 'herald.io/AddressAllocated'
export const ANNOUNCED = 'herald.io/Announced'

/** The most that the API server stores of a condition's message (metav1.Condition: maxLength 32768), cut for readers. */
const LONGEST_MESSAGE = 1_024

export interface ConditionState {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  /** the metadata.generation that was judged */
  readonly observedGeneration?: number
}

/**
 * The condition as it should stand: lastTransitionTime moves only when the status does (Kubernetes API conventions,
 * "Typical status properties").
 *
 * @param nowText the time now, RFC 3339 in whole seconds
 */
export function nextCondition(
  type: string,
  state: ConditionState,
  before: Condition | undefined,
  nowText: string,
): Condition {
  const { status, reason, observedGeneration } = state
  const message =
    state.message.length > LONGEST_MESSAGE ? `${state.message.slice(0, LONGEST_MESSAGE - 1)}…` : state.message
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : nowText
  return {
    type,
    status,
    reason,
    message,
    lastTransitionTime,
    ...(observedGeneration !== undefined && { observedGeneration }),
  }
}

/** lastTransitionTime follows from the status, and is no difference of its own. */
export function sameCondition(a: Condition, b: Condition): boolean {
  return (
    a.type === b.type &&
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  )
}
