/** A BGP session as the speaker of its node reports it. */
export interface ReportedBgpSession {
  readonly node: string
  /** name of the BGPPeer */
  readonly peer: string
  /** state of RFC 4271 §8.2.2 */
  readonly state: string
  /** why it was not established the last time */
  readonly lastError?: string
}

/** What there is to say of a session. */
export interface SessionWord {
  readonly established: boolean
  /** why not; empty when it is established */
  readonly why: string
}

const UNREPORTED: SessionWord = { established: false, why: 'not reported yet' }
const ESTABLISHED: SessionWord = { established: true, why: '' }

/** It may be a router's own words (RFC 9003), and stands in a sentence. */
const LONGEST_ERROR = 100

/** What speakers report of their BGP sessions, by node and peer. What does not change a word here, as counters, does not count as a change. */
export class SessionIndex {
  readonly #words = new Map<string, { readonly objectKey: string; readonly word: SessionWord }>()
  readonly #pairs = new Map<string, string>()
  #revision = 0

  /** another number after each change */
  get revision(): number {
    return this.#revision
  }

  /**
   * Takes what a status object says now; undefined when it is gone.
   *
   * @returns whether it says something else than before
   */
  put(objectKey: string, session: ReportedBgpSession | undefined): boolean {
    const pairBefore = this.#pairs.get(objectKey)
    const pair = session && pairOf(session.node, session.peer)
    const word = session && wordOf(session)
    const held = pairBefore === undefined ? undefined : this.#words.get(pairBefore)
    if (pair === pairBefore && held?.objectKey === objectKey && sameWord(held.word, word)) return false
    if (pairBefore !== undefined && held?.objectKey === objectKey) this.#words.delete(pairBefore)
    if (pair === undefined || word === undefined) this.#pairs.delete(objectKey)
    else {
      this.#pairs.set(objectKey, pair)
      this.#words.set(pair, { objectKey, word })
    }
    if (pairBefore !== undefined || pair !== undefined) this.#revision++
    return pairBefore !== undefined || pair !== undefined
  }

  of(node: string, peer: string): SessionWord {
    return this.#words.get(pairOf(node, peer))?.word ?? UNREPORTED
  }
}

// No name of an object has a slash.
function pairOf(node: string, peer: string): string {
  return `${node}/${peer}`
}

// While a router does not answer, the state goes to and fro between Connect and Active; the error stays.
function wordOf({ state, lastError }: ReportedBgpSession): SessionWord {
  if (state === 'Established') return ESTABLISHED
  const text = (lastError || state).replaceAll(/\p{Cc}+/gu, ' ')
  return { established: false, why: text.length > LONGEST_ERROR ? `${text.slice(0, LONGEST_ERROR - 1)}…` : text }
}

function sameWord(a: SessionWord, b: SessionWord | undefined): boolean {
  return a.established === b?.established && a.why === b.why
}
