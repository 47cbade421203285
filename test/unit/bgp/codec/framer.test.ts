import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Framed, Framer } from '../../../../src/bgp/codec/framer.ts'
import { fromHex } from '../../../support/hex.ts'
import { messageOf } from './dump.ts'

const MARKER = 'ff'.repeat(16)
const none = new Uint8Array(0)

const keepalive = messageOf(4, none)
const notification = messageOf(3, Uint8Array.of(6, 2, 0x78))
const update = messageOf(2, new Uint8Array(4))
const routeRefresh = messageOf(5, Uint8Array.of(0, 1, 0, 1))
const largest = messageOf(2, new Uint8Array(4096 - 19))
const stream = Buffer.concat([keepalive, notification, update, routeRefresh, largest, keepalive])
const frames: readonly Framed[] = [
  { frame: { type: 4, body: none } },
  { frame: { type: 3, body: Uint8Array.of(6, 2, 0x78) } },
  { frame: { type: 2, body: new Uint8Array(4) } },
  { frame: { type: 5, body: Uint8Array.of(0, 1, 0, 1) } },
  { frame: { type: 2, body: new Uint8Array(4096 - 19) } },
  { frame: { type: 4, body: none } },
]

const badHeaders: { name: string; hex: string; subcode: number; data: string; maxMessageLength?: number }[] = [
  { name: 'a marker that begins with zero', hex: '00', subcode: 1, data: '' },
  { name: 'a marker that ends with zero', hex: `${'ff'.repeat(15)}00 0013 04`, subcode: 1, data: '' },
  { name: 'a marker worse than the length', hex: `${'ff'.repeat(15)}fe 0000 00`, subcode: 1, data: '' },
  { name: 'a length of zero', hex: `${MARKER} 0000 04`, subcode: 2, data: '0000' },
  { name: 'a length shorter than the header', hex: `${MARKER} 0012 04`, subcode: 2, data: '0012' },
  { name: 'a length beyond 4096', hex: `${MARKER} 1001 02`, subcode: 2, data: '1001' },
  { name: 'the greatest length', hex: `${MARKER} ffff 02`, subcode: 2, data: 'ffff' },
  { name: 'an OPEN of 28 octets', hex: `${MARKER} 001c 01`, subcode: 2, data: '001c' },
  { name: 'an UPDATE of 22 octets', hex: `${MARKER} 0016 02`, subcode: 2, data: '0016' },
  { name: 'a NOTIFICATION of 20 octets', hex: `${MARKER} 0014 03`, subcode: 2, data: '0014' },
  { name: 'a KEEPALIVE with a body', hex: `${MARKER} 0014 04`, subcode: 2, data: '0014' },
  {
    name: 'an OPEN beyond 4096 octets among extended messages (RFC 8654 §4)',
    hex: `${MARKER} 1001 01`,
    subcode: 2,
    data: '1001',
    maxMessageLength: 65535,
  },
  { name: 'type 0', hex: `${MARKER} 0013 00`, subcode: 3, data: '00' },
  { name: 'type 6', hex: `${MARKER} 0013 06`, subcode: 3, data: '06' },
  { name: 'type 255', hex: `${MARKER} 0017 ff`, subcode: 3, data: 'ff' },
  { name: 'a length worse than the type', hex: `${MARKER} 0012 06`, subcode: 2, data: '0012' },
]

describe('BGP framer', () => {
  it('cuts a stream into messages, wherever it is split', () => {
    for (let split = 0; split <= stream.length; split++) {
      assert.deepEqual(framed([stream.subarray(0, split), stream.subarray(split)]), frames, `split at ${split}`)
    }
  })

  it('takes a stream byte by byte', () => {
    assert.deepEqual(framed(Array.from(stream, byte => Uint8Array.of(byte))), frames)
  })

  it('takes a stream in any portions', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 30 }), cuts => {
        const sorted = [0, ...cuts.sort((a, b) => a - b), stream.length]
        const chunks = sorted.slice(1).map((end, index) => stream.subarray(sorted[index], end))
        assert.deepEqual(framed(chunks), frames)
      }),
    )
  })

  it('takes what was pushed before anything was taken', () => {
    const framer = new Framer()
    for (let start = 0; start < stream.length; start += 25) framer.push(stream.subarray(start, start + 25))
    assert.deepEqual(drain(framer), frames)
  })

  it('takes extended messages once they are allowed (RFC 8654)', () => {
    const extended = messageOf(2, new Uint8Array(65535 - 19).fill(1))
    const framer = new Framer()
    framer.push(keepalive)
    assert.deepEqual(drain(framer), [{ frame: { type: 4, body: none } }])
    framer.maxMessageLength = 65535
    for (let start = 0; start < extended.length; start += 10_000) framer.push(extended.subarray(start, start + 10_000))
    assert.deepEqual(drain(framer), [{ frame: { type: 2, body: extended.subarray(19) } }])
  })

  it('holds a message that spans chunks apart from them', () => {
    const framer = new Framer()
    const first = notification.slice(0, 20)
    framer.push(first)
    assert.equal(framer.next(), undefined)
    first.fill(0)
    framer.push(notification.slice(20))
    assert.deepEqual(framer.next(), frames[1])
  })

  for (const { name, hex, subcode, data, maxMessageLength } of badHeaders) {
    it(`refuses ${name}: 1/${subcode}`, () => {
      const header = fromHex(hex)
      for (const chunks of [[header], Array.from(header, byte => Uint8Array.of(byte))]) {
        const framer = new Framer({ maxMessageLength })
        framer.push(keepalive)
        for (const chunk of chunks) framer.push(chunk)
        assert.deepEqual(framer.next(), { frame: { type: 4, body: none } })
        const { error } = framer.next() as Extract<Framed, { error: unknown }>
        assert.deepEqual([error.code, error.subcode, error.data], [1, subcode, fromHex(data)])
        assert.notEqual(error.reason, '')
        framer.push(keepalive)
        assert.deepEqual(framer.next(), { error }, 'there is no way back')
      }
    })
  }

  it('never throws, and finds in any split what it finds in one piece', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .tuple(fc.nat(40), fc.nat(7), fc.uint8Array({ maxLength: 60 }))
        .map(([length, type, rest]) => Uint8Array.of(...fromHex(MARKER), 0, length, type, ...rest)),
    )
    fc.assert(
      fc.property(noise, fc.nat(60), (bytes, split) => {
        assert.deepEqual(framed([bytes.subarray(0, split), bytes.subarray(split)]), framed([bytes]))
      }),
      { numRuns: 5_000 },
    )
  })
})

/** What comes out, the error at most once, when the framer is drained after each chunk. */
function framed(chunks: readonly Uint8Array[]): Framed[] {
  const framer = new Framer()
  const found: Framed[] = []
  for (const chunk of chunks) {
    framer.push(chunk)
    found.push(...drain(framer))
    if ('error' in (found.at(-1) ?? {})) break
  }
  return found
}

function drain(framer: Framer): Framed[] {
  const found: Framed[] = []
  for (let next = framer.next(); next; next = framer.next()) {
    found.push(next)
    if ('error' in next) break
  }
  return found
}
