import assert from 'node:assert/strict'
import { createConnection } from 'node:net'
import { CeaseSubcode, ErrorCode, readShutdownCommunication } from '../../../src/bgp/error-codes.ts'
import type { Capability, UpdateMessage } from '../../../src/bgp/message.ts'
import type { PeerConfig } from '../../../src/bgp/peer-config.ts'
import type { BgpPeersInit } from '../../../src/bin/speaker/bgp/bgp-peers.ts'
import { formatPrefix } from '../../../src/ip/prefix.ts'
import { address, PLAIN, peerConfig, routesFor, SpeakerUnderTest } from '../../support/bgp/scene.ts'
import { openOf, ScriptedConnection, ScriptedPeer } from '../../support/bgp/scripted-peer.ts'
import { eventually } from '../../support/processes.ts'

const prefix = '203.0.113.1/32'
const multiprotocol: Capability = { type: 'multiprotocol', afi: 1, safi: 1 }
const fourOctetAs: Capability = { type: 'fourOctetAs', asNumber: 64512 }
const gracefulRestart = (notification: boolean): Capability => ({
  type: 'gracefulRestart',
  restarting: false,
  notification,
  restartTimeSeconds: 120,
  families: [],
})
const listenPort = 20_179

describe('a BGP session, on the wire', function () {
  this.timeout(20_000)
  let peer: ScriptedPeer
  let other: ScriptedPeer
  let speaker: SpeakerUnderTest

  beforeEach(async () => {
    peer = await ScriptedPeer.listen()
    other = await ScriptedPeer.listen('127.0.0.2')
  })

  afterEach(async () => {
    await speaker.peers.stop()
    peer.close()
    other.close()
  })

  const configOf = (name: 'peer' | 'other', config: Partial<PeerConfig> = {}): PeerConfig =>
    peerConfig({
      name,
      location: { type: 'address', address: address(name === 'peer' ? '127.0.0.1' : '127.0.0.2') },
      port: name === 'peer' ? peer.port : other.port,
      ...config,
    })

  function start(configs: readonly PeerConfig[], init: Partial<BgpPeersInit> = {}): void {
    speaker = new SpeakerUnderTest(undefined, { port: listenPort, ...init })
    speaker.peers.setNodeAddresses([address('192.0.2.1')])
    speaker.peers.setPeers(configs)
  }

  function told(connection: ScriptedConnection): string[] {
    const names = (message: UpdateMessage): string => {
      const { announced, withdrawn, attributes } = message
      if (withdrawn.length > 0) return `withdraw ${withdrawn.map(formatPrefix).sort()}`
      if (announced.length === 0) return 'end of RIB'
      const communities = (attributes.communities ?? []).map(value => `${value >>> 16}:${value & 0xffff}`)
      return `announce ${announced.map(formatPrefix)} ${communities}`.trim()
    }
    return connection.received.map(message => {
      if (message.type === 'update') return names(message)
      if (message.type === 'notification') return `notification ${message.code}/${message.subcode}`
      return message.type
    })
  }

  it('tells nothing before the first routes are known, and then ends with End-of-RIB', async () => {
    start([configOf('peer')])
    const connection = await peer.connection()
    await connection.establish()
    await speaker.untilState('peer', 'Established')
    connection.send({ type: 'routeRefresh', afi: 1, safi: 1, subtype: 0 })
    assert.deepEqual(connection.all('update'), [])
    speaker.peers.setRoutes(new Map([['peer', routesFor([prefix])]]))
    await connection.next('update', 2)
    assert.deepEqual(told(connection).slice(0, 4), ['open', 'keepalive', `announce ${prefix}`, 'end of RIB'])
    assert.equal(speaker.session('peer')?.prefixesSent, 1)
  })

  it('sends the difference only', async () => {
    start([configOf('peer')])
    const connection = await peer.connection()
    await connection.establish()
    speaker.peers.setRoutes(new Map([['peer', routesFor([prefix])]]))
    await connection.next('update', 2)
    const changed = routesFor([prefix, '203.0.113.2/32'])
    speaker.peers.setRoutes(new Map([['peer', changed]]))
    await connection.next('update', 3)
    speaker.peers.setRoutes(new Map())
    await connection.next('update', 4)
    assert.deepEqual(told(connection).slice(4), ['announce 203.0.113.2/32', `withdraw ${prefix},203.0.113.2/32`])
  })

  it('touches no other session when one peer changes', async () => {
    start([configOf('peer'), configOf('other')])
    const [first, second] = [await peer.connection(), await other.connection()]
    await first.establish()
    await second.establish(openOf({ bgpIdentifier: 5 }))
    await speaker.untilState('other', 'Established')
    speaker.peers.setPeers([configOf('peer', { holdTimeSeconds: 30 }), configOf('other', { connectRetrySeconds: 7 })])
    assert.equal(await first.untilEnded(), `${ErrorCode.cease}/${CeaseSubcode.otherConfigurationChange}`)
    const again = await peer.connection(2)
    assert.equal((await again.next('open')).holdTimeSeconds, 30)
    await again.establish()
    await speaker.untilState('peer', 'Established')
    speaker.peers.setPeers([configOf('other', { connectRetrySeconds: 7 })])
    assert.equal(await again.untilEnded(), `${ErrorCode.cease}/${CeaseSubcode.peerDeconfigured}`)
    assert.equal(second.ended, false)
    assert.equal(speaker.session('other')?.state, 'Established')
  })

  it('stops in good order: GRACEFUL_SHUTDOWN, withdrawal, Cease with a word to the people', async () => {
    start([configOf('peer')])
    const connection = await peer.connection()
    await connection.establish()
    speaker.peers.setRoutes(new Map([['peer', routesFor([prefix], { ...PLAIN, communities: [0xfde80007] })]]))
    await connection.next('update', 2)
    await speaker.peers.stop('node is drained')
    assert.equal(connection.ended, true)
    assert.deepEqual(told(connection).slice(4), [
      `announce ${prefix} 65000:7,65535:0`,
      `withdraw ${prefix}`,
      `notification ${ErrorCode.cease}/${CeaseSubcode.administrativeShutdown}`,
    ])
    assert.equal(readShutdownCommunication(connection.all('notification')[0]!.data), 'node is drained')
  })

  it('stops at once when nothing is announced, whatever the state of its peers', async () => {
    const silent = configOf('other', { name: 'silent' })
    const gone = configOf('other', { name: 'gone', port: 1 })
    start([configOf('peer'), silent, gone], { drainMs: 60_000 })
    const connection = await peer.connection()
    await connection.establish()
    await speaker.untilState('peer', 'Established')
    await speaker.peers.stop()
    assert.equal(await connection.untilEnded(), `${ErrorCode.cease}/${CeaseSubcode.administrativeShutdown}`)
  })

  const restarts: [what: string, notification: boolean, end: string][] = [
    ['by a NOTIFICATION that is no Hard Reset (RFC 8538)', true, `6/${CeaseSubcode.administrativeReset}`],
    ['without a NOTIFICATION (RFC 4724)', false, 'silence'],
  ]
  for (const [what, notification, end] of restarts) {
    it(`leaves the routes to a peer with graceful restart, ${what}`, async () => {
      start([configOf('peer', { gracefulRestart: true })], { drainMs: 60_000 })
      const connection = await peer.connection()
      await connection.establish(openOf({}, [multiprotocol, fourOctetAs, gracefulRestart(notification)]))
      speaker.peers.setRoutes(new Map([['peer', routesFor([prefix])]]))
      await connection.next('update', 2)
      const open = await connection.next('open')
      const offered = open.capabilities.find(({ type }) => type === 'gracefulRestart')
      assert.deepEqual(offered && 'restarting' in offered && [offered.restarting, offered.notification], [true, true])
      await speaker.peers.stop()
      assert.equal(await connection.untilEnded(), end)
      assert.equal(connection.all('update').length, 2)
    })
  }

  it('answers a route refresh between its markers (RFC 7313)', async () => {
    start([configOf('peer')])
    const connection = await peer.connection()
    await connection.establish(
      openOf({}, [multiprotocol, fourOctetAs, { type: 'routeRefresh' }, { type: 'enhancedRouteRefresh' }]),
    )
    speaker.peers.setRoutes(new Map([['peer', routesFor([prefix])]]))
    await connection.next('update', 2)
    connection.send({ type: 'routeRefresh', afi: 1, safi: 1, subtype: 0 })
    await connection.next('routeRefresh', 2)
    assert.deepEqual(told(connection).slice(4), ['routeRefresh', `announce ${prefix}`, 'routeRefresh'])
    assert.deepEqual(
      connection.all('routeRefresh').map(({ subtype }) => subtype),
      [1, 2],
    )
  })

  it('tells AS numbers of four octets to a peer that knows two (RFC 6793)', async () => {
    start([configOf('peer', { localAs: 4_200_000_001 })])
    const connection = await peer.connection()
    const open = await connection.next('open')
    assert.equal(open.asNumber, 23456)
    assert.deepEqual(
      open.capabilities.find(({ type }) => type === 'fourOctetAs'),
      {
        type: 'fourOctetAs',
        asNumber: 4_200_000_001,
      },
    )
  })

  it('ends a session that BFD has lost (RFC 9384), and no other', async () => {
    const bfd = {
      receiveIntervalMs: 300,
      transmitIntervalMs: 300,
      detectMultiplier: 3,
      passive: false,
      minimumTtl: 254,
    }
    start([configOf('peer', { bfd }), configOf('other', { bfd })])
    const [first, second] = [await peer.connection(), await other.connection()]
    await first.establish()
    await second.establish(openOf({ bgpIdentifier: 5 }))
    await speaker.untilState('peer', 'Established')
    await speaker.untilState('other', 'Established')
    await eventually('the wanted sessions', () => speaker.bfdWanted.length === 2)
    assert.deepEqual(
      speaker.bfdWanted.map(({ id, multihop }) => ({ id, multihop })),
      [
        { id: 'other', multihop: false },
        { id: 'peer', multihop: false },
      ],
    )
    const session = (id: string, state: 'Up' | 'Down') => ({ id, state, sinceMs: 0, diagnostic: 'none' })
    speaker.peers.setBfdSessions([session('other', 'Down'), session('peer', 'Down')])
    speaker.peers.setBfdSessions([session('other', 'Up'), session('peer', 'Up')])
    assert.equal(speaker.session('peer')?.bfd, 'Up')
    speaker.peers.setBfdSessions([session('other', 'Up'), session('peer', 'Down')])
    assert.equal(await first.untilEnded(), `${ErrorCode.cease}/${CeaseSubcode.bfdDown}`)
    assert.equal(speaker.session('peer')?.bfd, 'Down')
    assert.equal(speaker.session('other')?.state, 'Established')
    assert.equal(second.ended, false)
  })

  it('tells everything again when its next hop for the other family becomes known, and only then', async () => {
    start([configOf('peer', { families: [4, 6] })])
    const connection = await peer.connection()
    await connection.establish(openOf({}, [multiprotocol, { type: 'multiprotocol', afi: 2, safi: 1 }, fourOctetAs]))
    speaker.peers.setRoutes(new Map([['peer', routesFor([prefix, '2001:db8::1/128'])]]))
    await connection.next('update', 3)
    assert.equal(connection.all('update').filter(({ attributes }) => attributes.mpReach).length, 0)
    const loopback = { name: 'lo', mac: '', addresses: ['127.0.0.1/8', '2001:db8:1::1/64'] }
    speaker.peers.setInterfaces([loopback])
    const { attributes } = await connection.next('update', 4)
    assert.deepEqual(attributes.mpReach?.nextHop, { global: address('2001:db8:1::1') })
    // What does not concern the session tells nothing anew.
    speaker.peers.setInterfaces([{ name: 'eth9', mac: '', addresses: ['192.0.2.9/24'] }, { ...loopback }])
    speaker.peers.setRoutes(new Map([['peer', routesFor([prefix, '2001:db8::1/128', '203.0.113.7/32'])]]))
    await eventually('the new route', () => told(connection).includes('announce 203.0.113.7/32'))
    assert.equal(connection.all('update').filter(({ attributes: { mpReach } }) => mpReach).length, 1)
  })

  it('listens only while a peer may call, and to such peers alone', async () => {
    /** How a call ends: the code of the error, or a connection. */
    const call = async (): Promise<ScriptedConnection | string> => {
      const socket = createConnection({ host: '127.0.0.1', port: listenPort, localAddress: '127.0.0.1' })
      return await new Promise(resolve => {
        socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code))
        socket.once('connect', () => resolve(new ScriptedConnection(socket)))
      })
    }
    const answered = async (): Promise<ScriptedConnection> => {
      const connection = await call()
      assert.ok(connection instanceof ScriptedConnection)
      return connection
    }
    start([configOf('peer')])
    assert.equal(await call(), 'ECONNREFUSED')
    speaker.peers.setPeers([configOf('other', { mode: 'passive' })])
    await eventually('the listener', async () => (await call()) !== 'ECONNREFUSED')
    const stranger = await call()
    if (stranger instanceof ScriptedConnection) assert.equal(await stranger.untilEnded(), 'silence')
    else assert.equal(stranger, 'ECONNRESET')
    assert.ok(speaker.peers.callsRefused > 0)
    speaker.peers.setPeers([configOf('peer', { mode: 'passive' })])
    const caller = await answered()
    await caller.establish()
    await speaker.untilState('peer', 'Established')
    // a second call while the session stands is not taken for another session
    const second = await answered()
    await second.next('open')
    second.send(openOf())
    assert.equal(await second.untilEnded(), `${ErrorCode.cease}/${CeaseSubcode.connectionCollisionResolution}`)
    assert.equal(caller.ended, false)
    speaker.peers.setPeers([configOf('peer', { mode: 'active' })])
    await eventually('the end of the listener', async () => (await call()) === 'ECONNREFUSED')
    assert.equal(caller.ended, false)
  })
})
