import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { heraldImage } from '../../lab/herald-image.ts'
import { note } from '../support/figures.ts'
import { ensureLab, type HeraldComponent } from '../support/lab/lab.ts'
import { readProcess } from '../support/proc.ts'

const SETTLE_MS = 3_000

describe('figures for the guard, in the lab', function () {
  this.timeout(240_000)

  it('notes the memory of processes that were started a moment ago, and the size of the image', async function () {
    this.timeout(3_600_000)
    const lab = await ensureLab({ nodes: 3, name: process.env.HERALD_TEST_LAB })
    const components: HeraldComponent[] = ['controller', 'speaker']
    for (const component of components) await lab.replaceHerald(component)
    await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
    for (const component of components) {
      const memories = lab.heraldProcesses(component).map(pid => readProcess(pid).residentMb)
      assert.ok(memories.length > 0, `a ${component} runs`)
      note(component === 'controller' ? 'controllerMemoryMb' : 'speakerMemoryMb', Math.max(...memories))
    }
    note('imageMb', statSync((await heraldImage()).file).size / 1e6)
  })
})
