import type { AddressCounters } from '../../../arp/responder.ts'
import type { CancelTimer, Clock } from '../../../io/clock.ts'
import type { InterfaceMonitor } from '../../../io/interfaces.ts'
import type { OpenGroupMembership } from '../../../io/multicast.ts'
import type { OpenPacketSocket } from '../../../io/packet-socket.ts'
import type { OpenUdpSocket } from '../../../io/udp.ts'
import { formatAddress } from '../../../ip/address.ts'
import { Announcer } from '../../../layer2/announcer.ts'
import type { AnnouncerAction, AnnouncerEvent, Standing } from '../../../layer2/announcer-events.ts'
import { type ClaimTimings, RIVALS_INTERVAL_MS } from '../../../layer2/claim-timings.ts'
import type { DesiredAddress } from '../../../layer2/desired.ts'
import { type KnownSpeaker, Neighbourhood } from '../../../layer2/neighbourhood.ts'
import { watchedNodes } from '../../../layer2/watched-nodes.ts'
import type { DesiredChange, Layer2Counters, LinkReport, LivenessOptions, Takeover } from './link-messages.ts'
import { LinkPorts } from './link-ports.ts'
import { buildReport } from './link-report.ts'
import { LivenessPort } from './liveness-port.ts'
import { StallGuard } from './stall-guard.ts'

export interface LinkDriverComponents {
  clock: Clock
  random: () => number
  monitor: InterfaceMonitor
  openPacketSocket: OpenPacketSocket
  openGroupMembership: OpenGroupMembership
  openUdpSocket: OpenUdpSocket
}

export interface LinkDriverInit {
  node: string
  excludedInterfaces: readonly RegExp[]
  liveness: LivenessOptions
  timings?: Partial<ClaimTimings>
  onReport: (report: LinkReport) => void
  onTakeovers: (takeovers: readonly Takeover[]) => void
  /** everything that another node could have has been handed over */
  onLeft: () => void
  onStall: (gapMs: number) => void
  /** something failed that is tried again; the name is empty when it is not one interface's */
  onProblem: (interfaceName: string, error: Error) => void
}

/** between bursts of gratuitous frames: about 10,000 frames a second on each interface */
const PACE_MS = 10
/** what happens at once is told at once, together */
const REPORT_DELAY_MS = 5
/** a timer this late is put off a little, once: the answers that it waited for may lie unread */
const LATE_MS = 5
const CATCH_UP_MS = 2

/** Carries out what the announcer decides: sockets, liveness, timers, reports. */
export class LinkDriver {
  readonly #clock: Clock
  readonly #init: LinkDriverInit
  readonly #announcer: Announcer
  readonly #ports: LinkPorts
  readonly #liveness: LivenessPort
  readonly #guard: StallGuard
  readonly #groups
  readonly #desired = new Map<string, DesiredAddress>()
  /** by address in canonical form, for as long as it is desired */
  readonly #counters = new Map<string, AddressCounters>()
  #standing: Standing = { viewIsOld: false, apiReachable: true, leaving: false }
  #rivals: readonly string[] = []
  #revision = 0
  #conflicts = 0
  #stalls = 0
  #left = false
  #cancelTimer: CancelTimer = () => {}
  #cancelPace: CancelTimer = () => {}
  #cancelRivals: CancelTimer = () => {}
  #cancelReport: CancelTimer | undefined
  #lastReport = ''
  #stopped = false

  constructor(components: LinkDriverComponents, init: LinkDriverInit) {
    const { clock } = components
    const { node, liveness, onProblem } = init
    const isStale = (): boolean => this.#guard.stalled()
    this.#clock = clock
    this.#init = init
    this.#announcer = new Announcer(
      { neighbourhood: new Neighbourhood({ self: node }) },
      { self: node, timings: init.timings },
    )
    this.#groups = components.openGroupMembership({ onError: error => onProblem('', error) })
    this.#ports = new LinkPorts(
      { ...components, groups: this.#groups },
      {
        excludedInterfaces: init.excludedInterfaces,
        isStale,
        onHeard: ({ name }, kind, address, mac) => this.#step({ type: 'heard', link: name, kind, address, mac }),
        onChange: () => this.#onLinks(),
        onProblem,
      },
    )
    this.#liveness = new LivenessPort(components, {
      ...liveness,
      node,
      isStale,
      onLiveness: event => this.#step({ type: 'liveness', ...event }),
      onProblem: error => onProblem('', error),
    })
    this.#guard = new StallGuard(
      { clock },
      { limitMs: liveness.intervalMs * liveness.multiplier, onStall: gapMs => this.#onStall(gapMs) },
    )
  }

  /** @throws MissingCapabilityError, also later when an interface appears: trying again would not help */
  start(): void {
    this.#guard.start()
    this.#liveness.start()
    this.#ports.start()
  }

  /** Falls silent at once and closes every socket. */
  stop(): void {
    this.#stopped = true
    for (const cancel of [this.#cancelTimer, this.#cancelPace, this.#cancelRivals]) cancel()
    this.#cancelReport?.()
    this.#guard.stop()
    this.#liveness.close()
    this.#ports.stop()
    this.#groups.close()
  }

  setDesired({ revision, changed, removed }: DesiredChange): void {
    for (const key of removed) {
      this.#desired.delete(key)
      this.#counters.delete(key)
    }
    for (const [key, desired] of changed) this.#desired.set(key, desired)
    this.#revision = revision
    this.#step({ type: 'desired', changed, removed })
    // Afterwards: what that tells must not make anybody ask by the orders of before.
    this.#liveness.setWatched(new Set(watchedNodes(this.#desired, this.#init.node)))
  }

  setSpeakers(speakers: readonly KnownSpeaker[]): void {
    this.#liveness.setSpeakers(speakers)
    this.#step({ type: 'speakers', speakers })
  }

  setStanding(standing: Omit<Standing, 'leaving'>): void {
    this.#standing = { ...this.#standing, ...standing }
    this.#step({ type: 'standing', standing: this.#standing })
  }

  setSecret(secret: Uint8Array): void {
    this.#liveness.setSecret(secret)
  }

  setRivals(addresses: readonly string[]): void {
    this.#rivals = addresses
    this.#cancelRivals()
    if (addresses.length > 0 && !this.#stopped) this.#speakUpToRivals()
  }

  speakUp(): void {
    this.#step({ type: 'speakUp' })
  }

  /** Says goodbye to the others, and yields to whoever asks; onLeft tells when nobody could have more. */
  leave(): void {
    this.#standing = { ...this.#standing, leaving: true }
    this.#liveness.leave()
    this.#ports.leave()
    this.#step({ type: 'standing', standing: this.#standing })
  }

  counters(): Layer2Counters {
    const liveness = Object.entries(this.#liveness.dropped).map(([reason, count = 0]) => ({
      interface: '',
      protocol: 'bfd' as const,
      reason,
      count,
    }))
    return {
      addresses: [...this.#counters].map(([address, counters]) => ({ address, ...counters })),
      dropped: [...this.#ports.dropped, ...liveness],
      conflicts: this.#conflicts,
      stalls: this.#stalls,
    }
  }

  #onLinks(): void {
    const { links, segments } = this.#ports
    this.#liveness.setSegments(segments.filter(({ name }) => links.has(name)))
    this.#step({ type: 'links', links: [...links.values()], segments })
  }

  /** Others have taken over meanwhile: nothing is answered before it has been asked for again. */
  #onStall(gapMs: number): void {
    if (this.#stopped) return
    this.#stalls++
    this.#ports.discard()
    this.#step({ type: 'woken' })
    this.#liveness.restart()
    this.#init.onStall(gapMs)
  }

  #speakUpToRivals(): void {
    this.#step({ type: 'speakUp', addresses: this.#rivals })
    this.#cancelRivals = this.#clock.setTimer(() => this.#speakUpToRivals(), RIVALS_INTERVAL_MS)
  }

  #step(event: AnnouncerEvent): void {
    if (this.#stopped) return
    const nowMs = this.#clock.monotonicMs()
    const takeovers: Takeover[] = []
    for (const action of this.#announcer.step(event, nowMs)) this.#execute(action, takeovers)
    this.#flush()
    this.#setTimer(nowMs)
    if (takeovers.length > 0) this.#init.onTakeovers(takeovers)
    this.#reportSoon()
    if (!this.#standing.leaving || this.#left || this.#announcer.canHandOver) return
    this.#left = true
    this.#init.onLeft()
  }

  #execute(action: AnnouncerAction, takeovers: Takeover[]): void {
    switch (action.type) {
      case 'tookOver': {
        const { cause, afterMs } = action
        takeovers.push({
          address: formatAddress(action.address),
          interface: action.link.name,
          cause,
          ...(afterMs !== undefined && { afterMs }),
        })
        return
      }
      case 'conflict':
        this.#conflicts++
        return
      case 'answer':
      case 'announce':
        this.#ports
          .port(action.link, action.address.family)
          ?.[action.type](action.address, this.#countersOf(formatAddress(action.address)))
        return
      default:
        this.#ports.port(action.link, action.address.family)?.[action.type](action.address)
    }
  }

  #setTimer(nowMs: number): void {
    this.#cancelTimer()
    const { dueMs } = this.#announcer
    if (dueMs === undefined) return
    const onTimer = (): void => {
      if (this.#guard.stalled()) return
      if (this.#clock.monotonicMs() - dueMs > LATE_MS) {
        this.#cancelTimer = this.#clock.setTimer(() => this.#step({ type: 'timer' }), CATCH_UP_MS)
      } else this.#step({ type: 'timer' })
    }
    this.#cancelTimer = this.#clock.setTimer(onTimer, dueMs - nowMs)
  }

  #flush(): void {
    this.#cancelPace()
    if (this.#ports.flush()) this.#cancelPace = this.#clock.setTimer(() => this.#flush(), PACE_MS)
  }

  #countersOf(key: string): AddressCounters {
    let counters = this.#counters.get(key)
    if (!counters) {
      counters = { requestsReceived: 0, responsesSent: 0, gratuitousSent: 0 }
      this.#counters.set(key, counters)
    }
    return counters
  }

  #reportSoon(): void {
    this.#cancelReport ??= this.#clock.setTimer(() => this.#report(), REPORT_DELAY_MS)
  }

  #report(): void {
    this.#cancelReport = undefined
    const report = buildReport({
      revision: this.#revision,
      interfaces: this.#ports.interfaces,
      links: this.#ports.links,
      changed: this.#announcer.takeChanged(),
      announcementsOf: key => this.#announcer.announcementsOf(key),
      conflicts: this.#announcer.conflicts(),
      watched: this.#liveness.watched(),
      offsetMs: this.#clock.now() - this.#clock.monotonicMs(),
    })
    const { announced, withdrawn, ...rest } = report
    const text = JSON.stringify(rest)
    if (text === this.#lastReport && announced.length === 0 && withdrawn.length === 0) return
    this.#lastReport = text
    this.#init.onReport(report)
  }
}
