import type { BgpTexts } from './announced-bgp.ts'
import type { BgpSituation } from './bgp-situations.ts'

interface Words {
  /** of the addresses, in order */
  readonly reasons: string
  /** how many addresses are announced */
  readonly announced: number
  readonly text: string
}

interface Audience {
  readonly serviceKeys: Set<string>
  /** what was said of the situation when its Services were last looked at */
  told: Words
  /** what is to be said instead, and since when */
  other?: { readonly text: string; readonly sinceMs: number }
}

export interface BgpAudienceInit {
  /** so long must other details last before anybody looks at them */
  detailDelayMs: number
  /** so long must no session be left: one that flaps faster than that costs nothing */
  worseDelayMs: number
}

/**
 * Which Services are in which situation of BGP, so that a session that changes concerns only those of which something else is to be said, and
 * what is to be said is found once for all that are in the same situation.
 */
export class BgpAudience {
  readonly #texts: Pick<BgpTexts, 'stateOf'>
  readonly #init: BgpAudienceInit
  readonly #audiences = new Map<BgpSituation, Audience>()
  readonly #situations = new Map<string, BgpSituation>()

  constructor({ texts }: { texts: Pick<BgpTexts, 'stateOf'> }, init: BgpAudienceInit) {
    this.#texts = texts
    this.#init = init
  }

  /** The Services of which a BGPAdvertisement announces something. */
  get serviceKeys(): Iterable<string> {
    return this.#situations.keys()
  }

  /**
   * Takes the situation that a Service is in now.
   *
   * @returns whether other nodes announce it, or to other peers, than before
   */
  put(serviceKey: string, situation: BgpSituation | undefined): boolean {
    const before = this.#situations.get(serviceKey)
    if (before === situation) return false
    if (before) this.#leave(serviceKey, before)
    if (situation) this.#enter(serviceKey, situation)
    return (before?.nodesText ?? '') !== (situation?.nodesText ?? '')
  }

  /**
   * Sessions have changed, or it is time: the Services of which something else is to be said now. That an address is announced again is told at
   * once; all else, as how many sessions are established, when it has lasted.
   *
   * @returns dueMs when there is something to tell by nothing but time
   */
  concerned(nowMs: number): { serviceKeys: string[]; dueMs: number | undefined } {
    const serviceKeys: string[] = []
    let dueMs: number | undefined
    for (const [situation, audience] of this.#audiences) {
      const words = this.#wordsOf(situation)
      if (words.text === audience.told.text) {
        audience.other = undefined
        continue
      }
      if (audience.other?.text !== words.text) audience.other = { text: words.text, sinceMs: nowMs }
      const tellMs = audience.other.sinceMs + this.#delayMs(audience.told, words)
      if (tellMs > nowMs) {
        dueMs = Math.min(dueMs ?? Number.POSITIVE_INFINITY, tellMs)
        continue
      }
      audience.told = words
      audience.other = undefined
      for (const key of audience.serviceKeys) serviceKeys.push(key)
    }
    return { serviceKeys, dueMs }
  }

  #delayMs(told: Words, now: Words): number {
    if (now.announced > told.announced) return 0
    return now.reasons === told.reasons ? this.#init.detailDelayMs : this.#init.worseDelayMs
  }

  #enter(serviceKey: string, situation: BgpSituation): void {
    this.#situations.set(serviceKey, situation)
    const audience = this.#audiences.get(situation)
    if (audience) audience.serviceKeys.add(serviceKey)
    else this.#audiences.set(situation, { serviceKeys: new Set([serviceKey]), told: this.#wordsOf(situation) })
  }

  #leave(serviceKey: string, situation: BgpSituation): void {
    this.#situations.delete(serviceKey)
    const audience = this.#audiences.get(situation)
    audience?.serviceKeys.delete(serviceKey)
    if (audience?.serviceKeys.size === 0) this.#audiences.delete(situation)
  }

  #wordsOf({ addresses }: BgpSituation): Words {
    const states = addresses.map(address => this.#texts.stateOf(address))
    return {
      reasons: states.map(({ reason }) => reason).join(' '),
      announced: states.filter(({ reason }) => reason === 'Announced').length,
      text: states.map(({ text }) => text).join('\n'),
    }
  }
}
