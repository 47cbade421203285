import type { Standing } from './announcer-events.ts'
import { type ClaimView, TakeoverCause } from './claim-state.ts'
import type { ClaimTimings } from './claim-timings.ts'
import type { Neighbourhood, NodeLife } from './neighbourhood.ts'
import { nodeHash } from './node-hash.ts'

/** Where a node stands among the candidates for an address, on one interface. */
export interface Place {
  /** the address in canonical form */
  readonly key: string
  readonly link: string
  readonly self: string
  /** the candidates, the first of them first; this node need not be one */
  readonly order: readonly string[]
  readonly patient: boolean
  readonly neighbourhood: Neighbourhood
}

/** What the machine of a claim looks at besides its state. */
export function claimView(
  place: Place,
  { viewIsOld, apiReachable, leaving }: Standing,
  { nowMs, askAtMs, goneAfterMs }: Pick<ClaimView, 'nowMs' | 'askAtMs'> & Pick<ClaimTimings, 'goneAfterMs'>,
): ClaimView {
  const { key, link, self, order, patient, neighbourhood } = place
  return {
    nowMs,
    askAtMs,
    first: !leaving && order.find(node => node === self || !neighbourhood.isDown(node, link)) === self,
    deposesNobody: viewIsOld || !apiReachable || patient,
    cause: causeOf(place),
    outranks: node => {
      // Whoever of the speakers asks lives, and knows more or stays longer.
      if (viewIsOld || leaving) return true
      const [theirs, own] = [order.indexOf(node), order.indexOf(self)]
      return theirs >= 0 && (own < 0 || theirs < own)
    },
    lowerHash: node => nodeHash(node, key) < nodeHash(self, key),
    isGone: node => {
      const expiredMs = neighbourhood.expiredSinceMs(node)
      return (
        apiReachable &&
        expiredMs !== undefined &&
        nowMs - expiredMs >= goneAfterMs &&
        neighbourhood.livenessOf(node, link) !== 'up'
      )
    },
  }
}

/** Of the candidates before this node, the one that was heard last: it is the one that may have owned the address. */
export function lastBefore({ self, order, link, neighbourhood }: Place): NodeLife | undefined {
  const position = order.indexOf(self)
  let last: NodeLife | undefined
  for (const node of position < 0 ? order : order.slice(0, position)) {
    const life = neighbourhood.lifeOf(node, link)
    if (life?.lastHeardMs !== undefined && life.lastHeardMs >= (last?.lastHeardMs ?? life.lastHeardMs)) last = life
  }
  return last
}

function causeOf(place: Place): TakeoverCause {
  if (place.order[0] === place.self) return TakeoverCause.elected
  return lastBefore(place)?.saidGoodbye ? TakeoverCause.handover : TakeoverCause.failure
}
