import { describeProblem } from '../config/problem.ts'
import type { RefusedObject } from '../config/refused-object.ts'
import type { Condition } from '../resources/service.ts'
import { type ConditionState, nextCondition, sameCondition } from './conditions.ts'

/** The component that a ConfigurationState speaks of: the controller, or the speaker of one node. */
export type Component = { readonly type: 'controller' } | { readonly type: 'speaker'; readonly node: string }

/** What a speaker reads; the controller's state tells of everything, so that there is one place to look. */
const READ_BY_SPEAKERS = ['IPAddressPool', 'L2Advertisement', 'BGPAdvertisement', 'BGPPeer', 'BFDProfile', 'Community']

const CONDITION_TYPES = { controller: 'poolReconcilerValid', speaker: 'configReconcilerValid' } as const

/** Far below the 1.5 MB of an object, far beyond what anybody reads. */
const LONGEST_SUMMARY = 16_384

/** status of a ConfigurationState */
export interface ConfigurationStatus {
  readonly result?: 'Valid' | 'Invalid' | 'Unknown'
  readonly errorSummary?: string
  readonly conditions?: readonly Condition[]
}

const SPEAKER_PREFIX = 'speaker-'

export function nameOfState(component: Component): string {
  return component.type === 'controller' ? 'controller' : SPEAKER_PREFIX + component.node
}

/** Whose state an object of this name is; undefined: nobody's that Herald knows. */
export function componentOf(name: string): Component | undefined {
  if (name === 'controller') return { type: 'controller' }
  return name.startsWith(SPEAKER_PREFIX) ? { type: 'speaker', node: name.slice(SPEAKER_PREFIX.length) } : undefined
}

/** The labels by which MetalLB's users find the states. */
export function labelsOfState(component: Component): Record<string, string> {
  return {
    'metallb.io/component-type': component.type,
    ...(component.type === 'speaker' && { 'metallb.io/node-name': component.node }),
  }
}

/**
 * The refused objects in words, a line for each (two where tools match the words of MetalLB, which are two), in an order that does not depend on which came first; empty when there are
 * none. What would be too long is counted.
 */
export function errorSummary(refused: readonly RefusedObject[]): string {
  if (refused.length === 0) return ''
  const sorted = [...refused].sort(
    (a, b) => compareText(a.kind, b.kind) || compareText(a.name, b.name) || compareText(lineOf(a), lineOf(b)),
  )
  const lines: string[] = []
  let length = 0
  for (const object of sorted) {
    const line = lineOf(object)
    length += line.length + 1
    if (length > LONGEST_SUMMARY) break
    lines.push(line)
  }
  const left = sorted.length - lines.length
  if (left > 0) lines.push(`and ${left} more`)
  return `configuration error: ${lines.join('\n')}`
}

/**
 * The status that a state should have; the one given when that is right already.
 *
 * @param refused everything that is refused, of whatever kind
 * @param nowText the time now, RFC 3339 in whole seconds
 */
export function nextConfigurationStatus(
  component: Component,
  refused: readonly RefusedObject[],
  before: ConfigurationStatus,
  nowText: string,
): ConfigurationStatus {
  const concerned =
    component.type === 'controller' ? refused : refused.filter(({ kind }) => READ_BY_SPEAKERS.includes(kind))
  const summary = errorSummary(concerned)
  const type = CONDITION_TYPES[component.type]
  const shown = before.conditions?.find(condition => condition.type === type)
  const condition = nextCondition(type, conditionOf(summary), shown, nowText)
  const result = summary === '' ? 'Valid' : 'Invalid'
  const same = before.result === result && (before.errorSummary ?? '') === summary && before.conditions?.length === 1
  if (same && shown && sameCondition(shown, condition)) return before
  return { result, errorSummary: summary, conditions: [condition] }
}

function lineOf({ kind, name, problem, summary }: RefusedObject): string {
  return summary ?? `${kind} "${name}": ${describeProblem(problem)}`
}

function conditionOf(summary: string): ConditionState {
  return summary === ''
    ? { status: 'True', reason: 'Reconciled', message: '' }
    : { status: 'False', reason: 'ConfigurationError', message: summary }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
