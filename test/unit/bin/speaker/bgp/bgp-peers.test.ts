import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { RouterSessionConfig } from '../../../../../src/bfd/router-session.ts'
import type { PeerConfig } from '../../../../../src/bgp/peer-config.ts'
import { BgpPeers } from '../../../../../src/bin/speaker/bgp/bgp-peers.ts'
import { connectTcp, type TcpConnectInit, type TcpListenInit, type TcpMd5Key } from '../../../../../src/io/tcp.ts'
import { address } from '../../../../support/bgp/routes.ts'
import { peerConfig } from '../../../../support/bgp/speaker.ts'
import { FakeClock } from '../../../../support/io/fake-clock.ts'
import { until } from '../../../../support/io/until.ts'

interface Call extends TcpConnectInit {
  readonly result: PromiseWithResolvers<Socket>
}

interface Listening {
  readonly init: TcpListenInit
  keys: readonly TcpMd5Key[]
  closed: boolean
}

/** The peers over sockets that exist only on paper. */
class World {
  readonly clock = new FakeClock()
  readonly calls: Call[] = []
  readonly listeners: Listening[] = []
  readonly bfd: (readonly RouterSessionConfig[])[] = []
  readonly warnings: unknown[] = []
  listenError: Error | undefined
  /** an attempt may have succeeded just before it is given up */
  ignoresAbort = false
  told = 0
  readonly peers: BgpPeers

  constructor(init: { port?: number } = {}) {
    const nothing = (): void => {}
    this.peers = new BgpPeers(
      {
        clock: this.clock,
        random: () => 0.5,
        connectTcp: init => {
          const result = Promise.withResolvers<Socket>()
          init.signal?.addEventListener('abort', () => this.ignoresAbort || result.reject(init.signal?.reason))
          this.calls.push({ ...init, result })
          return result.promise
        },
        listenTcp: async init => {
          if (this.listenError) throw this.listenError
          const listening: Listening = { init, keys: init.md5Keys ?? [], closed: false }
          this.listeners.push(listening)
          return {
            localPort: init.port,
            setMd5Keys: keys => {
              listening.keys = keys
            },
            setOptions: nothing,
            close: async () => {
              listening.closed = true
            },
          }
        },
        logger: { debug: nothing, info: nothing, error: nothing, warn: fields => this.warnings.push(fields) },
      },
      {
        ...init,
        nodeName: 'node-a',
        onBfdWanted: sessions => this.bfd.push(sessions),
        onSessions: () => {
          this.told++
        },
      },
    )
  }

  get open(): Listening[] {
    return this.listeners.filter(({ closed }) => !closed)
  }
}

const at = (text: string) => ({ type: 'address', address: address(text) }) as const
const active = peerConfig({ name: 'active', location: at('192.0.2.254') })
const passive: PeerConfig = { ...active, name: 'passive', location: at('192.0.2.253'), mode: 'passive' }

describe('the set of BGP peers', () => {
  let world: World

  beforeEach(() => {
    world = new World()
  })

  afterEach(async () => {
    await world.peers.stop()
    assert.equal(world.clock.pendingTimers, 0)
    assert.deepEqual(world.open, [])
  })

  it('calls active peers, waits for passive ones, and gives up what is configured no more', async () => {
    world.peers.setPeers([active, passive])
    await world.clock.advanceAsync(20)
    assert.deepEqual(
      world.calls.map(({ remoteAddress }) => remoteAddress),
      [active.location.type === 'address' && active.location.address],
    )
    assert.deepEqual(
      world.open.map(({ init: { family, port, device, ttl } }) => ({ family, port, device, ttl })),
      [{ family: 4, port: 179, device: undefined, ttl: 255 }],
    )
    assert.deepEqual(
      world.peers.sessions().map(({ peer, state }) => `${peer} ${state}`),
      ['active Connect', 'passive Active'],
    )
    world.peers.setPeers([])
    await world.clock.advanceAsync(20)
    assert.ok(world.calls[0]?.signal?.aborted)
    assert.deepEqual(world.open, [])
    assert.deepEqual(world.peers.sessions(), [])
    assert.equal(world.clock.pendingTimers, 0)
  })

  it('says why a peer cannot be called, once in the log, and calls again', async () => {
    world.peers.setPeers([active])
    for (let call = 0; call < 3; call++) {
      world.calls[call]?.result.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))
      await world.clock.advanceAsync(1_000)
    }
    assert.ok(world.calls.length >= 3)
    assert.match(world.peers.sessions()[0]?.lastError ?? '', /connection refused/)
    assert.equal(world.warnings.length, 1)
  })

  it('hangs up on a connection that comes after it was given up', async () => {
    const server: Server = createServer(accepted => accepted.on('error', () => {}))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const socket = await connectTcp({ remoteAddress: address('127.0.0.1'), remotePort: port })
    world.ignoresAbort = true
    world.peers.setPeers([active])
    world.peers.setPeers([])
    world.calls[0]?.result.resolve(socket)
    await until('the socket is destroyed', () => socket.destroyed)
    server.close()
  })

  it('listens by family and VRF, with the keys of those who may call', async () => {
    world.peers.setPeers([
      { ...passive, password: 'four' },
      { ...passive, name: 'six', location: at('2001:db8::ff'), mode: 'both', password: 'six' },
      { ...passive, name: 'red', vrf: 'red' },
      { ...active, password: 'not for the listener' },
    ])
    await world.clock.advanceAsync(20)
    assert.deepEqual(
      world.open.map(({ init, keys }) => [init.family, init.device, keys.map(({ password }) => password)]),
      [
        [4, undefined, ['four']],
        [6, undefined, ['six']],
        [4, 'red', []],
      ],
    )
    world.peers.setPeers([{ ...passive, password: 'new' }])
    await world.clock.advanceAsync(20)
    assert.deepEqual(
      world.open.map(({ keys }) => keys.map(({ password }) => password)),
      [['new']],
    )
  })

  it('listens nowhere on port 0, and tells of a peer that is to call that this is why it cannot', async () => {
    world = new World({ port: 0 })
    world.peers.setPeers([passive])
    await world.clock.advanceAsync(60_000)
    assert.deepEqual(world.listeners, [])
    assert.match(world.peers.sessions()[0]?.lastError ?? '', /no port: set --bgp-listen-port/)
  })

  it('tries again when it may not listen, says so once, and tells why of those alone that can only be called', async () => {
    const errorOf = (name: string) => world.peers.sessions().find(({ peer }) => peer === name)?.lastError
    world.listenError = Object.assign(new Error('it is in use'), { code: 'EADDRINUSE' })
    world.peers.setPeers([passive, { ...passive, name: 'both', mode: 'both' }])
    const { told } = world
    await world.clock.advanceAsync(12_000)
    const ofListener = world.warnings.filter(fields => (fields as { port?: number }).port === 179)
    assert.equal(ofListener.length, 1)
    assert.equal(errorOf(passive.name), "this node cannot take the peer's call on TCP port 179: it is in use")
    assert.doesNotMatch(errorOf('both') ?? '', /cannot take/)
    assert.ok(world.told > told)
    const toldOfProblem = world.told
    world.listenError = undefined
    await world.clock.advanceAsync(5_000)
    assert.equal(world.open.length, 1)
    assert.equal(errorOf(passive.name), undefined)
    assert.ok(world.told > toldOfProblem)
  })

  it('calls an unnumbered peer as soon as a router is found on its interface', async () => {
    const location = { type: 'interface', interface: 'eth1' } as const
    world.peers.setPeers([{ ...active, name: 'unnumbered', location }])
    assert.deepEqual(world.peers.wantedUnnumbered(), ['eth1'])
    await world.clock.advanceAsync(20)
    assert.equal(world.calls.length, 0)
    world.peers.setNeighbours([
      { interface: 'eth0', interfaceIndex: 2, address: address('fe80::2') },
      { interface: 'eth1', interfaceIndex: 3, address: address('fe80::3') },
    ])
    assert.deepEqual(
      world.calls.map(({ remoteAddress, interfaceIndex }) => ({ remoteAddress, interfaceIndex })),
      [{ remoteAddress: address('fe80::3'), interfaceIndex: 3 }],
    )
    assert.equal(world.peers.sessions()[0]?.address, 'fe80::3%eth1')
  })

  it('tells the wanted BFD sessions when they are others, and the state of the sessions when it is another', async () => {
    const bfd = {
      receiveIntervalMs: 300,
      transmitIntervalMs: 300,
      detectMultiplier: 3,
      passive: false,
      minimumTtl: 254,
    }
    world.peers.setPeers([{ ...active, bfd }, passive])
    await world.clock.advanceAsync(20)
    assert.deepEqual(
      world.bfd.map(list => list.map(({ id }) => id)),
      [['active']],
    )
    assert.deepEqual(world.peers.wantedBfd(), world.bfd[0])
    const { told } = world
    world.peers.setPeers([{ ...active, bfd }, passive])
    world.peers.setBfdSessions([{ id: 'active', state: 'Up', sinceMs: 1, diagnostic: 'none' }])
    await world.clock.advanceAsync(20)
    assert.equal(world.bfd.length, 1)
    assert.ok(world.told > told)
    assert.equal(world.peers.sessions()[0]?.bfd, 'Up')
    world.peers.setPeers([active])
    await world.clock.advanceAsync(20)
    assert.deepEqual(world.bfd[1], [])
  })
})
