import { count, describeReasons, named, type ProtocolState, shortList } from './announced-text.ts'
import type { BgpAnnouncing } from './bgp-situations.ts'
import type { SessionIndex, SessionWord } from './session-index.ts'

/** Reasons of nodes that have somebody to tell, but not of this Service. */
const HAVING_PEERS = ['noLocalEndpoints', 'endpointsTerminating', 'nodeDraining']

/** Puts in words what BGP does for an address; once for all Services in the same situation, until a session changes. */
export class BgpTexts {
  readonly #sessions: Pick<SessionIndex, 'of' | 'revision'>
  #states = new WeakMap<BgpAnnouncing, ProtocolState>()
  #revision = -1

  constructor(sessions: Pick<SessionIndex, 'of' | 'revision'>) {
    this.#sessions = sessions
  }

  stateOf(announcing: BgpAnnouncing): ProtocolState {
    if (this.#revision !== this.#sessions.revision) {
      this.#revision = this.#sessions.revision
      this.#states = new WeakMap()
    }
    let state = this.#states.get(announcing)
    if (!state) {
      state = announcing.peersByNode.size > 0 ? this.#announced(announcing) : withheld(announcing)
      this.#states.set(announcing, state)
    }
    return state
  }

  #announced({ peersByNode }: BgpAnnouncing): ProtocolState {
    const sessions = [...peersByNode].flatMap(([node, peers]) =>
      peers.map(peer => ({ node, peer, word: this.#sessions.of(node, peer) })),
    )
    const down = sessions.filter(({ word }) => !word.established)
    const established = sessions.length - down.length
    if (established === 0) {
      const none = sessions.length === 1 ? 'the BGP session is not' : `none of the ${sessions.length} BGP sessions is`
      return { reason: 'NoSession', text: `${none} established: ${describeDown(down)}`, outline: 'no session' }
    }
    const peers = [...new Set(sessions.map(({ peer }) => peer))].sort()
    const who = `from ${named('node', [...peersByNode.keys()])} to ${named('peer', peers)}`
    const how = `${established} of ${count(sessions.length, 'session')} established`
    const text = `by BGP ${who}: ${how}${down.length > 0 ? `, down: ${describeDown(down)}` : ''}`
    return { reason: 'Announced', text, outline: 'by BGP' }
  }
}

/** `"tor-1" on a, b (connection refused)`: by peer and reason. */
function describeDown(sessions: readonly { node: string; peer: string; word: SessionWord }[]): string {
  const groups = Map.groupBy(sessions, ({ peer, word }) => `${JSON.stringify(peer)}\n${word.why}`)
  const texts = [...groups].map(([key, members]) => {
    const [peer, why] = key.split('\n')
    return `${peer} on ${shortList(
      members.map(({ node }) => node),
      { longest: 3 },
    )} (${why})`
  })
  return shortList(texts.sort(), { longest: 3 })
}

function withheld(announcing: BgpAnnouncing): ProtocolState {
  const reasons = announcing.withheld()
  const conflict = [...reasons.values()].find(reason => reason.conflict)?.conflict
  if (conflict) {
    const nodes = [...reasons].filter(([, reason]) => reason.conflict).map(([node]) => node)
    const [one, other] = conflict.advertisements.map(name => JSON.stringify(name))
    const where = `${JSON.stringify(conflict.peer)} on ${shortList(nodes.sort())}`
    const text = `the BGPAdvertisements ${one} and ${other} want different values of localPref for the peer ${where}`
    return { reason: 'ConflictingAdvertisements', text, outline: 'conflict' }
  }
  const words = [...reasons].map(([node, { withhold }]) => [node, withhold] as const)
  const text = describeReasons(words)
  const havingPeers = words.some(([, reason]) => HAVING_PEERS.includes(reason))
  if (!havingPeers && words.some(([, reason]) => reason === 'noPeer')) {
    return { reason: 'NoPeer', text: `no node has a BGPPeer to tell: ${text}` }
  }
  return { reason: 'NoEligibleNode', text: `no node may announce it: ${text}` }
}
