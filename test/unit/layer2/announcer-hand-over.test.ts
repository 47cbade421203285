import assert from 'node:assert/strict'
import { MACS, owning, Scene, STRANGER_MAC, speaker } from '../../support/announcer-scene.ts'

const ONE = '192.0.2.1'
const TWO = '192.0.2.2'

describe('Announcer', () => {
  describe('hand-over', () => {
    it('goes to the one that comes first now, when that asks, and not before', () => {
      const scene = owning({ [ONE]: 'ab' })
      assert.deepEqual(scene.desire({ [ONE]: 'ba' }), [])
      assert.deepEqual(scene.owned, ['eth0 192.0.2.1'])
      assert.deepEqual(scene.heard('probe', ONE, MACS.c), [])
      assert.deepEqual(scene.heard('probe', ONE, STRANGER_MAC), [])
      assert.deepEqual(scene.heard('probe', ONE, MACS.b), ['silence eth0 192.0.2.1', 'ignore eth0 192.0.2.1'])
      assert.deepEqual(scene.owned, [])
      assert.equal(scene.announcer.dueMs, undefined)
    })

    it('goes to any candidate once this node is none', () => {
      const scene = owning({ [ONE]: 'ab' })
      assert.deepEqual(scene.desire({ [ONE]: 'bcd' }), [])
      assert.deepEqual(scene.heard('probe', ONE, MACS.d), ['silence eth0 192.0.2.1', 'ignore eth0 192.0.2.1'])
    })

    it('goes back to a node that was dead when it asks, even before liveness says that it lives', () => {
      const scene = new Scene()
      scene.liveness('node-b', 'down')
      scene.desire({ [ONE]: 'ba' })
      scene.until(100)
      assert.deepEqual(scene.owned, ['eth0 192.0.2.1'])
      assert.deepEqual(scene.heard('probe', ONE, MACS.b), ['silence eth0 192.0.2.1'])
      scene.until(300)
      assert.deepEqual(scene.liveness('node-b', 'up'), ['ignore eth0 192.0.2.1'])
      assert.equal(scene.announcer.dueMs, undefined)
    })

    it('is over when this node comes first again', () => {
      const scene = owning({ [ONE]: 'ab' })
      scene.desire({ [ONE]: 'ba' })
      assert.deepEqual(scene.desire({ [ONE]: 'ab' }), [])
      assert.deepEqual(scene.heard('probe', ONE, MACS.b), [])
      assert.deepEqual(scene.owned, ['eth0 192.0.2.1'])
    })

    it('is possible while others are in the order', () => {
      assert.equal(new Scene().announcer.canHandOver, false)
      assert.equal(owning({ [ONE]: 'a', [TWO]: 'a' }).announcer.canHandOver, false)
      assert.equal(owning({ [ONE]: 'a', [TWO]: 'ab' }).announcer.canHandOver, true)
      const idle = new Scene()
      idle.desire({ [ONE]: 'ba' })
      assert.equal(idle.announcer.canHandOver, false)
      const unplugged = owning({ [ONE]: 'ab' })
      unplugged.links()
      assert.equal(unplugged.announcer.canHandOver, false)
    })
  })

  describe('a node that leaves', () => {
    it('asks for nothing more, goes on answering, and yields to every registered speaker', () => {
      const scene = owning({ [ONE]: 'ab' })
      scene.desire({ [TWO]: 'ab' })
      assert.deepEqual(scene.standing({ leaving: true }), ['ignore eth0 192.0.2.2'])
      assert.deepEqual(scene.owned, ['eth0 192.0.2.1'])
      assert.deepEqual(scene.desire({ '192.0.2.3': 'a' }), [])
      assert.deepEqual(scene.heard('probe', ONE, STRANGER_MAC), [])
      assert.deepEqual(scene.heard('probe', ONE, MACS.d), ['silence eth0 192.0.2.1', 'ignore eth0 192.0.2.1'])
      assert.equal(scene.announcer.canHandOver, false)
    })

    it('yields to a speaker whose Lease has run out, as far as it knows: who asks lives', () => {
      const scene = owning({ [ONE]: 'ab' })
      scene.step({ type: 'speakers', speakers: [speaker('node-c', MACS.c, true)] })
      scene.standing({ leaving: true })
      assert.deepEqual(scene.heard('probe', ONE, MACS.c), ['silence eth0 192.0.2.1', 'ignore eth0 192.0.2.1'])
    })
  })

  describe('a node whose view is old', () => {
    it('yields to every registered speaker that asks, and inquires before it asks again', () => {
      const scene = owning({ [ONE]: 'ab' })
      assert.deepEqual(scene.heard('probe', ONE, MACS.d), [])
      assert.deepEqual(scene.standing({ viewIsOld: true, apiReachable: false }), [])
      assert.deepEqual(scene.heard('probe', ONE, MACS.d), ['silence eth0 192.0.2.1'])
      assert.deepEqual(scene.until(250), ['250 inquire eth0 192.0.2.1'])
      assert.deepEqual(scene.heard('answer', ONE, MACS.d), [])
      assert.deepEqual(scene.until(350), ['350 inquire eth0 192.0.2.1'])
    })
  })
})
