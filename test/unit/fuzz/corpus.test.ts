import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { corpusFile, readInputs, writeInputs } from '../../fuzz/corpus.ts'
import { loadTarget, TARGETS } from '../../fuzz/targets.ts'

describe('the saved corpus', () => {
  for (const { name } of TARGETS) {
    it(`${name}: nothing in it breaks anything`, async () => {
      const target = await loadTarget(name)
      for (const input of [...target.seeds, ...readInputs(target)]) {
        const outcome = target.check(input.slice())
        assert.notEqual(outcome, '')
      }
    })
  }

  it('comes back from its file as it was, without seeds and without doubles', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'herald-corpus-'))
    try {
      const samples = { arp: [9, 8, 0xff], flags: [0x2d, 0x0a], configuration: [0x7b, 0x7d] }
      for (const [name, octets] of Object.entries(samples)) {
        const target = await loadTarget(name)
        const input = Uint8Array.from(octets)
        const file = corpusFile(target, folder)
        writeInputs(target, [input, ...target.seeds, input], file)
        assert.deepEqual(readInputs(target, file), [input])
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
