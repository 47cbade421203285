import { jittered } from '../session/timing.ts'

/** A session that was Established for so long makes up for its flaps before. */
export const STABLE_MS = 60_000

const maxIdleHoldSeconds = 120

/**
 * RFC 4271 §8.1.1, DampPeerOscillations: how long a peer stays Idle after its session has failed, so that one that answers every OPEN
 * with a NOTIFICATION costs little: 1, 2, 4 … 120 s, with jitter.
 *
 * @param flaps sessions that have failed since one was stable, from 1
 */
export function idleHoldMs(flaps: number, random: () => number): number {
  return jittered(1000 * Math.min(maxIdleHoldSeconds, 2 ** Math.max(0, flaps - 1)), random)
}
