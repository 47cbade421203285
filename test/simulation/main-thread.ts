import type { Standing } from '../../src/layer2/announcer-events.ts'
import { RIVALS_INTERVAL_MS } from '../../src/layer2/claim-timings.ts'
import type { DesiredAddress } from '../../src/layer2/desired.ts'
import type { KnownSpeaker } from '../../src/layer2/neighbourhood.ts'
import { registeredOf, type SpeakerEntry } from './api-server.ts'
import type { LinkThread } from './link-thread.ts'
import type { ClusterConfig } from './orders.ts'
import { Patience } from './patience.ts'
import type { SpeakerNodeComponents, SpeakerProcess } from './speaker-process.ts'

export interface MainThreadInit {
  readonly process: SpeakerProcess
  readonly link: LinkThread
  /** other nodes may have to be watched */
  readonly onDesired: () => void
}

/** What the main thread does for the announcer: it works out of the objects that it sees what the announcer is to know. */
export class MainThread {
  /** by key: what the announcer is told of each address */
  readonly desired = new Map<string, DesiredAddress>()
  readonly #components: SpeakerNodeComponents
  readonly #init: MainThreadInit
  #config: ClusterConfig | undefined
  #speakers: readonly SpeakerEntry[] = []
  #toldSpeakers: readonly SpeakerEntry[] = []
  #patience: Patience
  #standing: Standing = { viewIsOld: false, apiReachable: true, leaving: false }
  #rivalsPlanned = false

  constructor(components: SpeakerNodeComponents, init: MainThreadInit) {
    this.#components = components
    this.#init = init
    this.#patience = this.#newPatience()
  }

  /** Begins anew with what the API server shows. */
  begin(config: ClusterConfig, speakers: readonly SpeakerEntry[]): void {
    this.#config = config
    this.#speakers = speakers
    this.#patience = this.#newPatience()
    this.#patience.follow(config)
    this.#toldSpeakers = []
    this.desired.clear()
    this.#standing = { viewIsOld: false, apiReachable: true, leaving: false }
  }

  end(): void {
    this.#rivalsPlanned = false
  }

  seeConfig(config: ClusterConfig): void {
    this.#config = config
    this.#patience.follow(config)
    this.applyViews()
  }

  seeSpeakers(speakers: readonly SpeakerEntry[]): void {
    this.#speakers = speakers
    this.applyViews()
  }

  setStanding(change: Partial<Standing>): void {
    const { process } = this.#init
    const standing = { ...this.#standing, ...change }
    const { viewIsOld, apiReachable, leaving } = this.#standing
    if (standing.viewIsOld === viewIsOld && standing.apiReachable === apiReachable && standing.leaving === leaving) {
      return
    }
    this.#standing = standing
    this.#components.context.trace?.(`${process.name}: standing ${JSON.stringify(change)}`)
    process.step({ type: 'standing', standing })
  }

  /** Other addresses are owned: what has been handed over is dropped, and rivals are answered. */
  ownedChanged(): void {
    const { process } = this.#init
    this.#speakUpAgainstRivals()
    if (this.desired.size === 0) return
    process.after(5, () => {
      if (this.#config && process.synced) this.applyViews()
    })
  }

  /** What it knows of the others, then what has changed of the addresses. */
  applyViews(): void {
    const { process } = this.#init
    if (!process.synced) return
    const { context, orders } = this.#components
    const speakers = this.#speakers
    if (!sameIdentities(speakers, this.#toldSpeakers)) {
      this.#toldSpeakers = speakers
      const known: KnownSpeaker[] = []
      for (const [index, { registered, expired, macs }] of speakers.entries()) {
        if (registered) known.push({ node: context.names[index]!, macs, addresses: [], expired })
      }
      process.step({ type: 'speakers', speakers: known })
    }
    this.#applyOrders(orders.of(this.#config!, registeredOf(speakers)))
    this.#speakUpAgainstRivals()
  }

  #newPatience(): Patience {
    const { context, referee } = this.#components
    const { process } = this.#init
    const onOver = (): void => {
      if (!process.synced) return
      referee.disturbed()
      this.applyViews()
    }
    return new Patience(context, {
      node: process.name,
      after: (delayMs, run) => process.after(delayMs, run),
      onOver,
    })
  }

  /** An address that this node may still own stays, with its new order, until it has been handed over. */
  #applyOrders(orders: readonly (readonly string[])[]): void {
    const { addresses, trace } = this.#components.context
    const { process, link } = this.#init
    const { name } = process
    const changed = new Map<string, DesiredAddress>()
    const removed: string[] = []
    for (const { index, key, address } of addresses) {
      const order = orders[index]!
      const before = this.desired.get(key)
      const stays = order.includes(name) || (before !== undefined && order.length > 0 && link.owns(index))
      if (!stays) {
        if (before) removed.push(key)
        this.desired.delete(key)
        continue
      }
      const { interfaces } = this.#config!.addresses[index]!
      const patient = order.includes(name) && this.#patience.isPatient(key, this.#speakers)
      const after: DesiredAddress = { address, interfaces, order, ...(patient && { patient }) }
      if (before && sameDesired(before, after)) continue
      this.desired.set(key, after)
      changed.set(key, after)
    }
    if (changed.size === 0 && removed.length === 0) return
    if (trace) {
      for (const [key, { order }] of changed) trace(`${name}: order of ${key}: ${order}`)
      for (const key of removed) trace(`${name}: ${key} concerns it no more`)
    }
    process.step({ type: 'desired', changed, removed })
    this.#init.onDesired()
  }

  /** Another speaker says that it announces the same address: one of the two is wrong, and hears of it again and again. */
  #speakUpAgainstRivals(): void {
    const { process } = this.#init
    if (this.#rivalsPlanned || !process.synced || this.#rivals() === 0) return
    this.#rivalsPlanned = true
    process.after(0, () => this.#speakUpAndAgain())
  }

  #speakUpAndAgain(): void {
    const { addresses, links } = this.#components.context
    const { process } = this.#init
    const rivals = this.#rivals()
    this.#rivalsPlanned = rivals !== 0
    if (rivals === 0) return
    const keys = addresses.filter(({ index }) => (rivals >> (index * links.length)) & ((1 << links.length) - 1))
    process.step({ type: 'speakUp', addresses: keys.map(({ key }) => key) })
    process.after(RIVALS_INTERVAL_MS, () => this.#speakUpAndAgain())
  }

  /** What this node owns and another says that it owns too, as LinkThread.owned has it. */
  #rivals(): number {
    const { process, link } = this.#init
    let others = 0
    for (const [index, { registered, expired, owned }] of this.#speakers.entries()) {
      if (index !== process.index && registered && !expired) others |= owned
    }
    return others & link.owned
  }
}

function sameDesired(a: DesiredAddress, b: DesiredAddress): boolean {
  return String(a.order) === String(b.order) && String(a.interfaces) === String(b.interfaces) && a.patient === b.patient
}

function sameIdentities(a: readonly SpeakerEntry[], b: readonly SpeakerEntry[]): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) {
    const [one, other] = [a[index]!, b[index]!]
    if (one === other) continue
    if (one.registered !== other.registered || one.expired !== other.expired) return false
    if (String(one.macs) !== String(other.macs)) return false
  }
  return true
}
