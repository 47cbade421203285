import type { Message, UpdateMessage } from '../../../bgp/message.ts'
import type { BgpPeerCounters } from './session-report.ts'

type Totals = Pick<BgpPeerCounters, 'sent' | 'received' | 'prefixesReceived' | 'attributeProblems' | 'establishments'>

/** What the sessions with a peer have counted, for as long as it is configured. */
export class PeerTotals {
  readonly #sent = noMessages()
  readonly #received = noMessages()
  #prefixesReceived = 0
  #attributeProblems = 0
  #establishments = 0

  get all(): Totals {
    return {
      sent: { ...this.#sent },
      received: { ...this.#received },
      prefixesReceived: this.#prefixesReceived,
      attributeProblems: this.#attributeProblems,
      establishments: this.#establishments,
    }
  }

  countEstablishment(): void {
    this.#establishments++
  }

  countSent(type: Message['type']): void {
    this.#sent[type]++
  }

  countReceived(type: Message['type']): void {
    this.#received[type]++
  }

  /** Routes of the peer are counted, not kept: the node forwards by its own routing table. */
  countRoutes({ announced, attributes }: UpdateMessage): void {
    this.#prefixesReceived += announced.length + (attributes.mpReach?.announced.length ?? 0)
  }

  countProblems(count: number): void {
    this.#attributeProblems += count
  }
}

function noMessages(): Record<Message['type'], number> {
  return { open: 0, update: 0, notification: 0, keepalive: 0, routeRefresh: 0 }
}
