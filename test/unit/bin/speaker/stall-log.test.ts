import assert from 'node:assert/strict'
import { StallLog } from '../../../../src/bin/speaker/stall-log.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../../support/kubernetes/driven.ts'

describe('the log of stalls', () => {
  it('tells of the first at once, and of those that follow in one line', () => {
    const clock = new FakeClock()
    const logger = new MemoryLogger()
    const log = new StallLog({ clock, logger })
    log.note(310.4)
    for (const gapMs of [400, 900, 350]) {
      clock.advance(1_000)
      log.note(gapMs)
    }
    clock.advance(8_000)
    log.note(320)
    assert.deepEqual(
      logger.lines.map(({ level, fields }) => ({ level, ...fields })),
      [
        { level: 'warn', stalls: 1, longestMs: 310 },
        { level: 'warn', stalls: 4, longestMs: 900 },
      ],
    )
  })
})
