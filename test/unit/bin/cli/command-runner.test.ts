import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandRunner } from '../../../../src/bin/cli/command-runner.ts'

describe('CommandRunner', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'herald-runner-'))
    const script = '#!/bin/sh\necho "$*"\necho "$KUBECONFIG" >&2\n/bin/cat\nexit 3\n'
    for (const name of ['kubectl', 'helm']) writeFileSync(join(folder, name), script, { mode: 0o755 })
  })
  after(() => rmSync(folder, { recursive: true }))

  it('gives a program its input, and back what it said and how it ended', async () => {
    const runner = new CommandRunner({ kubeconfig: '/k', env: { PATH: folder } })
    const { code, out, err } = await runner.run({ argv: ['kubectl', 'apply', '-f', '-'], input: { kind: 'ConfigMap' } })
    assert.deepEqual({ code, out, err }, { code: 3, out: 'apply -f -\n{"kind":"ConfigMap"}', err: '/k\n' })
  })

  for (const [program, flag] of [
    ['kubectl', '--context=other'],
    ['helm', '--kube-context=other'],
  ] as const) {
    it(`tells ${program} which context is meant`, async () => {
      const runner = new CommandRunner({ context: 'other', env: { PATH: folder } })
      assert.equal((await runner.run({ argv: [program, 'x'] })).out, `x ${flag}\n`)
    })
  }

  it('says which program is missing', async () => {
    const runner = new CommandRunner({ env: { PATH: '/nowhere' } })
    await assert.rejects(runner.run({ argv: ['helm'] }), { message: 'there is no helm in the PATH' })
  })
})
