import { Writer } from '../../wire/writer.ts'
import type { Message } from '../message.ts'
import type { CodecOptions } from './codec-options.ts'
import { MARKER_LENGTH, MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH, MessageType } from './layout.ts'
import { writeNotification } from './notification.ts'
import { writeOpen } from './open.ts'
import { writeRouteRefresh } from './route-refresh.ts'
import { writeUpdate } from './update.ts'

const marker = new Uint8Array(MARKER_LENGTH).fill(0xff)

/**
 * Writes a message with its header.
 *
 * @throws RangeError when a field does not fit, prefixes are of another family than their place, or the message is longer than the
 * session allows
 */
export function encodeMessage(message: Message, options: CodecOptions): Uint8Array {
  const writer = new Writer({ capacity: 128 }).bytes(marker).uint16(0).uint8(MessageType[message.type])
  writeBody(writer, message, options)
  const { length } = writer
  // RFC 8654 §4: OPEN and KEEPALIVE are never extended.
  const limit = options.extendedMessage && message.type !== 'open' ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH
  if (length > limit) throw new RangeError(`a message of ${length} octets, where ${limit} are allowed`)
  return writer.patchUint16(MARKER_LENGTH, length).finish()
}

function writeBody(writer: Writer, message: Message, options: CodecOptions): void {
  switch (message.type) {
    case 'open':
      writeOpen(writer, message)
      break
    case 'update':
      writeUpdate(writer, message, options)
      break
    case 'notification':
      writeNotification(writer, message)
      break
    case 'keepalive':
      break
    case 'routeRefresh':
      writeRouteRefresh(writer, message)
      break
  }
}
