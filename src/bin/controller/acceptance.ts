import { ACCEPTED } from '../../config/problem.ts'
import { ACCEPTED_REASON } from '../../controller/acceptance.ts'
import { type ConditionState, nextCondition, sameCondition } from '../../controller/conditions.ts'
import { done, type Outcome } from '../../kubernetes/outcome.ts'
import type { Resource } from '../../kubernetes/resources.ts'
import { outcomeOfWrite, type StatusWriter } from '../../kubernetes/status-writer.ts'
import type { Condition } from '../../resources/service.ts'
import type { ResourceView } from './views.ts'

/** An object that bears the condition `Accepted`. */
export type AcceptedView = ResourceView & { readonly status?: { readonly conditions?: readonly Condition[] } }

export interface AcceptanceWriter<View> {
  statusWriter: Pick<StatusWriter, 'patchStatus'>
  nowText: () => string
  /** tells of an object that begins to be refused, if only in part */
  recordProblem: (view: View, reason: string, message: string) => void
}

/**
 * Writes the condition `Accepted` of an object where that is not right, and with it what else its status should hold.
 *
 * @param rest what else; `same` when it stands there already
 */
export async function writeAcceptance<View extends AcceptedView>(
  { statusWriter, nowText, recordProblem }: AcceptanceWriter<View>,
  { resource, view, state }: { resource: Resource; view: View; state: ConditionState },
  { signal, rest }: { signal?: AbortSignal; rest?: { same: boolean; status: object } } = {},
): Promise<Outcome> {
  const conditions = view.status?.conditions ?? []
  const shown = conditions.find(({ type }) => type === ACCEPTED)
  const condition = nextCondition(ACCEPTED, state, shown, nowText())
  if (shown && sameCondition(shown, condition) && rest?.same !== false) return done
  const { namespace, name, resourceVersion } = view
  const status = { ...rest?.status, conditions: [...conditions.filter(({ type }) => type !== ACCEPTED), condition] }
  const result = await statusWriter.patchStatus(resource, { namespace, name }, status, { resourceVersion, signal })
  if (result === 'written' && condition.reason !== ACCEPTED_REASON && shown?.reason !== condition.reason)
    recordProblem(view, condition.reason, condition.message)
  return outcomeOfWrite(result)
}
