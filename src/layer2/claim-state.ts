import type { MacAddress } from '../wire/mac-address.ts'

/** Who sent a frame: a speaker, known by the MAC of one of its interfaces, or a stranger. */
export type Origin = { readonly node: string } | { readonly mac: MacAddress }

/** Why a node asks for an address, and so why it takes it over. */
export const TakeoverCause = {
  /** it is the first candidate now: a new address, a fail-back, a changed order, a node that drains or leaves */
  elected: 'elected',
  /** the candidates before it are down */
  failure: 'failure',
  /** the last of the candidates before it has said that it leaves: it went on answering until it was asked, and nothing was lost */
  handover: 'handover',
  /** another host has stopped to use the address */
  conflictOver: 'conflictOver',
} as const
export type TakeoverCause = (typeof TakeoverCause)[keyof typeof TakeoverCause]

/** Another host uses the address. */
export interface Conflict {
  readonly mac: MacAddress
  readonly sinceMs: number
  /** when it was heard last */
  readonly heardMs: number
  /** since when the address has only been asked for, by this host or another before it; absent once one has claimed it */
  readonly probedSinceMs?: number
}

/** Where one speaker stands with one address on one interface. Times are of the monotonic clock. */
export type ClaimState =
  /** other candidates come first */
  | { readonly phase: 'idle' }
  /** asks whether anybody uses the address; silence until `dueMs` after the last question is the answer */
  | {
      readonly phase: 'asking'
      /** it inquires, where others probe: who answers, stays */
      readonly inquires?: true
      /** how often it has asked so far */
      readonly questions: number
      readonly dueMs: number
      readonly backoffMs: number
      readonly cause: TakeoverCause
      readonly conflict?: Conflict
    }
  /** somebody uses it; asks again at `dueMs` */
  | {
      readonly phase: 'waiting'
      readonly holder: Origin
      readonly dueMs: number
      readonly backoffMs: number
      readonly conflict?: Conflict
    }
  /** answers for it; announces again at `dueMs` */
  | {
      readonly phase: 'owner'
      readonly sinceMs: number
      readonly cause: TakeoverCause
      /** announcements on schedule so far */
      readonly repetitions: number
      readonly dueMs: number
      /** when it last stood up for the address, against a speaker or a stranger */
      readonly defendedMs: number
      readonly conflict?: Conflict
    }

export type ClaimEvent =
  /** the order, the life of a candidate or the view's own age changed; `urgent` when it concerns this address */
  | { readonly type: 'view'; readonly urgent: boolean }
  /** somebody asks whether the address is free (RFC 5227 §2.1.1 probe; RFC 4862 §5.4 solicitation from ::) */
  | { readonly type: 'probe'; readonly from: Origin }
  /** somebody uses the address: an announcement, or any packet sent in its name to all */
  | { readonly type: 'claim'; readonly from: Origin }
  /** the same, sent to this node alone: who sends it hears this node */
  | { readonly type: 'answer'; readonly from: Origin }
  /** this MAC, of a stranger until now, turns out to be a speaker's, or (without `from`) this node's own */
  | { readonly type: 'known'; readonly mac: MacAddress; readonly from?: Origin | undefined }
  /** others may not know or may have forgotten who owns it: tell them */
  | { readonly type: 'speakUp' }
  /** `dueMs` is reached */
  | { readonly type: 'timer' }

/** What a step looks at besides the state. */
export interface ClaimView {
  readonly nowMs: number
  /** this node is the first living candidate and means to stay */
  readonly first: boolean
  /** why it is the first */
  readonly cause: TakeoverCause
  /** others may know better, or serve better: it asks without deposing anybody, and takes over only where nobody answers */
  readonly deposesNobody: boolean
  /** takes the next free place among those who ask on this interface, so that many that begin at once do not flood the segment */
  askAtMs(): number
  /** whether the node comes before this one in its order, or this one may not insist, its view being old or itself about to leave */
  outranks(node: string): boolean
  /** whether sha256(`node#address`) is lower for the node than for this one: the order on which no two views differ */
  lowerHash(node: string): boolean
  /** whether whatever is heard in the node's name comes from a cache: it is not heard of, its Lease has run out, and the API server has said so for a while */
  isGone(node: string): boolean
}

export const ClaimAction = {
  /** ask once, on this interface: an owner that comes after this node yields */
  probe: 'probe',
  /** ask once as any host may that is to send something there: an owner answers, and stays */
  inquire: 'inquire',
  /** answer from now on */
  claim: 'claim',
  /** tell the segment once */
  announce: 'announce',
  /** answer no more */
  yield: 'yield',
} as const
export type ClaimAction = (typeof ClaimAction)[keyof typeof ClaimAction]

export function isNode(origin: Origin): origin is { readonly node: string } {
  return 'node' in origin
}
