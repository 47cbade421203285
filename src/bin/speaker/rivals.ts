import { isRegistered, type SpeakerView } from '../../resources/speaker-view.ts'

/** Finds which of this node's addresses other registered speakers say they own as well. A changed speaker costs its own list. */
export class Rivals {
  readonly #self: string
  #owned: ReadonlySet<string> = new Set()
  readonly #claimed = new Map<string, readonly string[]>()

  constructor(init: { self: string }) {
    this.#self = init.self
  }

  /** Each address once, sorted. */
  get addresses(): string[] {
    return [...new Set([...this.#claimed.values()].flat())].sort()
  }

  setOwned(owned: ReadonlySet<string>, speakers: Iterable<SpeakerView>): void {
    this.#owned = owned
    this.#claimed.clear()
    for (const speaker of speakers) this.setSpeaker(speaker.name, speaker)
  }

  /** @param speaker undefined when it is gone */
  setSpeaker(name: string, speaker: SpeakerView | undefined): void {
    const claims =
      name === this.#self || !isRegistered(speaker)
        ? []
        : speaker!.announcements.map(({ address }) => address).filter(address => this.#owned.has(address))
    if (claims.length > 0) this.#claimed.set(name, claims)
    else this.#claimed.delete(name)
  }
}
