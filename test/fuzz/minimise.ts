/** Tries smaller inputs as long as one of them fails, too; `fails` is called at most so often. */
export function minimise(
  input: Uint8Array,
  shrink: (input: Uint8Array) => Iterable<Uint8Array>,
  fails: (input: Uint8Array) => boolean,
  { mostTries = 20_000 } = {},
): Uint8Array {
  let smallest = input
  for (let tries = 0, found = true; found; ) {
    found = false
    for (const candidate of shrink(smallest)) {
      if (++tries > mostTries) return smallest
      if (!fails(candidate)) continue
      smallest = candidate
      found = true
      break
    }
  }
  return smallest
}
