import assert from 'node:assert/strict'
import type { BpfInstruction, FrameBatch, OpenPacketSocket, PacketSocket } from '../../../src/io/packet-socket.ts'
import { until } from './until.ts'

/** One of two stations on a segment. */
export interface ComplianceStation {
  open: OpenPacketSocket
  interfaceIndex: number
  mac: Uint8Array
}

/** Two stations that hear each other. */
export interface ComplianceSegment {
  a: ComplianceStation
  b: ComplianceStation
  /** switches b's interface off or on */
  setUpB(up: boolean): void
  /** takes b's interface away */
  removeB(): void
  dispose(): void
}

const etherType = 0x0806
const broadcast = new Uint8Array(6).fill(0xff)
const group = Uint8Array.of(0x33, 0x33, 0xff, 0, 0, 1)

// BPF: accept if the 16-bit word at offset 20 (the ARP operation) is 1
const requestsOnly: readonly BpfInstruction[] = [
  { code: 0x28, jt: 0, jf: 0, k: 20 },
  { code: 0x15, jt: 0, jf: 1, k: 1 },
  { code: 0x06, jt: 0, jf: 0, k: 0xffff },
  { code: 0x06, jt: 0, jf: 0, k: 0 },
]

function frameTo(
  destination: Uint8Array,
  source: Uint8Array,
  options: { type?: number; tag?: number; length?: number } = {},
) {
  const frame = new Uint8Array(options.length ?? 60)
  frame.set(destination, 0)
  frame.set(source, 6)
  new DataView(frame.buffer).setUint16(12, options.type ?? etherType)
  new DataView(frame.buffer).setUint16(20, options.tag ?? 1)
  return frame
}

const tagOf = (frame: Uint8Array) => (frame[20]! << 8) | frame[21]!

/** What every PacketSocket does, in memory as on a wire. */
export function describePacketSocketCompliance(name: string, makeSegment: () => ComplianceSegment): void {
  describe(`packet socket: ${name}`, () => {
    let segment: ComplianceSegment
    const sockets: PacketSocket[] = []

    beforeEach(() => {
      segment = makeSegment()
    })

    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.close()
      segment.dispose()
    })

    // an open socket that notes what happens to it
    function open(
      station: ComplianceStation,
      options: { filter?: readonly BpfInstruction[]; onBatch?: (batch: FrameBatch, socket: PacketSocket) => void } = {},
    ) {
      const frames: Uint8Array[] = []
      const counts: number[] = []
      const errors: string[] = []
      const socket = station.open({
        interfaceIndex: station.interfaceIndex,
        etherType,
        filter: options.filter,
        onBatch(batch) {
          counts.push(batch.count)
          for (let i = 0; i < batch.count; i++) frames.push(batch.frame(i).slice())
          options.onBatch?.(batch, socket)
        },
        onError: error => errors.push((error as Error & { code: string }).code),
      })
      sockets.push(socket)
      return { socket, frames, counts, errors }
    }

    it('delivers a broadcast frame, byte for byte, and not to its sender', async () => {
      const a = open(segment.a)
      const b = open(segment.b)
      const frame = frameTo(broadcast, segment.a.mac, { tag: 0x1234 })
      assert.equal(a.socket.send([frame]), 1)
      await until('the frame', () => b.frames.length > 0)
      assert.deepEqual(b.frames, [frame])
      b.socket.send([frameTo(broadcast, segment.b.mac, { tag: 2 })])
      await until('the frame back', () => a.frames.length > 0)
      assert.deepEqual(a.frames.map(tagOf), [2])
    })

    it('delivers a frame to its own MAC address', async () => {
      const a = open(segment.a)
      const b = open(segment.b)
      a.socket.send([frameTo(segment.b.mac, segment.a.mac, { tag: 7 })])
      await until('the frame', () => b.frames.length > 0)
      assert.deepEqual(b.frames.map(tagOf), [7])
    })

    it('delivers only its EtherType', async () => {
      const a = open(segment.a)
      const b = open(segment.b)
      a.socket.send([
        frameTo(broadcast, segment.a.mac, { type: 0x88b5, tag: 1 }),
        frameTo(broadcast, segment.a.mac, { tag: 2 }),
      ])
      await until('the second frame', () => b.frames.length > 0)
      assert.deepEqual(b.frames.map(tagOf), [2])
    })

    it('delivers more frames than a batch holds, all and in order', async () => {
      const a = open(segment.a)
      const b = open(segment.b)
      const frames = Array.from({ length: 200 }, (_, tag) =>
        frameTo(broadcast, segment.a.mac, { tag, length: 60 + (tag % 7) }),
      )
      assert.equal(a.socket.send(frames), 200)
      await until('all frames', () => b.frames.length === 200)
      assert.deepEqual(b.frames, frames)
      assert.ok(b.counts.every(count => count > 0 && count <= 64))
    })

    it('sends the replies of a batch after the callback', async () => {
      const a = open(segment.a)
      open(segment.b, {
        onBatch(batch) {
          for (let i = 0; i < batch.count; i++) {
            const reply = batch.reply(64 + i)
            reply?.set(frameTo(segment.a.mac, segment.b.mac, { tag: 100 + tagOf(batch.frame(i)), length: 64 + i }))
          }
        },
      })
      a.socket.send([1, 2, 3].map(tag => frameTo(broadcast, segment.a.mac, { tag })))
      await until('the replies', () => a.frames.length === 3)
      assert.deepEqual(a.frames.map(tagOf), [101, 102, 103])
      assert.ok(a.frames.every(frame => frame.length >= 64 && frame.subarray(22).every(byte => byte === 0)))
    })

    it('has a limited number of reply slots of limited size', async () => {
      const a = open(segment.a)
      const got: (number | undefined)[] = []
      open(segment.b, {
        onBatch(batch) {
          got.push(batch.reply(100_000)?.length)
          for (let i = 0; i < 65; i++) {
            const reply = batch.reply(60)
            reply?.set(frameTo(segment.a.mac, segment.b.mac, { tag: i }))
            got.push(reply?.length)
          }
        },
      })
      a.socket.send([frameTo(broadcast, segment.a.mac)])
      await until('the replies', () => a.frames.length === 64)
      assert.deepEqual(got, [undefined, ...new Array<number>(64).fill(60), undefined])
      assert.deepEqual(a.frames.map(tagOf), [...Array(64).keys()])
    })

    it('delivers only what its filter accepts', async () => {
      const a = open(segment.a)
      const b = open(segment.b, { filter: requestsOnly })
      a.socket.send([2, 1, 3, 1].map(tag => frameTo(broadcast, segment.a.mac, { tag })))
      await until('the frames', () => b.frames.length === 2)
      assert.deepEqual(b.frames.map(tagOf), [1, 1])
    })

    it('throws away what is queued, and delivers what comes after', async () => {
      const a = open(segment.a)
      const discarded: number[] = []
      const b = open(segment.b, {
        onBatch: (_batch, socket) => {
          if (discarded.length === 0) discarded.push(socket.discard(), socket.discard())
        },
      })
      a.socket.send(Array.from({ length: 200 }, (_, tag) => frameTo(broadcast, segment.a.mac, { tag })))
      await until('a batch', () => b.counts.length > 0)
      assert.deepEqual(discarded, [200 - b.counts[0]!, 0])
      a.socket.send([frameTo(broadcast, segment.a.mac, { tag: 1000 })])
      await until('the frame after', () => b.counts.length > 1)
      assert.deepEqual(b.frames.slice(b.counts[0]).map(tagOf), [1000])
      b.socket.close()
      assert.equal(b.socket.discard(), 0)
    })

    it('drops a frame that is longer than a slot', async () => {
      const a = open(segment.a)
      const b = open(segment.b)
      a.socket.send([
        frameTo(broadcast, segment.a.mac, { length: 600, tag: 1 }),
        frameTo(broadcast, segment.a.mac, { tag: 2 }),
      ])
      await until('the second frame', () => b.frames.length > 0)
      assert.deepEqual(b.frames.map(tagOf), [2])
    })

    it('receives a multicast group that it joined; joining twice and leaving twice does no harm', async () => {
      const a = open(segment.a)
      const b = open(segment.b)
      b.socket.addMembership(group)
      b.socket.addMembership(group)
      a.socket.send([frameTo(group, segment.a.mac, { tag: 5 })])
      await until('the frame', () => b.frames.length > 0)
      assert.deepEqual(b.frames.map(tagOf), [5])
      b.socket.dropMembership(group)
      b.socket.dropMembership(group)
    })

    it('two sockets on one interface both receive', async () => {
      const a = open(segment.a)
      const [first, second] = [open(segment.b), open(segment.b)]
      a.socket.send([frameTo(broadcast, segment.a.mac)])
      await until('both', () => first.frames.length === 1 && second.frames.length === 1)
    })

    it('is silent once closed, also when closed in a callback', async () => {
      const a = open(segment.a)
      const witness = open(segment.b)
      const b = open(segment.b, {
        onBatch(batch, socket) {
          batch.reply(60)?.set(frameTo(segment.a.mac, segment.b.mac))
          socket.close()
        },
      })
      a.socket.send([frameTo(broadcast, segment.a.mac, { tag: 1 })])
      await until('the callback', () => b.counts.length === 1 && witness.frames.length === 1)
      a.socket.send([frameTo(broadcast, segment.a.mac, { tag: 2 })])
      await until('the second frame', () => witness.frames.length === 2)
      assert.equal(b.counts.length, 1)
      assert.equal(b.socket.send([frameTo(broadcast, segment.b.mac)]), 0)
      b.socket.close()
      b.socket.addMembership(group)
      b.socket.dropMembership(group)
      assert.deepEqual(b.errors, [])
    })

    it('reports ENETDOWN when the interface goes down, and works again once it is up', async () => {
      const a = open(segment.a)
      const b = open(segment.b)
      segment.setUpB(false)
      await until('the error', () => b.errors.length > 0)
      assert.deepEqual(b.errors, ['ENETDOWN'])
      assert.equal(b.socket.send([frameTo(broadcast, segment.b.mac)]), 0)
      segment.setUpB(true)
      // the other end's carrier takes a moment to come back
      await until('a frame', () => {
        a.socket.send([frameTo(broadcast, segment.a.mac, { tag: 9 })])
        return b.frames.length > 0
      })
      assert.equal(tagOf(b.frames[0]!), 9)
    })

    it('reports ENXIO when the interface is gone', async () => {
      const b = open(segment.b)
      segment.removeB()
      await until('the error', () => b.errors.includes('ENXIO'))
      assert.equal(b.socket.send([frameTo(broadcast, segment.b.mac)]), 0)
    })

    it('refuses an interface that does not exist', () => {
      const init = { interfaceIndex: 123456, etherType, onBatch: () => {}, onError: () => {} }
      assert.throws(() => segment.a.open(init), { code: 'ENODEV' })
    })
  })
}
