import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Reader } from '../../../src/wire/reader.ts'
import { Writer } from '../../../src/wire/writer.ts'

const bytes = Uint8Array.from({ length: 40 }, (_, index) => index + 1)

const reads: { name: string; length: number; read: (reader: Reader) => unknown; expected: unknown }[] = [
  { name: 'uint8', length: 1, read: reader => reader.uint8(), expected: 0x01 },
  { name: 'uint16', length: 2, read: reader => reader.uint16(), expected: 0x0102 },
  { name: 'uint24', length: 3, read: reader => reader.uint24(), expected: 0x010203 },
  { name: 'uint32', length: 4, read: reader => reader.uint32(), expected: 0x01020304 },
  { name: 'uint48', length: 6, read: reader => reader.uint48(), expected: 0x010203040506 },
  { name: 'uint64', length: 8, read: reader => reader.uint64(), expected: 0x0102030405060708n },
  { name: 'uint128', length: 16, read: reader => reader.uint128(), expected: 0x0102030405060708090a0b0c0d0e0f10n },
  { name: 'bytes', length: 5, read: reader => [...reader.bytes(5)], expected: [1, 2, 3, 4, 5] },
]

describe('Reader', () => {
  for (const { name, length, read, expected } of reads) {
    it(`reads ${name} and moves on by its length`, () => {
      const reader = new Reader(bytes)
      assert.deepEqual(read(reader), expected)
      assert.deepEqual([reader.offset, reader.remaining, reader.truncated], [length, bytes.length - length, false])
    })

    it(`does not read ${name} past the end`, () => {
      const reader = new Reader(bytes, 0, length - 1)
      const empty = read(reader)
      assert.ok(empty === 0 || empty === 0n || (Array.isArray(empty) && empty.length === 0))
      assert.equal(reader.truncated, true)
    })
  }

  it('stays truncated, and reads nothing more', () => {
    const reader = new Reader(bytes, 0, 2)
    reader.uint32()
    assert.equal(reader.uint8(), 0)
    assert.deepEqual([reader.truncated, reader.offset], [true, 0])
  })

  it('keeps a structure inside within its bounds', () => {
    const reader = new Reader(bytes)
    const inner = reader.sub(2)
    assert.equal(inner.uint16(), 0x0102)
    assert.equal(inner.uint8(), 0)
    assert.equal(inner.truncated, true)
    assert.deepEqual([reader.truncated, reader.uint8()], [false, 3])
  })

  it('marks both when a structure inside is longer than what is left', () => {
    const reader = new Reader(bytes, 38)
    const inner = reader.sub(3)
    assert.deepEqual([inner.truncated, inner.remaining, reader.truncated], [true, 0, true])
  })

  it('refuses lengths that are no lengths', () => {
    for (const length of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const reader = new Reader(bytes)
      reader.skip(length)
      assert.equal(reader.truncated, true, String(length))
    }
  })

  it('begins truncated when it begins past the end', () => {
    assert.equal(new Reader(bytes, 41).truncated, true)
    assert.equal(new Reader(bytes, 40).truncated, false)
  })
})

describe('Writer', () => {
  it('writes what Reader reads', () => {
    const max48 = 2 ** 48 - 1
    fc.assert(
      fc.property(
        fc.tuple(fc.nat(0xff), fc.nat(0xffff), fc.nat(0xffffff), fc.integer({ min: 0, max: 0xffffffff })),
        fc.integer({ min: 0, max: max48 }),
        fc.bigInt(0n, 2n ** 64n - 1n),
        fc.bigInt(0n, 2n ** 128n - 1n),
        fc.uint8Array({ maxLength: 200 }),
        ([a, b, c, d], e, f, g, tail) => {
          const writer = new Writer({ capacity: 1 })
          writer.uint8(a).uint16(b).uint24(c).uint32(d).uint48(e).uint64(f).uint128(g).zeros(3).bytes(tail)
          const reader = new Reader(writer.finish())
          assert.deepEqual([reader.uint8(), reader.uint16(), reader.uint24(), reader.uint32()], [a, b, c, d])
          assert.deepEqual([reader.uint48(), reader.uint64(), reader.uint128()], [e, f, g])
          assert.deepEqual([reader.uint24(), reader.bytes(tail.length)], [0, tail])
          assert.deepEqual([reader.remaining, reader.truncated], [0, false])
        },
      ),
    )
  })

  it('patches a length written before', () => {
    const writer = new Writer().uint8(9).uint16(0).uint8(7)
    writer.patchUint16(1, writer.length)
    assert.deepEqual([...writer.finish()], [9, 0, 4, 7])
    assert.throws(() => writer.patchUint16(3, 1), RangeError)
  })

  it('refuses what does not fit', () => {
    for (const write of [
      (writer: Writer) => writer.uint8(256),
      (writer: Writer) => writer.uint16(-1),
      (writer: Writer) => writer.uint32(1.5),
      (writer: Writer) => writer.uint48(2 ** 48),
      (writer: Writer) => writer.uint64(2n ** 64n),
      (writer: Writer) => writer.uint128(-1n),
    ]) {
      const writer = new Writer()
      assert.throws(() => write(writer), RangeError)
      assert.equal(writer.length, 0)
    }
  })
})
