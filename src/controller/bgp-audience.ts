import type { BgpTexts } from './announced-bgp.ts'
import type { BgpSituation } from './bgp-situations.ts'

interface Audience {
  readonly serviceKeys: Set<string>
  /** what was said of the situation when its Services were last looked at */
  text: string
}

/**
 * Which Services are in which situation of BGP, so that a session that changes concerns only those of which something else is to be said, and
 * what is to be said is found once for all that are in the same situation.
 */
export class BgpAudience {
  readonly #texts: Pick<BgpTexts, 'stateOf'>
  readonly #audiences = new Map<BgpSituation, Audience>()
  readonly #situations = new Map<string, BgpSituation>()

  constructor(texts: Pick<BgpTexts, 'stateOf'>) {
    this.#texts = texts
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

  /** Sessions have changed: the Services of which something else is to be said. Each change is told once. */
  *concerned(): Iterable<string> {
    for (const [situation, audience] of this.#audiences) {
      const text = this.#textOf(situation)
      if (text === audience.text) continue
      audience.text = text
      yield* audience.serviceKeys
    }
  }

  #enter(serviceKey: string, situation: BgpSituation): void {
    this.#situations.set(serviceKey, situation)
    const audience = this.#audiences.get(situation)
    if (audience) audience.serviceKeys.add(serviceKey)
    else this.#audiences.set(situation, { serviceKeys: new Set([serviceKey]), text: this.#textOf(situation) })
  }

  #leave(serviceKey: string, situation: BgpSituation): void {
    this.#situations.delete(serviceKey)
    const audience = this.#audiences.get(situation)
    audience?.serviceKeys.delete(serviceKey)
    if (audience?.serviceKeys.size === 0) this.#audiences.delete(situation)
  }

  #textOf({ addresses }: BgpSituation): string {
    return addresses.map(address => this.#texts.stateOf(address).text).join('\n')
  }
}
