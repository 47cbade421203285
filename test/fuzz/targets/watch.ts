import assert from 'node:assert/strict'
import { parseWatchEvent } from '../../../src/kubernetes/watch-event.ts'
import { LineSplitter } from '../../../src/kubernetes/watch-lines.ts'
import type { FuzzTarget } from '../target.ts'
import { ofText, textFormat } from '../text-format.ts'

const LONGEST_LINE = 400
const metadata = { name: 'web', resourceVersion: '7' }
const annotations = { 'k8s.io/initial-events-end': 'true' }
const lines = [
  { type: 'ADDED', object: { metadata } },
  { type: 'MODIFIED', object: { metadata, spec: { text: 'ü€𝄞' } } },
  { type: 'DELETED', object: { metadata } },
  { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9', annotations } } },
  { type: 'ERROR', object: { code: 410, message: 'too old' } },
].map(line => `${JSON.stringify(line)}\n`)

/** An octet for the length of the pieces in which the bytes come, and the bytes of a watch. */
export const watch: FuzzTarget = {
  name: 'watch',
  format: textFormat([...lines, '{', '}', '"metadata":null', '"object":[]', '\r\n', '\n\n']),
  seeds: [...lines, lines.join('')].map(text => ofText(`!${text}`)),
  check(bytes) {
    const stream = bytes.subarray(1)
    const pieceLength = Math.max(1, (bytes[0] ?? 0) % 64)
    const whole = linesOf(stream, Math.max(1, stream.length))
    const pieces = linesOf(stream, pieceLength)
    if (whole.isTooLong || pieces.isTooLong) return 'line too long'
    assert.deepEqual(pieces.lines, whole.lines)
    const types = new Set<string>()
    for (const line of whole.lines) {
      const event = parseWatchEvent(line)
      if ('problem' in event) {
        assert.ok(event.problem.length <= 1_300)
        types.add('problem')
        continue
      }
      if (event.type !== 'BOOKMARK' && event.type !== 'ERROR')
        assert.equal(typeof event.object.metadata?.name, 'string')
      types.add(event.type)
    }
    return [...types].sort().join(' ') || 'nothing'
  },
}

function linesOf(stream: Uint8Array, pieceLength: number): { lines: string[]; isTooLong: boolean } {
  const splitter = new LineSplitter({ maxLineBytes: LONGEST_LINE })
  const lines: string[] = []
  for (let at = 0; at < stream.length; at += pieceLength) {
    const split = splitter.push(stream.slice(at, at + pieceLength))
    if ('problem' in split) return { lines, isTooLong: true }
    assert.ok(splitter.pendingBytes <= LONGEST_LINE)
    lines.push(...split.lines)
  }
  return { lines, isTooLong: false }
}
