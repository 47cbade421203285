import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { shifted } from '../../chaos/faults/clock.ts'
import { activeResources, evaluateIn } from '../../chaos/inspector.ts'

/** Prints the time of day by four ways to read it whenever it gets a line. */
const PROGRAM = `
require('node:readline').createInterface({ input: process.stdin }).on('line', () =>
  console.log(JSON.stringify([Date.now(), +new Date(), Date.parse(new Date().toISOString()), +new Date(5)])))
setInterval(() => {}, 1000)
console.log('ready')
`

describe('chaos: a clock that jumps', function () {
  this.timeout(30_000)
  let child: ChildProcess
  let lines: AsyncIterator<string>

  before(async () => {
    child = spawn(process.execPath, ['--eval', PROGRAM], { stdio: ['pipe', 'pipe', 'ignore'] })
    lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
    assert.equal((await lines.next()).value, 'ready')
  })

  after(async () => {
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  })

  /** How far a process's clocks are from ours, in whole seconds; the last one is of a date that was given. */
  async function offsets(): Promise<number[]> {
    child.stdin!.write('\n')
    const [given, ...nows] = (JSON.parse((await lines.next()).value) as number[]).reverse()
    return [...nows.map(ms => Math.round((ms - Date.now()) / 10_000) * 10 + 0), given!]
  }

  for (const seconds of [3_600, -40, 0]) {
    it(`by ${seconds} s, for every way to read it, and for no date that is given`, async () => {
      await evaluateIn(child.pid!, shifted(seconds * 1_000))
      assert.deepEqual(await offsets(), [seconds, seconds, seconds, 5])
    })
  }

  it('leaves the process as it was: its one timer', async () => {
    assert.equal((await activeResources(child.pid!)).Timeout, 1)
  })
})
