import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import {
  connectTcp,
  listenTcp,
  type TcpConnectInit,
  type TcpListener,
  type TcpListenInit,
} from '../../../src/io/tcp.ts'
import { type Address, parseAddress } from '../../../src/ip/address.ts'
import { connectByVeth, NetworkNamespace } from '../../support/netns.ts'

const address = (text: string): Address => {
  const parsed = parseAddress(text)
  assert.ok(parsed, text)
  return parsed
}

const families = [
  { family: 4, client: '192.0.2.1', other: '192.0.2.5', server: '192.0.2.2', secondServer: '192.0.2.18' },
  { family: 6, client: '2001:db8::1', other: '2001:db8::5', server: '2001:db8::2', secondServer: '2001:db8:1::2' },
] as const

// what does not answer is known by silence: a SYN without a right signature is dropped
const silence = () => AbortSignal.timeout(300)

describe('TCP socket', () => {
  let left: NetworkNamespace
  let right: NetworkNamespace
  const listeners: TcpListener[] = []
  const sockets: Socket[] = []

  before(() => {
    left = new NetworkNamespace('a')
    right = new NetworkNamespace('b')
    for (const [i, interfaceName] of ['veth0', 'veth1'].entries()) {
      connectByVeth({ namespace: left, interfaceName }, { namespace: right, interfaceName })
      left.ip(`address add 192.0.2.${1 + 16 * i}/28 dev ${interfaceName}`)
      right.ip(`address add 192.0.2.${2 + 16 * i}/28 dev ${interfaceName}`)
      left.ip(`address add 2001:db8:${i}::1/64 dev ${interfaceName}`)
      right.ip(`address add 2001:db8:${i}::2/64 dev ${interfaceName}`)
    }
    left.ip('address add 192.0.2.5/28 dev veth0')
    // deprecated: used only when asked for
    left.ip('address add 2001:db8::5/64 dev veth0 preferred_lft 0')
    // an address belongs to its cable
    right.sysctl('net.ipv4.conf.all.arp_ignore', 1)
    left.ip('address add fe80::1/64 dev veth1')
    right.ip('address add fe80::2/64 dev veth1')
  })

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await Promise.all(listeners.splice(0).map(listener => listener.close()))
  })

  after(() => {
    left.remove()
    right.remove()
  })

  async function listen(init: Pick<TcpListenInit, 'family'> & Partial<TcpListenInit>) {
    const accepted: Socket[] = []
    const listener = await right.enter(() =>
      listenTcp({
        port: 0,
        onConnection(socket) {
          accepted.push(socket)
          sockets.push(socket)
          socket.on('error', () => {})
          socket.pipe(socket)
        },
        onError: error => assert.fail(error),
        ...init,
      }),
    )
    listeners.push(listener)
    return { listener, accepted }
  }

  async function connect(init: TcpConnectInit): Promise<Socket> {
    const socket = await left.enter(() => connectTcp(init))
    sockets.push(socket)
    socket.on('error', () => {})
    return socket
  }

  async function echo(socket: Socket, text = 'hello'): Promise<string> {
    socket.write(text)
    const [data] = (await once(socket, 'data', { signal: AbortSignal.timeout(1000) })) as [Buffer]
    return data.toString()
  }

  for (const { family, client, other, server, secondServer } of families) {
    describe(`IPv${family}`, () => {
      it('connects, from the source address and port asked for', async () => {
        const { listener, accepted } = await listen({ family })
        const remote = { remoteAddress: address(server), remotePort: listener.localPort }
        const plain = await connect(remote)
        assert.equal(await echo(plain), 'hello')
        assert.equal(plain.localAddress, client)
        const chosen = await connect({ ...remote, localAddress: address(other), localPort: 40123 })
        assert.equal(await echo(chosen, 'again'), 'again')
        assert.equal(accepted[1]!.remoteAddress, other)
        assert.equal(accepted[1]!.remotePort, 40123)
        const anyPort = await connect({ ...remote, localAddress: address(other) })
        assert.equal(anyPort.localAddress, other)
      })

      it('rejects with the reason of the kernel', async () => {
        const refused = connect({ remoteAddress: address(server), remotePort: 1 })
        await assert.rejects(refused, { code: 'ECONNREFUSED', syscall: 'connect' })
        const nowhere = family === 4 ? '198.51.100.1' : '2001:db8:ffff::1'
        await assert.rejects(connect({ remoteAddress: address(nowhere), remotePort: 1 }), { code: 'ENETUNREACH' })
        const foreign = { remoteAddress: address(server), remotePort: 1, localAddress: address(nowhere) }
        await assert.rejects(connect(foreign), { code: 'EADDRNOTAVAIL' })
        await assert.rejects(connect({ remoteAddress: address(server), remotePort: 1, device: 'nosuch0' }), {
          code: 'ENODEV',
        })
      })

      it('speaks only to a peer with the same MD5 password', async () => {
        const { listener } = await listen({ family, md5Keys: [{ address: address(client), password: 'secret' }] })
        const remote = { remoteAddress: address(server), remotePort: listener.localPort }
        assert.equal(await echo(await connect({ ...remote, md5Password: 'secret' })), 'hello')
        await assert.rejects(connect({ ...remote, md5Password: 'wrong', signal: silence() }), { name: 'TimeoutError' })
        await assert.rejects(connect({ ...remote, signal: silence() }), { name: 'TimeoutError' })
        // another address has no key, so it needs none
        assert.equal(await echo(await connect({ ...remote, localAddress: address(other) })), 'hello')
      })

      it('changes MD5 keys while it listens, and keeps standing connections', async () => {
        const peer = address(client)
        const { listener } = await listen({ family, md5Keys: [{ address: peer, password: 'old' }] })
        const remote = { remoteAddress: address(server), remotePort: listener.localPort }
        const standing = await connect({ ...remote, md5Password: 'old' })
        listener.setMd5Keys([{ address: peer, password: 'new' }])
        assert.equal(await echo(await connect({ ...remote, md5Password: 'new' })), 'hello')
        await assert.rejects(connect({ ...remote, md5Password: 'old', signal: silence() }), { name: 'TimeoutError' })
        listener.setMd5Keys([])
        assert.equal(await echo(await connect(remote)), 'hello')
        assert.equal(await echo(standing), 'hello')
        // a key for a whole prefix
        listener.setMd5Keys([{ address: peer, prefixLength: family === 4 ? 28 : 64, password: 'all' }])
        const fromOther = { ...remote, localAddress: address(other) }
        assert.equal(await echo(await connect({ ...fromOther, md5Password: 'all' })), 'hello')
        await assert.rejects(connect({ ...fromOther, signal: silence() }), { name: 'TimeoutError' })
      })

      it('drops segments below the minimum TTL', async () => {
        const { listener } = await listen({ family, minTtl: 255, ttl: 255 })
        const remote = { remoteAddress: address(server), remotePort: listener.localPort }
        assert.equal(await echo(await connect({ ...remote, ttl: 255, minTtl: 255 })), 'hello')
        await assert.rejects(connect({ ...remote, ttl: 254, signal: silence() }), { name: 'TimeoutError' })
      })

      it('sets options of one accepted connection', async () => {
        const { listener, accepted } = await listen({ family })
        const remote = { remoteAddress: address(server), remotePort: listener.localPort }
        const socket = await connect({ ...remote, ttl: 64 })
        assert.equal(await echo(socket), 'hello')
        listener.setOptions(accepted[0]!, { ttl: 255, minTtl: 255 })
        await assert.rejects(
          Promise.race([echo(socket), once(silence(), 'abort').then(() => Promise.reject('silence'))]),
        )
        const untouched = await connect({ ...remote, ttl: 64 })
        assert.equal(await echo(untouched), 'hello')
      })

      it('bound to a device, reaches nothing through another', async () => {
        const { listener } = await listen({ family })
        const remotePort = listener.localPort
        const second = { remoteAddress: address(secondServer), remotePort, device: 'veth1' }
        assert.equal(await echo(await connect(second)), 'hello')
        const wrong = { remoteAddress: address(server), remotePort, device: 'veth1', signal: silence() }
        await assert.rejects(connect(wrong))
        const onDevice = await listen({ family, device: 'veth1' })
        const port = onDevice.listener.localPort
        assert.equal(await echo(await connect({ remoteAddress: address(secondServer), remotePort: port })), 'hello')
        await assert.rejects(connect({ remoteAddress: address(server), remotePort: port }), { code: 'ECONNREFUSED' })
      })
    })
  }

  it('connects to a link-local address', async () => {
    const { listener } = await listen({ family: 6 })
    const remote = { remoteAddress: address('fe80::2'), remotePort: listener.localPort }
    const socket = await connect({ ...remote, interfaceIndex: left.interfaceIndex('veth1') })
    assert.equal(await echo(socket), 'hello')
    assert.equal(socket.remoteFamily, 'IPv6')
  })

  it('gives up when told to, before and during the attempt', async () => {
    // drops what arrives, so that the attempt hangs
    right.exec('nft', ['add', 'table', 'inet', 'silent'])
    right.exec('nft', ['add', 'chain', 'inet', 'silent', 'in', '{ type filter hook input priority 0; policy drop; }'])
    const remote = { remoteAddress: address('192.0.2.2'), remotePort: 1 }
    const reason = new Error('no more')
    const controller = new AbortController()
    const attempt = connect({ ...remote, signal: controller.signal })
    controller.abort(reason)
    await assert.rejects(attempt, reason)
    await assert.rejects(connect({ ...remote, signal: controller.signal }), reason)
    right.exec('nft', ['delete', 'table', 'inet', 'silent'])
  })

  it('refuses a port in use and a password that is too long', async () => {
    const { listener } = await listen({ family: 4 })
    await assert.rejects(listen({ family: 4, port: listener.localPort }), { code: 'EADDRINUSE' })
    const remote = { remoteAddress: address('192.0.2.2'), remotePort: listener.localPort }
    await assert.rejects(connect({ ...remote, md5Password: 'x'.repeat(81) }), /1 to 80 bytes/)
  })
})
