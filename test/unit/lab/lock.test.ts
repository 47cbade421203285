import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { lockLab } from '../../../lab/lock.ts'

describe('lab lock', () => {
  let folder: string
  let before: string | undefined
  const lockFile = () => join(folder, 'state.lock')

  beforeEach(() => {
    before = process.env.HERALD_LAB_DIR
    folder = mkdtempSync(join(tmpdir(), 'herald-lock-'))
    process.env.HERALD_LAB_DIR = join(folder, 'state')
  })

  afterEach(() => {
    if (before === undefined) delete process.env.HERALD_LAB_DIR
    else process.env.HERALD_LAB_DIR = before
    rmSync(folder, { recursive: true })
  })

  it('is held by one at a time and leaves no file', () => {
    const unlock = lockLab('herald')
    assert.throws(() => lockLab('herald'), new RegExp(`process ${process.pid}`))
    unlock()
    assert.equal(existsSync(lockFile()), false)
    lockLab('herald')()
  })

  for (const [what, content] of [
    ['a process that is gone', '{"pid":4194304,"startTime":"1"}'],
    ['a process that ended and whose id another has now', `{"pid":${process.pid},"startTime":"1"}`],
    ['a process that died while writing', '{"pid":'],
  ] as const) {
    it(`is taken over from ${what}`, () => {
      writeFileSync(lockFile(), content)
      lockLab('herald')()
    })
  }
})
