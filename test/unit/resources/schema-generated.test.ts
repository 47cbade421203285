import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const program = resolve(import.meta.dirname, '../../../src/bin/generate.ts')
const generate = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })

describe('src/bin/generate.ts', () => {
  it('finds the definitions and the reference page of this checkout up to date', () => {
    const { status, stderr } = generate('--check')
    assert.equal(stderr, '')
    assert.equal(status, 0)
  })

  it('names a file that is missing, stale or left over, and mends it', () => {
    const root = mkdtempSync(join(tmpdir(), 'herald-generate-'))
    try {
      assert.equal(generate('--root', root).status, 0)
      rmSync(join(root, 'docs/reference/reasons.md'))
      appendFileSync(join(root, 'docs/reference/resources.md'), 'edited by hand\n')
      writeFileSync(join(root, 'charts/herald/templates/crds/herald.io_gone.yaml'), '')
      const found = generate('--check', '--root', root)
      assert.equal(found.status, 1)
      assert.deepEqual(
        found.stderr
          .trim()
          .split('\n')
          .map(line => line.split(' ')[0]),
        [
          'docs/reference/reasons.md',
          'docs/reference/resources.md',
          'charts/herald/templates/crds/herald.io_gone.yaml',
        ],
      )
      assert.match(found.stderr, /docs\/reference\/reasons\.md is stale/)

      assert.equal(generate('--root', root).status, 0)
      assert.equal(generate('--check', '--root', root).status, 0)
    } finally {
      rmSync(root, { recursive: true })
    }
  }).timeout(60_000) // four processes, one after the other, and each bundles

  it('refuses an unknown flag with exit code 2 and its usage', () => {
    const { status, stderr } = generate('--chek')
    assert.equal(status, 2)
    assert.match(stderr, /--chek[\s\S]*usage:/)
  })
})
