// Mocha's spec reporter, which also writes how many tests passed, failed and were skipped, which failed and why, and which
// passed only when they were repeated, to the file that HERALD_TEST_COUNTS names, so that test/run.ts can add up the suites
// and name the failures where the output ends. CommonJS because mocha loads reporters that way.
const { appendFileSync } = require('node:fs')
const Mocha = require('mocha')

/** Enough of an error to know what failed; the whole of it stands above, in the suite's own output. */
const LINES_OF_ERROR = 12

module.exports = class CountingReporter extends Mocha.reporters[process.env.HERALD_TEST_REPORTER ?? 'Spec'] {
  constructor(runner, options) {
    super(runner, options)
    const repeated = []
    const failed = []
    runner.on('retry', (test, error) => {
      Mocha.reporters.Base.consoleLog(`    first attempt failed: ${test.title}\n${error.stack ?? error}`)
    })
    runner.on('pass', test => {
      if (test.currentRetry() > 0) repeated.push(test.fullTitle())
    })
    runner.on('fail', (test, error) => {
      const lines = String(error?.stack ?? error).split('\n')
      failed.push({ title: test.fullTitle(), error: lines.slice(0, LINES_OF_ERROR).join('\n') })
    })
    runner.once('end', () => {
      const file = process.env.HERALD_TEST_COUNTS
      if (!file) return
      const { passes, failures, pending } = this.stats
      appendFileSync(file, `${JSON.stringify({ passes, failures, pending, repeated, failed })}\n`)
    })
  }
}
