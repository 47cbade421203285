/**
 * Reads big-endian fields from bytes that a stranger wrote. A read past the end gives zeros (or no bytes) and sets `truncated`, which
 * stays set: a decoder reads a whole structure and checks once, and never throws on input.
 */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #offset: number
  #truncated = false

  /** Reads `bytes` from `start` up to `end`; the bytes are not copied. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#end = Math.min(end, bytes.length)
    this.#offset = start
    if (start > this.#end) this.#truncated = true
  }

  /** where the next read begins, counted from the start of the bytes given */
  get offset(): number {
    return this.#offset
  }

  get remaining(): number {
    return Math.max(0, this.#end - this.#offset)
  }

  /** true once something was asked for that is not there; what was read since then is worthless */
  get truncated(): boolean {
    return this.#truncated
  }

  uint8(): number {
    return this.#number(1)
  }

  uint16(): number {
    return this.#number(2)
  }

  uint24(): number {
    return this.#number(3)
  }

  uint32(): number {
    return this.#number(4)
  }

  /** A 48-bit number, such as an Ethernet address. */
  uint48(): number {
    return this.#number(6)
  }

  uint64(): bigint {
    return this.#bigint(8)
  }

  uint128(): bigint {
    return this.#bigint(16)
  }

  /** The next `length` bytes, as a view of the input; empty when there are not so many. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length)
    return start < 0 ? new Uint8Array(0) : this.#bytes.subarray(start, start + length)
  }

  skip(length: number): void {
    this.#take(length)
  }

  /** A reader of the next `length` bytes alone, for a structure inside this one. */
  sub(length: number): Reader {
    const start = this.#take(length)
    const inner =
      start < 0 ? new Reader(this.#bytes, this.#end, this.#end) : new Reader(this.#bytes, start, start + length)
    if (start < 0) inner.#truncated = true
    return inner
  }

  #number(length: number): number {
    const start = this.#take(length)
    if (start < 0) return 0
    let value = 0
    // Multiplied, not shifted: shifts are 32 bits wide and signed.
    for (let index = start; index < start + length; index++) value = value * 256 + (this.#bytes[index] ?? 0)
    return value
  }

  #bigint(length: number): bigint {
    const start = this.#take(length)
    if (start < 0) return 0n
    let value = 0n
    for (let index = start; index < start + length; index++) value = (value << 8n) | BigInt(this.#bytes[index] ?? 0)
    return value
  }

  /** Moves on and gives where the piece begins, or -1 when it would end beyond the input. */
  #take(length: number): number {
    if (this.#truncated || !(length >= 0) || length > this.#end - this.#offset) {
      this.#truncated = true
      return -1
    }
    const start = this.#offset
    this.#offset += length
    return start
  }
}
