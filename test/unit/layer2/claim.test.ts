import assert from 'node:assert/strict'
import sinon from 'sinon'
import { stepClaim } from '../../../src/layer2/claim.ts'
import type { ClaimState } from '../../../src/layer2/claim-state.ts'
import { DEFAULT_CLAIM_TIMINGS } from '../../../src/layer2/claim-timings.ts'
import { freeze, VIEW } from '../../support/claims.ts'
import { OUTCOMES } from './claim-outcomes.ts'
import { COLUMNS, EVENTS, NOW, ROWS, STATES } from './claim-table.ts'

/** The outcomes in which it begins to ask. */
const PLACE_TAKEN = ['ask', 'queue', 'queue?', 'retry', 'requeue', 'requeue?', 'inquire', 'sound.']

describe('stepClaim, every event in every state', () => {
  it('has a row for each event, a column for each state, and a use for each outcome', () => {
    assert.deepEqual(COLUMNS, Object.keys(STATES))
    assert.deepEqual(
      ROWS.map(([name]) => name),
      Object.keys(EVENTS),
    )
    assert.deepEqual(new Set(ROWS.flatMap(row => row.slice(1))), new Set(Object.keys(OUTCOMES)))
  })

  for (const [name, ...cells] of ROWS) {
    for (const [index, word] of cells.entries()) {
      const column = COLUMNS[index]!
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
})
