import { shrinkBytes } from './bytes-format.ts'
import { editCount } from './edit-count.ts'
import type { Format } from './target.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Short texts: parts cut out, doubled, taken from others, and put together from what means something to the reader. */
export function textFormat(tokens: readonly string[]): Format {
  const odd = [
    '',
    ' ',
    '\0',
    '\n',
    '﻿',
    '𝄞',
    '-1',
    '0',
    '4294967296',
    '9'.repeat(20),
    'x'.repeat(300),
    '__proto__',
    '%',
    '/',
    ',',
    '-',
  ]
  return {
    mutate(random, pick) {
      let text = decoder.decode(pick())
      for (let left = editCount(random); left > 0; left--) {
        const at = random.below(text.length + 1)
        const end = Math.min(text.length, at + random.below(6))
        const other = decoder.decode(pick())
        const piece = random.pick([
          '',
          String.fromCharCode(32 + random.below(95)),
          random.pick(odd),
          random.pick(tokens),
          other.slice(random.below(other.length + 1)),
          text.slice(at, end).repeat(2),
        ])
        text = text.slice(0, at) + piece + text.slice(end)
      }
      return encoder.encode(text)
    },
    shrink: shrinkBytes,
    toLine: input => JSON.stringify(decoder.decode(input)),
    fromLine: line => encoder.encode(String(JSON.parse(line))),
  }
}

/** The text that an input stands for. */
export function textOf(input: Uint8Array): string {
  return decoder.decode(input)
}

/** The input that stands for a text. */
export function ofText(text: string): Uint8Array {
  return encoder.encode(text)
}
