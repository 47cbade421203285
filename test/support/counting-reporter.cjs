// Mocha's spec reporter, which also writes how many tests passed, failed and were skipped to the file that
// HERALD_TEST_COUNTS names, so that test/run.ts can add up the suites. CommonJS because mocha loads reporters that way.
const { appendFileSync } = require('node:fs')
const Mocha = require('mocha')

module.exports = class CountingReporter extends Mocha.reporters[process.env.HERALD_TEST_REPORTER ?? 'Spec'] {
  constructor(runner, options) {
    super(runner, options)
    runner.once('end', () => {
      const file = process.env.HERALD_TEST_COUNTS
      if (!file) return
      const { passes, failures, pending } = this.stats
      appendFileSync(file, `${JSON.stringify({ passes, failures, pending })}\n`)
    })
  }
}
