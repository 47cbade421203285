import assert from 'node:assert/strict'
import sinon from 'sinon'
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
const SIX = '2001:db8::1'
const STRANGER = '02:00:5e:00:00:aa'

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

    it('is claimed although a dead node seems to answer, if the API server says that it is dead', () => {
      for (const apiReachable of [true, false]) {
        const scene = new Scene()
        scene.standing({ apiReachable })
        scene.step({ type: 'speakers', speakers: [SPEAKERS[0]!, speaker('node-b', MACS.b, true)] })
        scene.liveness('node-b', 'down')
        scene.desire({ [ONE]: 'ba' })
        scene.heard('claim', ONE, MACS.b)
        scene.until(100)
        assert.deepEqual(scene.owned, apiReachable ? ['eth0 192.0.2.1'] : [])
      }
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
      const six = '2001:db8::1'
      const [plain, scene] = [{ ...eth0, families: [4] as const }, owning({ [ONE]: 'a', [six]: 'a' })]
      const anew = [`listen eth0 ${six}`, `probe eth0 ${six}`]
      const over = [`silence eth0 ${six}`, `ignore eth0 ${six}`]
      assert.deepEqual(scene.links({ ...eth0, linkLocal: 1n }), [...over, ...anew])
      scene.until(100)
      assert.deepEqual(scene.owned, [`eth0 ${ONE}`, `eth0 ${six}`])
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
