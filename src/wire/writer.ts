/**
 * Writes big-endian fields into a buffer that grows. A value that does not fit its field is a mistake of the caller and throws
 * RangeError, rather than going out as something else.
 */
export class Writer {
  #buffer: Uint8Array
  #length = 0

  constructor(init: { capacity?: number } = {}) {
    this.#buffer = new Uint8Array(init.capacity ?? 64)
  }

  get length(): number {
    return this.#length
  }

  uint8(value: number): this {
    return this.#number(value, 1)
  }

  uint16(value: number): this {
    return this.#number(value, 2)
  }

  uint24(value: number): this {
    return this.#number(value, 3)
  }

  uint32(value: number): this {
    return this.#number(value, 4)
  }

  /** A 48-bit number, such as an Ethernet address. */
  uint48(value: number): this {
    return this.#number(value, 6)
  }

  uint64(value: bigint): this {
    return this.#bigint(value, 8)
  }

  uint128(value: bigint): this {
    return this.#bigint(value, 16)
  }

  bytes(bytes: Uint8Array): this {
    const start = this.#grow(bytes.length)
    this.#buffer.set(bytes, start)
    return this
  }

  zeros(length: number): this {
    this.#grow(length)
    return this
  }

  /** Fills in a length or checksum that was written as zero before its value was known. */
  patchUint16(offset: number, value: number): this {
    if (offset < 0 || offset + 2 > this.#length)
      throw new RangeError(`no 16-bit field at offset ${offset} of ${this.#length} bytes`)
    store(this.#buffer, offset, checked(value, 2), 2)
    return this
  }

  /** What was written so far, as a view: finish before writing on. */
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  #number(value: number, width: number): this {
    checked(value, width)
    const start = this.#grow(width)
    store(this.#buffer, start, value, width)
    return this
  }

  #bigint(value: bigint, width: number): this {
    if (BigInt.asUintN(width * 8, value) !== value) throw new RangeError(`${value} does not fit in ${width * 8} bits`)
    const start = this.#grow(width)
    for (let index = start + width - 1; index >= start; index--) {
      this.#buffer[index] = Number(value & 0xffn)
      value >>= 8n
    }
    return this
  }

  #grow(by: number): number {
    const start = this.#length
    const needed = start + by
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2))
      larger.set(this.#buffer)
      this.#buffer = larger
    }
    this.#length = needed
    return start
  }
}

function checked(value: number, width: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (width * 8)) {
    throw new RangeError(`${value} does not fit in ${width * 8} bits`)
  }
  return value
}

function store(buffer: Uint8Array, offset: number, value: number, width: number): void {
  for (let index = offset + width - 1; index >= offset; index--) {
    buffer[index] = value % 256
    value = Math.floor(value / 256)
  }
}
