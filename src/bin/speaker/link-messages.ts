import type { AddressCounters, ArpDropReason } from '../../arp/responder.ts'
import type { WantedInterfaces } from '../../layer2/desired.ts'
import type { SessionState } from '../../resources/speaker-view.ts'

/** What the main thread tells the link thread. */
export type LinkCommand =
  /** the whole of what this node should announce */
  | {
      readonly type: 'desired'
      readonly addresses: readonly {
        readonly address: string
        readonly interfaces: WantedInterfaces
        readonly order: readonly string[]
      }[]
    }
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
  | { readonly type: 'counters'; readonly id: number; readonly counters: LinkCounters }
  /** something failed that is tried again: one interface's socket, or listing the interfaces */
  | { readonly type: 'problem'; readonly interface?: string; readonly message: string; readonly code?: string }

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

/** What this node sees and announces; sent whole when it changed. All lists are sorted. */
export interface LinkReport {
  readonly interfaces: readonly ReportedInterface[]
  readonly announcements: readonly ReportedAnnouncement[]
  readonly conflicts?: readonly ReportedConflict[]
  readonly sessions?: readonly ReportedSession[]
}

export interface LinkCounters {
  readonly addresses: readonly ({ readonly address: string } & AddressCounters)[]
  readonly dropped: readonly { readonly interface: string; readonly reason: ArpDropReason; readonly count: number }[]
}

export const HEARTBEAT_INTERVAL_MS = 1_000

/** What the link thread is started with. */
export interface LinkThreadData {
  /** regular expressions of interfaces that are left alone */
  readonly excludedInterfaces: readonly string[]
}
