import type { ConnectionId, SessionAction, TimerName } from './action.ts'
import type { SessionContext } from './state.ts'

/** RFC 4271 §8.2.2: the hold time before the OPENs have agreed on one. */
export const OPEN_HOLD_MS = 240_000

/** A try that has not led to a TCP connection is given up and begun again: the kernel's own patience doubles with every lost SYN. */
const connectAttemptSeconds = 10

/** RFC 4271 §10: 0.75 to 1 times the value, so that speakers do not keep in step. */
export function jittered(milliseconds: number, random: () => number): number {
  return Math.round(milliseconds * (0.75 + 0.25 * random()))
}

/** Begins a connection, and ConnectRetryTimer, which ends the try. */
export function dial({ config, nextConnection, random }: SessionContext): readonly SessionAction[] {
  const delayMs = jittered(1000 * Math.min(config.connectRetrySeconds, connectAttemptSeconds), random)
  return [
    { type: 'setTimer', timer: 'connectRetry', delayMs },
    { type: 'connect', connection: nextConnection },
  ]
}

/**
 * ConnectRetryTimer between tries: the configured time, which the first tries do not wait for; 1, 2, 4 s … Most peers that refuse a
 * connection are about to start.
 */
export function retryMs(retries: number, connectRetrySeconds: number, random: () => number): number {
  return jittered(1000 * Math.min(connectRetrySeconds, 2 ** Math.max(0, retries - 1)), random)
}

/** RFC 4271 §4.2: a hold time of zero has no timer. */
export function startHoldTimer(connection: ConnectionId, holdTimeSeconds: number): readonly SessionAction[] {
  if (holdTimeSeconds === 0) return []
  return [{ type: 'setTimer', timer: holdTimer(connection), delayMs: 1000 * holdTimeSeconds }]
}

export function startKeepaliveTimer(
  connection: ConnectionId,
  keepaliveSeconds: number,
  random: () => number,
): readonly SessionAction[] {
  if (keepaliveSeconds === 0) return []
  return [{ type: 'setTimer', timer: keepaliveTimer(connection), delayMs: jittered(1000 * keepaliveSeconds, random) }]
}

export function holdTimer(connection: ConnectionId): TimerName {
  return `hold ${connection}`
}

export function keepaliveTimer(connection: ConnectionId): TimerName {
  return `keepalive ${connection}`
}
