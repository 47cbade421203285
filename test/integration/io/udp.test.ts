import assert from 'node:assert/strict'
import { type OutgoingDatagram, openUdpSocket, type UdpSocketInit } from '../../../src/io/udp.ts'
import { type Address, formatAddress, parseAddress } from '../../../src/ip/address.ts'
import { until } from '../../support/io/until.ts'
import { connectByVeth, NetworkNamespace } from '../../support/netns.ts'

const address = (text: string): Address => {
  const parsed = parseAddress(text)
  assert.ok(parsed, text)
  return parsed
}

const text = (payload: string): Uint8Array => new TextEncoder().encode(payload)

describe('UDP socket', () => {
  let left: NetworkNamespace
  let right: NetworkNamespace
  const sockets: { close(): void }[] = []

  // two cables, so that "which interface" is a question
  before(() => {
    left = new NetworkNamespace('a')
    right = new NetworkNamespace('b')
    for (const [i, interfaceName] of ['veth0', 'veth1'].entries()) {
      connectByVeth({ namespace: left, interfaceName }, { namespace: right, interfaceName })
      left.ip(`address add 192.0.2.${1 + 16 * i}/28 dev ${interfaceName}`)
      right.ip(`address add 192.0.2.${2 + 16 * i}/28 dev ${interfaceName}`)
      left.ip(`address add 2001:db8:${i + 1}::1/64 dev ${interfaceName}`)
      right.ip(`address add 2001:db8:${i + 1}::2/64 dev ${interfaceName}`)
      left.ip(`address add fe80::1/64 dev ${interfaceName}`)
      right.ip(`address add fe80::2/64 dev ${interfaceName}`)
    }
  })

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.close()
  })

  after(() => {
    left.remove()
    right.remove()
  })

  function open(namespace: NetworkNamespace, init: Partial<UdpSocketInit> & { family: 4 | 6 }) {
    const received: Record<string, unknown>[] = []
    const errors: string[] = []
    const socket = namespace.enter(() =>
      openUdpSocket({
        onBatch(batch) {
          for (let i = 0; i < batch.count; i++) {
            received.push({
              payload: Buffer.from(batch.payload(i)).toString(),
              from: formatAddress(batch.sourceAddress(i)),
              port: batch.sourcePort(i),
              to: formatAddress(batch.destinationAddress(i)),
              interfaceIndex: batch.interfaceIndex(i),
              ttl: batch.ttl(i),
            })
          }
        },
        onError: error => errors.push((error as Error & { code: string }).code),
        ...init,
      }),
    )
    sockets.push(socket)
    return { socket, received, errors }
  }

  const exchange = async (init: {
    family: 4 | 6
    ttl?: number
    dscp?: number
    from?: Partial<UdpSocketInit>
    datagram: Omit<OutgoingDatagram, 'payload' | 'port'>
  }) => {
    const receiver = open(right, { family: init.family })
    const sender = open(left, { family: init.family, ttl: init.ttl, dscp: init.dscp, ...init.from })
    const datagram = { ...init.datagram, port: receiver.socket.localPort, payload: text('hello') }
    assert.equal(sender.socket.send([datagram]), 1)
    await until('the datagram', () => receiver.received.length === 1)
    const { port, ...rest } = receiver.received[0]!
    assert.equal(port, sender.socket.localPort)
    return rest
  }

  it('tells TTL, interface and both addresses of an IPv4 datagram', async () => {
    for (const [i, ttl] of [
      [0, 255],
      [1, 254],
      [1, 1],
    ] as const) {
      assert.deepEqual(await exchange({ family: 4, ttl, datagram: { address: address(`192.0.2.${2 + 16 * i}`) } }), {
        payload: 'hello',
        from: `192.0.2.${1 + 16 * i}`,
        to: `192.0.2.${2 + 16 * i}`,
        interfaceIndex: right.interfaceIndex(`veth${i}`),
        ttl,
      })
    }
  })

  it('tells hop limit, interface and both addresses of an IPv6 datagram', async () => {
    for (const [i, ttl] of [
      [0, 255],
      [1, 254],
      [1, 1],
    ] as const) {
      assert.deepEqual(await exchange({ family: 6, ttl, datagram: { address: address(`2001:db8:${i + 1}::2`) } }), {
        payload: 'hello',
        from: `2001:db8:${i + 1}::1`,
        to: `2001:db8:${i + 1}::2`,
        interfaceIndex: right.interfaceIndex(`veth${i}`),
        ttl,
      })
    }
  })

  it('sends to a link-local address on the interface asked for', async () => {
    for (const interfaceName of ['veth0', 'veth1']) {
      const interfaceIndex = left.interfaceIndex(interfaceName)
      const received = await exchange({
        family: 6,
        ttl: 255,
        datagram: { address: address('fe80::2'), interfaceIndex },
      })
      assert.equal(received.interfaceIndex, right.interfaceIndex(interfaceName))
      assert.equal(received.from, 'fe80::1')
      assert.equal(received.ttl, 255)
    }
  })

  it('sends from the source address asked for', async () => {
    left.ip('address add 192.0.2.5/28 dev veth0')
    left.ip('address add 2001:db8:1::5/64 dev veth0')
    const four = { address: address('192.0.2.2'), sourceAddress: address('192.0.2.5') }
    assert.equal((await exchange({ family: 4, datagram: four })).from, '192.0.2.5')
    const six = { address: address('2001:db8:1::2'), sourceAddress: address('2001:db8:1::5') }
    assert.equal((await exchange({ family: 6, datagram: six })).from, '2001:db8:1::5')
    const bound = { address: address('192.0.2.5') }
    assert.equal(
      (await exchange({ family: 4, from: bound, datagram: { address: address('192.0.2.2') } })).from,
      '192.0.2.5',
    )
  })

  it('bound to a device, hears nothing from another', async () => {
    const everywhere = open(right, { family: 4 })
    const port = everywhere.socket.localPort
    everywhere.socket.close()
    const second = open(right, { family: 4, port, device: 'veth1' })
    const sender = open(left, { family: 4 })
    sender.socket.send([
      { payload: text('first cable'), address: address('192.0.2.2'), port },
      { payload: text('second cable'), address: address('192.0.2.18'), port },
    ])
    await until('the datagram', () => second.received.length > 0)
    assert.deepEqual(
      second.received.map(({ payload }) => payload),
      ['second cable'],
    )
  })

  it('carries the code point that was asked for', async () => {
    // the receiving kernel counts; nothing else tells
    right.exec('nft', ['add', 'table', 'inet', 'dscp'])
    right.exec('nft', ['add', 'chain', 'inet', 'dscp', 'in', '{ type filter hook input priority 0; }'])
    right.exec('nft', ['add', 'rule', 'inet', 'dscp', 'in', 'ip', 'dscp', 'cs6', 'counter'])
    right.exec('nft', ['add', 'rule', 'inet', 'dscp', 'in', 'ip6', 'dscp', 'cs6', 'counter'])
    await exchange({ family: 4, dscp: 48, datagram: { address: address('192.0.2.2') } })
    await exchange({ family: 6, dscp: 48, datagram: { address: address('2001:db8:1::2') } })
    const rules = right.exec('nft', ['list', 'table', 'inet', 'dscp'])
    assert.match(rules, /ip dscp cs6 counter packets 1 /)
    assert.match(rules, /ip6 dscp cs6 counter packets 1 /)
    right.exec('nft', ['delete', 'table', 'inet', 'dscp'])
  })

  it('sends many datagrams at once, to different addresses', async () => {
    const receiver = open(right, { family: 4 })
    const sender = open(left, { family: 4 })
    const datagrams = Array.from({ length: 150 }, (_, i) => ({
      payload: text(`${i}`),
      address: address(i % 2 ? '192.0.2.2' : '192.0.2.18'),
      port: receiver.socket.localPort,
    }))
    assert.equal(sender.socket.send(datagrams), 150)
    await until('all datagrams', () => receiver.received.length === 150)
    assert.deepEqual(new Set(receiver.received.map(({ payload }) => Number(payload))), new Set(Array(150).keys()))
  })

  it('reports a datagram without route, and sends those behind it', async () => {
    const receiver = open(right, { family: 4 })
    const sender = open(left, { family: 4 })
    const port = receiver.socket.localPort
    const taken = sender.socket.send([
      { payload: text('nowhere'), address: address('198.51.100.1'), port },
      { payload: text('there'), address: address('192.0.2.2'), port },
    ])
    assert.equal(taken, 1)
    assert.deepEqual(sender.errors, [], 'not before send() has returned')
    await until('the datagram and the error', () => receiver.received.length === 1 && sender.errors.length === 1)
    assert.equal(receiver.received[0]!.payload, 'there')
    assert.deepEqual(sender.errors, ['ENETUNREACH'])
  })

  it('throws away what is queued, and delivers what comes after', async () => {
    const receiver = open(right, { family: 6 })
    const sender = open(left, { family: 6 })
    const datagram = { address: address('2001:db8:1::2'), port: receiver.socket.localPort }
    // the first one finds the neighbour
    sender.socket.send([{ ...datagram, payload: text('first') }])
    await until('the first', () => receiver.received.length === 1)
    const queued = Array.from({ length: 100 }, () => ({ ...datagram, payload: text('queued') }))
    assert.equal(sender.socket.send(queued), 100)
    assert.equal(receiver.socket.discard(), 100)
    sender.socket.send([{ ...datagram, payload: text('after') }])
    await until('the last', () => receiver.received.length === 2)
    assert.equal(receiver.received[1]!.payload, 'after')
    receiver.socket.close()
    assert.equal(receiver.socket.discard(), 0)
  })

  it('brings nothing while it is paused, and then what has come', async () => {
    const batches: number[] = []
    const receiver = open(right, {
      family: 4,
      batchSize: 2,
      onBatch: ({ count }) => {
        batches.push(count)
        receiver.socket.pause()
      },
    })
    const sender = open(left, { family: 4 })
    const datagram = { address: address('192.0.2.2'), port: receiver.socket.localPort, payload: text('one of five') }
    // Each of both ways is seen to work: a batch that is full is followed by the next, unless the callback has paused.
    sender.socket.send(Array.from({ length: 5 }, () => datagram))
    for (const soFar of [[2], [2, 2], [2, 2, 1]]) {
      await until('a batch', () => batches.length === soFar.length)
      await new Promise(resolve => setTimeout(resolve, 50))
      assert.deepEqual(batches, soFar)
      receiver.socket.resume()
      receiver.socket.resume()
    }
    receiver.socket.pause()
    receiver.socket.close()
    receiver.socket.resume()
    receiver.socket.pause()
  })

  it('says why it cannot be opened', () => {
    const first = open(left, { family: 4 })
    assert.throws(() => open(left, { family: 4, port: first.socket.localPort }), { code: 'EADDRINUSE' })
    assert.throws(() => open(left, { family: 4, address: address('198.51.100.9') }), { code: 'EADDRNOTAVAIL' })
    assert.throws(() => open(left, { family: 4, device: 'nosuch0' }), { code: 'ENODEV' })
  })

  it('refuses an address of the other family', () => {
    const { socket } = open(left, { family: 4 })
    const datagram = { payload: text(''), address: address('2001:db8:1::2'), port: 1 }
    assert.throws(() => socket.send([datagram]), /IPv4 socket does not send/)
  })

  it('sends nothing once closed', () => {
    const { socket } = open(left, { family: 4 })
    socket.close()
    socket.close()
    assert.equal(socket.send([{ payload: text(''), address: address('192.0.2.2'), port: 1 }]), 0)
  })
})
