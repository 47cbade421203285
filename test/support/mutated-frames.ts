import fc from 'fast-check'

/** How many frames a fuzz test tries: 100,000, or what HERALD_RUNS says. */
export const FUZZ_RUNS = Number(process.env.HERALD_RUNS ?? 100_000)

// Values at which decoders go wrong more often than at others.
const value = fc.oneof(
  { arbitrary: fc.nat(255), weight: 3 },
  { arbitrary: fc.constantFrom(0, 1, 2, 254, 255), weight: 2 },
)

/**
 * Frames made of good ones: a few bytes changed, some cut off or added at the end; and now and then nothing but noise. `repair` mends a copy
 * afterwards, half of the time, so that what lies behind a checksum is reached, too.
 */
export function mutatedFrames(
  good: readonly Uint8Array[],
  repair?: (frame: Uint8Array) => void,
): fc.Arbitrary<Uint8Array> {
  const mutated = fc
    .tuple(
      fc.constantFrom(...good),
      fc.array(fc.tuple(fc.nat(100), value), { maxLength: 3 }),
      fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, { arbitrary: fc.integer({ min: -80, max: 20 }), weight: 1 }),
      fc.boolean(),
    )
    .map(([frame, changes, growth, repaired]) => {
      const bytes = new Uint8Array(Math.max(0, frame.length + growth))
      bytes.set(frame.subarray(0, bytes.length))
      for (const [offset, byte] of changes) if (offset < bytes.length) bytes[offset] = byte
      if (repaired) repair?.(bytes)
      return bytes
    })
  return fc.oneof({ arbitrary: mutated, weight: 15 }, { arbitrary: fc.uint8Array({ maxLength: 120 }), weight: 1 })
}
