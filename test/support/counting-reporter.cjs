// Mocha's spec reporter, which also writes for each file how many tests passed, failed and were skipped, which failed and why, and
// which passed only when they were repeated, to the file that HERALD_TEST_RESULTS names: test/run.ts adds up the suites and
// names the failures where the output ends. CommonJS because mocha loads reporters that way.
const { appendFileSync } = require('node:fs')
const { relative } = require('node:path')
const Mocha = require('mocha')

/** Enough of an error to know what failed; the whole of it stands above, in the suite's own output. */
const LINES_OF_ERROR = 12

module.exports = class CountingReporter extends Mocha.reporters[process.env.HERALD_TEST_REPORTER ?? 'Spec'] {
  constructor(runner, options) {
    super(runner, options)
    const files = new Map()
    const resultOf = test => {
      const file = relative('', test.file)
      if (!files.has(file)) files.set(file, { file, passes: 0, pending: 0, repeated: [], failed: [] })
      return files.get(file)
    }
    runner.on('retry', (test, error) => {
      Mocha.reporters.Base.consoleLog(`    first attempt failed: ${test.title}\n${error.stack ?? error}`)
    })
    runner.on('pass', test => {
      resultOf(test).passes++
      if (test.currentRetry() > 0) resultOf(test).repeated.push(test.fullTitle())
    })
    runner.on('pending', test => resultOf(test).pending++)
    // Hooks too: a suite whose "before" fails has one failure and no test.
    runner.on('fail', (test, error) => {
      const lines = String(error?.stack ?? error).split('\n')
      resultOf(test).failed.push({ title: test.fullTitle(), error: lines.slice(0, LINES_OF_ERROR).join('\n') })
    })
    runner.once('end', () => {
      const output = process.env.HERALD_TEST_RESULTS
      if (!output) return
      for (const result of files.values()) appendFileSync(output, `${JSON.stringify(result)}\n`)
    })
  }
}
