import { jittered } from '../session/timing.ts'

/** A session that was Established for so long makes up for its flaps before. */
export const STABLE_MS = 60_000

const maxIdleHoldSeconds = 120

/**
 * RFC 4271 §8.1.1, DampPeerOscillations: how long this end does not call after its session has failed, so that a peer that answers every
 * OPEN with a NOTIFICATION costs little: 1, 2, 4 … 120 s, with jitter. The peer may call meanwhile, other than in §8.2.2: two speakers that
 * both wait would otherwise turn each other away in turn, and one that has restarted and is turned away may take minutes to call again.
 *
 * @param flaps waits since a session was stable, this one included
 */
export function idleHoldMs(flaps: number, random: () => number): number {
  return jittered(1000 * Math.min(maxIdleHoldSeconds, 2 ** (flaps - 1)), random)
}
