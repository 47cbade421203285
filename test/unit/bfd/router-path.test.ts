import assert from 'node:assert/strict'
import { SessionState } from '../../../src/bfd/packet.ts'
import { pathKey, type RouterPath, receiverName } from '../../../src/bfd/router-path.ts'
import type { RouterSessionConfig } from '../../../src/bfd/router-session.ts'
import { RouterSessions } from '../../../src/bfd/router-sessions.ts'
import type { Arrival } from '../../../src/bfd/session-set.ts'
import { address } from '../../support/addresses.ts'
import { seededRandom } from '../../support/bfd/network.ts'
import { discriminatorOf, fromRouter, routerSession, statesOf } from '../../support/bfd/router-session.ts'

const here = address('192.0.2.1')
const there = address('192.0.2.254')
const { down, init } = SessionState

describe('router paths', () => {
  it('names paths and sockets so that different ones have different names', () => {
    const paths: RouterPath[] = [
      { address: there, multihop: false },
      { address: there, multihop: true },
      { address: there, multihop: false, interface: 'eth0' },
      { address: there, multihop: false, vrf: 'eth0' },
      { address: address('fe80::1'), multihop: false, vrf: 'eth0' },
    ]
    assert.equal(new Set(paths.map(pathKey)).size, paths.length)
    assert.deepEqual(paths.map(receiverName), [
      'singleHop 4',
      'multihop 4',
      'singleHop 4',
      'singleHop 4 eth0',
      'singleHop 6 eth0',
    ])
  })

  describe('which session a packet belongs to', () => {
    const eth0 = new Map([
      ['eth0', 2],
      ['eth1', 3],
    ])
    const near = { source: there, ttl: 255, socket: 'singleHop 4', interfaceIndex: 2 }
    const far = { source: there, ttl: 254, socket: 'multihop 4', interfaceIndex: 2 }
    const cases: { name: string; config: Partial<RouterSessionConfig>; arrival: Arrival; reason?: string }[] = [
      { name: 'single hop', config: {}, arrival: near },
      {
        name: 'single hop through a router (RFC 5881 §5)',
        config: {},
        arrival: { ...near, ttl: 254 },
        reason: 'ttlTooLow',
      },
      { name: 'TTL not known', config: {}, arrival: { ...near, ttl: -1 }, reason: 'ttlTooLow' },
      { name: 'multihop', config: { multihop: true }, arrival: far },
      {
        name: 'multihop, too far (RFC 5883 §5)',
        config: { multihop: true, minimumTtl: 255 },
        arrival: far,
        reason: 'ttlTooLow',
      },
      { name: 'another address', config: {}, arrival: { ...near, source: here }, reason: 'unknownSource' },
      { name: 'multihop for single hop', config: {}, arrival: far, reason: 'unknownSource' },
      { name: 'single hop for multihop', config: { multihop: true }, arrival: near, reason: 'unknownSource' },
      { name: 'the interface', config: { interface: 'eth0' }, arrival: near },
      { name: 'another interface', config: { interface: 'eth1' }, arrival: near, reason: 'unknownSource' },
      { name: 'an interface that is not there', config: { interface: 'eth9' }, arrival: near, reason: 'unknownSource' },
      { name: 'to the address', config: { localAddress: here }, arrival: { ...near, destination: here } },
      {
        name: 'to another address',
        config: { localAddress: here },
        arrival: { ...near, destination: there },
        reason: 'unknownSource',
      },
      { name: 'the VRF', config: { vrf: 'blue' }, arrival: { ...near, socket: 'singleHop 4 blue' } },
      { name: 'another VRF', config: { vrf: 'blue' }, arrival: near, reason: 'unknownSource' },
    ]
    for (const { name, config, arrival, reason } of cases) {
      it(`${name}: ${reason ?? 'taken'}`, () => {
        const sessions = new RouterSessions({ random: seededRandom(3) })
        sessions.setInterfaces(eth0)
        sessions.setSessions([routerSession('192.0.2.254', config)], 0)
        sessions.receive(fromRouter(0, down), arrival, 1)
        assert.deepEqual(sessions.dropped, reason === undefined ? {} : { [reason]: 1 })
        assert.equal([...sessions.sessions()][0]?.state, reason === undefined ? 'Init' : 'Down')
      })
    }

    it('takes for a session only what comes its way, whatever it names', () => {
      const sessions = new RouterSessions({ random: seededRandom(3) })
      sessions.setInterfaces(eth0)
      const mine = discriminatorOf(sessions.setSessions([routerSession('192.0.2.254', { interface: 'eth0' })], 0))
      for (const wrong of [
        { ...near, interfaceIndex: 3 },
        { ...near, socket: 'multihop 4' },
      ]) {
        sessions.receive(fromRouter(mine, init), wrong, 1)
      }
      assert.deepEqual(sessions.dropped, { wrongPath: 2 })
      sessions.receive(fromRouter(mine, init), near, 1)
      assert.equal([...sessions.sessions()][0]?.state, 'Up')
    })

    it('prefers the session that is bound to the interface', () => {
      const sessions = new RouterSessions({ random: seededRandom(3) })
      sessions.setInterfaces(eth0)
      const configs = [{ id: 'any' }, { id: 'bound', interface: 'eth0' }, { id: 'elsewhere', interface: 'eth1' }]
      sessions.setSessions(
        configs.map(parts => routerSession('192.0.2.254', parts)),
        0,
      )
      sessions.receive(fromRouter(0, down), near, 1)
      assert.deepEqual(statesOf(sessions), ['any Down', 'bound Init', 'elsewhere Down'])
    })
  })
})
