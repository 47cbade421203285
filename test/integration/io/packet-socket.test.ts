import assert from 'node:assert/strict'
import {
  type FrameBatch,
  openPacketSocket,
  type PacketSocket,
  type PacketSocketInit,
} from '../../../src/io/packet-socket.ts'
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
        { ringBytes: 4096 },
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
    sender.send(Array.from({ length: 1000 }, () => frame(60)))
    await until('all frames', () => received + socket.statistics().dropped === 1000)
    assert.ok(socket.statistics().dropped > 0)
    assert.ok(received > 0)
    sender.close()
    socket.close()
    dispose()
  })

  it('keeps thousands of frames that come while the thread is busy', async () => {
    const { a, b, right, left, dispose } = twoNamespaces()
    let received = 0
    const onBatch = (batch: FrameBatch) => {
      received += batch.count
    }
    const socket = right.enter(() => openPacketSocket({ ...ignore, interfaceIndex: b.interfaceIndex, onBatch }))
    const sender = left.enter(() => openPacketSocket({ ...ignore, interfaceIndex: a.interfaceIndex }))
    const request = new Uint8Array(42).fill(0xff, 0, 6)
    request.set([0x08, 0x06], 12)
    // more than once around the ring
    for (let round = 1; round <= 3; round++) {
      assert.equal(sender.send(new Array(4000).fill(request)), 4000)
      await until('all frames', () => received === round * 4000)
    }
    assert.equal(socket.statistics().dropped, 0)
    sender.close()
    socket.close()
    dispose()
  })

  for (const known of [false, true]) {
    it(`hears nothing from a VLAN on top of its interface that has ${known ? 'an' : 'no'} interface of its own`, async function () {
      const { a, b, right, left, dispose } = twoNamespaces()
      const heard = { untagged: [] as number[], tagged: [] as number[] }
      const sockets: PacketSocket[] = []
      const listen = (interfaceIndex: number, tags: number[]) => {
        const onBatch = (batch: FrameBatch) => {
          for (let i = 0; i < batch.count; i++) tags.push(batch.frame(i)[41]!)
        }
        sockets.push(right.enter(() => openPacketSocket({ ...ignore, interfaceIndex, onBatch })))
      }
      listen(b.interfaceIndex, heard.untagged)
      if (known) {
        try {
          right.ip(`link add vlan100 link ${interfaceName} type vlan id 100`)
        } catch {
          for (const socket of sockets) socket.close()
          dispose()
          console.log('      skipped: this kernel has no VLAN interfaces')
          this.skip()
        }
        right.ip('link set vlan100 up')
        listen(right.interfaceIndex('vlan100'), heard.tagged)
      }
      const sender = left.enter(() => openPacketSocket({ ...ignore, interfaceIndex: a.interfaceIndex }))
      sockets.push(sender)
      const request = new Uint8Array(42).fill(0xff, 0, 6)
      request.set([0x08, 0x06], 12)
      request[41] = 1
      const tagged = Uint8Array.from([...request.subarray(0, 12), 0x81, 0x00, 0, 100, ...request.subarray(12)])
      tagged[45] = 2
      assert.equal(sender.send([tagged, request]), 2)
      await until('the untagged frame', () => heard.untagged.includes(1))
      if (known) await until('the tagged frame', () => heard.tagged.length > 0)
      assert.deepEqual(heard, { untagged: [1], tagged: known ? [2] : [] })
      for (const socket of sockets) socket.close()
      dispose()
    })
  }

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
