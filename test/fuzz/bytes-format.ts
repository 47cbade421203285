import type { Random } from '../simulation/random.ts'
import { editCount } from './edit-count.ts'
import type { Format } from './target.ts'

/** Octets at which decoders go wrong more often than at others. */
const EDGES = [0, 1, 2, 3, 4, 0x7f, 0x80, 0xfe, 0xff]

/**
 * Packets and other binary inputs: octets changed, put in, taken out, taken from another input. `repair` mends a copy afterwards, half of the
 * time, so that what lies behind a checksum is reached, too.
 */
export function bytesFormat({
  repair,
  maxLength = 4096,
}: {
  repair?: (bytes: Uint8Array) => void
  maxLength?: number
} = {}): Format {
  return {
    mutate(random, pick) {
      let bytes: number[] = [...pick()]
      for (let left = editCount(random); left > 0; left--) bytes = edited(bytes, random, pick)
      const input = Uint8Array.from(bytes.slice(0, maxLength))
      if (repair && random.chance(0.5)) repair(input)
      return input
    },
    shrink: shrinkBytes,
    toLine: input => Buffer.from(input).toString('hex'),
    fromLine: line => Uint8Array.from(Buffer.from(line, 'hex')),
  }
}

function edited(bytes: number[], random: Random, pick: () => Uint8Array): number[] {
  const at = random.below(bytes.length + 1)
  const length = 1 + random.below(random.chance(0.8) ? 4 : 64)
  switch (random.below(10)) {
    case 0:
      return bytes.slice(0, at)
    case 1:
      return bytes.toSpliced(at, length)
    case 2:
      return bytes.toSpliced(at, 0, ...Array.from({ length }, () => octet(random)))
    case 3:
      return bytes.toSpliced(at, 0, ...bytes.slice(at, at + length))
    case 4: {
      const other = [...pick()]
      return [...bytes.slice(0, at), ...other.slice(random.chance(0.5) ? at : random.below(other.length + 1))]
    }
    case 5: {
      // A number that counts or measures, one more or one less.
      const changed = bytes.slice()
      if (at < bytes.length) changed[at] = (bytes[at]! + (random.chance(0.5) ? 1 : 255)) & 0xff
      return changed
    }
    case 6: {
      const changed = bytes.slice()
      if (at < bytes.length) changed[at]! ^= 1 << random.below(8)
      return changed
    }
    default: {
      const changed = bytes.slice()
      if (at < bytes.length) changed[at] = octet(random)
      return changed
    }
  }
}

function octet(random: Random): number {
  return random.chance(0.5) ? random.pick(EDGES) : random.below(256)
}

/** Without its second half, without smaller parts of it, and then with zeros in the place of octets. */
export function* shrinkBytes(input: Uint8Array): Generator<Uint8Array> {
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = input.length - size; start >= 0; start -= size) {
      yield Uint8Array.from([...input.subarray(0, start), ...input.subarray(start + size)])
    }
  }
  for (const [index, octet] of input.entries()) if (octet !== 0) yield input.with(index, 0)
}
