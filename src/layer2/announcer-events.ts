import type { Address } from '../ip/address.ts'
import type { Conflict, TakeoverCause } from './claim-state.ts'
import type { DesiredAddress } from './desired.ts'
import type { Link } from './link.ts'
import type { Segment } from './liveness-paths.ts'
import type { KnownSpeaker, NodeLiveness } from './neighbourhood.ts'

/** How this node stands to the others as a whole. */
export interface Standing {
  /** its Lease ran out while it could not renew it: what it knows of the order may be out of date */
  readonly viewIsOld: boolean
  /** the API server answers: what it says of the others' Leases is true */
  readonly apiReachable: boolean
  /** it is about to stop: it asks for nothing, and hands over to whoever asks */
  readonly leaving: boolean
}

export type AnnouncerEvent =
  /** what changed of the addresses that concern this node, by the address in canonical form */
  | {
      readonly type: 'desired'
      readonly changed: ReadonlyMap<string, DesiredAddress>
      readonly removed: readonly string[]
    }
  /** the interfaces that can be used from now on; and, usable at the moment or not, what subnets they are in */
  | { readonly type: 'links'; readonly links: readonly Link[]; readonly segments?: readonly Segment[] }
  /** everybody whose frames are a speaker's and not a stranger's */
  | { readonly type: 'speakers'; readonly speakers: readonly KnownSpeaker[] }
  | {
      readonly type: 'liveness'
      readonly node: string
      readonly state: NodeLiveness
      readonly lastHeardMs?: number | undefined
      /** it is down because it said itself that it leaves */
      readonly saidGoodbye?: boolean
      /** the interface on which that is known; all that are not told apart, when left out */
      readonly link?: string
    }
  | { readonly type: 'standing'; readonly standing: Standing }
  /** a frame that says something of an address */
  | {
      readonly type: 'heard'
      readonly link: string
      /** what it says, as ClaimEvent has it: a claim that was sent to this interface's MAC alone is an answer */
      readonly kind: 'probe' | 'claim' | 'answer'
      readonly address: Address
      readonly mac: number
    }
  /** everything owned, or these addresses, is announced once more: others may own it too and not know */
  | { readonly type: 'speakUp'; readonly addresses?: Iterable<string> }
  /** this process did not run for longer than the others take to find that out: it owns nothing any more */
  | { readonly type: 'woken' }
  /** time has passed: `dueMs` is reached */
  | { readonly type: 'timer' }

export type AnnouncerAction =
  /** ask the segment whether anybody uses the address, as one that is about to use it */
  | { readonly type: 'probe'; readonly link: Link; readonly address: Address }
  /** ask for it as any host may: not from the unspecified address */
  | { readonly type: 'inquire'; readonly link: Link; readonly address: Address }
  /** from now on what is said of the address must be heard on the interface */
  | { readonly type: 'listen'; readonly link: Link; readonly address: Address }
  | { readonly type: 'ignore'; readonly link: Link; readonly address: Address }
  /** from now on requests for the address are answered on the interface */
  | { readonly type: 'answer'; readonly link: Link; readonly address: Address }
  /** and from now on no more */
  | { readonly type: 'silence'; readonly link: Link; readonly address: Address }
  /** tell the segment now */
  | { readonly type: 'announce'; readonly link: Link; readonly address: Address }
  /** the address was taken over: why, and how long after the last sign of those who had it before */
  | {
      readonly type: 'tookOver'
      readonly link: Link
      readonly address: Address
      readonly cause: TakeoverCause
      readonly afterMs?: number
    }
  /** a stranger uses the address; told once for each, and of several that take turns only now and then */
  | { readonly type: 'conflict'; readonly link: Link; readonly address: Address; readonly mac: number }

/** One address on one interface. */
export interface Announcement {
  readonly address: Address
  readonly link: Link
  /** when it was claimed, by the monotonic clock */
  readonly sinceMs: number
}

/** A stranger that uses an address. */
export interface AnnouncementConflict extends Conflict {
  readonly address: Address
  readonly link: Link
}
