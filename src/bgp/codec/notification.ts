import type { Writer } from '../../wire/writer.ts'
import type { NotificationMessage } from '../message.ts'

// RFC 4271 §4.5: error code (1), error subcode (1), data up to the end.

/** Reads the body of a NOTIFICATION, of which the framer has seen to it that it has a code and a subcode. */
export function decodeNotification(body: Uint8Array): { message: NotificationMessage } {
  return {
    message: {
      type: 'notification',
      code: body[0] ?? 0,
      subcode: body[1] ?? 0,
      data: new Uint8Array(body.subarray(2)),
    },
  }
}

/** Writes the body of a NOTIFICATION. */
export function writeNotification(writer: Writer, { code, subcode, data }: NotificationMessage): void {
  writer.uint8(code).uint8(subcode).bytes(data)
}
