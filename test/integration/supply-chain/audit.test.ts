import assert from 'node:assert/strict'
import { repository } from '../../../lab/paths.ts'
import { run } from '../../../lab/process.ts'

interface Report {
  metadata?: { vulnerabilities: { total: number } }
  vulnerabilities?: Record<string, { severity: string; via: unknown[] }>
  error?: { summary: string }
  message?: string
}

describe('the packages that Herald is made of', () => {
  it('have no vulnerability that npm knows of', async function () {
    const { stdout } = await run(['npm', 'audit', '--json'], { cwd: repository, check: false })
    const report = JSON.parse(stdout) as Report
    if (report.metadata === undefined) {
      console.log(`      npm cannot be asked here: ${report.message ?? report.error?.summary ?? 'no answer'}`)
      this.skip()
    }
    const found = Object.entries(report.vulnerabilities ?? {}).map(([name, { severity }]) => `${name}: ${severity}`)
    console.log(`      npm audit: ${report.metadata.vulnerabilities.total} vulnerabilities`)
    assert.deepEqual(found, [])
  })
})
