import type { AddressCounters } from '../../../arp/responder.ts'
import type { RouterSession, RouterSessionConfig, RouterSessionCounters } from '../../../bfd/router-session.ts'
import type { Address } from '../../../ip/address.ts'
import type { Standing } from '../../../layer2/announcer-events.ts'
import type { TakeoverCause } from '../../../layer2/claim-state.ts'
import type { ClaimTimings } from '../../../layer2/claim-timings.ts'
import type { DesiredAddress } from '../../../layer2/desired.ts'
import type { KnownSpeaker } from '../../../layer2/neighbourhood.ts'
import type { SessionState } from '../../../resources/speaker-view.ts'

export type { RouterSession, RouterSessionConfig, RouterSessionCounters } from '../../../bfd/router-session.ts'

/** What changed of the addresses that concern this node. */
export interface DesiredChange {
  /** counts the changes; the reports say which of them they know */
  readonly revision: number
  readonly changed: ReadonlyMap<string, DesiredAddress>
  readonly removed: readonly string[]
}

/** What the main thread tells the link thread. */
export type LinkCommand =
  | ({ readonly type: 'desired' } & DesiredChange)
  /** every speaker that has registered once, this node's own too */
  | { readonly type: 'speakers'; readonly speakers: readonly KnownSpeaker[] }
  | { readonly type: 'standing'; readonly standing: Omit<Standing, 'leaving'> }
  /** the addresses that another speaker says it owns: while this one does too, it announces them four times a second */
  | { readonly type: 'rivals'; readonly addresses: readonly string[] }
  /** everything owned is announced once more */
  | { readonly type: 'speakUp' }
  /** what the liveness packets are signed with */
  | { readonly type: 'secret'; readonly secret: Uint8Array }
  /** the BFD sessions with routers that BGP wants, all of them */
  | { readonly type: 'routerSessions'; readonly sessions: readonly RouterSessionConfig[] }
  /** on which interfaces routers are to be found by their advertisements, by name; and told of this node */
  | { readonly type: 'unnumbered'; readonly interfaces: readonly string[] }
  /** hand everything over; answered with `left` when that is done */
  | { readonly type: 'leave' }
  /** answered with `counters` of the same id */
  | { readonly type: 'count'; readonly id: number }
  /** withdraw everything and end */
  | { readonly type: 'stop' }

/** What the link thread tells the main thread: what it sees and does, nothing else. */
export type LinkMessage =
  /** interfaces are known and commands are taken */
  | { readonly type: 'ready' }
  /** sent every second: the thread lives and its loop turns */
  | { readonly type: 'alive' }
  | { readonly type: 'report'; readonly report: LinkReport }
  | { readonly type: 'takeovers'; readonly takeovers: readonly Takeover[] }
  /** all wanted sessions with routers, at once when the state of one has changed */
  | { readonly type: 'routerSessions'; readonly sessions: readonly RouterSession[] }
  /** all routers found, when one came or went */
  | { readonly type: 'neighbours'; readonly neighbours: readonly UnnumberedNeighbour[] }
  | { readonly type: 'counters'; readonly id: number; readonly counters: LinkCounters }
  /** nothing is owned any more that another could have */
  | { readonly type: 'left' }
  /** the thread did not run for so long, and has given everything up */
  | { readonly type: 'stalled'; readonly gapMs: number }
  /** something failed that is tried again: one interface's socket, the liveness port, or listing the interfaces */
  | { readonly type: 'problem'; readonly interface?: string; readonly message: string; readonly code?: string }

/** A router on an interface with an unnumbered peer. Of several on one interface the one known longest comes first. */
export interface UnnumberedNeighbour {
  readonly interface: string
  readonly interfaceIndex: number
  /** link-local, from its router advertisements (RFC 4861 §4.2) */
  readonly address: Address
}

export interface Takeover {
  readonly address: string
  readonly interface: string
  readonly cause: TakeoverCause
  /** between the last sign of those who had it before and the first announcement; only after their failure */
  readonly afterMs?: number
}

export interface ReportedInterface {
  readonly name: string
  readonly mac: string
  /** with their prefix lengths */
  readonly addresses: readonly string[]
}

export interface ReportedAnnouncement {
  readonly address: string
  /** by name, sorted */
  readonly interfaces: readonly string[]
  /** wall clock: since when on the first of them */
  readonly sinceMs: number
}

/** A host that is no speaker holds an address, or claims one that is ours. */
export interface ReportedConflict {
  readonly address: string
  readonly interface: string
  readonly mac: string
  /** wall clock */
  readonly sinceMs: number
}

/** A liveness session with the speaker of another node. */
export interface ReportedSession {
  readonly node: string
  readonly state: SessionState
  /** wall clock */
  readonly sinceMs: number
}

/**
 * What this node sees and announces; sent when it changed. There may be thousands of announcements, of which one has changed: they come as the
 * difference to the report before, everything else whole. All lists are sorted.
 */
export interface LinkReport {
  /** of the last desired change that it knows */
  readonly revision: number
  readonly interfaces: readonly ReportedInterface[]
  /** new, or otherwise than before */
  readonly announced: readonly ReportedAnnouncement[]
  /** addresses that are announced no more */
  readonly withdrawn: readonly string[]
  readonly conflicts: readonly ReportedConflict[]
  readonly sessions: readonly ReportedSession[]
}

export const EMPTY_REPORT: LinkReport = {
  revision: 0,
  interfaces: [],
  announced: [],
  withdrawn: [],
  conflicts: [],
  sessions: [],
}

/** `ra`: router advertisements */
export type DropProtocol = 'arp' | 'ndp' | 'bfd' | 'ra'

export interface DroppedPackets {
  /** empty for BFD, which has one port for all */
  readonly interface: string
  readonly protocol: DropProtocol
  readonly reason: string
  readonly count: number
}

/** Of layer 2, where `bfd` is the liveness of the speakers. */
export interface Layer2Counters {
  readonly addresses: readonly ({ readonly address: string } & AddressCounters)[]
  readonly dropped: readonly DroppedPackets[]
  /** strangers found on addresses of ours so far */
  readonly conflicts: number
  /** how often the thread found that it had not run */
  readonly stalls: number
}

export interface LinkCounters extends Layer2Counters {
  readonly routerSessions: readonly RouterSessionCounters[]
  /** packets of routers that were not taken: `bfd` and `ra` */
  readonly routersDropped: readonly DroppedPackets[]
}

export const HEARTBEAT_INTERVAL_MS = 1_000

export interface LivenessOptions {
  /** UDP, the same on all nodes */
  readonly port: number
  readonly intervalMs: number
  /** after so many intervals of silence a speaker counts as dead */
  readonly multiplier: number
}

/** What the link thread is started with. */
export interface LinkThreadData {
  readonly node: string
  /** regular expressions of interfaces that are left alone */
  readonly excludedInterfaces: readonly string[]
  readonly liveness: LivenessOptions
  readonly timings: Partial<ClaimTimings>
}
