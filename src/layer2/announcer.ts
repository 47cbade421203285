import { type Address, formatAddress } from '../ip/address.ts'
import type {
  Announcement,
  AnnouncementConflict,
  AnnouncerAction,
  AnnouncerEvent,
  Standing,
} from './announcer-events.ts'
import { dueOf, IDLE, stepClaim } from './claim.ts'
import {
  type ClaimEvent,
  type ClaimState,
  type ClaimView,
  type Conflict,
  isNode,
  TakeoverCause,
} from './claim-state.ts'
import { type ClaimTimings, DEFAULT_CLAIM_TIMINGS } from './claim-timings.ts'
import { claimView, lastBefore, type Place } from './claim-view.ts'
import { type DesiredAddress, isWantedOn } from './desired.ts'
import { DueQueue } from './due-queue.ts'
import { type Link, sameLink } from './link.ts'
import type { Segment } from './liveness-paths.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import { OrderIndex } from './order-index.ts'

/** Between the first probes of two addresses on one interface: at most 5,000 addresses a second are asked for. */
const ASK_SPACING_MS = 0.2

/** Two strangers that take turns on an address are told of once in this time. */
const CONFLICT_INTERVAL_MS = 10_000

interface Claim {
  readonly key: string
  readonly link: Link
  readonly address: Address
  state: ClaimState
  /** when a conflict was told last */
  conflictToldMs: number
}

interface Wanted extends DesiredAddress {
  readonly claims: Map<string, Claim>
}

/**
 * Decides when an address is asked for, claimed, announced and given up on each interface, one machine (claim.ts) for each address and
 * interface. Given the same events at the same times it does the same things. It does nothing by itself: who drives it executes the
 * actions in their order, and comes back at `dueMs`.
 */
export class Announcer {
  readonly #self: string
  readonly #timings: ClaimTimings
  readonly #neighbourhood: Neighbourhood
  readonly #wanted = new Map<string, Wanted>()
  readonly #orders = new OrderIndex()
  #links = new Map<string, Link>()
  #segments: readonly Segment[] = []
  #standing: Standing = { viewIsOld: false, apiReachable: true, leaving: false }
  readonly #queue = new DueQueue<Claim>()
  readonly #owned = new Set<Claim>()
  /** addresses whose announcements may be others than when takeChanged() was asked last */
  readonly #changed = new Set<string>()
  readonly #conflicts = new Set<Claim>()
  /** by interface: when the next address may be asked for */
  readonly #nextAskMs = new Map<string, number>()
  #actions: AnnouncerAction[] = []

  constructor(
    { neighbourhood }: { neighbourhood: Neighbourhood },
    init: { self: string; timings?: Partial<ClaimTimings> },
  ) {
    this.#neighbourhood = neighbourhood
    this.#self = init.self
    this.#timings = { ...DEFAULT_CLAIM_TIMINGS, ...init.timings }
  }

  /** When the next machine is due, by the clock of the events; undefined when none is. */
  get dueMs(): number | undefined {
    return this.#queue.dueMs
  }

  /** Everything announced now. */
  *announcements(): IterableIterator<Announcement> {
    for (const claim of this.#owned) yield* announcementOf(claim)
  }

  /** Where an address in canonical form is announced now. */
  *announcementsOf(key: string): IterableIterator<Announcement> {
    for (const claim of this.#wanted.get(key)?.claims.values() ?? []) yield* announcementOf(claim)
  }

  /** The addresses that have come to be announced, or ceased to be, on some interface since this was asked last. */
  takeChanged(): string[] {
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed
  }

  /** Every stranger that uses, or lately used, an address of ours. */
  *conflicts(): IterableIterator<AnnouncementConflict> {
    for (const { address, link, state } of this.#conflicts) {
      const conflict = conflictOf(state)
      if (conflict) yield { address, link, ...conflict }
    }
  }

  /** What is owned and could be handed to another node. */
  get canHandOver(): boolean {
    for (const { key, link } of this.#owned) {
      const order = this.#wanted.get(key)?.order ?? []
      if (order.some(node => node !== this.#self && !this.#neighbourhood.isDown(node, link.name))) return true
    }
    return false
  }

  /** How one address stands on one interface; undefined when it is not asked for there. */
  stateOf(link: string, address: string): ClaimState | undefined {
    return this.#wanted.get(address)?.claims.get(link)?.state
  }

  step(event: AnnouncerEvent, nowMs: number): readonly AnnouncerAction[] {
    this.#actions = []
    switch (event.type) {
      case 'desired':
        for (const key of event.removed) this.#remove(key)
        for (const [key, desired] of event.changed) this.#replace(key, desired, nowMs)
        break
      case 'links':
        this.#replaceLinks(event.links, event.segments ?? [], nowMs)
        break
      case 'speakers':
        this.#neighbourhood.setSpeakers(event.speakers, nowMs)
        this.#recognize(nowMs)
        this.#viewAll(nowMs, { urgent: false })
        break
      case 'liveness':
        this.#setLiveness(event, nowMs)
        break
      case 'standing':
        this.#standing = event.standing
        this.#viewAll(nowMs, { urgent: false })
        break
      case 'heard':
        this.#heard(event, nowMs)
        break
      case 'speakUp':
        this.#speakUp(event.addresses, nowMs)
        break
      case 'woken':
        this.#wake(nowMs)
        break
      case 'timer':
        for (const claim of this.#queue.take(nowMs)) this.#stepClaim(claim, { type: 'timer' }, nowMs)
    }
    return this.#actions
  }

  #replace(key: string, desired: DesiredAddress, nowMs: number): void {
    const before = this.#wanted.get(key)
    const wanted: Wanted = { ...desired, claims: before?.claims ?? new Map() }
    this.#wanted.set(key, wanted)
    this.#orders.replace(key, before?.order ?? [], wanted.order)
    this.#dropUnwanted(wanted)
    for (const link of this.#links.values()) this.#want(link, key, wanted)
    const patienceOver = before?.patient === true && !wanted.patient
    this.#view(key, nowMs, { urgent: patienceOver || String(before?.order) !== String(wanted.order) })
  }

  #remove(key: string): void {
    const wanted = this.#wanted.get(key)
    if (!wanted) return
    for (const claim of wanted.claims.values()) this.#drop(claim, wanted)
    this.#orders.replace(key, wanted.order, [])
    this.#wanted.delete(key)
  }

  /**
   * An interface that is gone, or came back as another, or changed its MAC, loses its claims and starts again. A link-local address that
   * comes, a second or two after the link, concerns IPv6 alone.
   */
  #replaceLinks(links: readonly Link[], segments: readonly Segment[], nowMs: number): void {
    const next = new Map(links.map(link => [link.name, link]))
    for (const [name, old] of this.#links) {
      const now = next.get(name)
      const same = { 4: now && sameLink(now, old, 4), 6: now && sameLink(now, old, 6) }
      if (same[4] && same[6]) continue
      for (const wanted of this.#wanted.values()) {
        const claim = wanted.claims.get(name)
        if (claim && !same[claim.address.family]) this.#drop(claim, wanted)
      }
    }
    this.#links = next
    this.#segments = segments
    this.#neighbourhood.setOwnMacs(links.map(({ mac }) => mac))
    for (const [key, wanted] of this.#wanted) {
      this.#dropUnwanted(wanted)
      for (const link of next.values()) {
        const known = wanted.claims.has(link.name)
        const claim = this.#want(link, key, wanted)
        if (claim && !known) this.#stepClaim(claim, { type: 'view', urgent: true }, nowMs)
      }
    }
  }

  #dropUnwanted(wanted: Wanted): void {
    for (const [name, claim] of wanted.claims) if (!isWantedOn(wanted, name, this.#segments)) this.#drop(claim, wanted)
  }

  #want(link: Link, key: string, wanted: Wanted): Claim | undefined {
    const { address, claims } = wanted
    if (!isWantedOn(wanted, link.name, this.#segments) || !link.families.includes(address.family)) return undefined
    let claim = claims.get(link.name)
    if (!claim) {
      claim = { key, link, address, state: IDLE, conflictToldMs: Number.NEGATIVE_INFINITY }
      claims.set(link.name, claim)
    }
    return claim
  }

  #drop(claim: Claim, wanted: Wanted): void {
    const { link, address, state } = claim
    if (state.phase === 'owner') {
      this.#changed.add(claim.key)
      this.#actions.push({ type: 'silence', link, address })
    }
    if (state.phase !== 'idle') this.#actions.push({ type: 'ignore', link, address })
    claim.state = IDLE
    this.#owned.delete(claim)
    this.#conflicts.delete(claim)
    this.#queue.set(claim, undefined)
    wanted.claims.delete(link.name)
  }

  #viewAll(nowMs: number, { urgent }: { urgent: boolean }): void {
    for (const key of this.#wanted.keys()) this.#view(key, nowMs, { urgent })
  }

  #view(key: string, nowMs: number, { urgent, link }: { urgent: boolean; link?: string | undefined }): void {
    for (const claim of this.#wanted.get(key)?.claims.values() ?? []) {
      if (link === undefined || claim.link.name === link) this.#stepClaim(claim, { type: 'view', urgent }, nowMs)
    }
  }

  /** Who was taken for a stranger before all speakers were known is none. */
  #recognize(nowMs: number): void {
    for (const claim of [...this.#conflicts]) {
      const mac = conflictOf(claim.state)?.mac
      if (mac === undefined) continue
      const from = this.#neighbourhood.originOf(mac)
      if (!from || isNode(from)) this.#stepClaim(claim, { type: 'known', mac, from }, nowMs)
    }
  }

  #setLiveness(event: Extract<AnnouncerEvent, { type: 'liveness' }>, nowMs: number): void {
    const { node, link, state, lastHeardMs, saidGoodbye } = event
    const before = this.#neighbourhood.livenessOf(node, link)
    this.#neighbourhood.setLife(node, { state, lastHeardMs, saidGoodbye }, link)
    // Told again, it must not make those ask who wait for an owner's word.
    if (state === before) return
    const addresses = this.#orders.addressesOf(node)
    // While the two did not hear each other, both may have come to own an address: they settle it as soon as one speaks.
    if (state === 'up') this.#speakUp(addresses, nowMs, link)
    for (const key of addresses) this.#view(key, nowMs, { urgent: true, link })
  }

  #heard({ link, kind, address, mac }: Extract<AnnouncerEvent, { type: 'heard' }>, nowMs: number): void {
    const claim = this.#wanted.get(formatAddress(address))?.claims.get(link)
    if (!claim || claim.state.phase === 'idle') return
    const from = this.#neighbourhood.originOf(mac)
    if (from) this.#stepClaim(claim, { type: kind, from }, nowMs)
  }

  #speakUp(addresses: Iterable<string> | undefined, nowMs: number, link?: string): void {
    const claims = addresses
      ? [...addresses].flatMap(key => [...(this.#wanted.get(key)?.claims.values() ?? [])])
      : [...this.#owned]
    for (const claim of claims) {
      if (link === undefined || claim.link.name === link) this.#stepClaim(claim, { type: 'speakUp' }, nowMs)
    }
  }

  #wake(nowMs: number): void {
    this.#neighbourhood.forgetLiveness()
    for (const wanted of this.#wanted.values()) {
      for (const claim of [...wanted.claims.values()]) this.#drop(claim, wanted)
    }
    for (const [key, wanted] of this.#wanted) {
      for (const link of this.#links.values()) this.#want(link, key, wanted)
      this.#view(key, nowMs, { urgent: true })
    }
  }

  #stepClaim(claim: Claim, event: ClaimEvent, nowMs: number): void {
    const { link, address, state: before } = claim
    const { state, actions } = stepClaim(before, event, this.#viewOf(claim, nowMs), this.#timings)
    if (state !== before) {
      claim.state = state
      if (state.phase === 'owner') this.#owned.add(claim)
      else this.#owned.delete(claim)
      if (announcedSince(state) !== announcedSince(before)) this.#changed.add(claim.key)
      this.#noteConflict(claim, before, nowMs)
    }
    this.#queue.set(claim, dueOf(state, this.#timings))
    if (before.phase === 'idle' && state.phase !== 'idle') this.#actions.push({ type: 'listen', link, address })
    for (const action of actions) {
      switch (action) {
        case 'claim':
          this.#actions.push({ type: 'answer', link, address })
          if (state.phase === 'owner') this.#actions.push(this.#tookOver(claim, state.cause, nowMs))
          break
        case 'yield':
          this.#actions.push({ type: 'silence', link, address })
          break
        case 'announce':
        case 'probe':
        case 'inquire':
          this.#actions.push({ type: action, link, address })
      }
    }
    if (before.phase !== 'idle' && state.phase === 'idle') this.#actions.push({ type: 'ignore', link, address })
  }

  #noteConflict(claim: Claim, before: ClaimState, nowMs: number): void {
    const conflict = conflictOf(claim.state)
    if (!conflict) {
      this.#conflicts.delete(claim)
      return
    }
    this.#conflicts.add(claim)
    if (conflictOf(before)?.mac === conflict.mac || nowMs - claim.conflictToldMs < CONFLICT_INTERVAL_MS) return
    claim.conflictToldMs = nowMs
    this.#actions.push({ type: 'conflict', link: claim.link, address: claim.address, mac: conflict.mac })
  }

  #tookOver({ key, link, address }: Claim, cause: TakeoverCause, nowMs: number): AnnouncerAction {
    if (cause !== TakeoverCause.failure) return { type: 'tookOver', link, address, cause }
    const heardMs = lastBefore(this.#placeOf(key, link))?.lastHeardMs
    return { type: 'tookOver', link, address, cause, ...(heardMs !== undefined && { afterMs: nowMs - heardMs }) }
  }

  #askAt(link: string, nowMs: number): number {
    const atMs = Math.max(nowMs, this.#nextAskMs.get(link) ?? Number.NEGATIVE_INFINITY)
    this.#nextAskMs.set(link, atMs + ASK_SPACING_MS)
    return atMs
  }

  #placeOf(key: string, { name }: Link): Place {
    const { order = [], patient = false } = this.#wanted.get(key) ?? {}
    return { key, link: name, order, patient, self: this.#self, neighbourhood: this.#neighbourhood }
  }

  #viewOf({ key, link }: Claim, nowMs: number): ClaimView {
    const { goneAfterMs } = this.#timings
    const askAtMs = () => this.#askAt(link.name, nowMs)
    return claimView(this.#placeOf(key, link), this.#standing, { nowMs, askAtMs, goneAfterMs })
  }
}

function* announcementOf({ address, link, state }: Claim): IterableIterator<Announcement> {
  const sinceMs = announcedSince(state)
  if (sinceMs !== undefined) yield { address, link, sinceMs }
}

function announcedSince(state: ClaimState): number | undefined {
  return state.phase === 'owner' ? state.sinceMs : undefined
}

function conflictOf(state: ClaimState): Conflict | undefined {
  return state.phase === 'idle' ? undefined : state.conflict
}
