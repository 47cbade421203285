import assert from 'node:assert/strict'
import sinon from 'sinon'
import { type ClaimStep, IDLE, stepClaim } from '../../../src/layer2/claim.ts'
import {
  type ClaimEvent,
  type ClaimState,
  type ClaimView,
  type Conflict,
  type Origin,
  TakeoverCause,
} from '../../../src/layer2/claim-state.ts'
import { DEFAULT_CLAIM_TIMINGS } from '../../../src/layer2/claim-timings.ts'
import { conflictOf, freeze, node, STRANGER, VIEW } from '../../support/claims.ts'

const NOW = 1_000_000
const DUE = NOW + 40
const OTHER_STRANGER = { mac: 0x0200_5e00_00bb }

/** The outcomes in which it begins to ask. */
const PLACE_TAKEN = ['ask', 'queue', 'queue?', 'retry', 'requeue', 'requeue?', 'inquire', 'sound.']

describe('stepClaim, every event in every state', () => {
  /** By column of the table. Conflicts (!) are with STRANGER, heard 5 s ago for the last time. */
  const conflict: Conflict = { mac: STRANGER.mac, sinceMs: NOW - 7_000, heardMs: NOW - 5_000 }
  const asking = { phase: 'asking', dueMs: DUE, backoffMs: 400, cause: TakeoverCause.failure } as const
  const waiting = { phase: 'waiting', dueMs: DUE, backoffMs: 400 } as const
  const owner = {
    phase: 'owner',
    sinceMs: NOW - 60_000,
    cause: TakeoverCause.elected,
    repetitions: 2,
    dueMs: DUE,
    defendedMs: NOW - 20_000,
  } as const
  const STATES = {
    idle: IDLE,
    // waits for its place among those who ask
    'ask 0': { ...asking, questions: 0 },
    'ask 0?': { ...asking, questions: 0, inquires: true },
    'ask 1': { ...asking, questions: 1 },
    'ask 1!': { ...asking, questions: 1, conflict },
    'ask 2': { ...asking, questions: 2 },
    'ask 2!': { ...asking, questions: 2, conflict },
    wait: { ...waiting, holder: node('some-node') },
    // this node would yield to the holder
    'wait?': { ...waiting, holder: node('before-high') },
    'wait!': { ...waiting, holder: node('some-node'), conflict },
    'wait!!': { ...waiting, holder: STRANGER, conflict },
    owner,
    'owner!': { ...owner, conflict },
    // has stood up for the address 99 or 100 ms ago; against a stranger that is no time, against a speaker 100 ms are long enough
    'owner.': { ...owner, defendedMs: NOW - 99 },
    'owner:': { ...owner, defendedMs: NOW - 100 },
  } satisfies Record<string, ClaimState>

  const EVENTS: Record<string, { event: ClaimEvent; view?: Partial<ClaimView> }> = {
    'view: first': { event: { type: 'view', urgent: false } },
    'view: first, urgent': { event: { type: 'view', urgent: true } },
    'view: first, urgent, queue': { event: { type: 'view', urgent: true }, view: { askAtMs: () => NOW + 7 } },
    'view: first, urgent, meek': { event: { type: 'view', urgent: true }, view: { deposesNobody: true } },
    'view: not first': { event: { type: 'view', urgent: false }, view: { first: false } },
    'view: not first, urgent': { event: { type: 'view', urgent: true }, view: { first: false } },
    'probe: before, lower hash': probe(node('before-low')),
    'probe: before, not first': probe(node('before-low'), { first: false }),
    'probe: before, higher': probe(node('before-high')),
    'probe: after, lower hash': probe(node('after-low')),
    'probe: after, higher': probe(node('after-high')),
    'probe: gone node': probe(node('gone-after-low')),
    'probe: stranger': probe(STRANGER),
    'claim: lower hash': claim(node('after-low')),
    'claim: lower, not first': claim(node('after-low'), { first: false }),
    'claim: higher hash': claim(node('before-high')),
    'claim: gone, lower hash': claim(node('gone-low')),
    'claim: gone, higher hash': claim(node('gone-high')),
    'claim: stranger': claim(STRANGER),
    'claim: other stranger': claim(OTHER_STRANGER),
    'answer: lower hash': answer(node('after-low')),
    'answer: lower, not first': answer(node('after-low'), { first: false }),
    'answer: higher hash': answer(node('before-high')),
    'answer: gone, lower hash': answer(node('gone-low')),
    'answer: gone, higher hash': answer(node('gone-high')),
    'answer: stranger': answer(STRANGER),
    'answer: other stranger': answer(OTHER_STRANGER),
    'speak up': { event: { type: 'speakUp' } },
    'known: the stranger': known(node('some-node')),
    'known: before': known(node('before-high')),
    'known: not first': known(node('some-node'), { first: false }),
    'known: oneself': known(undefined),
    'known: another': { event: { type: 'known', mac: OTHER_STRANGER.mac, from: node('some-node') } },
    'timer: early': { event: { type: 'timer' }, view: { nowMs: DUE - 0.001 } },
    'timer: due': { event: { type: 'timer' }, view: { nowMs: DUE } },
    'timer: due, queue': { event: { type: 'timer' }, view: { nowMs: DUE, askAtMs: () => DUE + 7 } },
    'timer: due, meek': { event: { type: 'timer' }, view: { nowMs: DUE, deposesNobody: true } },
    'timer: due, not first': { event: { type: 'timer' }, view: { nowMs: DUE, first: false } },
  }

  // Columns are states, rows are events, cells are outcomes; a dot is "nothing happens, and it is the same state".
  const TABLE = `
                           | idle    | ask 0  | ask 0? | ask 1  | ask 1! | ask 2 | ask 2! | wait    | wait?    | wait!   | wait!!  | owner  | owner! | owner. | owner:
view: first                | ask     | .      | .      | .      | .      | .     | .      | .       | .        | .       | .       | .      | .      | .      | .
view: first, urgent        | ask     | .      | .      | .      | .      | .     | .      | ask     | inquire  | ask     | .       | .      | .      | .      | .
view: first, urgent, queue | queue   | .      | .      | .      | .      | .     | .      | queue   | queue?   | queue   | .       | .      | .      | .      | .
view: first, urgent, meek  | inquire | meek   | .      | meek   | meek   | meek  | meek   | inquire | inquire  | inquire | .       | .      | .      | .      | .
view: not first            | .       | idle   | idle   | idle   | idle   | idle  | idle   | idle    | idle     | idle    | idle    | .      | .      | .      | .
view: not first, urgent    | .       | idle   | idle   | idle   | idle   | idle  | idle   | idle    | idle     | idle    | idle    | .      | .      | .      | .
probe: before, lower hash  | .       | back   | back   | back   | back   | back  | back   | .       | .        | .       | .       | yield  | yield  | yield  | yield
probe: before, not first   | .       | back   | back   | back   | back   | back  | back   | .       | .        | .       | .       | leave  | leave  | leave  | leave
probe: before, higher      | .       | .      | back   | .      | .      | .     | .      | .       | .        | .       | .       | yield  | yield  | yield  | yield
probe: after, lower hash   | .       | back   | back   | back   | back   | back  | back   | .       | .        | .       | .       | .      | .      | .      | .
probe: after, higher       | .       | .      | back   | .      | .      | .     | .      | .       | .        | .       | .       | .      | .      | .      | .
probe: gone node           | .       | back   | back   | back   | back   | back  | back   | .       | .        | .       | .       | .      | .      | .      | .
probe: stranger            | .       | asked  | asked  | asked  | asked  | asked | asked  | .       | .        | .       | .       | .      | .      | .      | .
claim: lower hash          | .       | used   | used   | used   | again  | used  | again  | holder  | .        | holder  | holder  | sound  | sound  | .      | sound
claim: lower, not first    | .       | used   | used   | used   | again  | used  | again  | holder  | .        | holder  | holder  | sound  | sound  | .      | sound
claim: higher hash         | .       | used   | used   | used   | again  | used  | again  | holder  | holder   | holder  | holder  | insist | insist | .      | insist
claim: gone, lower hash    | .       | .      | .      | .      | .      | .     | .      | holder  | .        | holder  | holder  | sound  | sound  | .      | sound
claim: gone, higher hash   | .       | .      | .      | .      | .      | .     | .      | holder  | .        | holder  | holder  | insist | insist | .      | insist
claim: stranger            | .       | taken  | taken  | taken  | taken  | taken | taken  | taken.  | taken.   | taken.  | taken.  | defend | defend | note   | note
claim: other stranger      | .       | taken  | taken  | taken  | taken  | taken | taken  | taken.  | taken.   | taken.  | taken.  | defend | defend | note   | note
answer: lower hash         | .       | used   | used   | used   | again  | used  | again  | holder  | .        | holder  | holder  | yield  | yield  | yield  | yield
answer: lower, not first   | .       | used   | used   | used   | again  | used  | again  | holder  | .        | holder  | holder  | leave  | leave  | leave  | leave
answer: higher hash        | .       | used   | used   | used   | again  | used  | again  | holder  | holder   | holder  | holder  | insist | insist | .      | insist
answer: gone, lower hash   | .       | .      | .      | .      | .      | .     | .      | holder  | .        | holder  | holder  | yield  | yield  | yield  | yield
answer: gone, higher hash  | .       | .      | .      | .      | .      | .     | .      | holder  | .        | holder  | holder  | insist | insist | .      | insist
answer: stranger           | .       | taken  | taken  | taken  | taken  | taken | taken  | taken.  | taken.   | taken.  | taken.  | defend | defend | note   | note
answer: other stranger     | .       | taken  | taken  | taken  | taken  | taken | taken  | taken.  | taken.   | taken.  | taken.  | defend | defend | note   | note
speak up                   | .       | .      | .      | .      | .      | .     | .      | .       | .        | .       | .       | tell   | tell   | tell   | tell
known: the stranger        | .       | .      | .      | .      | clear  | .     | clear  | .       | .        | clear   | ask     | .      | clear  | .      | .
known: before              | .       | .      | .      | .      | clear  | .     | clear  | .       | .        | clear   | inquire | .      | clear  | .      | .
known: not first           | .       | .      | .      | .      | clear  | .     | clear  | .       | .        | clear   | idle    | .      | clear  | .      | .
known: oneself             | .       | .      | .      | .      | clear  | .     | clear  | .       | .        | clear   | ask     | .      | clear  | .      | .
known: another             | .       | .      | .      | .      | .      | .     | .      | .       | .        | .       | .       | .      | .      | .      | .
timer: early               | .       | .      | .      | .      | .      | .     | .      | .       | .        | .       | .       | .      | .      | .      | .
timer: due                 | .       | probe1 | sound1 | probe2 | probe2 | own   | own    | retry   | sound.   | retry   | retry   | repeat | repeat | repeat | repeat
timer: due, queue          | .       | probe1 | sound1 | probe2 | probe2 | own   | own    | requeue | requeue? | requeue | requeue | repeat | repeat | repeat | repeat
timer: due, meek           | .       | probe1 | sound1 | probe2 | probe2 | own   | own    | sound.  | sound.   | sound.  | sound.  | repeat | repeat | repeat | repeat
timer: due, not first      | .       | probe1 | sound1 | probe2 | probe2 | own   | own    | idle    | idle     | idle    | idle    | repeat | repeat | repeat | repeat
`

  // What the words in the cells mean.
  const OUTCOMES: Record<string, { title: string; expected: (cell: Cell) => ClaimStep }> = {
    '.': { title: 'changes nothing', expected: ({ before }) => ({ state: before, actions: [] }) },
    idle: { title: 'is over: others come first', expected: () => ({ state: { phase: 'idle' }, actions: [] }) },
    ask: {
      title: 'begins to ask',
      expected: () => ({
        state: { phase: 'asking', questions: 1, dueMs: NOW + 50, backoffMs: 100, cause: 'elected' },
        actions: ['probe'],
      }),
    },
    queue: {
      title: 'will ask when it is its turn',
      expected: () => ({
        state: { phase: 'asking', questions: 0, dueMs: NOW + 7, backoffMs: 100, cause: 'elected' },
        actions: [],
      }),
    },
    inquire: {
      title: 'inquires, deposing nobody, whether the holder is still there',
      expected: () => ({
        state: { phase: 'asking', inquires: true, questions: 1, dueMs: NOW + 50, backoffMs: 100, cause: 'elected' },
        actions: ['inquire'],
      }),
    },
    meek: {
      title: 'goes on with questions that depose nobody',
      expected: ({ before }) => ({ state: { ...pick(before, 'asking'), inquires: true }, actions: [] }),
    },
    'sound.': {
      title: 'inquires again, deposing nobody, and remembers back-off and conflict',
      expected: ({ before }) => ({
        state: {
          phase: 'asking',
          inquires: true,
          questions: 1,
          dueMs: DUE + 50,
          backoffMs: 400,
          cause: kept(before).conflict ? 'conflictOver' : 'elected',
          ...kept(before),
        },
        actions: ['inquire'],
      }),
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
      expected: ({ before }) => ({
        state: {
          phase: 'asking',
          inquires: true,
          questions: 0,
          dueMs: DUE + 7,
          backoffMs: 400,
          cause: kept(before).conflict ? 'conflictOver' : 'elected',
          ...kept(before),
        },
        actions: [],
      }),
    },
    'queue?': {
      title: 'will inquire when it is its turn, as if it had not waited before',
      expected: () => ({
        state: { phase: 'asking', inquires: true, questions: 0, dueMs: NOW + 7, backoffMs: 100, cause: 'elected' },
        actions: [],
      }),
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
      expected: ({ before }) => ({
        state: {
          phase: 'asking',
          questions: 1,
          dueMs: DUE + 50,
          backoffMs: 400,
          cause: kept(before).conflict ? 'conflictOver' : 'elected',
          ...kept(before),
        },
        actions: ['probe'],
      }),
    },
    requeue: {
      title: 'will ask again when it is its turn, and remembers back-off and conflict',
      expected: ({ before }) => ({
        state: {
          phase: 'asking',
          questions: 0,
          dueMs: DUE + 7,
          backoffMs: 400,
          cause: kept(before).conflict ? 'conflictOver' : 'elected',
          ...kept(before),
        },
        actions: [],
      }),
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

  const [header, ...rows] = TABLE.trim()
    .split('\n')
    .map(line => line.split('|').map(cell => cell.trim()))
  const columns = header!.slice(header![0] === '' ? 1 : 0)

  it('has a row for each event, a column for each state, and a use for each outcome', () => {
    assert.deepEqual(columns, Object.keys(STATES))
    assert.deepEqual(
      rows.map(([name]) => name),
      Object.keys(EVENTS),
    )
    assert.deepEqual(new Set(rows.flatMap(row => row.slice(1))), new Set(Object.keys(OUTCOMES)))
  })

  for (const [name, ...cells] of rows) {
    for (const [index, word] of cells.entries()) {
      const column = columns[index]!
      const outcome = OUTCOMES[word]
      it(`${column} — ${name}: ${outcome?.title}`, () => {
        const before: ClaimState = freeze(STATES[column as keyof typeof STATES])
        const { event, view } = EVENTS[name!]!
        const full = { ...VIEW, nowMs: NOW, ...view }
        const askAtMs = sinon.spy(full.askAtMs)
        const step = stepClaim(before, event, { ...full, askAtMs }, DEFAULT_CLAIM_TIMINGS)
        assert.deepEqual(step, outcome!.expected({ before, from: 'from' in event ? event.from : undefined }))
        if (word === '.') assert.equal(step.state, before)
        // A place in the queue is taken by those alone who begin to ask.
        assert.equal(askAtMs.callCount, PLACE_TAKEN.includes(word) ? 1 : 0)
      })
    }
  }

  /** What is remembered of a stranger heard now: since when, if it is the same as before. */
  function met(before: ClaimState, from: Origin | undefined): Conflict {
    assert.ok(from && 'mac' in from)
    const same = kept(before).conflict?.mac === from.mac
    return { mac: from.mac, sinceMs: same ? NOW - 7_000 : NOW, heardMs: NOW }
  }
})

interface Cell {
  before: ClaimState
  from: Origin | undefined
}

function probe(from: Origin, view?: Partial<ClaimView>): { event: ClaimEvent; view?: Partial<ClaimView> } {
  return { event: { type: 'probe', from }, ...(view && { view }) }
}

function claim(from: Origin, view?: Partial<ClaimView>): { event: ClaimEvent; view?: Partial<ClaimView> } {
  return { event: { type: 'claim', from }, ...(view && { view }) }
}

function answer(from: Origin, view?: Partial<ClaimView>): { event: ClaimEvent; view?: Partial<ClaimView> } {
  return { event: { type: 'answer', from }, ...(view && { view }) }
}

/** STRANGER turns out to be no stranger. */
function known(from: Origin | undefined, view?: Partial<ClaimView>): { event: ClaimEvent; view?: Partial<ClaimView> } {
  return { event: { type: 'known', mac: STRANGER.mac, ...(from && { from }) }, ...(view && { view }) }
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
