import { Announcer } from '../../src/layer2/announcer.ts'
import type { AnnouncerAction, AnnouncerEvent } from '../../src/layer2/announcer-events.ts'
import type { DesiredAddress } from '../../src/layer2/desired.ts'
import { Neighbourhood } from '../../src/layer2/neighbourhood.ts'
import type { Frame } from './network.ts'
import type { SpeakerNodeComponents, SpeakerProcess } from './speaker-process.ts'

/** steps by timer without time passing: more than this is a loop without end */
const MAX_STEPS_AT_ONCE = 50

/** What a link thread wants of the rest of its node. */
export interface LinkThreadInit {
  readonly process: SpeakerProcess
  /** it owns other addresses than before */
  readonly onOwnedChanged: () => void
  /** the announcer has taken a step */
  readonly onStepped: () => void
}

/** A real Announcer, and around it what the link driver and the kernel do for it. By claim means by segment × address. */
export class LinkThread {
  /** by claim: requests are answered */
  readonly answering: Uint8Array
  /** by claim: what is said of it is heard */
  readonly listening: Uint8Array
  /** by claim: since when, or since when not */
  readonly listeningSinceMs: Float64Array
  readonly #components: SpeakerNodeComponents
  readonly #init: LinkThreadInit
  #announcer!: Announcer
  /** grows when it begins or ends: timers of those before mean nothing any more */
  #incarnation = 0
  #timerDueMs = Number.POSITIVE_INFINITY
  #stepsAtOnce = 0
  #lastTimerMs = -1
  #owned = 0
  #ownedChanged = false
  /** by key, what the announcer was told of an address, and on which interfaces before the last time */
  readonly #desired = new Map<string, DesiredAddress>()
  readonly #interfacesBefore = new Map<string, DesiredAddress['interfaces'] | undefined>()
  /** what the announcer is told at the moment */
  #event: AnnouncerEvent | undefined
  /** by claim: when it last stood up against the foreign host */
  readonly #defendedMs: Float64Array

  constructor(components: SpeakerNodeComponents, init: LinkThreadInit) {
    const claims = components.context.links.length * components.context.addresses.length
    this.#components = components
    this.#init = init
    this.answering = new Uint8Array(claims)
    this.listening = new Uint8Array(claims)
    this.listeningSinceMs = new Float64Array(claims)
    this.#defendedMs = new Float64Array(claims).fill(Number.NEGATIVE_INFINITY)
    this.begin()
  }

  /** What it owns: a bit for each address × segment. */
  get owned(): number {
    return this.#owned
  }

  get canHandOver(): boolean {
    return this.#announcer.canHandOver
  }

  begin(): void {
    const { name } = this.#init.process
    const neighbourhood = new Neighbourhood({ self: name })
    this.#announcer = new Announcer({ neighbourhood }, { self: name })
    this.#desired.clear()
    this.#incarnation++
  }

  /** Is silent from now on, and owns nothing. */
  end(): void {
    this.#incarnation++
    this.#timerDueMs = Number.POSITIVE_INFINITY
    this.listening.fill(0)
    this.answering.fill(0)
    this.#defendedMs.fill(Number.NEGATIVE_INFINITY)
    this.#owned = 0
  }

  owns(address: number): boolean {
    const { links } = this.#components.context
    return ((this.#owned >> (address * links.length)) & ((1 << links.length) - 1)) !== 0
  }

  /** The announcer hears a frame first; then, if the address is still answered, a probe is. */
  take(frame: Frame): void {
    const { process } = this.#init
    if (!process.synced) return
    const { context, network } = this.#components
    const { segment, kind, mac, from } = frame
    const { address, index, answersToAll } = context.addresses[frame.address]!
    const claim = segment * context.addresses.length + index
    if (!this.listening[claim]) return
    const link = context.links[segment]!
    const stranger = from === network.stranger
    // An inquiry is a request like any client's: the responder alone sees it; but one that leaves hands over to whoever shows interest.
    const heard = kind === 'inquire' ? (process.leaving ? 'probe' : undefined) : kind
    const announced = heard !== undefined && this.step({ type: 'heard', link, kind: heard, address, mac })
    if (stranger && announced) this.#noteDefence(claim, frame)
    if (kind === 'claim' || kind === 'answer' || !this.answering[claim]) return
    // How often a foreign host asks is its own affair.
    if (!stranger) this.#components.referee.sent(process.index, segment, index)
    const toAll = answersToAll && kind === 'probe'
    const answer = { segment, address: index, mac: process.macs[segment]!, from: process.index }
    if (toAll) network.send({ kind: 'claim', ...answer })
    else network.send({ kind: 'answer', ...answer }, from)
  }

  #noteDefence(claim: number, { segment, address }: Frame): void {
    const { nowMs } = this.#components.context.queue
    const { index } = this.#init.process
    this.#components.referee.defended(index, segment, address, nowMs - this.#defendedMs[claim]!)
    this.#defendedMs[claim] = nowMs
  }

  /** True when it announced something. */
  step(event: AnnouncerEvent): boolean {
    const { nowMs } = this.#components.context.queue
    let announced = false
    this.#event = event
    if (event.type === 'desired') this.#noteDesired(event)
    for (const action of this.#announcer.step(event, nowMs)) announced = this.#execute(action) || announced
    if (this.#ownedChanged) {
      this.#ownedChanged = false
      this.#init.onOwnedChanged()
    }
    this.#init.onStepped()
    this.planTimer()
    return announced
  }

  #noteDesired({ changed, removed }: Extract<AnnouncerEvent, { type: 'desired' }>): void {
    for (const key of removed) this.#desired.delete(key)
    for (const [key, desired] of changed) {
      this.#interfacesBefore.set(key, this.#desired.get(key)?.interfaces)
      this.#desired.set(key, desired)
    }
  }

  #execute(action: AnnouncerAction): boolean {
    if (action.type === 'tookOver' || action.type === 'conflict') return false
    const { context } = this.#components
    const segment = context.links.indexOf(action.link.name)
    const { index, key } = context.addresses.find(({ address }) => address === action.address)!
    const place = { segment, index, key, claim: segment * context.addresses.length + index }
    switch (action.type) {
      case 'probe':
      case 'inquire':
      case 'announce':
        this.#send(action, place)
        return action.type === 'announce'
      case 'listen':
      case 'ignore':
        this.#listen(action.type, place)
        return false
      case 'answer':
      case 'silence':
        this.#own(action, place)
        return false
    }
  }

  #send({ type, link }: Extract<AnnouncerAction, { type: 'probe' | 'inquire' | 'announce' }>, place: Place): void {
    const { context, network, referee } = this.#components
    const { process } = this.#init
    const { segment, index, key, claim } = place
    const { name } = process
    const answered = this.answering[claim] === 1
    if (type === 'announce' && !answered) referee.fail(`${name} announces ${key} unanswered`)
    if (!this.listening[claim]) referee.fail(`${name} sends for ${key} and does not listen`)
    context.trace?.(`${name}: ${type} ${key} on ${link.name}`)
    if (type !== 'announce' && process.leaving && !answered) referee.fail(`${name} asks for ${key} although it leaves`)
    if (type === 'probe' && this.#desired.get(key)?.patient)
      referee.fail(`${name} deposes the owner of ${key} although it is patient`)
    referee.sent(process.index, segment, index)
    const kind = type === 'announce' ? 'claim' : type
    network.send({ kind, segment, address: index, mac: link.mac, from: process.index })
  }

  #listen(type: 'listen' | 'ignore', { segment, index, claim }: Place): void {
    const { context, referee } = this.#components
    const listens = Number(type === 'listen')
    if (this.listening[claim] === listens) referee.fail(`${this.#init.process.name}: twice ${type}`)
    this.listening[claim] = listens
    this.listeningSinceMs[claim] = context.queue.nowMs
    referee.wantsChanged(segment, index)
  }

  #own({ type, link }: Extract<AnnouncerAction, { type: 'answer' | 'silence' }>, place: Place): void {
    const { context, referee } = this.#components
    const { name, index: node } = this.#init.process
    const { segment, index, key, claim } = place
    const answers = type === 'answer'
    if (this.answering[claim] === Number(answers)) referee.fail(`${name}: twice ${type}`)
    this.answering[claim] = Number(answers)
    if (!answers) {
      this.#checkSilence(key)
      this.#defendedMs[claim] = Number.NEGATIVE_INFINITY
    }
    const bit = 1 << (index * context.links.length + segment)
    this.#owned = answers ? this.#owned | bit : this.#owned & ~bit
    this.#ownedChanged = true
    context.trace?.(`${name}: ${answers ? 'OWNS' : 'gives up'} ${key} on ${link.name}`)
    referee.ownerChanged(node, segment, index)
  }

  /** An owner that goes on existing falls silent because another asks or answers, never because it thinks otherwise now. */
  #checkSilence(key: string): void {
    const event = this.#event!
    if (event.type === 'heard' || event.type === 'links' || event.type === 'woken') return
    if (event.type === 'desired' && event.removed.includes(key)) return
    // Other interfaces are wanted: that is no matter of who owns it.
    if (event.type === 'desired' && event.changed.get(key)?.interfaces !== this.#interfacesBefore.get(key)) return
    this.#components.referee.fail(`${this.#init.process.name} gives ${key} up unasked (${event.type})`)
  }

  /** Has the announcer woken when it wants to be. */
  planTimer(): void {
    const { queue } = this.#components.context
    const { process } = this.#init
    const { dueMs } = this.#announcer
    if (!process.synced || dueMs === undefined || dueMs >= this.#timerDueMs) return
    this.#timerDueMs = dueMs
    const incarnation = this.#incarnation
    queue.at(Math.max(dueMs, queue.nowMs), () => {
      if (this.#incarnation !== incarnation || this.#timerDueMs !== dueMs) return
      this.#timerDueMs = Number.POSITIVE_INFINITY
      if (process.paused || !process.synced) return
      this.#noteTimer(queue.nowMs)
      this.step({ type: 'timer' })
    })
  }

  #noteTimer(nowMs: number): void {
    this.#stepsAtOnce = nowMs === this.#lastTimerMs ? this.#stepsAtOnce + 1 : 0
    this.#lastTimerMs = nowMs
    if (this.#stepsAtOnce <= MAX_STEPS_AT_ONCE) return
    this.#components.referee.fail(`${this.#init.process.name} is due again and again`)
  }
}

/** Where an action applies. */
interface Place {
  readonly segment: number
  /** of the address */
  readonly index: number
  readonly key: string
  readonly claim: number
}
