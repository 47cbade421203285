import type { RouterSessionState } from '../../../bfd/router-session.ts'
import type { Message } from '../../../bgp/message.ts'
import type { SessionStateName } from '../../../bgp/session/state.ts'

/** What is to be told of one peer: for its BGPSessionStatus, for metrics, for the Service's condition. */
export interface BgpSessionReport {
  /** name of the BGPPeer */
  readonly peer: string
  /** undefined while nobody is known on the interface of an unnumbered peer */
  readonly address?: string
  readonly state: SessionStateName
  /** wall clock: since when the session is established, or is not */
  readonly sinceMs: number
  /** prefixes that the peer has been told, and not told to forget */
  readonly prefixesSent: number
  /** why it is not established, or was not the last time */
  readonly lastError?: string
  /** undefined without a BFDProfile */
  readonly bfd?: RouterSessionState
}

export type MessageCounts = Readonly<Record<Message['type'], number>>

/** What a peer's sessions have counted since the peer is configured. */
export interface BgpPeerCounters {
  readonly peer: string
  readonly address?: string
  readonly vrf?: string
  readonly established: boolean
  readonly prefixesSent: number
  /** prefixes that it is to be told: with prefixesSent it shows how far behind the peer is */
  readonly prefixesWanted: number
  readonly sent: MessageCounts
  readonly received: MessageCounts
  /** prefixes in UPDATEs of the peer, which Herald keeps none of */
  readonly prefixesReceived: number
  /** RFC 7606: attributes of received UPDATEs that were faulty */
  readonly attributeProblems: number
  /** how often a session was established */
  readonly establishments: number
}
