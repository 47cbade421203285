import { Announcer } from '../../src/layer2/announcer.ts'
import type {
  AnnouncementConflict,
  AnnouncerAction,
  AnnouncerEvent,
  Standing,
} from '../../src/layer2/announcer-events.ts'
import { RIVALS_INTERVAL_MS } from '../../src/layer2/claim-timings.ts'
import type { DesiredAddress } from '../../src/layer2/desired.ts'
import type { Link } from '../../src/layer2/link.ts'
import { type KnownSpeaker, Neighbourhood, type NodeLife } from '../../src/layer2/neighbourhood.ts'
import { watchedNodes } from '../../src/layer2/watched-nodes.ts'
import {
  type ApiClient,
  type ApiServer,
  LEASE_DURATION_MS,
  LEASE_RENEW_MS,
  registeredOf,
  type SpeakerEntry,
} from './api-server.ts'
import type { Context } from './context.ts'
import type { LivenessListener, LivenessNetworks } from './liveness.ts'
import type { Frame, FrameReceiver, Network } from './network.ts'
import type { ClusterConfig, Orders } from './orders.ts'
import { Patience } from './patience.ts'
import type { Referee } from './referee.ts'

export interface SpeakerNodeComponents {
  readonly context: Context
  readonly network: Network
  readonly api: ApiServer
  readonly orders: Orders
  readonly referee: Referee
}

/** The others find out in this time that a node is silent; one that was stopped for longer begins anew. */
const STALL_LIMIT_MS = 300
const STOP_LIMIT_MS = 2_000
const STATUS_INTERVAL_MS = 1_000
/** steps by timer without time passing: more than this is a loop without end */
const MAX_STEPS_AT_ONCE = 50

/**
 * One node: a real Announcer, and around it all that the link driver, the main thread and the kernel do for it, on the simulated clock.
 * `running` is the process, `paused` one that is stopped by a signal.
 */
export class SpeakerNode implements FrameReceiver, LivenessListener, ApiClient {
  readonly index: number
  readonly name: string
  running = false
  paused = false
  leaving = false
  sinceMs = 0
  /** stores have synced: only then the announcer is told anything */
  synced = false
  /** told when a process takes part */
  onSync: () => void = () => {}
  /** by segment × address: requests are answered */
  readonly answering: Uint8Array
  /** by segment × address: what is said of it is heard */
  readonly listening: Uint8Array
  /** since when, or since when not */
  readonly listeningSinceMs: Float64Array
  readonly macs: number[]
  #liveness: LivenessNetworks | undefined
  readonly #components: SpeakerNodeComponents
  #neighbourhood: Neighbourhood
  #announcer: Announcer
  #incarnation = 0
  /** what waits for a stopped process: frames in its sockets, and everything else */
  #waitingFrames: Frame[] = []
  #waiting: (() => void)[] = []
  #pausedMs = 0
  #timerDueMs = Number.POSITIVE_INFINITY
  #stepsAtOnce = 0
  #lastTimerMs = -1
  #links: Link[] = []
  #config: ClusterConfig | undefined
  #speakers: readonly SpeakerEntry[] = []
  #toldSpeakers: readonly SpeakerEntry[] = []
  #patience: Patience
  #desired = new Map<string, DesiredAddress>()
  /** what the announcer was told of each address before the last time */
  readonly #interfacesBefore = new Map<string, DesiredAddress['interfaces'] | undefined>()
  #standing: Standing = { viewIsOld: false, apiReachable: true, leaving: false }
  #renewing = false
  #renewedMs = 0
  #owned = 0
  #writtenOwned = 0
  #statusDueMs = 0
  #statusPlanned = false
  #rivalsPlanned = false
  #ownedChanged = false
  /** what the announcer is told at the moment */
  #event: AnnouncerEvent | undefined
  /** by segment × address: when it last stood up against the foreign host */
  readonly #defendedMs: Float64Array

  constructor(components: SpeakerNodeComponents, init: { index: number }) {
    const { context } = components
    const claims = context.links.length * context.addresses.length
    this.#components = components
    this.index = init.index
    this.name = context.names[init.index]!
    this.macs = context.links.map((_, segment) => 0x020000000000 + init.index * 0x10000 + segment * 0x100)
    this.answering = new Uint8Array(claims)
    this.listening = new Uint8Array(claims)
    this.listeningSinceMs = new Float64Array(claims)
    this.#defendedMs = new Float64Array(claims).fill(Number.NEGATIVE_INFINITY)
    this.#patience = this.#newPatience()
    this.#neighbourhood = new Neighbourhood({ self: this.name })
    this.#announcer = new Announcer({ neighbourhood: this.#neighbourhood }, { self: this.name })
  }

  get connects(): boolean {
    return this.running && this.synced
  }

  get owned(): number {
    return this.#owned
  }

  conflicts(): AnnouncementConflict[] {
    return this.synced ? [...this.#announcer.conflicts()] : []
  }

  stateOf(segment: number, address: number): string {
    const { links, addresses } = this.#components.context
    if (!this.synced) return 'off'
    return JSON.stringify(this.#announcer.stateOf(links[segment]!, addresses[address]!.key))
  }

  setLiveness(liveness: LivenessNetworks): void {
    this.#liveness = liveness
  }

  // What happens to the process.

  start(): void {
    const { context } = this.#components
    if (this.running) return
    context.trace?.(`${this.name} starts`)
    this.running = true
    this.leaving = false
    this.#incarnation++
    this.#neighbourhood = new Neighbourhood({ self: this.name })
    this.#announcer = new Announcer({ neighbourhood: this.#neighbourhood }, { self: this.name })
    this.#sync()
  }

  crash(): void {
    if (!this.running) return
    this.#components.context.trace?.(`${this.name} crashes`)
    this.#components.referee.crashes(this.index)
    this.#vanish()
  }

  /** SIGTERM */
  terminate(): void {
    const { context } = this.#components
    if (!this.running || this.paused || this.leaving) return
    context.trace?.(`${this.name} is told to stop`)
    this.leaving = true
    if (!this.synced) {
      this.#vanish()
      return
    }
    const incarnation = this.#incarnation
    this.#liveness!.each(network => network.leave(this.index))
    this.#setStanding({ leaving: true })
    context.queue.in(STOP_LIMIT_MS, () => {
      if (!this.running || this.#incarnation !== incarnation) return
      this.#components.referee.leavesWithAddresses(this.index)
      this.#leave()
    })
  }

  pause(): void {
    if (!this.running || this.paused) return
    this.#components.context.trace?.(`${this.name} is paused`)
    this.paused = true
    this.#pausedMs = this.#components.context.queue.nowMs
    this.#liveness!.each(network => network.pause(this.index))
    this.#renewingChanged()
    this.#components.referee.nodeChanged(this.index)
  }

  resume(): void {
    if (!this.paused) return
    const { queue, random, trace } = this.#components.context
    const gapMs = queue.nowMs - this.#pausedMs + random.between(0, STALL_LIMIT_MS / 3)
    const stalled = gapMs > STALL_LIMIT_MS
    trace?.(`${this.name} goes on${stalled ? ' and finds that it was stopped' : ''}`)
    this.paused = false
    this.sinceMs = queue.nowMs
    const frames = this.#waitingFrames
    const waiting = this.#waiting
    this.#waitingFrames = []
    this.#waiting = []
    if (this.synced && stalled) this.#step({ type: 'woken' })
    this.#components.referee.nodeChanged(this.index)
    this.#liveness!.each(network => network.resume(this.index, stalled))
    if (!stalled) for (const frame of frames) this.#take(frame)
    if (this.synced && queue.nowMs - this.#renewedMs > LEASE_DURATION_MS) this.#setStanding({ viewIsOld: true })
    for (const run of waiting) run()
    this.#renewingChanged()
    if (this.leaving) this.#leaveIfDone()
    this.#planTimer()
  }

  /** Carrier or hardware address of an interface changed: netlink tells. */
  linksChanged(): void {
    const { queue, random } = this.#components.context
    this.#after(random.between(0.3, 5), () => {
      if (!this.synced) return
      this.#links = this.#usableLinks()
      this.#useLinks()
      this.#step({ type: 'links', links: this.#links })
      this.#writeStatusSoon()
    })
    this.#components.context.trace?.(`${queue.nowMs.toFixed(1)} links of ${this.name} change`)
  }

  // What it hears.

  receive(frame: Frame): void {
    if (!this.running) return
    if (this.paused) this.#waitingFrames.push(frame)
    else this.#take(frame)
  }

  livenessChanged(target: number, life: NodeLife, segment: number): void {
    const { context } = this.#components
    this.#post(() => {
      const node = context.names[target]!
      const link = context.links[segment]!
      context.trace?.(`${this.name}: liveness of ${node} on ${link} is ${life.state}`)
      this.#step({ type: 'liveness', node, ...life, link })
    })
  }

  seeConfig(config: ClusterConfig): void {
    this.#post(() => {
      this.#config = config
      this.#patience.follow(config)
      this.#applyViews()
    })
  }

  seeSpeakers(speakers: readonly SpeakerEntry[]): void {
    this.#post(() => {
      this.#speakers = speakers
      this.#applyViews()
      // It lives: a mark that says otherwise goes.
      if (this.#renewing && speakers[this.index]!.expired && !this.leaving) this.#register()
    })
  }

  apiChanged(): void {
    if (!this.running) return
    if (!this.synced) this.#sync()
    else this.#renewingChanged()
  }

  // The process.

  #sync(): void {
    const { api, context } = this.#components
    if (!api.isReachableFrom(this.index)) return
    this.#after(context.random.between(60, 600), () => {
      if (this.synced || !api.isReachableFrom(this.index)) return
      context.trace?.(`${this.name} has synced`)
      this.onSync()
      this.synced = true
      this.sinceMs = context.queue.nowMs
      const { config, speakers } = api.snapshot
      this.#config = config
      this.#speakers = speakers
      this.#patience = this.#newPatience()
      this.#patience.follow(config)
      this.#toldSpeakers = []
      this.#desired = new Map()
      this.#standing = { viewIsOld: false, apiReachable: true, leaving: false }
      this.#links = this.#usableLinks()
      this.#step({ type: 'links', links: this.#links })
      this.#liveness!.each(network => network.start(this.index))
      this.#useLinks()
      this.#applyViews()
      this.#renewingChanged()
    })
  }

  /** Ends as after SIGTERM: silent, then says so to the API server. */
  #leave(): void {
    const { api, context } = this.#components
    context.trace?.(`${this.name} leaves`)
    this.#vanish()
    context.queue.in(context.random.between(2, 30), () => {
      if (api.isReachableFrom(this.index) && !this.running) api.leave(this.index)
    })
  }

  #leaveIfDone(): void {
    if (this.running && this.leaving && !this.#announcer.canHandOver) this.#leave()
  }

  #vanish(): void {
    this.running = false
    this.synced = false
    this.paused = false
    this.leaving = false
    this.#incarnation++
    this.#timerDueMs = Number.POSITIVE_INFINITY
    this.#waitingFrames = []
    this.#waiting = []
    this.#liveness!.each(network => network.stop(this.index))
    this.#renewingChanged()
    this.listening.fill(0)
    this.#defendedMs.fill(Number.NEGATIVE_INFINITY)
    this.#owned = 0
    this.#writtenOwned = 0
    this.#statusPlanned = false
    this.#rivalsPlanned = false
    this.answering.fill(0)
    this.#components.referee.nodeChanged(this.index)
  }

  // Its Lease, its status, and what it knows of the others.

  /** The Lease is renewed while the process runs and reaches the API server. */
  #renewingChanged(): void {
    const { api, context } = this.#components
    const { queue, random } = context
    const renewing = this.connects && !this.paused && api.isReachableFrom(this.index)
    if (renewing === this.#renewing) return
    this.#renewing = renewing
    if (renewing) {
      this.#after(random.between(10, 300), () => {
        if (!this.#renewing) return
        this.#renewedMs = queue.nowMs
        api.startRenewing(this.index)
        this.#setStanding({ apiReachable: true, viewIsOld: false })
        this.#step({ type: 'speakUp' })
        api.resync(this.index, random.between(5, 300))
        const { registered, expired } = api.snapshot.speakers[this.index]!
        if (!registered || expired) this.#register()
        else this.#writeStatusSoon()
      })
      return
    }
    const renewedMs = Math.max(this.#renewedMs, queue.nowMs - random.between(0, LEASE_RENEW_MS))
    this.#renewedMs = renewedMs
    api.stopRenewing(this.index, renewedMs)
    if (!this.running) return
    this.#after(random.between(100, 1_500), () => {
      if (!this.#renewing && this.synced) this.#setStanding({ apiReachable: false })
    })
    this.#after(renewedMs + LEASE_DURATION_MS - queue.nowMs, () => {
      if (!this.#renewing && this.synced && this.#renewedMs === renewedMs) this.#setStanding({ viewIsOld: true })
    })
  }

  #register(): void {
    const { api } = this.#components
    if (!api.isReachableFrom(this.index)) return
    api.writeSpeaker(this.index, { registered: true, expired: false, macs: [...this.macs], owned: this.#owned })
    this.#writtenOwned = this.#owned
  }

  /** At most once a second. */
  #writeStatusSoon(): void {
    const { api, context } = this.#components
    if (this.#statusPlanned || !this.synced) return
    this.#statusPlanned = true
    this.#after(Math.max(20, this.#statusDueMs - context.queue.nowMs), () => {
      this.#statusPlanned = false
      if (!this.#renewing) return
      const macsAsWritten = String(api.snapshot.speakers[this.index]!.macs) === String(this.macs)
      if (this.#owned === this.#writtenOwned && macsAsWritten) return
      this.#statusDueMs = context.queue.nowMs + STATUS_INTERVAL_MS
      this.#register()
    })
  }

  #setStanding(change: Partial<Standing>): void {
    const standing = { ...this.#standing, ...change }
    const { viewIsOld, apiReachable, leaving } = this.#standing
    if (standing.viewIsOld === viewIsOld && standing.apiReachable === apiReachable && standing.leaving === leaving) {
      return
    }
    this.#standing = standing
    this.#components.context.trace?.(`${this.name}: standing ${JSON.stringify(change)}`)
    this.#step({ type: 'standing', standing })
  }

  /** As the main thread does: what it knows of the others, then what has changed of the addresses. */
  #applyViews(): void {
    if (!this.synced) return
    const { context, orders } = this.#components
    const speakers = this.#speakers
    if (!sameIdentities(speakers, this.#toldSpeakers)) {
      this.#toldSpeakers = speakers
      const known: KnownSpeaker[] = []
      for (const [index, { registered, expired, macs }] of speakers.entries()) {
        if (registered) known.push({ node: context.names[index]!, macs, addresses: [], expired })
      }
      this.#step({ type: 'speakers', speakers: known })
    }
    this.#applyOrders(orders.of(this.#config!, registeredOf(speakers)))
    this.#speakUpAgainstRivals()
  }

  #newPatience(): Patience {
    const { context, referee } = this.#components
    const onOver = (): void => {
      if (!this.synced) return
      referee.disturbed()
      this.#applyViews()
    }
    return new Patience(context, { node: this.name, after: (delayMs, run) => this.#after(delayMs, run), onOver })
  }

  /** An address that this node may still own stays, with its new order, until it has been handed over. */
  #applyOrders(orders: readonly (readonly string[])[]): void {
    const { addresses } = this.#components.context
    const changed = new Map<string, DesiredAddress>()
    const removed: string[] = []
    for (const { index, key, address } of addresses) {
      const order = orders[index]!
      const before = this.#desired.get(key)
      const stays = order.includes(this.name) || (before !== undefined && order.length > 0 && this.#owns(index))
      if (!stays) {
        if (before) removed.push(key)
        this.#desired.delete(key)
        continue
      }
      const { interfaces } = this.#config!.addresses[index]!
      const patient = order.includes(this.name) && this.#patience.isPatient(key, this.#speakers)
      const after: DesiredAddress = { address, interfaces, order, ...(patient && { patient }) }
      if (before && sameDesired(before, after)) continue
      this.#interfacesBefore.set(key, before?.interfaces)
      this.#desired.set(key, after)
      changed.set(key, after)
    }
    if (changed.size === 0 && removed.length === 0) return
    if (this.#components.context.trace) {
      for (const [key, { order }] of changed) this.#components.context.trace(`${this.name}: order of ${key}: ${order}`)
      for (const key of removed) this.#components.context.trace(`${this.name}: ${key} concerns it no more`)
    }
    this.#step({ type: 'desired', changed, removed })
    this.#watchOthers()
  }

  #useLinks(): void {
    const { links } = this.#components.context
    this.#liveness!.use(
      this.index,
      this.#links.map(({ name }) => links.indexOf(name)),
    )
  }

  #watchOthers(): void {
    const { names, watchedMax } = this.#components.context
    const watched = watchedNodes(this.#desired, this.name, watchedMax).map(node => names.indexOf(node))
    this.#liveness!.each(network => network.watch(this.index, watched))
  }

  /** Another speaker says that it announces the same address: one of the two is wrong, and hears of it again and again. */
  #speakUpAgainstRivals(): void {
    if (this.#rivalsPlanned || !this.synced || this.#rivals() === 0) return
    this.#rivalsPlanned = true
    this.#after(0, () => this.#speakUpAndAgain())
  }

  #speakUpAndAgain(): void {
    const { addresses, links } = this.#components.context
    const rivals = this.#rivals()
    this.#rivalsPlanned = rivals !== 0
    if (rivals === 0) return
    const keys = addresses.filter(({ index }) => (rivals >> (index * links.length)) & ((1 << links.length) - 1))
    this.#step({ type: 'speakUp', addresses: keys.map(({ key }) => key) })
    this.#after(RIVALS_INTERVAL_MS, () => this.#speakUpAndAgain())
  }

  #rivals(): number {
    let others = 0
    for (const [index, { registered, expired, owned }] of this.#speakers.entries()) {
      if (index !== this.index && registered && !expired) others |= owned
    }
    return others & this.#owned
  }

  #owns(address: number): boolean {
    const { links } = this.#components.context
    return ((this.#owned >> (address * links.length)) & ((1 << links.length) - 1)) !== 0
  }

  #usableLinks(): Link[] {
    const { context, network } = this.#components
    const links: Link[] = []
    for (const [segment, name] of context.links.entries()) {
      if (!network.hasCarrier(segment, this.index)) continue
      links.push({ index: segment + 2, name, mac: this.macs[segment]!, families: [4, 6] })
    }
    return links
  }

  // The link thread.

  /** The announcer hears a frame first; then, if the address is still answered, a probe is. */
  #take(frame: Frame): void {
    if (!this.synced) return
    const { context, network } = this.#components
    const { segment, kind, mac, from } = frame
    const { address, index, answersToAll } = context.addresses[frame.address]!
    const claim = segment * context.addresses.length + index
    if (!this.listening[claim]) return
    const link = context.links[segment]!
    const stranger = from === network.stranger
    // An inquiry is a request like any client's: the responder alone sees it; but one that leaves hands over to whoever shows interest.
    const heard = kind === 'inquire' ? (this.leaving ? 'probe' : undefined) : kind
    const announced = heard !== undefined && this.#step({ type: 'heard', link, kind: heard, address, mac })
    if (stranger && announced) this.#noteDefence(claim, frame)
    if (kind === 'claim' || kind === 'answer' || !this.answering[claim]) return
    // How often a foreign host asks is its own affair.
    if (!stranger) this.#components.referee.sent(this.index, segment, index)
    const toAll = answersToAll && kind === 'probe'
    const answer = { segment, address: index, mac: this.macs[segment]!, from: this.index }
    if (toAll) network.send({ kind: 'claim', ...answer })
    else network.send({ kind: 'answer', ...answer }, from)
  }

  #noteDefence(claim: number, { segment, address }: Frame): void {
    const { nowMs } = this.#components.context.queue
    this.#components.referee.defended(this.index, segment, address, nowMs - this.#defendedMs[claim]!)
    this.#defendedMs[claim] = nowMs
  }

  /** True when it announced something. */
  #step(event: AnnouncerEvent): boolean {
    const { nowMs } = this.#components.context.queue
    let announced = false
    this.#event = event
    for (const action of this.#announcer.step(event, nowMs)) announced = this.#execute(action) || announced
    if (this.#ownedChanged) {
      this.#ownedChanged = false
      this.#writeStatusSoon()
      this.#speakUpAgainstRivals()
      if (this.#desired.size > 0) this.#after(5, () => this.#dropHandedOver())
    }
    if (this.leaving) this.#leaveIfDone()
    this.#planTimer()
    return announced
  }

  #dropHandedOver(): void {
    if (this.#config && this.synced) this.#applyViews()
  }

  #execute(action: AnnouncerAction): boolean {
    if (action.type === 'tookOver' || action.type === 'conflict') return false
    const { context, network, referee } = this.#components
    const { link } = action
    const segment = context.links.indexOf(link.name)
    const { index, key } = context.addresses.find(({ address }) => address === action.address)!
    const claim = segment * context.addresses.length + index
    switch (action.type) {
      case 'probe':
      case 'inquire':
      case 'announce': {
        if (action.type === 'announce' && !this.answering[claim])
          referee.fail(`${this.name} announces ${key} unanswered`)
        if (!this.listening[claim]) referee.fail(`${this.name} sends for ${key} and does not listen`)
        context.trace?.(`${this.name}: ${action.type} ${key} on ${link.name}`)
        if (action.type !== 'announce' && this.leaving && !this.answering[claim])
          referee.fail(`${this.name} asks for ${key} although it leaves`)
        if (action.type === 'probe' && this.#desired.get(key)?.patient)
          referee.fail(`${this.name} deposes the owner of ${key} although it is patient`)
        referee.sent(this.index, segment, index)
        const kind = action.type === 'announce' ? 'claim' : action.type
        network.send({ kind, segment, address: index, mac: link.mac, from: this.index })
        return action.type === 'announce'
      }
      case 'listen':
      case 'ignore':
        if (this.listening[claim] === Number(action.type === 'listen'))
          referee.fail(`${this.name}: twice ${action.type}`)
        this.listening[claim] = Number(action.type === 'listen')
        this.listeningSinceMs[claim] = context.queue.nowMs
        referee.wantsChanged(segment, index)
        return false
      case 'answer':
      case 'silence': {
        const answers = action.type === 'answer'
        if (this.answering[claim] === Number(answers)) referee.fail(`${this.name}: twice ${action.type}`)
        this.answering[claim] = Number(answers)
        if (!answers) this.#checkSilence(key)
        const bit = 1 << (index * context.links.length + segment)
        if (!answers) this.#defendedMs[claim] = Number.NEGATIVE_INFINITY
        this.#owned = answers ? this.#owned | bit : this.#owned & ~bit
        this.#ownedChanged = true
        context.trace?.(`${this.name}: ${answers ? 'OWNS' : 'gives up'} ${key} on ${link.name}`)
        referee.ownerChanged(this.index, segment, index)
        return false
      }
    }
  }

  /** An owner that goes on existing falls silent because another asks or answers, never because it thinks otherwise now. */
  #checkSilence(key: string): void {
    const event = this.#event!
    if (event.type === 'heard' || event.type === 'links' || event.type === 'woken') return
    if (event.type === 'desired' && event.removed.includes(key)) return
    // Other interfaces are wanted: that is no matter of who owns it.
    if (event.type === 'desired' && event.changed.get(key)?.interfaces !== this.#interfacesBefore.get(key)) return
    this.#components.referee.fail(`${this.name} gives ${key} up unasked (${event.type})`)
  }

  #planTimer(): void {
    const { queue } = this.#components.context
    const { dueMs } = this.#announcer
    if (!this.synced || dueMs === undefined || dueMs >= this.#timerDueMs) return
    this.#timerDueMs = dueMs
    const incarnation = this.#incarnation
    queue.at(Math.max(dueMs, queue.nowMs), () => {
      if (this.#incarnation !== incarnation || this.#timerDueMs !== dueMs) return
      this.#timerDueMs = Number.POSITIVE_INFINITY
      if (this.paused || !this.synced) return
      this.#noteTimer(queue.nowMs)
      this.#step({ type: 'timer' })
    })
  }

  #noteTimer(nowMs: number): void {
    this.#stepsAtOnce = nowMs === this.#lastTimerMs ? this.#stepsAtOnce + 1 : 0
    this.#lastTimerMs = nowMs
    if (this.#stepsAtOnce > MAX_STEPS_AT_ONCE) this.#components.referee.fail(`${this.name} is due again and again`)
  }

  /** Runs now, or when a stopped process goes on. */
  #post(run: () => void): void {
    if (!this.running || !this.synced) return
    if (this.paused) this.#waiting.push(run)
    else run()
  }

  /** A timer of this process. */
  #after(delayMs: number, run: () => void): void {
    const incarnation = this.#incarnation
    const due = (): void => {
      if (this.#incarnation !== incarnation || !this.running) return
      if (this.paused) this.#waiting.push(due)
      else run()
    }
    this.#components.context.queue.in(Math.max(0, delayMs), due)
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
