import assert from 'node:assert/strict'
import sinon from 'sinon'
import { eth0, eth1, MACS, owning, Scene, SPEAKERS, STRANGER_MAC } from '../../support/announcer-scene.ts'

const ONE = '192.0.2.1'
const TWO = '192.0.2.2'
const SIX = '2001:db8::1'

describe('Announcer', () => {
  describe('a new address', () => {
    it('is listened for, asked for twice, answered, and then announced', () => {
      const scene = new Scene()
      assert.deepEqual(scene.desire({ [ONE]: 'abc' }), ['listen eth0 192.0.2.1', 'probe eth0 192.0.2.1'])
      assert.deepEqual(scene.owned, [])
      assert.deepEqual(scene.until(150), [
        '50 probe eth0 192.0.2.1',
        '100 answer eth0 192.0.2.1',
        '100 tookOver 192.0.2.1 elected',
        '100 announce eth0 192.0.2.1',
      ])
      assert.deepEqual(scene.owned, ['eth0 192.0.2.1'])
      assert.deepEqual(
        [...scene.announcer.announcements()].map(({ sinceMs }) => sinceMs),
        [100],
      )
    })

    it('is announced again after 0.2 and 1 s', () => {
      const scene = owning({ [ONE]: 'a' })
      assert.deepEqual(
        scene.until(1_500).map(text => text.replace(/^\S+ /, '')),
        Array(2).fill('announce eth0 192.0.2.1'),
      )
    })

    it('goes its own way on each interface', () => {
      const scene = new Scene({ links: [eth0, eth1] })
      scene.desire({ [ONE]: 'ab' })
      scene.nowMs = 10
      assert.deepEqual(scene.heard('claim', ONE, MACS.b, 'eth0'), [])
      scene.until(105)
      assert.deepEqual(scene.owned, ['eth1 192.0.2.1'])
      assert.equal(scene.announcer.stateOf('eth0', ONE)?.phase, 'waiting')
      assert.equal(scene.announcer.stateOf('eth1', ONE)?.phase, 'owner')
      assert.equal(scene.announcer.stateOf('eth2', ONE), undefined)
    })

    it('is asked for on no interface that is not wanted, or does not carry its family', () => {
      const scene = new Scene({ links: [eth0, eth1] })
      assert.deepEqual(scene.desire({ [ONE]: { order: 'a', on: ['eth1', 'eth7'] }, [SIX]: 'a' }), [
        'listen eth1 192.0.2.1',
        'probe eth1 192.0.2.1',
        'listen eth0 2001:db8::1',
        'probe eth0 2001:db8::1',
      ])
    })

    it('is left to others who come first, silently', () => {
      const scene = new Scene()
      assert.deepEqual(scene.desire({ [ONE]: 'ba', [TWO]: 'bc' }), [])
      assert.equal(scene.announcer.dueMs, undefined)
      assert.equal(scene.announcer.stateOf('eth0', ONE)?.phase, 'idle')
    })

    it('is asked for 0.2 ms after the one before, on each interface', () => {
      const scene = new Scene({ links: [eth0, eth1] })
      const atOnce = scene.desire({ [ONE]: 'a', [TWO]: 'a', '192.0.2.3': 'a' })
      assert.deepEqual(
        atOnce.filter(text => text.startsWith('probe')),
        ['probe eth0 192.0.2.1', 'probe eth1 192.0.2.1'],
      )
      assert.deepEqual(scene.until(10), [
        '0.2 probe eth0 192.0.2.2',
        '0.2 probe eth1 192.0.2.2',
        '0.4 probe eth0 192.0.2.3',
        '0.4 probe eth1 192.0.2.3',
      ])
    })
  })

  describe('a change of what is desired', () => {
    it('concerns nothing else', () => {
      const scene = owning({ [ONE]: 'a' })
      assert.deepEqual(scene.desire({ [TWO]: 'ba' }), [])
      assert.deepEqual(scene.desire({}), [])
      assert.deepEqual(scene.desire({}, '192.0.2.77'), [])
      assert.deepEqual(scene.desire({ [ONE]: 'a' }), [])
      assert.deepEqual(scene.owned, ['eth0 192.0.2.1'])
    })

    it('that takes an address or an interface away: silence, then no more listening', () => {
      const scene = owning({ [ONE]: 'a', [TWO]: { order: 'ab', on: ['eth0'] } }, { links: [eth0, eth1] })
      assert.deepEqual(scene.desire({ [ONE]: { order: 'a', on: ['eth1'] } }, TWO), [
        'silence eth0 192.0.2.2',
        'ignore eth0 192.0.2.2',
        'silence eth0 192.0.2.1',
        'ignore eth0 192.0.2.1',
      ])
      assert.deepEqual(scene.owned, ['eth1 192.0.2.1'])
      assert.deepEqual(scene.liveness('node-b', 'up'), [])
      assert.deepEqual(scene.desire({}, ONE), ['silence eth1 192.0.2.1', 'ignore eth1 192.0.2.1'])
      assert.equal(scene.announcer.dueMs, undefined)
    })

    it('that adds an interface: is asked for there alone', () => {
      const scene = owning({ [ONE]: { order: 'a', on: ['eth0'] } }, { links: [eth0, eth1] })
      assert.deepEqual(scene.desire({ [ONE]: 'a' }), ['listen eth1 192.0.2.1', 'probe eth1 192.0.2.1'])
    })

    it('of the order: this node comes first now, and asks', () => {
      const scene = new Scene()
      scene.desire({ [ONE]: 'ba' })
      assert.deepEqual(scene.desire({ [ONE]: 'ab' }), ['listen eth0 192.0.2.1', 'probe eth0 192.0.2.1'])
      assert.deepEqual(scene.desire({ [ONE]: 'ba' }), ['ignore eth0 192.0.2.1'])
    })

    it('of the order: asks at once again the speaker that it waits for, but no stranger, and only if it changed', () => {
      const scene = new Scene()
      scene.desire({ [ONE]: 'ab', [TWO]: 'ab' })
      scene.until(10)
      scene.heard('claim', ONE, MACS.b)
      scene.heard('claim', TWO, STRANGER_MAC)
      assert.deepEqual(scene.desire({ [ONE]: 'ab', [TWO]: 'ab' }), [])
      assert.deepEqual(scene.desire({ [ONE]: 'ac', [TWO]: 'ac' }), ['probe eth0 192.0.2.1'])
      // And what becomes of a node that was a candidate once is nothing to it.
      scene.nowMs += 10
      scene.heard('claim', ONE, MACS.b)
      assert.deepEqual(scene.liveness('node-b', 'down'), [])
    })
  })

  describe('interfaces', () => {
    it('that appear are asked on, that go fall silent', () => {
      const scene = owning({ [ONE]: 'a', [TWO]: 'ba' })
      assert.deepEqual(scene.links(eth0, eth1), ['listen eth1 192.0.2.1', 'probe eth1 192.0.2.1'])
      assert.deepEqual(scene.links(eth1), ['silence eth0 192.0.2.1', 'ignore eth0 192.0.2.1'])
      assert.deepEqual(scene.links(eth1, eth0), ['listen eth0 192.0.2.1', 'probe eth0 192.0.2.1'])
    })

    for (const [what, changed] of [
      ['MAC address', { ...eth0, mac: 0x0200_5e00_0a77 }],
      ['index', { ...eth0, index: 9 }],
    ] as const) {
      it(`are asked on anew when the ${what} changes`, () => {
        const scene = owning({ [ONE]: 'a' })
        assert.deepEqual(scene.links(changed), [
          'silence eth0 192.0.2.1',
          'ignore eth0 192.0.2.1',
          'listen eth0 192.0.2.1',
          'probe eth0 192.0.2.1',
        ])
        scene.until(100)
        assert.deepEqual(
          [...scene.announcer.announcements()].map(({ link }) => link),
          [changed],
        )
      })
    }

    it('with another link-local address, or none: only IPv6 begins anew', () => {
      const [plain, scene] = [{ ...eth0, families: [4] as const }, owning({ [ONE]: 'a', [SIX]: 'a' })]
      const anew = [`listen eth0 ${SIX}`, `probe eth0 ${SIX}`]
      const over = [`silence eth0 ${SIX}`, `ignore eth0 ${SIX}`]
      assert.deepEqual(scene.links({ ...eth0, linkLocal: 1n }), [...over, ...anew])
      scene.until(100)
      assert.deepEqual(scene.owned, [`eth0 ${ONE}`, `eth0 ${SIX}`])
      assert.deepEqual(scene.links(plain), over)
      assert.deepEqual(scene.owned, [`eth0 ${ONE}`])
      assert.deepEqual(scene.links({ ...eth0, linkLocal: 1n }), anew)
    })

    it('told again, unchanged: nothing', () => {
      const scene = owning({ [ONE]: 'a' })
      assert.deepEqual(scene.links({ ...eth0, families: [4, 6] }), [])
      assert.deepEqual(scene.step({ type: 'speakers', speakers: SPEAKERS }), [])
      assert.deepEqual(scene.standing({}), [])
    })
  })

  describe('speaking up', () => {
    it('announces what is owned, or what is named of it', () => {
      const scene = owning({ [ONE]: 'a', [TWO]: 'a', '192.0.2.3': 'a' })
      scene.desire({ '192.0.2.4': 'a' })
      scene.nowMs = 190
      assert.deepEqual(scene.step({ type: 'speakUp' }), [
        'announce eth0 192.0.2.1',
        'announce eth0 192.0.2.2',
        'announce eth0 192.0.2.3',
      ])
      assert.deepEqual(scene.step({ type: 'speakUp', addresses: [TWO, '192.0.2.4', '192.0.2.99'] }), [
        'announce eth0 192.0.2.2',
      ])
    })
  })

  describe('a process that has been stopped and wakes up', () => {
    it('owns nothing, believes nobody dead, and asks again', () => {
      const scene = new Scene()
      scene.liveness('node-b', 'down')
      scene.desire({ [ONE]: 'ab', [TWO]: 'ba' })
      scene.until(150)
      assert.deepEqual(scene.owned, ['eth0 192.0.2.1', 'eth0 192.0.2.2'])
      scene.nowMs = 60_000
      assert.deepEqual(scene.step({ type: 'woken' }), [
        'silence eth0 192.0.2.1',
        'ignore eth0 192.0.2.1',
        'silence eth0 192.0.2.2',
        'ignore eth0 192.0.2.2',
        'listen eth0 192.0.2.1',
        'probe eth0 192.0.2.1',
      ])
      assert.deepEqual(scene.owned, [])
      scene.until(60_100)
      assert.deepEqual(scene.owned, ['eth0 192.0.2.1'])
    })
  })

  it('takes a thousand addresses over with as much work for each as for one of a hundred', () => {
    const work = (count: number) => {
      const scene = new Scene()
      const keys = Array.from({ length: count }, (_, index) => `198.51.${100 + (index >> 8)}.${index & 255}`)
      scene.desire(Object.fromEntries(keys.map(key => [key, 'ba'])))
      const isDown = sinon.spy(scene.neighbourhood, 'isDown')
      scene.liveness('node-b', 'down')
      scene.until(1_000)
      assert.equal(scene.owned.length, count)
      return isDown.callCount
    }
    assert.ok(work(1_000) < 10 * (work(100) + 1))
  })
})
