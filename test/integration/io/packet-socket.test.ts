import assert from 'node:assert/strict'
import { openPacketSocket, type PacketSocketInit } from '../../../src/io/packet-socket.ts'
import { describePacketSocketCompliance } from '../../support/io/packet-socket-compliance.ts'
import { until } from '../../support/io/until.ts'
import { connectByVeth, NetworkNamespace } from '../../support/netns.ts'

const interfaceName = 'veth0'

function twoNamespaces() {
  const [left, right] = [new NetworkNamespace('a'), new NetworkNamespace('b')]
  connectByVeth({ namespace: left, interfaceName }, { namespace: right, interfaceName })
  const station = (namespace: NetworkNamespace) => ({
    open: (init: PacketSocketInit) => namespace.enter(() => openPacketSocket(init)),
    interfaceIndex: namespace.interfaceIndex(interfaceName),
    mac: namespace.mac(interfaceName),
  })
  const dispose = () => {
    left.remove()
    right.remove()
  }
  return { left, right, a: station(left), b: station(right), dispose }
}

describePacketSocketCompliance('between two network namespaces', () => {
  const { a, b, right, dispose } = twoNamespaces()
  return {
    a,
    b,
    setUpB: up => right.ip(`link set ${interfaceName} ${up ? 'up' : 'down'}`),
    removeB: () => right.ip(`link delete ${interfaceName}`),
    dispose,
  }
})

describe('packet socket of the system', () => {
  const ignore = { etherType: 0x0806, onBatch: () => {}, onError: () => {} }

  it('joins and leaves a multicast group on the interface', () => {
    const { b, right, dispose } = twoNamespaces()
    const group = Uint8Array.of(0x33, 0x33, 0xff, 0xab, 0xcd, 0xef)
    const socket = b.open({ ...ignore, interfaceIndex: b.interfaceIndex })
    const memberships = () => right.ip(`maddress show dev ${interfaceName}`)
    assert.doesNotMatch(memberships(), /33:33:ff:ab:cd:ef/)
    socket.addMembership(group)
    assert.match(memberships(), /33:33:ff:ab:cd:ef/)
    socket.dropMembership(group)
    assert.doesNotMatch(memberships(), /33:33:ff:ab:cd:ef/)
    socket.addMembership(group)
    socket.close()
    assert.doesNotMatch(memberships(), /33:33:ff:ab:cd:ef/)
    dispose()
  })

  it('counts what it drops', async () => {
    const { a, b, right, left, dispose } = twoNamespaces()
    let received = 0
    const socket = right.enter(() =>
      openPacketSocket(
        {
          ...ignore,
          interfaceIndex: b.interfaceIndex,
          onBatch: batch => {
            received += batch.count
          },
        },
        { frameSize: 128, receiveBufferBytes: 4096 },
      ),
    )
    const sender = left.enter(() => openPacketSocket({ ...ignore, interfaceIndex: a.interfaceIndex }))
    const frame = (length: number) => {
      const bytes = new Uint8Array(length).fill(0xff, 0, 6)
      bytes.set([0x08, 0x06], 12)
      return bytes
    }
    sender.send([frame(200)])
    await until('the long frame', () => socket.statistics().truncated === 1)
    // more than the small buffer holds, before the event loop can read
    sender.send(Array.from({ length: 100 }, () => frame(60)))
    await until('all frames', () => received + socket.statistics().dropped === 100)
    assert.ok(socket.statistics().dropped > 0)
    assert.ok(received > 0)
    sender.close()
    socket.close()
    dispose()
  })

  it('answers in both directions with the queueing discipline bypassed', async () => {
    const { a, b, right, left, dispose } = twoNamespaces()
    let answers = 0
    const asker = left.enter(() =>
      openPacketSocket({
        ...ignore,
        interfaceIndex: a.interfaceIndex,
        onBatch: batch => {
          answers += batch.count
        },
      }),
    )
    const answerer = right.enter(() =>
      openPacketSocket(
        {
          ...ignore,
          interfaceIndex: b.interfaceIndex,
          onBatch(batch) {
            for (let i = 0; i < batch.count; i++) batch.reply(batch.frame(i).length)?.set(batch.frame(i))
          },
        },
        { qdiscBypass: true },
      ),
    )
    const request = new Uint8Array(42).fill(0xff, 0, 6)
    request.set([0x08, 0x06], 12)
    asker.send([request, request])
    await until('the answers', () => answers === 2)
    asker.close()
    answerer.close()
    dispose()
  })
})
