import type { Message } from '../message.ts'
import type { CodecOptions } from './codec-options.ts'
import { HEADER_LENGTH, MARKER_LENGTH, MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH, MessageType } from './layout.ts'
import { encodeNotification } from './notification.ts'
import { encodeOpen } from './open.ts'
import { encodeRouteRefresh } from './route-refresh.ts'
import { encodeUpdate } from './update.ts'

/**
 * Writes a message with its header.
 *
 * @throws RangeError when a field does not fit, or the message is longer than the session allows
 */
export function encodeMessage(message: Message, options: CodecOptions): Uint8Array {
  const body = encodeBody(message, options)
  const length = HEADER_LENGTH + body.length
  // RFC 8654 §4: OPEN and KEEPALIVE are never extended.
  const limit = options.extendedMessage && message.type !== 'open' ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH
  if (length > limit) throw new RangeError(`a message of ${length} octets, where ${limit} are allowed`)
  const bytes = new Uint8Array(length)
  bytes.fill(0xff, 0, MARKER_LENGTH)
  bytes[MARKER_LENGTH] = length >>> 8
  bytes[MARKER_LENGTH + 1] = length
  bytes[HEADER_LENGTH - 1] = MessageType[message.type]
  bytes.set(body, HEADER_LENGTH)
  return bytes
}

function encodeBody(message: Message, options: CodecOptions): Uint8Array {
  switch (message.type) {
    case 'open':
      return encodeOpen(message)
    case 'update':
      return encodeUpdate(message, options)
    case 'notification':
      return encodeNotification(message)
    case 'keepalive':
      return new Uint8Array(0)
    case 'routeRefresh':
      return encodeRouteRefresh(message)
  }
}
