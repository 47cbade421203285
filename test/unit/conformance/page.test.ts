import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { Outcome, type SpecResult } from '../../conformance/junit.ts'
import { conformancePage, type PageColumn } from '../../conformance/page.ts'

const spec = (name: string, outcome: Outcome = Outcome.passed, message?: string): SpecResult => ({
  ...{ name, outcome, seconds: 12.4, message },
})

const column = (title: string, ...specs: SpecResult[]): PageColumn => ({
  title,
  family: title.endsWith('IPv6') ? 'ipv6' : 'ipv4',
  file: `conformance/${title}.xml`,
  report: { startedAt: '2026-11-21T11:37:56', properties: { Kubernetes: 'v1.36.3' }, specs },
})

describe('the page of the conformance run', () => {
  it('has a row for each spec and a column for each run', () => {
    const page = conformancePage([
      column('BGP, IPv4', spec('reaches'), spec('preserves')),
      column('Layer 2, IPv4', spec('reaches', Outcome.failed, 'closed')),
    ])
    const table = page.split('\n').filter(line => /^\| (Spec|---|reaches|preserves|\*\*passed)/.test(line))
    assert.deepEqual(table, [
      '| Spec | BGP, IPv4 | Layer 2, IPv4 |',
      '| --- | --- | --- |',
      '| preserves | ✓ 12 s | – |',
      '| reaches | ✓ 12 s | **failed** |',
      '| **passed** | **2 of 2** | **0 of 1** |',
    ])
  })

  it('tells of each run when and with what, and where its report is', () => {
    const page = conformancePage([column('BGP, IPv4', spec('reaches'))])
    assert.match(page, /## BGP, IPv4\n\n2026-11-21 11:37:56 UTC; \[JUnit report\]\(conformance\/BGP, IPv4\.xml\)\./)
    assert.match(page, /^\| Kubernetes \| v1\.36\.3 \|$/m)
  })

  it('names what has not passed, with its message', () => {
    const page = conformancePage([
      column(
        'BGP, IPv4',
        spec('reaches', Outcome.failed, 'closed\nat `x`'),
        spec('skips', Outcome.skipped, 'no nodes'),
      ),
    ])
    assert.match(page, /^- failed: reaches\n\n {2}`closed at 'x'`$/m)
    assert.match(page, /^- skipped: skips\n\n {2}`no nodes`$/m)
  })

  it('says of a spec that cannot pass over IPv6 why, and only there', () => {
    const name = 'LoadBalancers ExternalTrafficPolicy: Local should work from pods'
    const page = (title: string, outcome: Outcome) => conformancePage([column(title, spec(name, outcome, 'not kept'))])
    const reason = /should work from pods\. The spec itself cannot pass over IPv6/
    assert.match(page('BGP, IPv6', Outcome.failed), reason)
    assert.doesNotMatch(page('BGP, IPv6', Outcome.passed), reason)
    assert.doesNotMatch(page('BGP, IPv4', Outcome.failed), reason)
  })

  it('keeps a table a table', () => {
    const page = conformancePage([column('BGP', spec('a|b'))])
    assert.match(page, /^\| a\\\|b \| ✓ 12 s \|$/m)
  })
})
