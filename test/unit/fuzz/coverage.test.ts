import assert from 'node:assert/strict'
import { charactersThatRan } from '../../fuzz/coverage.ts'

const range = (startOffset: number, endOffset: number, count: number) => ({ startOffset, endOffset, count })

describe('the code that ran', () => {
  it('is what is counted, but for what is within and is not', () => {
    const functions = [
      { ranges: [range(2, 10, 3), range(4, 6, 0)] },
      // a function within that was not called, and one that was
      { ranges: [range(7, 8, 0)] },
      { ranges: [range(4, 5, 1)] },
    ]
    assert.deepEqual([...charactersThatRan(functions)], [0, 0, 1, 1, 1, 0, 1, 0, 1, 1])
  })

  it('is nothing where nothing was called', () => assert.equal(charactersThatRan([]).length, 0))
})
