import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { Outcome, readJunit, type SuiteReport, writeJunit } from '../../conformance/junit.ts'

const testcase = (name: string, status: string, time: string, body = '') =>
  `          <testcase name="${name}" classname="Kubernetes e2e suite" status="${status}" time="${time}">${body}</testcase>`

/** As Ginkgo writes it. */
const ginkgo = (...testcases: string[]) => `<?xml version="1.0" encoding="UTF-8"?>
  <testsuites tests="7586" disabled="7562" errors="0" failures="0" time="2.97">
      <testsuite name="Kubernetes e2e suite" package="/tmp" tests="7586" disabled="0" skipped="7562" errors="0" failures="0" time="2.97" timestamp="2026-11-21T11:37:56">
          <properties>
              <property name="SuiteSucceeded" value="true"></property>
          </properties>
${testcases.join('\n')}
      </testsuite>
  </testsuites>`

const local = '[It] [sig-network] LoadBalancers ExternalTrafficPolicy: Local [Feature:LoadBalancer] [Slow]'

describe('JUnit reports', () => {
  const read = (...testcases: string[]) => readJunit(ginkgo(...testcases))

  it('reads names without labels, times and outcomes', () => {
    const report = read(
      testcase(`${local} should work from pods`, 'passed', '21.5'),
      testcase(
        '[It] [sig-network] LoadBalancers [Feature:LoadBalancer] should only allow access [Slow]',
        'failed',
        '900',
        '\n<failure type="failed">[FAILED] it&#39;s &lt;closed&gt;\nIn [It] at: x.go:1\n</failure><system-err>more</system-err>',
      ),
    )
    assert.equal(report.startedAt, '2026-11-21T11:37:56')
    assert.deepEqual(report.properties, { SuiteSucceeded: 'true' })
    assert.deepEqual(report.specs, [
      { name: 'LoadBalancers ExternalTrafficPolicy: Local should work from pods', outcome: 'passed', seconds: 21.5 },
      {
        ...{ name: 'LoadBalancers should only allow access', outcome: 'failed', seconds: 900 },
        message: "[FAILED] it's <closed>\nIn [It] at: x.go:1",
      },
    ])
  })

  it('leaves out what prepares the suite, and specs that were not asked for', () => {
    const { specs } = read(
      testcase('[SynchronizedBeforeSuite]', 'passed', '0'),
      testcase('[It] [sig-storage] another', 'skipped', '0', '<skipped message="skipped"></skipped>'),
    )
    assert.deepEqual(specs, [])
  })

  it('keeps a spec that skipped itself, with its reason', () => {
    const body = '<skipped message="skipped - Test requires &gt;= 2 Ready nodes"></skipped>'
    const { specs } = read(testcase(`${local} should target`, 'skipped', '3', body))
    assert.deepEqual(
      specs.map(({ outcome, message }) => [outcome, message]),
      [['skipped', 'Test requires >= 2 Ready nodes']],
    )
  })

  it('takes every other ending for a failure', () => {
    for (const status of ['timedout', 'panicked', 'interrupted']) {
      const body = `<error type="${status}" message="a ${status} spec"></error>`
      const [spec] = read(testcase(`${local} should`, status, '1', body)).specs
      assert.deepEqual([spec?.outcome, spec?.message], ['failed', `a ${status} spec`])
    }
  })

  it('refuses what is no report', () => {
    assert.throws(() => readJunit('<html></html>'), /no JUnit report/)
  })

  it('reads back what it writes', () => {
    const text = fc.string({ unit: 'grapheme-ascii', minLength: 1 }).map(part => `x${part.replaceAll(/[[\]\s]/g, '')}`)
    const message = fc.string({ unit: 'grapheme' }).map(part => `m${part}\n"<&>'`)
    const outcome = fc.constantFrom(Outcome.failed, Outcome.skipped)
    const options = { noNullPrototype: true }
    const spec = fc.oneof(
      fc.record({ name: text, outcome: fc.constant(Outcome.passed), seconds: fc.nat(9999) }, options),
      fc.record({ name: text, outcome, seconds: fc.nat(9999), message }, options),
    )
    fc.assert(
      fc.property(fc.uniqueArray(spec, { selector: ({ name }) => name }), text, (specs, value) => {
        specs.sort((one, other) => (one.name < other.name ? -1 : 1))
        const report: SuiteReport = { startedAt: '2026-11-21T11:37:56', properties: { Herald: value }, specs }
        assert.deepEqual(readJunit(writeJunit(value, report)), report)
      }),
    )
  })

  it('counts in what it writes', () => {
    const specs = [Outcome.passed, Outcome.failed, Outcome.skipped, Outcome.failed].map((outcome, index) => ({
      ...{ name: `spec ${index}`, outcome, seconds: 1 },
    }))
    const xml = writeJunit('Herald', { startedAt: '2026-11-21T11:37:56', properties: {}, specs })
    assert.match(
      xml,
      /<testsuite name="Herald" tests="4" failures="2" skipped="1" errors="0" time="4\.0" timestamp="2026-11-21T11:37:56">/,
    )
  })
})
