import assert from 'node:assert/strict'
import {
  addressWhere,
  eth0,
  eth1,
  MACS,
  owning,
  Scene,
  SPEAKERS,
  STRANGER_MAC,
  speaker,
} from '../../support/announcer-scene.ts'

const ONE = '192.0.2.1'
const TWO = '192.0.2.2'
const STRANGER = '02:00:5e:00:00:aa'

describe('Announcer', () => {
  describe('an address in use', () => {
    it('by a speaker is asked for again, and claimed when that falls silent', () => {
      const scene = new Scene()
      scene.desire({ [ONE]: 'ab' })
      scene.nowMs = 10
      scene.heard('claim', ONE, MACS.b)
      assert.deepEqual(scene.until(300), [
        '110 probe eth0 192.0.2.1',
        '160 probe eth0 192.0.2.1',
        '210 answer eth0 192.0.2.1',
        '210 tookOver 192.0.2.1 elected',
        '210 announce eth0 192.0.2.1',
      ])
      assert.deepEqual(scene.conflicts, [])
    })

    it('by a stranger is a conflict, told once, and claimed when that has gone', () => {
      const scene = new Scene()
      scene.desire({ [ONE]: 'ab' })
      scene.nowMs = 10
      assert.deepEqual(scene.heard('claim', ONE, STRANGER_MAC), [`conflict eth0 192.0.2.1 ${STRANGER}`])
      assert.deepEqual(scene.heard('claim', ONE, STRANGER_MAC), [])
      assert.deepEqual(scene.until(1_010), ['1010 probe eth0 192.0.2.1'])
      assert.deepEqual(scene.heard('claim', ONE, STRANGER_MAC), [])
      assert.deepEqual(scene.conflicts, [`eth0 192.0.2.1 ${STRANGER} since 10`])
      assert.deepEqual(scene.until(3_200), [
        '3010 probe eth0 192.0.2.1',
        '3060 probe eth0 192.0.2.1',
        '3110 answer eth0 192.0.2.1',
        '3110 tookOver 192.0.2.1 conflictOver',
        '3110 announce eth0 192.0.2.1',
      ])
      assert.deepEqual(scene.conflicts, [])
    })

    it('by a stranger is a conflict also while owned, until that was silent for 30 s, and then anew', () => {
      const scene = owning({ [ONE]: 'ab' })
      scene.until(100_000)
      const defence = [`conflict eth0 192.0.2.1 ${STRANGER}`, 'announce eth0 192.0.2.1']
      assert.deepEqual(scene.heard('claim', ONE, STRANGER_MAC), defence)
      assert.deepEqual(scene.heard('claim', ONE, STRANGER_MAC), [])
      assert.deepEqual(scene.conflicts, [`eth0 192.0.2.1 ${STRANGER} since 100000`])
      assert.deepEqual(scene.until(129_999), [])
      assert.equal(scene.conflicts.length, 1)
      scene.until(130_000)
      assert.deepEqual(scene.conflicts, [])
      assert.deepEqual(scene.heard('claim', ONE, STRANGER_MAC), defence)
      assert.deepEqual(scene.owned, ['eth0 192.0.2.1'])
    })

    describe('by a speaker that is taken for a stranger, once it is known', () => {
      const known = (node: string, mac = STRANGER_MAC) =>
        ({ type: 'speakers', speakers: [...SPEAKERS, speaker(node, mac)] }) as const

      it('is no conflict any more, and asked for at once', () => {
        const scene = new Scene()
        scene.desire({ [ONE]: 'ab' })
        scene.heard('claim', ONE, STRANGER_MAC)
        assert.deepEqual(scene.until(500), [])
        assert.deepEqual(scene.step(known('node-e')), ['probe eth0 192.0.2.1'])
        assert.deepEqual(scene.conflicts, [])
        assert.deepEqual(scene.heard('claim', ONE, STRANGER_MAC), [])
        assert.deepEqual(scene.conflicts, [])
        assert.deepEqual(scene.until(600), ['600 probe eth0 192.0.2.1'])
      })

      it('is no conflict of its owner any more', () => {
        const scene = owning({ [ONE]: 'ab' })
        scene.heard('claim', ONE, STRANGER_MAC)
        assert.equal(scene.conflicts.length, 1)
        assert.deepEqual(scene.step(known('node-e')), [])
        assert.deepEqual(scene.conflicts, [])
        assert.deepEqual(scene.owned, ['eth0 192.0.2.1'])
      })

      it('is no conflict any more when it is asked for at the moment; the takeover is an election', () => {
        const scene = new Scene()
        scene.desire({ [ONE]: 'ab' })
        scene.heard('claim', ONE, STRANGER_MAC)
        scene.until(1_000)
        assert.deepEqual(scene.step(known('node-e')), [])
        assert.deepEqual(scene.conflicts, [])
        assert.ok(scene.until(1_100).includes('1100 tookOver 192.0.2.1 elected'))
      })

      it('is no conflict any more when that is this node itself', () => {
        const scene = new Scene()
        scene.desire({ [ONE]: 'ab' })
        scene.heard('claim', ONE, STRANGER_MAC)
        scene.until(500)
        assert.deepEqual(scene.step(known('node-a')), ['probe eth0 192.0.2.1'])
        assert.deepEqual(scene.conflicts, [])
      })

      it('stays a conflict when it is another that is known now', () => {
        const scene = new Scene()
        scene.desire({ [ONE]: 'ab' })
        scene.heard('claim', ONE, STRANGER_MAC)
        assert.deepEqual(scene.step(known('node-e', 0x0200_5e00_0e00)), [])
        assert.equal(scene.conflicts.length, 1)
      })
    })

    it('by strangers that take turns is told of at most every 10 s', () => {
      const scene = owning({ [ONE]: 'ab' })
      const told: number[] = []
      for (let ms = 1_000; ms <= 25_000; ms += 1_000) {
        scene.until(ms)
        const words = scene.heard('claim', ONE, STRANGER_MAC + ((ms / 1_000) % 2))
        if (words.some(text => text.startsWith('conflict'))) told.push(ms)
      }
      assert.deepEqual(told, [1_000, 11_000, 21_000])
      assert.deepEqual(scene.conflicts, ['eth0 192.0.2.1 02:00:5e:00:00:ab since 25000'])
    })

    it('is not heard of by those who do not ask for it, on other interfaces, or in frames of their own', () => {
      const scene = new Scene({ links: [eth0, eth1] })
      scene.desire({ [ONE]: 'ba', [TWO]: { order: 'a', on: ['eth0'] } })
      assert.deepEqual(scene.heard('claim', ONE, STRANGER_MAC), [])
      assert.deepEqual(scene.heard('claim', '192.0.2.99', STRANGER_MAC), [])
      assert.deepEqual(scene.heard('claim', TWO, STRANGER_MAC, 'eth1'), [])
      assert.deepEqual(scene.heard('claim', TWO, STRANGER_MAC, 'eth7'), [])
      assert.deepEqual(scene.heard('claim', TWO, eth0.mac), [])
      assert.deepEqual(scene.heard('claim', TWO, eth1.mac), [])
      assert.deepEqual(scene.heard('probe', TWO, eth1.mac), [])
      scene.links({ ...eth0, mac: 0x0200_5e00_0a77 }, eth1)
      // It is the MAC that this node's SpeakerStatus still names.
      assert.deepEqual(scene.heard('claim', TWO, eth0.mac), [])
      assert.deepEqual(scene.conflicts, [])
      assert.equal(scene.announcer.stateOf('eth0', TWO)?.phase, 'asking')
    })

    describe('by a node whose Lease has run out', () => {
      const expired = { type: 'speakers', speakers: [SPEAKERS[0]!, speaker('node-b', MACS.b, true)] } as const
      /** What is owned when node-b is heard after each question, from that time on. */
      const ownedFrom = (scene: Scene, nowMs: number) => {
        scene.nowMs = nowMs
        scene.desire({ [ONE]: 'a' })
        scene.heard('answer', ONE, MACS.b)
        scene.until(nowMs + 50)
        scene.heard('answer', ONE, MACS.b)
        scene.until(nowMs + 100)
        return scene.owned
      }

      it('is claimed although the node seems to answer, if the API server says so for 5 s', () => {
        for (const [nowMs, owned] of [
          [4_999, []],
          [5_000, ['eth0 192.0.2.1']],
        ] as const) {
          const scene = new Scene()
          scene.step(expired)
          // Told again, it does not begin anew.
          scene.nowMs = 3_000
          scene.step(expired)
          assert.deepEqual(ownedFrom(scene, nowMs), owned, `after ${nowMs} ms`)
        }
      })

      it('is left alone by one that does not reach the API server', () => {
        const scene = new Scene()
        scene.step(expired)
        scene.standing({ apiReachable: false })
        assert.deepEqual(ownedFrom(scene, 10_000), [])
      })

      it('is left alone while liveness hears the node', () => {
        const scene = new Scene()
        scene.step(expired)
        scene.liveness('node-b', 'up')
        assert.deepEqual(ownedFrom(scene, 10_000), [])
      })

      it('is left alone when it was called so by mistake, which counts anew the next time', () => {
        const scene = new Scene()
        scene.step(expired)
        scene.nowMs = 4_000
        scene.step({ type: 'speakers', speakers: SPEAKERS })
        scene.nowMs = 4_500
        scene.step(expired)
        assert.deepEqual(ownedFrom(scene, 9_000), [])
      })
    })
  })

  describe('two speakers', () => {
    it('that ask: the one with the lower hash goes on', () => {
      for (const lower of ['a', 'b'] as const) {
        const key = addressWhere(lower)
        const scene = new Scene()
        scene.desire({ [key]: 'ab' })
        scene.heard('probe', key, MACS.b)
        scene.until(149)
        assert.deepEqual(scene.owned, lower === 'a' ? [`eth0 ${key}`] : [])
      }
    })

    it('that own it: the one with the lower hash stays and says so, the other yields when it is answered', () => {
      const kept = addressWhere('a')
      const stays = owning({ [kept]: 'ab' })
      assert.deepEqual(stays.heard('claim', kept, MACS.b), [`announce eth0 ${kept}`])
      const left = addressWhere('b')
      const yields = owning({ [left]: 'ab' })
      assert.deepEqual(yields.heard('claim', left, MACS.b), [`inquire eth0 ${left}`])
      assert.deepEqual(yields.heard('answer', left, MACS.b), [`silence eth0 ${left}`])
      assert.deepEqual(yields.until(250), [`250 probe eth0 ${left}`])
    })
  })
})
