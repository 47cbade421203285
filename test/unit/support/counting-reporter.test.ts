import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

describe('the reporter of the tests', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'herald-reporter-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  it('counts, and names what failed and what passed on the second attempt only', function () {
    this.timeout(20_000)
    const [suite, results] = [join(folder, 'suite.cjs'), join(folder, 'results')]
    writeFileSync(
      suite,
      `let attempts = 0
      const fail = () => { throw new Error('a bad moment') }
      describe('things', () => {
        it('work', () => {})
        it('work at times', () => { if (++attempts < 2) fail() })
        it('never work', fail)
        it('are left out')
        describe('that build on each other', function () {
          this.retries(0)
          let attempts = 0
          it('are not repeated', () => { if (++attempts < 2) fail() })
        })
      })`,
    )
    const options = ['--no-config', '--reporter', 'test/support/counting-reporter.cjs', '--retries', '1']
    const { stdout, status } = spawnSync(process.execPath, ['node_modules/mocha/bin/mocha.js', ...options, suite], {
      encoding: 'utf8',
      env: { ...process.env, HERALD_TEST_RESULTS: results, HERALD_TEST_REPORTER: 'Spec' },
    })
    assert.equal(status, 2, 'two tests failed')
    assert.match(stdout, /first attempt failed: work at times\nError: a bad moment/)
    const { file, failed, ...counted } = JSON.parse(readFileSync(results, 'utf8'))
    assert.equal(resolve(file), suite)
    assert.deepEqual(counted, { passes: 2, pending: 1, repeated: ['things work at times'] })
    const titles = failed.map(({ title }: { title: string }) => title)
    assert.deepEqual(titles, ['things never work', 'things that build on each other are not repeated'])
    for (const { error } of failed) assert.match(error, /^Error: a bad moment\n +at .*suite\.cjs/)
  })
})
