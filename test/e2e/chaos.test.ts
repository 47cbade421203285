import assert from 'node:assert/strict'
import { kindsNamed } from '../chaos/faults/registry.ts'
import { runChaos } from '../chaos/run.ts'

/** Kinds that are over within seconds on any machine. */
const KINDS = ['controller-kill', 'speaker-kill', 'api-500', 'pools-edited', 'crowd', 'packets-doubled']
/** This machine also runs the cluster, both clients and the router. */
const PATIENCE = 3

describe('chaos, the short form', function () {
  this.timeout(600_000)
  // A story of faults that went wrong is to be read, not repeated until it goes well.
  this.retries(0)

  it('keeps its promises through mild faults of one seed', async () => {
    const summary = await runChaos({
      ...{ name: process.env.HERALD_TEST_LAB ?? 'herald', seed: 8, kinds: kindsNamed(KINDS), minutes: 1.2 },
      ...{ rounds: KINDS.length, crowd: 30, patience: PATIENCE },
      repeat: `npm run chaos -- --seed 8 --faults ${KINDS.join(',')} --services 30 --patience ${PATIENCE}`,
      print: line => console.log(`      ${line}`),
    })
    assert.ok(summary.rounds > 0, 'at least one round was run')
    assert.equal(summary.violations, 0, 'violations, told above')
  })
})
