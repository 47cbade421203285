import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { NetlinkInterfaceMonitor } from '../../../src/io/interfaces.ts'
import { openGroupMembership } from '../../../src/io/multicast.ts'
import { openPacketSocket } from '../../../src/io/packet-socket.ts'
import { connectTcp, listenTcp } from '../../../src/io/tcp.ts'
import { openUdpSocket } from '../../../src/io/udp.ts'
import { parseAddress } from '../../../src/ip/address.ts'
import { until } from '../../support/io/until.ts'
import { connectByVeth, NetworkNamespace } from '../../support/netns.ts'

const descriptors = (): number => readdirSync('/proc/self/fd').length

// what is left when all that can be collected is
async function residentMiB(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 3; i++) {
    collect()
    await new Promise(setImmediate)
  }
  return process.memoryUsage.rss() / 2 ** 20
}

const ignore = { onBatch: () => {}, onError: () => {} }

describe('descriptors and memory', () => {
  let namespace: NetworkNamespace
  let peer: NetworkNamespace
  let interfaceIndex: number

  before(() => {
    namespace = new NetworkNamespace('a')
    peer = new NetworkNamespace('b')
    connectByVeth({ namespace, interfaceName: 'veth0' }, { namespace: peer, interfaceName: 'veth0' })
    // a route into the void: an attempt to connect hangs
    namespace.ip('address add 192.0.2.1/24 dev veth0')
    namespace.ip('neighbour add 192.0.2.77 lladdr 02:00:00:00:00:77 dev veth0')
    interfaceIndex = namespace.interfaceIndex('veth0')
  })

  after(() => {
    namespace.remove()
    peer.remove()
  })

  it('are free again after 400 sockets of each kind were opened and closed', async () => {
    const cycle = async () => {
      await namespace.enter(() => {
        const packet = openPacketSocket({ ...ignore, interfaceIndex, etherType: 0x0806 })
        const udp = openUdpSocket({ ...ignore, family: 6 })
        const groups = openGroupMembership({ onError: () => {} })
        groups.join(parseAddress('ff02::1:ff00:1')!, interfaceIndex)
        packet.close()
        groups.close()
        udp.close()
        const controller = new AbortController()
        const monitor = new NetlinkInterfaceMonitor().start({ signal: controller.signal })
        const attempt = connectTcp({
          remoteAddress: parseAddress('192.0.2.77')!,
          remotePort: 9,
          md5Password: 'secret',
          signal: controller.signal,
        })
        controller.abort()
        return Promise.allSettled([monitor, attempt])
      })
      const listener = await namespace.enter(() => listenTcp({ ...ignore, family: 4, port: 0, onConnection: () => {} }))
      await listener.close()
    }
    // so long until the allocator has grown its pools
    for (let i = 0; i < 300; i++) await cycle()
    const [before, memoryBefore] = [descriptors(), await residentMiB()]
    for (let i = 0; i < 400; i++) await cycle()
    assert.equal(descriptors(), before)
    // 400 lost sockets would hold 12 MiB of headers for each kind, and 50 MiB of slots; a lost ring 2 MiB each
    const grown = (await residentMiB()) - memoryBefore
    assert.ok(grown < 30, `${grown} MiB more than before`)
  }).timeout(60_000)

  it('are free after a socket that was refused', () => {
    const before = descriptors()
    for (let i = 0; i < 100; i++) {
      assert.throws(() => openPacketSocket({ ...ignore, interfaceIndex: 987654, etherType: 0x0806 }), {
        code: 'ENODEV',
      })
      assert.throws(() => openUdpSocket({ ...ignore, family: 4, device: 'nosuch0' }), { code: 'ENODEV' })
    }
    assert.equal(descriptors(), before)
  })

  it('are free after a worker was terminated with its sockets open and busy', async () => {
    const run = async () => {
      // a namespace belongs to a thread; a new one inherits that of its maker
      const worker = namespace.enter(
        () =>
          new Worker(new URL('../../support/io/socket-worker.ts', import.meta.url), {
            workerData: { interfaceIndex, sockets: 5 },
          }),
      )
      let seen = 0
      worker.on('message', (count: number) => {
        seen = count
      })
      await until('traffic in the worker', () => seen > 100)
      assert.ok(descriptors() > before + 10)
      const exit = once(worker, 'exit')
      await worker.terminate()
      await exit
    }
    let before = 0
    await run()
    before = descriptors()
    for (let i = 0; i < 10; i++) await run()
    assert.equal(descriptors(), before)
  }).timeout(60_000)
})
