import assert from 'node:assert/strict'
import { createConnection, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { PeerConfig } from '../../../src/bgp/peer-config.ts'
import { hostRoutes, route, routesOf } from '../../support/bgp/routes.ts'
import { address, PLAIN, peerConfig, SpeakerUnderTest } from '../../support/bgp/scene.ts'
import { openOf, rawMessage, type ScriptedConnection, ScriptedPeer } from '../../support/bgp/scripted-peer.ts'
import { fromHex } from '../../support/hex.ts'
import { eventually } from '../../support/processes.ts'

const listenPort = 20_179
const million = 1_000_000
/** of /32 prefixes, as many as fit into 4096 octets beside the attributes */
const prefixesPerUpdate = 800

describe('hostile BGP peers', function () {
  this.timeout(30_000)
  let hostile: ScriptedPeer
  let friendly: ScriptedPeer
  let speaker: SpeakerUnderTest
  let friend: ScriptedConnection

  beforeEach(async () => {
    hostile = await ScriptedPeer.listen('127.0.0.3')
    friendly = await ScriptedPeer.listen('127.0.0.2')
    speaker = new SpeakerUnderTest(undefined, { port: listenPort, drainMs: 0 })
    speaker.peers.setNodeAddresses([address('192.0.2.1')])
    speaker.peers.setRoutes(new Map())
  })

  afterEach(async () => {
    hostile.close()
    friendly.close()
    await speaker.peers.stop()
  })

  /** Sets up both; the friendly session is established. */
  async function setPeers(config: Partial<PeerConfig> = {}): Promise<void> {
    const at = (name: string, host: string, { port }: ScriptedPeer) =>
      peerConfig({ name, location: { type: 'address', address: address(host) }, port })
    speaker.peers.setPeers([
      at('friendly', '127.0.0.2', friendly),
      { ...at('hostile', '127.0.0.3', hostile), ...config },
    ])
    friend = await friendly.connection()
    await friend.establish(openOf({ bgpIdentifier: 7 }))
    await speaker.untilState('friendly', 'Established')
  }

  let announced = 0
  /** A change of routes reaches the friendly peer; how long it takes. */
  async function tellFriend(): Promise<number> {
    const count = friend.all('update').length
    const startedMs = performance.now()
    speaker.peers.setRoutes(new Map([['friendly', routesOf([route(`203.0.113.${announced++ % 250}/32`)])]]))
    await friend.next('update', count + 1)
    return performance.now() - startedMs
  }

  it('a million routes are counted, not kept, and keep nobody waiting', async () => {
    await setPeers()
    const connection = await hostile.connection()
    await connection.establish()
    await speaker.untilState('hostile', 'Established')
    const before = process.memoryUsage()
    const waits: number[] = []
    const flood = sendFlood(connection.socket)
    do waits.push(await tellFriend())
    while (speaker.counters('hostile').prefixesReceived < million)
    await flood
    const after = process.memoryUsage()
    assert.equal(speaker.counters('hostile').prefixesReceived, million)
    assert.equal(speaker.session('hostile')?.state, 'Established')
    // This process makes the flood as well. Kept, the routes alone would take 100 MB.
    const grown = after.heapUsed + after.external - before.heapUsed - before.external
    assert.ok(grown < 64 * 2 ** 20, `${grown >> 20} MB more`)
    assert.ok(Math.max(...waits) < 1_000, `a change took ${Math.max(...waits)} ms`)
    assert.equal(speaker.counters('friendly').establishments, 1)
  })

  it('half a message holds up nobody, and ends with the hold time', async () => {
    await setPeers({ holdTimeSeconds: 3 })
    const connection = await hostile.connection()
    await connection.establish()
    await speaker.untilState('hostile', 'Established')
    connection.send(rawMessage(2, new Uint8Array(100)).subarray(0, 60))
    assert.ok((await tellFriend()) < 1_000)
    assert.equal(await connection.untilEnded(), '4/0')
    assert.ok((await tellFriend()) < 1_000)
  })

  it('a byte at a time makes a session in the end', async () => {
    await setPeers()
    const connection = await hostile.connection()
    await connection.next('open')
    const bytes = [...fromHex(`${'ff'.repeat(16)} 001d 01 04 fc00 005a c0000263 00`), ...rawMessage(4, [])]
    for (const byte of bytes) {
      connection.send(Uint8Array.of(byte))
      await setTimeout(2)
    }
    await speaker.untilState('hostile', 'Established')
    assert.ok((await tellFriend()) < 1_000)
  })

  it('a peer that reads nothing costs no memory and no other session', async () => {
    const communities = Array.from({ length: 250 }, (_, index) => 0xfde80000 + index)
    await setPeers()
    const connection = await hostile.connection()
    await connection.establish()
    await speaker.untilState('hostile', 'Established')
    connection.socket.pause()
    // 1,000 octets each, in all more than the kernel takes for a peer that does not read
    const routes = routesOf(hostRoutes(6_000, index => ({ ...PLAIN, communities: [index, ...communities] })))
    speaker.peers.setRoutes(new Map([['hostile', routes]]))
    let sent = -1
    await eventually('a standstill', async () => {
      const progress = speaker.counters('hostile').prefixesSent
      await setTimeout(100)
      if (progress !== sent) sent = progress
      else return true
      return undefined
    })
    assert.ok(sent < 6_000, `${sent} sent`)
    assert.ok((await tellFriend()) < 1_000)
    assert.equal(speaker.session('hostile')?.state, 'Established')
  })

  for (const [who, host] of [
    ['a stranger', '127.0.0.9'],
    ['a peer', '127.0.0.3'],
  ] as const) {
    it(`a thousand connections of ${who} at once`, async () => {
      await setPeers({ mode: 'passive' })
      await eventually('the listener', () => connects('127.0.0.9'))
      const sockets = Array.from({ length: 1_000 }, () => call(host))
      const waits = [await tellFriend(), await tellFriend()]
      await eventually('most of them to be closed', () => sockets.filter(({ closed }) => !closed).length <= 8, {
        timeoutMs: 10_000,
      })
      assert.ok(Math.max(...waits) < 2_000, `a change took ${Math.max(...waits)} ms`)
      assert.equal(speaker.counters('friendly').establishments, 1)
      for (const socket of sockets) socket.destroy()
      assert.ok((await tellFriend()) < 1_000)
    })
  }
})

function call(localAddress: string): Socket {
  const socket = createConnection({ host: '127.0.0.1', port: listenPort, localAddress })
  socket.on('error', () => {})
  socket.resume()
  return socket
}

function connects(localAddress: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ host: '127.0.0.1', port: listenPort, localAddress })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

/** A million different prefixes, as fast as the other end takes them. */
async function sendFlood(socket: Socket): Promise<void> {
  const attributes = fromHex('400101 00 400206 0201 0000fc00 400304 c0000263')
  for (let sent = 0; sent < million; sent += prefixesPerUpdate) {
    const body = new Uint8Array(4 + attributes.length + 5 * prefixesPerUpdate)
    const view = new DataView(body.buffer)
    view.setUint16(2, attributes.length)
    body.set(attributes, 4)
    for (let i = 0; i < prefixesPerUpdate; i++) {
      body[4 + attributes.length + 5 * i] = 32
      view.setUint32(5 + attributes.length + 5 * i, 0x0b000000 + sent + i)
    }
    if (!socket.write(rawMessage(2, body))) await new Promise(resolve => socket.once('drain', resolve))
  }
}
