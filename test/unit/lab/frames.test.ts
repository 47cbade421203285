import assert from 'node:assert/strict'
import { decodeArpFrame } from '../../../src/arp/packet.ts'
import { answerFrame, askFrame, claimFrame, probeFrame, readAddressFrames } from '../../support/lab/frames.ts'
import { PcapReader } from '../../support/lab/pcap.ts'

const host = { mac: '02:00:00:00:0a:c9', ipv4: '192.0.2.201', ipv6: '2001:db8:a::201' }
const other = { mac: '02:00:00:00:0f:01', ipv4: '192.0.2.211', ipv6: '2001:db8:a::211' }

describe("tests' frames", () => {
  const rows: [what: string, frame: Uint8Array, said: string[]][] = [
    ['an ARP request', askFrame(host, '192.0.2.100'), ['ask 192.0.2.100', 'announce 192.0.2.201']],
    ['an ARP probe', probeFrame(host, '192.0.2.100'), ['probe 192.0.2.100']],
    ['an ARP announcement', claimFrame(host, '192.0.2.100'), ['announce 192.0.2.100']],
    ['an ARP reply', answerFrame(host, other, '192.0.2.100'), ['answer 192.0.2.100']],
    ['a neighbour solicitation', askFrame(host, '2001:db8:a::100'), ['ask 2001:db8:a::100']],
    ['a solicitation from no address', probeFrame(host, '2001:db8:a::100'), ['probe 2001:db8:a::100']],
    ['an unsolicited advertisement', claimFrame(host, '2001:db8:a::100'), ['announce 2001:db8:a::100']],
    ['a solicited advertisement', answerFrame(host, other, '2001:db8:a::100'), ['answer 2001:db8:a::100']],
  ]
  for (const [what, frame, said] of rows) {
    it(`read ${what} as it was made`, () => {
      const read = readAddressFrames(Buffer.from(frame))
      assert.deepEqual(
        read.map(({ kind, address }) => `${kind} ${address}`),
        said,
      )
      for (const { mac } of read) assert.equal(mac, host.mac)
    })
  }

  it('are ARP in the eyes of others', () => {
    const decoded = decodeArpFrame(askFrame(host, '192.0.2.100'))
    assert.ok('frame' in decoded)
    assert.equal(decoded.frame.targetProtocolAddress, 0xc0000264)
  })

  it('carry the checksum of RFC 4443 §2.3, and go to the multicast address of the group', () => {
    const frame = Buffer.from(askFrame(host, '2001:db8:a::1:2:100'))
    assert.equal(frame.toString('hex', 0, 6), '3333ff020100')
    // The sum over pseudo-header and message, checksum included, has all bits set.
    let sum = 58 + 32
    for (let i = 22; i < frame.length; i += 2) sum += frame.readUInt16BE(i)
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
    assert.equal(sum, 0xffff)
  })

  it('are nothing when they are cut off or something else', () => {
    for (const [, frame] of rows) {
      for (let length = 0; length < 42; length++)
        assert.deepEqual(readAddressFrames(Buffer.from(frame.subarray(0, length))), [])
    }
    assert.deepEqual(readAddressFrames(Buffer.alloc(60)), [])
  })

  it('are read from a capture, in pieces of any length', () => {
    const header = Buffer.alloc(24)
    header.writeUInt32LE(0xa1b2c3d4, 0)
    header.writeUInt32LE(1, 20)
    const frames = rows.map(([, frame], i) => {
      const head = Buffer.alloc(16)
      head.writeUInt32LE(1_790_000_000, 0)
      head.writeUInt32LE(i * 1500, 4)
      head.writeUInt32LE(frame.length, 8)
      return Buffer.concat([head, frame])
    })
    const stream = Buffer.concat([header, ...frames])
    for (const step of [1, 7, 100, stream.length]) {
      const reader = new PcapReader()
      const read = []
      for (let at = 0; at < stream.length; at += step) read.push(...reader.read(stream.subarray(at, at + step)))
      assert.equal(read.length, rows.length)
      assert.equal(read[1]?.timeMs, 1_790_000_000_001.5)
      assert.deepEqual(
        read.map(({ bytes }) => bytes.toString('hex')),
        rows.map(([, frame]) => Buffer.from(frame).toString('hex')),
      )
    }
  })

  it('are not looked for in what is no capture', () => {
    assert.throws(() => new PcapReader().read(Buffer.alloc(24, 1)), /Ethernet/)
  })
})
