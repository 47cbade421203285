import assert from 'node:assert/strict'
import { describeNotification } from '../../../../src/bgp/session/describe-notification.ts'
import { fromHex } from '../../../support/hex.ts'

const rows: readonly (readonly [code: number, subcode: number, data: string, text: string])[] = [
  [1, 3, '09', 'message header, bad message type'],
  [2, 2, '', 'open, bad peer as'],
  [4, 0, '', 'hold timer expired'],
  [5, 3, '01', 'finite state machine, in established'],
  [6, 2, '', 'cease, administrative shutdown'],
  [6, 2, '02 6869', 'cease, administrative shutdown: "hi"'],
  [6, 4, '02 6869', 'cease, administrative reset: "hi"'],
  // Only those two subcodes carry a text.
  [6, 3, '02 6869', 'cease, peer deconfigured'],
  [6, 9, '06 02 02 6869', 'cease, hard reset (cease, administrative shutdown: "hi")'],
  [6, 9, '06', 'cease, hard reset'],
  // A peer that nests them goes no deeper than this.
  [6, 9, '06 09 06 09 06 02', 'cease, hard reset'],
  [6, 77, '', 'cease, error 77'],
  [99, 1, '', 'error 99, error 1'],
]

describe('a NOTIFICATION in words', () => {
  for (const [code, subcode, data, text] of rows) {
    it(`${code}/${subcode} ${data}`, () => {
      assert.equal(describeNotification({ code, subcode, data: fromHex(data) }), text)
    })
  }
})
