import type { ProtocolError } from '../error-codes.ts'
import type { Message } from '../message.ts'
import type { AttributeProblem } from './attribute-problem.ts'
import type { CodecOptions } from './codec-options.ts'
import type { Frame } from './framer.ts'
import { MessageType } from './layout.ts'
import { decodeNotification } from './notification.ts'
import { decodeOpen } from './open.ts'
import { decodeRouteRefresh } from './route-refresh.ts'
import { decodeUpdate } from './update.ts'

/** A message, or why the session has to end. */
export type Decoded =
  | {
      readonly message: Message
      /** what RFC 7606 had mended: attributes that are gone, or routes that were announced and came out as withdrawn */
      readonly problems?: readonly AttributeProblem[]
    }
  | { readonly error: ProtocolError }

/** Reads a message that the framer has cut out. Never throws; the values keep no view of the frame. */
export function decodeMessage(frame: Frame, options: CodecOptions): Decoded {
  switch (frame.type) {
    case MessageType.open:
      return decodeOpen(frame.body)
    case MessageType.update:
      return decodeUpdate(frame.body, options)
    case MessageType.notification:
      return decodeNotification(frame.body)
    case MessageType.keepalive:
      return { message: { type: 'keepalive' } }
    case MessageType.routeRefresh:
      return decodeRouteRefresh(frame.body)
  }
}
