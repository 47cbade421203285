import type { AuthenticationProblem } from './authentication.ts'
import type { ControlPacket } from './packet.ts'
import type { Session } from './session.ts'

/** Why a session does not take a packet that decodes. */
export type SessionProblem = 'ttlTooLow' | 'unexpectedAuthentication' | 'missingAuthentication' | AuthenticationProblem

/**
 * The reception checks that need the session, in the order of RFC 5880 §6.8.6. The TTL comes before the digest, which costs more.
 *
 * @param ttl as received; -1 when it is not known, which satisfies no minimum
 * @returns why the packet is to be dropped, undefined when it is not
 */
export function checkForSession(
  payload: Uint8Array,
  packet: ControlPacket,
  ttl: number,
  session: Session,
  nowMs: number,
): SessionProblem | undefined {
  const { authentication, minimumTtl } = session.config
  if (minimumTtl !== undefined && ttl < minimumTtl) return 'ttlTooLow'
  // RFC 5880 §6.8.6: the A bit has to agree with bfd.AuthType.
  if (!authentication) return packet.authenticationPresent ? 'unexpectedAuthentication' : undefined
  if (!packet.authenticationPresent) return 'missingAuthentication'
  const { authenticationSequence, lastHeardMs } = session.variables
  // RFC 5880 §6.8.1, bfd.AuthSeqKnown: forgotten after twice the Detection Time without a packet. Looked at only when one comes.
  if (lastHeardMs !== undefined && nowMs - lastHeardMs >= 2 * session.detectionTimeMs) {
    authenticationSequence.received = undefined
  }
  return authentication.check(payload, authenticationSequence)
}
