import assert from 'node:assert/strict'
import type { ClaimStep } from '../../../src/layer2/claim.ts'
import type { ClaimState, Conflict, Origin } from '../../../src/layer2/claim-state.ts'
import { conflictOf } from '../../support/claims.ts'
import { DUE, NOW } from './claim-table.ts'

interface Cell {
  readonly before: ClaimState
  readonly from: Origin | undefined
}

interface Outcome {
  readonly title: string
  readonly expected: (cell: Cell) => ClaimStep
}

/** What the words in the cells of the table mean. */
export const OUTCOMES: Record<string, Outcome> = {
  '.': { title: 'changes nothing', expected: ({ before }) => ({ state: before, actions: [] }) },
  idle: { title: 'is over: others come first', expected: () => ({ state: { phase: 'idle' }, actions: [] }) },
  ask: {
    title: 'begins to ask',
    expected: () => asksAnew({ questions: 1 }),
  },
  queue: {
    title: 'will ask when it is its turn',
    expected: () => asksAnew({ questions: 0 }),
  },
  inquire: {
    title: 'inquires, deposing nobody, whether the holder is still there',
    expected: () => asksAnew({ questions: 1, inquires: true }),
  },
  meek: {
    title: 'goes on with questions that depose nobody',
    expected: ({ before }) => ({ state: { ...pick(before, 'asking'), inquires: true }, actions: [] }),
  },
  'sound.': {
    title: 'inquires again, deposing nobody, and remembers back-off and conflict',
    expected: ({ before }) => asksAgain(before, { questions: 1, inquires: true }),
  },
  clear: {
    title: 'forgets the conflict, and why it asks if it asks on its account',
    expected: ({ before }) => {
      const { conflict, ...rest } = before as Exclude<ClaimState, { phase: 'idle' }>
      assert.ok(conflict)
      return { state: rest.phase === 'asking' ? { ...rest, cause: 'elected' } : rest, actions: [] }
    },
  },
  sound1: {
    title: 'inquires, as it is its turn',
    expected: ({ before }) => ({
      state: { ...pick(before, 'asking'), questions: 1, dueMs: DUE + 50 },
      actions: ['inquire'],
    }),
  },
  'requeue?': {
    title: 'will inquire when it is its turn',
    expected: ({ before }) => asksAgain(before, { questions: 0, inquires: true }),
  },
  'queue?': {
    title: 'will inquire when it is its turn, as if it had not waited before',
    expected: () => asksAnew({ questions: 0, inquires: true }),
  },
  probe1: {
    title: 'asks, as it is its turn',
    expected: ({ before }) => ({
      state: { ...pick(before, 'asking'), questions: 1, dueMs: DUE + 50 },
      actions: ['probe'],
    }),
  },
  probe2: {
    title: 'asks for the second time (RFC 5227 §2.1.1)',
    expected: ({ before }) => ({
      state: { ...pick(before, 'asking'), questions: 2, dueMs: DUE + 50 },
      actions: ['probe'],
    }),
  },
  own: {
    title: 'takes silence for an answer: answers, then announces (RFC 5227 §2.3)',
    expected: () => ({
      state: {
        phase: 'owner',
        sinceMs: DUE,
        cause: 'failure',
        repetitions: 0,
        dueMs: DUE + 200,
        defendedMs: Number.NEGATIVE_INFINITY,
      },
      actions: ['claim', 'announce'],
    }),
  },
  back: {
    title: 'steps back for as long as the other takes to claim, and grows no back-off',
    expected: ({ before, from }) => ({
      state: { phase: 'waiting', holder: from!, dueMs: NOW + 150, backoffMs: 400, ...kept(before) },
      actions: [],
    }),
  },
  used: {
    title: 'leaves it to the owner, and doubles the back-off',
    expected: ({ from }) => ({
      state: { phase: 'waiting', holder: from!, dueMs: NOW + 400, backoffMs: 800 },
      actions: [],
    }),
  },
  again: {
    title: 'leaves it to the owner; the stranger has gone, so that the back-off begins anew',
    expected: ({ from }) => ({
      state: { phase: 'waiting', holder: from!, dueMs: NOW + 100, backoffMs: 200 },
      actions: [],
    }),
  },
  taken: {
    title: 'is an address conflict',
    expected: ({ before, from }) => ({
      state: { phase: 'waiting', holder: from!, dueMs: NOW + 1_000, backoffMs: 2_000, conflict: met(before, from) },
      actions: [],
    }),
  },
  asked: {
    title: 'is an address conflict, perhaps a short one (RFC 5227 §2.1.1)',
    expected: ({ before, from }) => ({
      state: {
        ...{ phase: 'waiting', holder: from!, dueMs: NOW + 200, backoffMs: 400 },
        conflict: { ...met(before, from), probedSinceMs: NOW },
      },
      actions: [],
    }),
  },
  holder: {
    title: 'tells who holds it, and moves no time',
    expected: ({ before, from }) => ({ state: { ...pick(before, 'waiting'), holder: from! }, actions: [] }),
  },
  'taken.': {
    title: 'tells of a conflict, and moves no time',
    expected: ({ before, from }) => ({
      state: { ...pick(before, 'waiting'), holder: from!, conflict: met(before, from) },
      actions: [],
    }),
  },
  retry: {
    title: 'asks again, and remembers back-off and conflict',
    expected: ({ before }) => asksAgain(before, { questions: 1 }),
  },
  requeue: {
    title: 'will ask again when it is its turn, and remembers back-off and conflict',
    expected: ({ before }) => asksAgain(before, { questions: 0 }),
  },
  yield: {
    title: 'hands over, and holds off before it asks again',
    expected: ({ from }) => ({
      state: { phase: 'waiting', holder: from!, dueMs: NOW + 250, backoffMs: 100 },
      actions: ['yield'],
    }),
  },
  leave: { title: 'hands over', expected: () => ({ state: { phase: 'idle' }, actions: ['yield'] }) },
  insist: {
    title: 'stays, and announces against the other owner',
    expected: ({ before }) => ({
      state: { ...pick(before, 'owner'), defendedMs: NOW },
      actions: ['announce'],
    }),
  },
  sound: {
    title: 'inquires whether the other owner hears it, and stays until that answers',
    expected: ({ before }) => ({ state: { ...pick(before, 'owner'), defendedMs: NOW }, actions: ['inquire'] }),
  },
  defend: {
    title: 'defends itself (RFC 5227 §2.4 (c))',
    expected: ({ before, from }) => ({
      state: { ...pick(before, 'owner'), defendedMs: NOW, conflict: met(before, from) },
      actions: ['announce'],
    }),
  },
  note: {
    title: 'is noted, not defended against twice in one interval (RFC 5227 §2.4 (c))',
    expected: ({ before, from }) => ({
      state: { ...pick(before, 'owner'), conflict: met(before, from) },
      actions: [],
    }),
  },
  tell: {
    title: 'announces once',
    expected: ({ before }) => ({ state: before, actions: ['announce'] }),
  },
  repeat: {
    title: 'announces, the third time after 3 s, the fourth 7 s later',
    expected: ({ before }) => ({
      state: { ...pick(before, 'owner'), repetitions: 3, dueMs: DUE + 7_000 },
      actions: ['announce'],
    }),
  },
}

interface Questions {
  /** asked so far; none while it waits for its turn, which comes after 7 ms */
  readonly questions: 0 | 1
  /** the questions depose nobody */
  readonly inquires?: true
}

function asksAnew(how: Questions, sinceMs = NOW): ClaimStep & { state: { phase: 'asking' } } {
  const { questions, inquires } = how
  return {
    state: { phase: 'asking', ...how, dueMs: sinceMs + (questions === 1 ? 50 : 7), backoffMs: 100, cause: 'elected' },
    actions: questions === 0 ? [] : [inquires ? 'inquire' : 'probe'],
  }
}

/** As one that has waited until its timer was due, and remembers back-off and conflict. */
function asksAgain(before: ClaimState, how: Questions): ClaimStep {
  const { state, actions } = asksAnew(how, DUE)
  const cause = kept(before).conflict ? 'conflictOver' : 'elected'
  return { state: { ...state, backoffMs: 400, cause, ...kept(before) }, actions }
}

/** What is remembered of a stranger heard now: since when, if it is the same as before. */
function met(before: ClaimState, from: Origin | undefined): Conflict {
  assert.ok(from && 'mac' in from)
  const same = kept(before).conflict?.mac === from.mac
  return { mac: from.mac, sinceMs: same ? NOW - 7_000 : NOW, heardMs: NOW }
}

function pick<Phase extends ClaimState['phase']>(
  state: ClaimState,
  phase: Phase,
): Extract<ClaimState, { phase: Phase }> {
  assert.equal(state.phase, phase)
  return state as Extract<ClaimState, { phase: Phase }>
}

function kept(state: ClaimState): { conflict?: Conflict } {
  const conflict = conflictOf(state)
  return conflict ? { conflict } : {}
}
