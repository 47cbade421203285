import assert from 'node:assert/strict'
import { Neighbourhood } from '../../../src/layer2/neighbourhood.ts'
import { eth0, eth1, MACS, SELF, SPEAKERS, STRANGER_MAC, speaker } from '../../support/announcer-scene.ts'

describe('Neighbourhood', () => {
  let neighbourhood: Neighbourhood

  beforeEach(() => {
    neighbourhood = new Neighbourhood({ self: SELF })
    neighbourhood.setSpeakers(SPEAKERS, 0)
    neighbourhood.setOwnMacs([eth1.mac])
  })

  it('knows speakers by every MAC of theirs, and everybody else as a stranger', () => {
    neighbourhood.setSpeakers([{ ...speaker('node-b', MACS.b), macs: [MACS.b, MACS.c] }], 0)
    assert.deepEqual(neighbourhood.originOf(MACS.b), { node: 'node-b' })
    assert.deepEqual(neighbourhood.originOf(MACS.c), { node: 'node-b' })
    assert.deepEqual(neighbourhood.originOf(MACS.d), { mac: MACS.d })
    assert.deepEqual(neighbourhood.originOf(STRANGER_MAC), { mac: STRANGER_MAC })
  })

  it('takes what it sends itself for nobody: from its interfaces, and from those that its SpeakerStatus names', () => {
    assert.equal(neighbourhood.originOf(eth1.mac), undefined)
    assert.equal(neighbourhood.originOf(eth0.mac), undefined)
    neighbourhood.setSpeakers([speaker('node-b', eth1.mac)], 0)
    assert.equal(neighbourhood.originOf(eth1.mac), undefined)
    neighbourhood.setOwnMacs([])
    assert.deepEqual(neighbourhood.originOf(eth1.mac), { node: 'node-b' })
  })

  it('tells registered speakers from those that expired and those never seen, and knows the frames of all', () => {
    neighbourhood.setSpeakers([speaker('node-b', MACS.b), speaker('node-c', MACS.c, true)], 7)
    const tell = (node: string) => [neighbourhood.isKnown(node), neighbourhood.expiredSinceMs(node)]
    assert.deepEqual(tell('node-b'), [true, undefined])
    assert.deepEqual(tell('node-c'), [true, 7])
    assert.deepEqual(tell('node-d'), [false, Number.NEGATIVE_INFINITY])
    assert.deepEqual(neighbourhood.originOf(MACS.c), { node: 'node-c' })
  })

  it('holds nobody for dead whom it does not know to be', () => {
    assert.equal(neighbourhood.isDown('node-b'), false)
    assert.equal(neighbourhood.livenessOf('node-b'), 'unknown')
    neighbourhood.setLife('node-b', { state: 'down', lastHeardMs: 17 })
    assert.equal(neighbourhood.isDown('node-b'), true)
    assert.equal(neighbourhood.lifeOf('node-b')?.lastHeardMs, 17)
    neighbourhood.setLife('node-b', { state: 'up', lastHeardMs: undefined })
    assert.equal(neighbourhood.isDown('node-b'), false)
    assert.equal(neighbourhood.livenessOf('node-b'), 'up')
    assert.equal(neighbourhood.lifeOf('node-b')?.lastHeardMs, undefined)
    neighbourhood.setLife('node-b', { state: 'down', lastHeardMs: 17 })
    neighbourhood.forgetLiveness()
    assert.equal(neighbourhood.livenessOf('node-b'), 'unknown')
  })
})
