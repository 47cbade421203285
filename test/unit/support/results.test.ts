import assert from 'node:assert/strict'
import { type FileResult, Results } from '../../results.ts'

const result = (file: string, more: Partial<FileResult> = {}): FileResult => ({
  ...{ file, passes: 0, pending: 0, repeated: [], failed: [], ...more },
})
const failure = (title: string) => ({ title, error: `Error: ${title}` })
const parse = (...results: FileResult[]) => Results.parse(results.map(each => `${JSON.stringify(each)}\n`).join(''))

describe('the results of the tests', () => {
  it('add up over files', () => {
    const results = parse(
      result('a', { passes: 3, pending: 1, repeated: ['a late'] }),
      result('b', { passes: 2, failed: [failure('b fails')] }),
    )
    assert.deepEqual([results.passes, results.failures, results.pending], [5, 1, 1])
    assert.deepEqual(results.repeated, ['a late'])
    assert.deepEqual(results.failed, [failure('b fails')])
    assert.deepEqual(results.failedFiles, ['b'])
  })

  it('are those of the second run of a file, and name what failed in the first only', () => {
    const results = parse(
      result('a', { passes: 3 }),
      result('b', { passes: 2, failed: [failure('b at times'), failure('b always')] }),
    )
    results.repeat(parse(result('b', { passes: 7, failed: [failure('b always')] })))
    assert.deepEqual([results.passes, results.failures], [10, 1])
    assert.deepEqual(results.repeated, ['b at times'])
    assert.deepEqual(results.failed, [failure('b always')])
  })

  it('keep the failure of a file that the second run did not get to', () => {
    const results = parse(result('a', { failed: [failure('a fails')] }))
    const second = parse()
    second.fail('mocha itself', 'it ended with status 7')
    results.repeat(second)
    assert.deepEqual(results.failedFiles, ['a'])
    assert.equal(results.failures, 2)
  })
})
