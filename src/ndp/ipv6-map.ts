import { int32At } from '../wire/in-place.ts'

interface Entry<Value> {
  readonly address: bigint
  /** the address as four numbers of 32 bits, signed */
  readonly words: readonly [number, number, number, number]
  value: Value
}

/**
 * A map by IPv6 address that can be asked with the bytes of a received frame. Making a bigint or a string out of every address that a
 * flood of solicitations asks for takes 3 to 17 times as long.
 */
export class Ipv6Map<Value> {
  /** entries by the hash of their address; nearly always one each */
  readonly #buckets = new Map<number, Entry<Value>[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(address: bigint): Value | undefined {
    return this.#entry(address)?.value
  }

  has(address: bigint): boolean {
    return this.#entry(address) !== undefined
  }

  /** The value for the address that stands in `bytes` at `offset`. */
  find(bytes: Uint8Array, offset: number): Value | undefined {
    const a = int32At(bytes, offset)
    const b = int32At(bytes, offset + 4)
    const c = int32At(bytes, offset + 8)
    const d = int32At(bytes, offset + 12)
    const bucket = this.#buckets.get(hash(a, b, c, d))
    if (bucket === undefined) return undefined
    for (const { words, value } of bucket) {
      if (words[3] === d && words[2] === c && words[1] === b && words[0] === a) return value
    }
    return undefined
  }

  set(address: bigint, value: Value): this {
    const entry = this.#entry(address)
    if (entry) {
      entry.value = value
      return this
    }
    const words = wordsOf(address)
    const key = hash(...words)
    const bucket = this.#buckets.get(key)
    if (bucket) bucket.push({ address, words, value })
    else this.#buckets.set(key, [{ address, words, value }])
    this.#size++
    return this
  }

  /** Takes an address out; false when it was not there. */
  delete(address: bigint): boolean {
    const key = hash(...wordsOf(address))
    const bucket = this.#buckets.get(key)
    const index = bucket?.findIndex(entry => entry.address === address) ?? -1
    if (!bucket || index < 0) return false
    bucket.splice(index, 1)
    if (bucket.length === 0) this.#buckets.delete(key)
    this.#size--
    return true
  }

  *[Symbol.iterator](): IterableIterator<[address: bigint, value: Value]> {
    for (const bucket of this.#buckets.values()) for (const { address, value } of bucket) yield [address, value]
  }

  #entry(address: bigint): Entry<Value> | undefined {
    return this.#buckets.get(hash(...wordsOf(address)))?.find(entry => entry.address === address)
  }
}

function wordsOf(address: bigint): [number, number, number, number] {
  const word = (shift: bigint) => Number(BigInt.asIntN(32, address >> shift))
  return [word(96n), word(64n), word(32n), word(0n)]
}

/** Mixes the words so that addresses in a row scatter. Only this node's own addresses are kept, so nobody can choose them to collide. */
function hash(a: number, b: number, c: number, d: number): number {
  let mixed = Math.imul(a, 0x9e37_79b1) ^ b
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85eb_ca6b) ^ c
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35) ^ d
  // 31 bits: a number that the engine keeps without allocating
  return (mixed ^ (mixed >>> 16)) >> 1
}
