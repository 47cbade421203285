import type { Negotiated } from '../negotiation.ts'
import type { OpenConfirmState, SessionState } from '../session/state.ts'

/** Which of two sessions with the same peer goes on; the other is closed. */
export type CollisionVerdict = 'keepNew' | 'keepOther'

/**
 * RFC 4271 §6.8: `fresh` has just received the peer's OPEN, and so knows the peer's identifier; `other` is the peer's other session.
 *
 * @returns undefined when there is no collision (yet)
 */
export function resolveCollision(
  fresh: OpenConfirmState,
  other: SessionState,
  routerId: number,
): CollisionVerdict | undefined {
  switch (other.name) {
    case 'Established':
      return restarts(other.negotiated) ? 'keepNew' : 'keepOther'
    case 'OpenConfirm':
    // The peer's identifier is known from its other OPEN, so that there is no need to wait for this one's.
    case 'OpenSent': {
      const kept = prevails(fresh.negotiated, routerId) ? 'outgoing' : 'incoming'
      return fresh.direction === kept ? 'keepNew' : 'keepOther'
    }
    default:
      return undefined
  }
}

/**
 * RFC 4724 §4.2 and §5: a peer that restarts may be back before its old connection is seen to be dead. One that only helps others to
 * restart (no families) is no such peer.
 */
function restarts({ gracefulRestart }: Negotiated): boolean {
  return gracefulRestart !== undefined && gracefulRestart.families.length > 0
}

/** Whether the connection that this end made prevails: the higher identifier, or AS number where they are equal (RFC 6286 §2.3). */
function prevails({ localAs, peerAs, peerIdentifier }: Negotiated, routerId: number): boolean {
  return routerId === peerIdentifier ? localAs > peerAs : routerId > peerIdentifier
}
