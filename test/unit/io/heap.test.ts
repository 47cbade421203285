import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const source = JSON.stringify(fileURLToPath(new URL('../../../src/io/heap.ts', import.meta.url)))

/** What a script prints, as JSON, in a process of its own; `heap` is its heap. */
function inProcess<T>(script: string, ...flags: string[]): T {
  const whole = `
    import { readFileSync } from 'node:fs'
    import { exposedHeap } from ${source}
    const heap = exposedHeap()
    const resident = kind => Number(new RegExp(kind + ':\\\\s+(\\\\d+)').exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1000
    ${script}`
  return JSON.parse(
    execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', whole], { encoding: 'utf8' }),
  )
}

describe('exposedHeap', () => {
  it('is there only with --expose-gc', () => {
    assert.deepEqual(inProcess('console.log([heap === undefined])'), [true])
    assert.deepEqual(inProcess('console.log([heap === undefined])', '--expose-gc'), [false])
  })

  it('gives back what the heap held and no longer uses', () => {
    const [full, empty] = inProcess<number[]>(
      `
      let garbage = Array.from({ length: 300_000 }, (_, i) => ({ i }))
      const full = heap.bytes()
      garbage = undefined
      heap.collect()
      console.log(JSON.stringify([full, heap.bytes()]))`,
      '--expose-gc',
    )
    assert.ok(full! - empty! > 5_000_000, `${full} bytes before, ${empty} after`)
  })

  for (const flag of ['--use-largepages=off', '--use-largepages=silent']) {
    it(`unmaps the program's own pages, and the program runs on, with ${flag}`, () => {
      const [before, after] = inProcess<number[]>(
        `
        const before = resident('RssFile')
        heap.collect()
        const after = resident('RssFile')
        // Constants and code that are needed again are mapped again.
        await import('node:https')
        new Intl.DateTimeFormat('de').format(0)
        heap.collect()
        console.log(JSON.stringify([before, after]))`,
        '--expose-gc',
        flag,
      )
      assert.ok(before! - after! > 5, `${before} MB before, ${after} MB after`)
    })
  }

  it('tells how busy the thread was since it was asked last', () => {
    const shares = inProcess<number[]>(
      `
      const sleep = delayMs => new Promise(resolve => setTimeout(resolve, delayMs))
      await sleep(1)
      heap.busyShare()
      await sleep(200)
      const idle = heap.busyShare()
      for (const endMs = performance.now() + 200; performance.now() < endMs; );
      await sleep(1)
      console.log(JSON.stringify([idle, heap.busyShare()]))`,
      '--expose-gc',
    )
    assert.ok(shares[0]! < 0.5, `idle: ${shares[0]}`)
    assert.ok(shares[1]! > 0.5, `busy: ${shares[1]}`)
  })
})
