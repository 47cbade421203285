import assert from 'node:assert/strict'
import { MACS, owning, Scene } from '../../support/announcer-scene.ts'

const ONE = '192.0.2.1'
const TWO = '192.0.2.2'

describe('Announcer', () => {
  describe('liveness', () => {
    it('down: what the dead one had is asked for at once, and how long it was dead is told', () => {
      const scene = new Scene()
      scene.desire({ [ONE]: 'ba', [TWO]: 'ca', '192.0.2.3': 'bca' })
      scene.liveness('node-b', 'up', 100)
      scene.nowMs = 400
      assert.deepEqual(scene.liveness('node-b', 'down', 100), ['listen eth0 192.0.2.1', 'probe eth0 192.0.2.1'])
      assert.deepEqual(scene.until(500), [
        '450 probe eth0 192.0.2.1',
        '500 answer eth0 192.0.2.1',
        '500 tookOver 192.0.2.1 failure after 400',
        '500 announce eth0 192.0.2.1',
      ])
      assert.deepEqual(scene.liveness('node-c', 'down', 450), [
        'listen eth0 192.0.2.2',
        'probe eth0 192.0.2.2',
        'listen eth0 192.0.2.3',
      ])
      // Of two dead predecessors the last sign of life counts.
      assert.ok(scene.until(650).includes('600.2 tookOver 192.0.2.3 failure after 150.2'))
    })

    it('down by goodbye: what it had is handed over, and no time of failure is told', () => {
      const scene = new Scene()
      scene.desire({ [ONE]: 'ba', [TWO]: 'bca', '192.0.2.3': 'cba' })
      scene.liveness('node-b', 'down', 100, true)
      assert.ok(scene.until(150).includes('100 tookOver 192.0.2.1 handover'))
      // Of two predecessors it counts how the one went that was heard last: it had the address.
      scene.liveness('node-c', 'down', 150)
      const words = scene.until(300)
      assert.ok(words.some(text => text.includes('tookOver 192.0.2.2 failure after')))
      scene.desire({}, TWO, '192.0.2.3')
      scene.liveness('node-b', 'up', 400)
      scene.liveness('node-b', 'down', 450, true)
      scene.desire({ '192.0.2.3': 'cba' })
      assert.ok(scene.until(600).some(text => text.endsWith('tookOver 192.0.2.3 handover')))
    })

    it('unknown is not down', () => {
      const scene = new Scene()
      scene.desire({ [ONE]: 'ba' })
      assert.deepEqual(scene.liveness('node-b', 'unknown'), [])
    })

    it('down of the speaker that answered: it is asked for again at once', () => {
      const scene = new Scene()
      scene.desire({ [ONE]: 'ab' })
      scene.until(10)
      scene.heard('claim', ONE, MACS.b)
      assert.deepEqual(scene.liveness('node-b', 'down'), ['probe eth0 192.0.2.1'])
    })

    it('up: what is owned is announced, what is asked for no more', () => {
      const scene = new Scene()
      scene.liveness('node-b', 'down')
      scene.desire({ [ONE]: 'ba', '192.0.2.9': 'a' })
      scene.until(290)
      scene.desire({ [TWO]: 'ba' })
      assert.deepEqual(scene.liveness('node-b', 'up'), ['announce eth0 192.0.2.1', 'ignore eth0 192.0.2.2'])
      assert.deepEqual(scene.owned, ['eth0 192.0.2.1', 'eth0 192.0.2.9'])
    })

    it('reported again, unchanged: does nothing, in whatever state an address is', () => {
      const scene = new Scene()
      scene.desire({ [ONE]: 'ab', [TWO]: 'ab', '192.0.2.3': 'ba' })
      scene.heard('claim', ONE, MACS.b)
      for (const state of ['up', 'down'] as const) {
        scene.liveness('node-b', state, 1)
        scene.nowMs += 20
        scene.heard('claim', ONE, MACS.b)
        assert.deepEqual(scene.liveness('node-b', state, 2), [])
      }
    })
  })

  describe('a node that is patient', () => {
    const PATIENT = { [ONE]: { order: 'ab', patient: true } } as const

    it('deposes nobody, and probes as soon as the time is over', () => {
      const scene = new Scene()
      assert.deepEqual(scene.desire(PATIENT), ['listen eth0 192.0.2.1', 'inquire eth0 192.0.2.1'])
      scene.nowMs = 5
      assert.deepEqual(scene.heard('answer', ONE, MACS.b), [])
      assert.deepEqual(scene.until(105), ['105 inquire eth0 192.0.2.1'])
      scene.heard('answer', ONE, MACS.b)
      scene.nowMs = 170
      assert.deepEqual(scene.desire({ [ONE]: 'ab' }), ['probe eth0 192.0.2.1'])
    })

    it('takes over at once what nobody answers for: the owner may have died unnoticed', () => {
      const scene = new Scene()
      scene.desire(PATIENT)
      assert.ok(scene.until(150).includes('100 tookOver 192.0.2.1 elected'))
      assert.deepEqual(scene.owned, ['eth0 192.0.2.1'])
    })

    it('asks at once when a node that it waits for, or comes after, is found dead', () => {
      const scene = new Scene()
      scene.desire(PATIENT)
      scene.heard('answer', ONE, MACS.b)
      scene.desire({ [TWO]: { order: 'ba', patient: true } })
      scene.nowMs = 60
      assert.deepEqual(scene.liveness('node-b', 'down', 10), ['inquire eth0 192.0.2.1', 'listen eth0 192.0.2.2'])
      const words = scene.until(200)
      assert.ok(words.includes('160 tookOver 192.0.2.1 elected'), String(words))
      assert.ok(words.includes('160.2 tookOver 192.0.2.2 failure after 150.2'), String(words))
    })

    it('keeps what it owns', () => {
      const scene = owning({ [ONE]: 'ab' })
      assert.deepEqual(scene.desire(PATIENT), [])
      assert.deepEqual(scene.owned, ['eth0 192.0.2.1'])
    })
  })
})
