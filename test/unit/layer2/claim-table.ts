import { IDLE } from '../../../src/layer2/claim.ts'
import {
  type ClaimEvent,
  type ClaimState,
  type ClaimView,
  type Conflict,
  type Origin,
  TakeoverCause,
} from '../../../src/layer2/claim-state.ts'
import { node, STRANGER } from '../../support/claims.ts'

/** When every event comes, and when the timer of a state is due. */
export const NOW = 1_000_000
export const DUE = NOW + 40

const OTHER_STRANGER = { mac: 0x0200_5e00_00bb }
/** Conflicts (!) are with STRANGER, heard 5 s ago for the last time. */
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
/** By column of the table. */
export const STATES = {
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

/** By row of the table: what happens, and what is special about the world then. */
export const EVENTS: Record<string, Happening> = {
  'view: first': { event: { type: 'view', urgent: false } },
  'view: first, urgent': { event: { type: 'view', urgent: true } },
  'view: first, urgent, queue': { event: { type: 'view', urgent: true }, view: { askAtMs: () => NOW + 7 } },
  'view: first, urgent, meek': { event: { type: 'view', urgent: true }, view: { deposesNobody: true } },
  'view: not first': { event: { type: 'view', urgent: false }, view: { first: false } },
  'view: not first, urgent': { event: { type: 'view', urgent: true }, view: { first: false } },
  'probe: before, lower hash': heard('probe', node('before-low')),
  'probe: before, not first': heard('probe', node('before-low'), { first: false }),
  'probe: before, higher': heard('probe', node('before-high')),
  'probe: after, lower hash': heard('probe', node('after-low')),
  'probe: after, higher': heard('probe', node('after-high')),
  'probe: gone node': heard('probe', node('gone-after-low')),
  'probe: stranger': heard('probe', STRANGER),
  'claim: lower hash': heard('claim', node('after-low')),
  'claim: lower, not first': heard('claim', node('after-low'), { first: false }),
  'claim: higher hash': heard('claim', node('before-high')),
  'claim: gone, lower hash': heard('claim', node('gone-low')),
  'claim: gone, higher hash': heard('claim', node('gone-high')),
  'claim: stranger': heard('claim', STRANGER),
  'claim: other stranger': heard('claim', OTHER_STRANGER),
  'answer: lower hash': heard('answer', node('after-low')),
  'answer: lower, not first': heard('answer', node('after-low'), { first: false }),
  'answer: higher hash': heard('answer', node('before-high')),
  'answer: gone, lower hash': heard('answer', node('gone-low')),
  'answer: gone, higher hash': heard('answer', node('gone-high')),
  'answer: stranger': heard('answer', STRANGER),
  'answer: other stranger': heard('answer', OTHER_STRANGER),
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

const [header, ...rows] = TABLE.trim()
  .split('\n')
  .map(line => line.split('|').map(cell => cell.trim()))

/** The table's names of states, and its rows: the name of an event, then an outcome for each state. */
export const COLUMNS: readonly string[] = header!.slice(header![0] === '' ? 1 : 0)
export const ROWS: readonly (readonly string[])[] = rows

interface Happening {
  readonly event: ClaimEvent
  readonly view?: Partial<ClaimView>
}

function heard(type: 'probe' | 'claim' | 'answer', from: Origin, view?: Partial<ClaimView>): Happening {
  return { event: { type, from }, ...(view && { view }) }
}

/** STRANGER turns out to be no stranger. */
function known(from: Origin | undefined, view?: Partial<ClaimView>): Happening {
  return { event: { type: 'known', mac: STRANGER.mac, ...(from && { from }) }, ...(view && { view }) }
}
