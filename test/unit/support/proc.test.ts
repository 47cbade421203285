import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readProcess } from '../../support/proc.ts'

describe('what the kernel tells of a process', () => {
  it('are its memory, processor time, descriptors and threads', () => {
    const before = readProcess(process.pid)
    assert.ok(before.residentMb > 20 && before.residentMb < 4_000, `${before.residentMb} MB`)
    assert.ok(before.threads >= 1 && before.descriptors >= 3)
    const spent = process.cpuUsage()
    assert.ok(Math.abs(before.processorMs - (spent.user + spent.system) / 1_000) < 500)
    const files = Array.from({ length: 10 }, () => openSync('/dev/null', 'r'))
    assert.equal(readProcess(process.pid).descriptors, before.descriptors + 10)
    for (const file of files) closeSync(file)
  })

  it('is nothing when it has ended, also while its parent has not looked after it', async () => {
    // The shell leaves its child as it is until it ends itself.
    const shell = spawn('sh', ['-c', 'true & echo $!; exec sleep 5'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const child = await new Promise<number>(resolve => shell.stdout.once('data', text => resolve(Number(text))))
    try {
      for (let tries = 0; tries < 100; tries++) {
        try {
          readProcess(child)
        } catch {
          break
        }
        await new Promise(resolve => setTimeout(resolve, 10))
      }
      assert.throws(() => readProcess(child), /VmRSS|ENOENT/)
    } finally {
      shell.kill('SIGKILL')
    }
  })
})
