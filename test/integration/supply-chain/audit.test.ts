import assert from 'node:assert/strict'
import { repository } from '../../../lab/paths.ts'
import { run } from '../../../lab/process.ts'

interface Report {
  metadata?: { vulnerabilities: { total: number } }
  vulnerabilities?: Record<string, { severity: string; via: unknown[] }>
  error?: { summary: string }
  message?: string
}

describe('npm knows of no vulnerability', () => {
  for (const [what, ...flags] of [
    ['of the packages that Herald ships', '--omit=dev', '--omit=optional'],
    ['of the packages that Herald is built and tested with'],
  ] as const) {
    it(what, async function () {
      const { stdout } = await run(['npm', 'audit', '--json', ...flags], { cwd: repository, check: false })
      const report = JSON.parse(stdout) as Report
      if (report.metadata === undefined) {
        // Not every mirror of the registry answers this question.
        console.log(`      skipped: ${report.message ?? report.error?.summary ?? 'npm gives no answer'}`)
        this.skip()
      }
      const found = Object.entries(report.vulnerabilities ?? {}).map(([name, { severity }]) => `${name}: ${severity}`)
      console.log(`      npm audit: ${report.metadata.vulnerabilities.total} vulnerabilities`)
      assert.deepEqual(found, [])
    })
  }
})
