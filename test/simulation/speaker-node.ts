import type { AnnouncerEvent, Standing } from '../../src/layer2/announcer-events.ts'
import type { Link } from '../../src/layer2/link.ts'
import type { NodeLife } from '../../src/layer2/neighbourhood.ts'
import { watchedNodes } from '../../src/layer2/watched-nodes.ts'
import type { ApiClient, SpeakerEntry } from './api-server.ts'
import { LinkThread } from './link-thread.ts'
import type { LivenessListener, LivenessNetworks } from './liveness.ts'
import { MainThread } from './main-thread.ts'
import type { Frame, FrameReceiver } from './network.ts'
import type { ClusterConfig } from './orders.ts'
import { Registration } from './registration.ts'
import type { SpeakerNodeComponents, SpeakerProcess } from './speaker-process.ts'

/** The others find out in this time that a node is silent; one that was stopped for longer begins anew. */
const STALL_LIMIT_MS = 300
const STOP_LIMIT_MS = 2_000

/**
 * One node on the simulated clock: the life of the speaker's process, and what reaches it. `running` is the process, `paused` one that is
 * stopped by a signal.
 */
export class SpeakerNode implements SpeakerProcess, FrameReceiver, LivenessListener, ApiClient {
  readonly index: number
  readonly name: string
  readonly macs: number[]
  running = false
  paused = false
  leaving = false
  synced = false
  /** since when it has run without a break */
  sinceMs = 0
  /** told when a process takes part */
  onSync: () => void = () => {}
  readonly #components: SpeakerNodeComponents
  readonly #link: LinkThread
  readonly #main: MainThread
  readonly #registration: Registration
  #liveness: LivenessNetworks | undefined
  #incarnation = 0
  /** what waits for a stopped process: frames in its sockets, and everything else */
  #waitingFrames: Frame[] = []
  #waiting: (() => void)[] = []
  #pausedMs = 0
  #links: Link[] = []

  constructor(components: SpeakerNodeComponents, init: { index: number }) {
    const { context } = components
    this.#components = components
    this.index = init.index
    this.name = context.names[init.index]!
    this.macs = context.links.map((_, segment) => 0x020000000000 + init.index * 0x10000 + segment * 0x100)
    this.#link = new LinkThread(components, {
      process: this,
      onOwnedChanged: () => {
        this.#registration.writeSoon()
        this.#main.ownedChanged()
      },
      onStepped: () => this.#leaveIfDone(),
    })
    this.#main = new MainThread(components, { process: this, link: this.#link, onDesired: () => this.#watchOthers() })
    this.#registration = new Registration(components, { process: this, link: this.#link })
  }

  get connects(): boolean {
    return this.running && this.synced
  }

  get answering(): Uint8Array {
    return this.#link.answering
  }

  get listening(): Uint8Array {
    return this.#link.listening
  }

  get listeningSinceMs(): Float64Array {
    return this.#link.listeningSinceMs
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
    this.#link.begin()
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
    this.setStanding({ leaving: true })
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
    this.#registration.follow()
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
    if (this.synced && stalled) this.step({ type: 'woken' })
    this.#components.referee.nodeChanged(this.index)
    this.#liveness!.each(network => network.resume(this.index, stalled))
    if (!stalled) for (const frame of frames) this.#link.take(frame)
    if (this.synced && this.#registration.hasRunOut) this.setStanding({ viewIsOld: true })
    for (const run of waiting) run()
    this.#registration.follow()
    this.#leaveIfDone()
    this.#link.planTimer()
  }

  /** Carrier or hardware address of an interface changed: netlink tells. */
  linksChanged(): void {
    const { queue, random } = this.#components.context
    this.after(random.between(0.3, 5), () => {
      if (!this.synced) return
      this.#links = this.#usableLinks()
      this.#useLinks()
      this.step({ type: 'links', links: this.#links })
      this.#registration.writeSoon()
    })
    this.#components.context.trace?.(`${queue.nowMs.toFixed(1)} links of ${this.name} change`)
  }

  // What it hears.

  receive(frame: Frame): void {
    if (!this.running) return
    if (this.paused) this.#waitingFrames.push(frame)
    else this.#link.take(frame)
  }

  livenessChanged(target: number, life: NodeLife, segment: number): void {
    const { context } = this.#components
    this.#post(() => {
      const node = context.names[target]!
      const link = context.links[segment]!
      context.trace?.(`${this.name}: liveness of ${node} on ${link} is ${life.state}`)
      this.step({ type: 'liveness', node, ...life, link })
    })
  }

  seeConfig(config: ClusterConfig): void {
    this.#post(() => this.#main.seeConfig(config))
  }

  seeSpeakers(speakers: readonly SpeakerEntry[]): void {
    this.#post(() => {
      this.#main.seeSpeakers(speakers)
      // It lives: a mark that says otherwise goes.
      if (this.#registration.renewing && speakers[this.index]!.expired && !this.leaving) this.#registration.write()
    })
  }

  apiChanged(): void {
    if (!this.running) return
    if (!this.synced) this.#sync()
    else this.#registration.follow()
  }

  // What its parts want of each other.

  step(event: AnnouncerEvent): boolean {
    return this.#link.step(event)
  }

  setStanding(change: Partial<Standing>): void {
    this.#main.setStanding(change)
  }

  after(delayMs: number, run: () => void): void {
    const incarnation = this.#incarnation
    const due = (): void => {
      if (this.#incarnation !== incarnation || !this.running) return
      if (this.paused) this.#waiting.push(due)
      else run()
    }
    this.#components.context.queue.in(Math.max(0, delayMs), due)
  }

  /** Runs now, or when a stopped process goes on. */
  #post(run: () => void): void {
    if (!this.running || !this.synced) return
    if (this.paused) this.#waiting.push(run)
    else run()
  }

  #sync(): void {
    const { api, context } = this.#components
    if (!api.isReachableFrom(this.index)) return
    this.after(context.random.between(60, 600), () => {
      if (this.synced || !api.isReachableFrom(this.index)) return
      context.trace?.(`${this.name} has synced`)
      this.onSync()
      this.synced = true
      this.sinceMs = context.queue.nowMs
      const { config, speakers } = api.snapshot
      this.#main.begin(config, speakers)
      this.#links = this.#usableLinks()
      this.step({ type: 'links', links: this.#links })
      this.#liveness!.each(network => network.start(this.index))
      this.#useLinks()
      this.#main.applyViews()
      this.#registration.follow()
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
    if (this.running && this.leaving && !this.#link.canHandOver) this.#leave()
  }

  #vanish(): void {
    this.running = false
    this.synced = false
    this.paused = false
    this.leaving = false
    this.#incarnation++
    this.#waitingFrames = []
    this.#waiting = []
    this.#liveness!.each(network => network.stop(this.index))
    this.#registration.follow()
    this.#link.end()
    this.#main.end()
    this.#registration.end()
    this.#components.referee.nodeChanged(this.index)
  }

  // Its interfaces, and whom it watches on them.

  #usableLinks(): Link[] {
    const { context, network } = this.#components
    const links: Link[] = []
    for (const [segment, name] of context.links.entries()) {
      if (!network.hasCarrier(segment, this.index)) continue
      links.push({ index: segment + 2, name, mac: this.macs[segment]!, families: [4, 6] })
    }
    return links
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
    const watched = watchedNodes(this.#main.desired, this.name, watchedMax).map(node => names.indexOf(node))
    this.#liveness!.each(network => network.watch(this.index, watched))
  }
}
