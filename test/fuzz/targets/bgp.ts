import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { CodecOptions } from '../../../src/bgp/codec/codec-options.ts'
import { decodeMessage } from '../../../src/bgp/codec/decode-message.ts'
import { encodeMessage } from '../../../src/bgp/codec/encode-message.ts'
import { type Frame, Framer } from '../../../src/bgp/codec/framer.ts'
import type { Message } from '../../../src/bgp/message.ts'
import { sessionMessages } from '../../unit/bgp/codec/arbitraries.ts'
import { bytesFormat } from '../bytes-format.ts'
import type { FuzzTarget } from '../target.ts'

/** what an error may be about: header, OPEN, UPDATE, ROUTE-REFRESH */
const ERROR_CODES = new Set([1, 2, 3, 7])
const MARKER_LENGTH = 16
const HEADER_LENGTH = 19

/** Good messages, each with the options that it was made for: messages of every type, with every attribute and capability. */
const samples = fc
  .sample(sessionMessages, { numRuns: 400, seed: 1 })
  .map(([options, message]) => ({ options, bytes: encodeMessage(message, options) }))
  .filter(({ bytes }) => bytes.length < 400)

/** What the options of a session are, as bits of an octet, and back. */
function octetOf({ fourOctetAs, internal, extendedMessage, extendedNextHop }: CodecOptions): number {
  return Number(fourOctetAs) | (Number(internal) << 1) | (Number(extendedMessage) << 2) | (Number(extendedNextHop) << 3)
}

export function optionsOf(octet: number): CodecOptions {
  return {
    fourOctetAs: (octet & 1) !== 0,
    internal: (octet & 2) !== 0,
    extendedMessage: (octet & 4) !== 0,
    extendedNextHop: (octet & 8) !== 0,
  }
}

/** An octet for the options, the type of a message, its body. */
export const bgpMessage: FuzzTarget = {
  name: 'bgp-message',
  format: bytesFormat(),
  seeds: samples.map(({ options, bytes }) => Uint8Array.of(octetOf(options), ...bytes.subarray(HEADER_LENGTH - 1))),
  check(bytes) {
    const options = optionsOf(bytes[0] ?? 0)
    const type = Math.min(Math.max(bytes[1] ?? 1, 1), 5) as Frame['type']
    return judgeMessage({ type, body: bytes.subarray(2) }, options)
  },
}

/** An octet for the options, one for the length of the pieces in which the bytes come, and the bytes of a connection. */
export const bgpStream: FuzzTarget = {
  name: 'bgp-stream',
  format: bytesFormat(),
  seeds: samples.slice(0, 40).map(({ options, bytes }, index) => {
    const next = samples[index + 1]?.bytes ?? new Uint8Array()
    return Uint8Array.of(octetOf(options), 7, ...bytes, ...next)
  }),
  check(bytes) {
    const [octet = 0, pieceLength = 0] = bytes
    const stream = bytes.slice(2)
    const whole = framesOf(stream, stream.length)
    assert.deepEqual(framesOf(stream, Math.max(1, pieceLength)), whole)
    let taken = 0
    for (const framed of whole) {
      if ('error' in framed) return `${taken} messages, then: ${framed.error.reason.replace(/\d+/g, 'n')}`
      // RFC 4271 §4.1: the marker is all ones, and the length counts the header.
      assert.ok(stream.subarray(taken, taken + MARKER_LENGTH).every(octet => octet === 0xff))
      taken += HEADER_LENGTH + framed.frame.body.length
      judgeMessage(framed.frame, optionsOf(octet))
    }
    assert.ok(taken <= stream.length)
    return taken === stream.length ? 'messages' : 'messages and a rest'
  },
}

function framesOf(stream: Uint8Array, pieceLength: number) {
  const framer = new Framer()
  const found: Exclude<ReturnType<Framer['next']>, undefined>[] = []
  for (let at = 0; at < stream.length; at += pieceLength) {
    framer.push(stream.slice(at, at + pieceLength))
    for (let framed = framer.next(); framed; framed = framer.next()) {
      found.push('frame' in framed ? { frame: { ...framed.frame, body: framed.frame.body.slice() } } : framed)
      if ('error' in framed) return found
    }
  }
  return found
}

/** Reads a message; what was read must be written, and what is refused must have a reason that can be sent. */
export function judgeMessage(frame: Frame, options: CodecOptions): 'read' | 'mended' | 'refused' {
  const decoded = decodeMessage(frame, options)
  if ('error' in decoded) {
    const { code, data, reason } = decoded.error
    assert.ok(ERROR_CODES.has(code) && data.length <= 4075 && reason !== '', reason)
    return 'refused'
  }
  assertStable(decoded.message, options)
  return decoded.problems ? 'mended' : 'read'
}

/** What was read and written is read and written again as the same bytes. */
function assertStable(message: Message, options: CodecOptions): void {
  // AS4_PATH cannot say where confederation segments were (RFC 6793 §4.2.2).
  if (message.type === 'update' && message.attributes.asPath?.some(({ type }) => type > 2)) return
  const written = encodeMessage(message, options)
  const again = decodeMessage(frameOf(written), options)
  assert.ok('message' in again && !again.problems)
  assert.equal(Buffer.compare(encodeMessage(again.message, options), written), 0)
}

/** The one message in these bytes. */
export function frameOf(bytes: Uint8Array): Frame {
  const framer = new Framer({ maxMessageLength: 65535 })
  framer.push(bytes)
  const framed = framer.next()
  assert.ok(framed && 'frame' in framed)
  return framed.frame
}
