import type { FaultShape, PlannedFault } from './plan.ts'
import type { World } from './world.ts'

/** A part of the cluster that a fault disturbs. */
export type Part =
  | 'api server'
  | 'etcd'
  | 'controller'
  | 'speakers'
  | 'kubelet'
  | 'router'
  | 'network'
  | 'services'
  | 'pools'
  | 'peers'
  | 'admission'
  | 'clock'

/**
 * What must hold from the strike of a fault until its recovery bound is over. What is undefined is not judged in this time: the fault itself takes it
 * away.
 */
export interface Bounds {
  /** two nodes never answer for one address for longer than 100 ms; false where the segment itself is broken */
  readonly oneAnnouncer: boolean
  /** for how long nobody may answer for a layer-2 address, in ms */
  readonly silenceMs?: number
  /** for how long a client on the segment may get no page through a layer-2 address, in ms */
  readonly nearLossMs?: number
  /** for how long a client behind the router may get no page through a routed address, in ms */
  readonly farLossMs?: number
  /** from the end of the fault until everything is whole and nothing is left over, in ms */
  readonly recoveryMs: number
}

/** Ends a fault. It may take as long as it likes; recovery is measured from its end. */
export type Heal = () => Promise<void>

/** A kind of fault, as the registry holds it. */
export interface FaultKind extends FaultShape {
  /** one line for `--list` */
  readonly summary: string
  readonly touches: readonly Part[]
  readonly bounds: Bounds
  /** Does the damage. What it leaves to chance it takes from `planned.dice`. */
  strike(world: World, planned: PlannedFault): Promise<Heal>
}

/** For how long it may be quiet where Herald has to notice nothing: what one lost question and a busy machine explain. */
const UNDISTURBED_MS = 1_000
/** Another node takes over; the same bound as the layer-2 tests'. What takes longer is another mechanism than liveness. */
export const TAKEOVER_MS = 2_000
/** A new connection, whose first packet is sent again after 1 s if it is lost. */
const PAGE_MS = 1_500

/** Of faults that must not be felt outside the cluster at all. */
export const unfelt = (recoveryMs: number): Bounds => ({
  oneAnnouncer: true,
  silenceMs: UNDISTURBED_MS,
  nearLossMs: PAGE_MS,
  farLossMs: PAGE_MS,
  recoveryMs,
})

/** Of faults that take one announcer away, while the segment and the web servers go on. */
export const takenOver = (recoveryMs: number): Bounds => ({
  oneAnnouncer: true,
  silenceMs: TAKEOVER_MS,
  nearLossMs: TAKEOVER_MS + PAGE_MS,
  recoveryMs,
})

/** What several faults at once leave of their bounds. */
export function boundsOf(all: readonly Bounds[]): Bounds {
  const together = (pick: (bounds: Bounds) => number | undefined) => {
    const values = all.map(pick)
    return values.includes(undefined) ? undefined : values.reduce<number>((sum, value) => sum + value!, 0)
  }
  return {
    oneAnnouncer: all.every(({ oneAnnouncer }) => oneAnnouncer),
    silenceMs: together(({ silenceMs }) => silenceMs),
    nearLossMs: together(({ nearLossMs }) => nearLossMs),
    farLossMs: together(({ farLossMs }) => farLossMs),
    recoveryMs: together(({ recoveryMs }) => recoveryMs)!,
  }
}
