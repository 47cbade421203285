import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { type DatagramBatch, openUdpSocket, type UdpSocket } from '../../../src/io/udp.ts'
import { parseAddress } from '../../../src/ip/address.ts'
import { type CableTrouble, startBadCable } from '../../chaos/cable/bad-cable.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'

const COUNT = 400
const PORT = 4_000

interface Arrival {
  number: number
  tookMs: number
}

describe('chaos: a bad cable', function () {
  this.timeout(60_000)
  let hosts: { left: NetworkNamespace; middle: NetworkNamespace; right: NetworkNamespace }

  before(function () {
    if (!canMakeNamespaces()) {
      console.log('      skipped: network namespaces need root')
      this.skip()
    }
    const [left, middle, right] = ['left', 'middle', 'right'].map(name => new NetworkNamespace(name))
    hosts = { left: left!, middle: middle!, right: right! }
    connectByVeth({ namespace: left!, interfaceName: 'eth0' }, { namespace: middle!, interfaceName: 'one' })
    connectByVeth({ namespace: right!, interfaceName: 'eth0' }, { namespace: middle!, interfaceName: 'two' })
    left!.ip('address add 192.0.2.1/24 dev eth0')
    right!.ip('address add 192.0.2.2/24 dev eth0')
  })

  after(() => {
    for (const host of Object.values(hosts ?? {})) host.remove()
  })

  const open = (host: NetworkNamespace, onBatch: (batch: DatagramBatch) => void) =>
    host.enter(() => openUdpSocket({ family: 4, port: PORT, onBatch, onError: () => {} }))

  /** Sends numbered datagrams through a cable, one each millisecond or so. */
  async function sendThrough(trouble: CableTrouble): Promise<Arrival[]> {
    const cable = await startBadCable(hosts.middle.name, ['one', 'two'], trouble, 8)
    const arrived: Arrival[] = []
    const sender = open(hosts.left, () => {})
    const receiver = open(hosts.right, batch => {
      for (let i = 0; i < batch.count; i++) {
        const payload = Buffer.from(batch.payload(i))
        arrived.push({ number: payload.readUInt32BE(0), tookMs: performance.now() - payload.readDoubleBE(4) })
      }
    })
    try {
      // Neighbours are found first, however many questions the cable loses.
      for (let i = 0; arrived.length === 0 && i < 300; i++) {
        send(sender, 0)
        await sleep(50)
      }
      await sleep(200)
      arrived.length = 0
      for (let number = 1; number <= COUNT; number++) {
        send(sender, number)
        await sleep(1)
      }
      await sleep(300)
    } finally {
      sender.close()
      receiver.close()
      await cable.stop()
    }
    return arrived
  }

  function send(socket: UdpSocket, number: number): void {
    const payload = Buffer.alloc(12)
    payload.writeUInt32BE(number, 0)
    payload.writeDoubleBE(performance.now(), 4)
    socket.send([{ payload, address: parseAddress('192.0.2.2')!, port: PORT }])
  }

  const inOrder = (arrivals: readonly Arrival[]) =>
    arrivals.every(({ number }, i) => i === 0 || number >= arrivals[i - 1]!.number)
  const distinct = (arrivals: readonly Arrival[]) => new Set(arrivals.map(({ number }) => number)).size

  it('passes every frame where it is good', async () => {
    const arrived = await sendThrough({})
    assert.deepEqual([arrived.length, distinct(arrived), inOrder(arrived)], [COUNT, COUNT, true])
  })

  it('loses the share that it is told to', async () => {
    const lost = COUNT - (await sendThrough({ loss: 0.3 })).length
    assert.ok(lost > 0.2 * COUNT && lost < 0.4 * COUNT, `${lost} of ${COUNT} lost`)
  })

  it('delays without reordering', async () => {
    const arrived = await sendThrough({ delayMs: 40, jitterMs: 20 })
    assert.deepEqual([arrived.length, inOrder(arrived)], [COUNT, true])
    assert.ok(Math.min(...arrived.map(({ tookMs }) => tookMs)) >= 40)
  })

  it('doubles the share that it is told to', async () => {
    const arrived = await sendThrough({ doubled: 0.25 })
    const twice = arrived.length - COUNT
    assert.equal(distinct(arrived), COUNT)
    assert.ok(twice > 0.15 * COUNT && twice < 0.35 * COUNT, `${twice} of ${COUNT} doubled`)
  })

  it('lets some be overtaken', async () => {
    const arrived = await sendThrough({ jitterMs: 5, reordered: 0.2 })
    assert.equal(arrived.length, COUNT)
    assert.ok(!inOrder(arrived))
  })
})
