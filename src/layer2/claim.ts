import type { MacAddress } from '../wire/mac-address.ts'
import {
  type ClaimAction,
  type ClaimEvent,
  type ClaimState,
  type ClaimView,
  type Conflict,
  isNode,
  type Origin,
  TakeoverCause,
} from './claim-state.ts'
import { type ClaimTimings, REPEAT_AFTER_MS, REPEAT_EVERY_MS } from './claim-timings.ts'

export const IDLE: ClaimState = { phase: 'idle' }

export interface ClaimStep {
  readonly state: ClaimState
  readonly actions: readonly ClaimAction[]
}

/** When the machine wants to be stepped by a timer; undefined while nothing but an event can move it. */
export function dueOf(state: ClaimState, { conflictForgottenMs }: ClaimTimings): number | undefined {
  if (state.phase === 'idle') return undefined
  if (state.phase !== 'owner' || !state.conflict) return state.dueMs
  return Math.min(state.dueMs, state.conflict.heardMs + conflictForgottenMs)
}

/** One step of the machine: nothing but what is passed in decides. The same state, when nothing changed. */
export function stepClaim(state: ClaimState, event: ClaimEvent, view: ClaimView, timings: ClaimTimings): ClaimStep {
  if (event.type === 'known') return recognize(state, event, view, timings)
  switch (state.phase) {
    case 'idle':
      return event.type === 'view' && view.first ? ask(view, timings, { backoffMs: timings.askAgainMs }) : stay(state)
    case 'asking':
      return stepAsking(state, event, view, timings)
    case 'waiting':
      return stepWaiting(state, event, view, timings)
    case 'owner':
      return stepOwner(state, event, view, timings)
  }
}

/** The conflict was none. What waited for the stranger to go begins anew. */
function recognize(
  state: ClaimState,
  { mac, from }: Extract<ClaimEvent, { type: 'known' }>,
  view: ClaimView,
  timings: ClaimTimings,
): ClaimStep {
  if (state.phase === 'idle' || state.conflict?.mac !== mac) return stay(state)
  const { conflict, ...rest } = state
  switch (rest.phase) {
    case 'asking':
      return stay({ ...rest, cause: view.cause })
    case 'waiting':
      return isNode(rest.holder) ? stay(rest) : ask(view, timings, { backoffMs: timings.askAgainMs, holder: from })
    case 'owner':
      return stay(rest)
  }
}

type Asking = Extract<ClaimState, { phase: 'asking' }>
type Waiting = Extract<ClaimState, { phase: 'waiting' }>
type Owner = Extract<ClaimState, { phase: 'owner' }>

function stepAsking(
  state: Asking,
  event: Exclude<ClaimEvent, { type: 'known' }>,
  view: ClaimView,
  timings: ClaimTimings,
): ClaimStep {
  const { nowMs } = view
  switch (event.type) {
    case 'view':
      if (!view.first) return stay(IDLE)
      // What it has learnt since it began counts for the questions to come.
      return stay(view.deposesNobody && !state.inquires ? { ...state, inquires: true } : state)
    case 'claim':
    case 'answer':
      if (isNode(event.from) && view.isGone(event.from.node)) return stay(state)
      return stay(answered(state, event.from, view, timings))
    case 'probe':
      if (!isNode(event.from)) return stay(probedByStranger(state, event.from, view, timings))
      // Two speakers ask: one of them steps back, and both know which; but one that only inquires is not heard by the other, and gives way.
      // It asks again when the other must have claimed.
      if (!state.inquires && !view.lowerHash(event.from.node)) return stay(state)
      return stay({
        ...waiting(event.from, nowMs + (timings.probeCount + 1) * timings.probeIntervalMs, state.backoffMs),
        ...(state.conflict && { conflict: state.conflict }),
      })
    case 'timer':
      if (nowMs < state.dueMs) return stay(state)
      if (state.questions < timings.probeCount) return question(state, nowMs, timings)
      // Answering begins before the segment is told, so that nobody who believes it asks in vain.
      return { state: owner(state.cause, nowMs), actions: ['claim', 'announce'] }
    case 'speakUp':
      return stay(state)
  }
}

function stepWaiting(
  state: Waiting,
  event: Exclude<ClaimEvent, { type: 'known' }>,
  view: ClaimView,
  timings: ClaimTimings,
): ClaimStep {
  const { nowMs } = view
  const { holder, backoffMs, conflict } = state
  switch (event.type) {
    case 'view':
      if (!view.first) return stay(IDLE)
      // What made it wait may be otherwise now: but a stranger does not go because a view changed.
      if (!event.urgent || !isNode(holder)) return stay(state)
      return ask(view, timings, { backoffMs: timings.askAgainMs, holder })
    case 'claim':
    case 'answer':
      if (isNode(event.from)) {
        // Two that do not hear each other own it: one of them it need not ask, for the other, which comes before this node, stays.
        const stays = isNode(holder) && view.outranks(holder.node) && !view.outranks(event.from.node)
        return stay(stays ? state : { ...state, holder: event.from })
      }
      return stay({ ...state, holder: event.from, conflict: heardStranger(conflict, event.from.mac, nowMs) })
    case 'timer':
      if (nowMs < state.dueMs) return stay(state)
      return ask(view, timings, { backoffMs, conflict, holder })
    case 'probe':
    case 'speakUp':
      return stay(state)
  }
}

function stepOwner(
  state: Owner,
  event: Exclude<ClaimEvent, { type: 'known' }>,
  view: ClaimView,
  timings: ClaimTimings,
): ClaimStep {
  const { nowMs } = view
  switch (event.type) {
    case 'probe':
      // Heard is living, whatever liveness says. A stranger's probe, and one of a speaker that comes after, is answered.
      return isNode(event.from) && view.outranks(event.from.node) ? yieldTo(event.from, view, timings) : stay(state)
    case 'claim':
    case 'answer':
      return isNode(event.from)
        ? settle(state, event.type, event.from, view, timings)
        : defend(state, event.from.mac, nowMs, timings)
    case 'speakUp':
      return { state, actions: ['announce'] }
    case 'timer':
      return stepOwnerTimer(state, nowMs, timings)
    case 'view':
      // It goes on answering until another asks.
      return stay(state)
  }
}

function stepOwnerTimer(state: Owner, nowMs: number, timings: ClaimTimings): ClaimStep {
  const { conflict, ...quiet } = state
  // The same sum as in dueOf: a difference would round otherwise, and the timer would come in vain, again and again.
  const next = conflict && nowMs >= conflict.heardMs + timings.conflictForgottenMs ? quiet : state
  if (nowMs < state.dueMs) return stay(next)
  const repetitions = state.repetitions + 1
  return { state: { ...next, repetitions, dueMs: nowMs + waitBefore(repetitions) }, actions: ['announce'] }
}

/**
 * Two speakers own the address. The hash decides, not the order: two views of the order might make them duel for ever. The one that is to
 * yield asks first, and yields to an answer alone. Were it to yield to one that speaks and does not hear it, it would claim again after the
 * next silence, and so for ever.
 */
function settle(
  state: Owner,
  type: 'claim' | 'answer',
  from: { readonly node: string },
  view: ClaimView,
  timings: ClaimTimings,
): ClaimStep {
  const { nowMs } = view
  const yields = view.lowerHash(from.node)
  if (yields && type === 'answer') return yieldTo(from, view, timings)
  if (nowMs - state.defendedMs < timings.settleIntervalMs) return stay(state)
  return { state: { ...state, defendedMs: nowMs }, actions: [yields ? 'inquire' : 'announce'] }
}

/** RFC 5227 §2.4 (c): a host that must keep its address defends it once in an interval, and goes on. */
function defend(state: Owner, mac: MacAddress, nowMs: number, timings: ClaimTimings): ClaimStep {
  const next = { ...state, conflict: heardStranger(state.conflict, mac, nowMs) }
  if (nowMs - state.defendedMs < timings.defendIntervalMs) return stay(next)
  return { state: { ...next, defendedMs: nowMs }, actions: ['announce'] }
}

function yieldTo(node: { readonly node: string }, view: ClaimView, timings: ClaimTimings): ClaimStep {
  // One that takes the other for dead must not ask at once: it would take the address back from the one that is about to claim it.
  const state = view.first ? waiting(node, view.nowMs + timings.yieldHoldMs, timings.askAgainMs) : IDLE
  return { state, actions: ['yield'] }
}

function ask(
  view: ClaimView,
  timings: ClaimTimings,
  { backoffMs, conflict, holder }: { backoffMs: number; conflict?: Conflict | undefined; holder?: Origin },
): ClaimStep {
  const { first, nowMs, cause } = view
  if (!first) return stay(IDLE)
  const dueMs = view.askAtMs()
  const state: Asking = {
    phase: 'asking',
    // One that comes before this node is not to yield to it; and of two whose views are old, either would, without reason. They are only asked
    // whether they are there.
    ...((view.deposesNobody || (holder && isNode(holder) && view.outranks(holder.node))) && { inquires: true }),
    questions: 0,
    dueMs,
    backoffMs,
    cause: conflict ? TakeoverCause.conflictOver : cause,
    ...(conflict && { conflict }),
  }
  return dueMs <= nowMs ? question(state, nowMs, timings) : stay(state)
}

/** Asks once, and waits for the answer. */
function question(state: Asking, nowMs: number, { probeIntervalMs }: ClaimTimings): ClaimStep {
  const next = { ...state, questions: state.questions + 1, dueMs: nowMs + probeIntervalMs }
  return { state: next, actions: [state.inquires ? 'inquire' : 'probe'] }
}

/** The address is in use: it is not claimed, and asked for again later, each time a while later. */
function answered(state: Asking, from: Origin, { nowMs }: ClaimView, timings: ClaimTimings): Waiting {
  if (isNode(from)) {
    const waitMs = state.conflict ? timings.askAgainMs : state.backoffMs
    return waiting(from, nowMs + waitMs, Math.min(waitMs * 2, timings.askAgainMaxMs))
  }
  const waitMs = Math.max(state.conflict ? state.backoffMs : 0, timings.conflictRecheckMs)
  return {
    ...waiting(from, nowMs + waitMs, Math.min(waitMs * 2, timings.conflictRecheckMaxMs)),
    conflict: heardStranger(state.conflict, from.mac, nowMs),
  }
}

/**
 * RFC 5227 §2.1.1: a stranger that asks for the same address at the same time is a conflict. It claims the address soon, or gives it up because it
 * hears this node ask. One that does neither, as a host that asks every second whether the address is taken, must not hold it off for ever: the
 * wait is short enough to fall between two of its questions, and after a while they count for nothing.
 */
function probedByStranger(
  state: Asking,
  from: { readonly mac: MacAddress },
  view: ClaimView,
  timings: ClaimTimings,
): Asking | Waiting {
  const { nowMs } = view
  const probedBefore = state.conflict?.probedSinceMs
  const probedSinceMs = probedBefore ?? nowMs
  if (nowMs - probedSinceMs >= timings.probedMaxMs) return state
  const waitMs = probedBefore === undefined ? timings.probedRecheckMs : state.backoffMs
  return {
    ...waiting(from, nowMs + waitMs, Math.min(waitMs * 2, timings.conflictRecheckMs)),
    conflict: { ...heardStranger(state.conflict, from.mac, nowMs), probedSinceMs },
  }
}

function waiting(holder: Origin, dueMs: number, backoffMs: number): Waiting {
  return { phase: 'waiting', holder, dueMs, backoffMs }
}

function owner(cause: TakeoverCause, nowMs: number): Owner {
  const dueMs = nowMs + waitBefore(0)
  const defendedMs = Number.NEGATIVE_INFINITY
  return { phase: 'owner', sinceMs: nowMs, cause, repetitions: 0, dueMs, defendedMs }
}

function heardStranger(before: Conflict | undefined, mac: MacAddress, nowMs: number): Conflict {
  return { mac, sinceMs: before?.mac === mac ? before.sinceMs : nowMs, heardMs: nowMs }
}

function waitBefore(repetitions: number): number {
  const afterMs = REPEAT_AFTER_MS[repetitions]
  return afterMs === undefined ? REPEAT_EVERY_MS : afterMs - (REPEAT_AFTER_MS[repetitions - 1] ?? 0)
}

function stay(state: ClaimState): ClaimStep {
  return { state, actions: [] }
}
