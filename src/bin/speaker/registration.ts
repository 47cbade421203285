import type { Clock } from '../../io/clock.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import { LeaseRegistration } from '../../kubernetes/lease-registration.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { done, type Outcome, retryAfter } from '../../kubernetes/outcome.ts'
import { Reconciler, type Syncable } from '../../kubernetes/reconciler.ts'
import { apiVersionOf, type OwnerReference, speakerStatuses } from '../../kubernetes/resources.ts'
import { StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import type { NodeView } from '../../resources/node.ts'
import { isRegistered, type SpeakerView, sameReport } from '../../resources/speaker-view.ts'
import { type SpeakerObservation, SpeakerReports } from './speaker-report.ts'

export interface RegistrationComponents {
  client: Pick<ApiClient, 'create' | 'patch'>
  clock: Clock
  random: () => number
  logger: Logger
  nodes: ReadableStore<NodeView>
  speakers: ReadableStore<SpeakerView>
  sources: readonly Syncable[]
}

export interface RegistrationInit {
  namespace: string
  nodeName: string
  podName: string
  /** empty, outside of a pod: the Lease goes with the Node */
  podUid?: string
  /** called when `leaseExpired` has changed */
  onLeaseExpired?: (expired: boolean) => void
}

/** All speakers watch these objects: however much moves, one writes no more often. */
const WRITE_INTERVAL_MS = 1_000
const LEAVE_TIMEOUT_MS = 1_000

/**
 * Says that this node's speaker takes part, by its Lease, and what it sees and announces, by its SpeakerStatus. The Lease goes with the Pod: it
 * says that this process lives, so nothing is lost when it goes first, and an uninstall leaves none behind. The object goes with the Node. Whoever marked the object as expired while the Lease is held was mistaken, or spoke of the process before this one: the mark
 * is removed.
 */
export class Registration {
  readonly #components: RegistrationComponents
  readonly #init: RegistrationInit
  readonly #writer: StatusWriter
  readonly #reconciler: Reconciler
  #lease: LeaseRegistration | undefined
  /** uid of what the Lease goes with */
  #leaseOwner = ''
  #toldOfMissingNode = false
  readonly #reports = new SpeakerReports()
  #lastWriteMs = Number.NEGATIVE_INFINITY
  #renewedOnce = false
  #leaseExpired = false
  #unsubscribe: (() => void)[] = []

  constructor(components: RegistrationComponents, init: RegistrationInit) {
    this.#components = components
    this.#init = init
    this.#writer = new StatusWriter(components)
    this.#reconciler = new Reconciler(components, {
      name: 'speaker-status',
      keys: () => [init.nodeName],
      reconcile: (_key, signal) => this.#reconcile(signal),
    })
  }

  /** The Lease has been renewed, and this speaker takes part in elections as far as it knows. */
  get registered(): boolean {
    const { namespace, nodeName } = this.#init
    return this.#renewedOnce && isRegistered(this.#components.speakers.get(`${namespace}/${nodeName}`))
  }

  /**
   * The Lease has run out, by this node's own monotonic clock, because it could not be renewed: the others may have been told that
   * this speaker is gone, and what it knows of the cluster is old. False before the first renewal, when nothing is held yet.
   */
  get leaseExpired(): boolean {
    return this.#leaseExpired
  }

  start(): void {
    const { nodes, speakers } = this.#components
    const { nodeName, namespace } = this.#init
    const own = `${namespace}/${nodeName}`
    this.#unsubscribe = [
      speakers.subscribe(key => key === own && this.#reconciler.enqueue(nodeName)),
      nodes.subscribe((key, before, after) => {
        if (key === nodeName && before?.uid !== after?.uid) this.#reconciler.enqueue(nodeName)
      }),
    ]
    this.#reconciler.start()
  }

  /** What the link thread sees now. The first report begins the registration. */
  setReport(report: SpeakerObservation): void {
    this.#reports.apply(report)
    this.#reconciler.enqueue(this.#init.nodeName)
  }

  /**
   * Leaves: the others take over as soon as they hear, rather than when the Lease runs out. Never throws, takes a second at most.
   * First the Lease, then the mark: a mark beside a Lease that is still held looks like a mistake, and the controller takes it off.
   */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await this.#reconciler.stop()
    const { clock, logger, client } = this.#components
    const { namespace, nodeName: name } = this.#init
    if (!this.#lease) return
    const { held } = this.#lease
    const dueMs = clock.monotonicMs() + LEAVE_TIMEOUT_MS
    await this.#lease.stop({ release: true })
    const timeoutMs = dueMs - clock.monotonicMs()
    if (!held || timeoutMs <= 0) return
    const nothing = { announcements: [], announcementCount: 0, conflicts: [], sessions: [] }
    const status = { ...nothing, expiredAt: new Date(clock.now()).toISOString() }
    await client
      .patch(speakerStatuses, { namespace, name, subresource: 'status' }, { status }, { kind: 'merge', timeoutMs })
      .catch((error: unknown) => logger.warn({ err: error }, 'could not say that this speaker leaves'))
  }

  async #reconcile(signal: AbortSignal): Promise<Outcome> {
    const { clock, nodes, speakers } = this.#components
    const { namespace, nodeName: name } = this.#init
    const node = nodes.get(name)
    // The report or the Node will come, and with it this is called again.
    if (!node) this.#tellOfMissingNode()
    if (!this.#reports.any || !node) return done
    const owner: OwnerReference = { apiVersion: 'v1', kind: 'Node', name, uid: node.uid }
    const { podName, podUid } = this.#init
    await this.#startLease(podUid ? { apiVersion: 'v1', kind: 'Pod', name: podName, uid: podUid } : owner)
    if (!this.#lease?.held) return done

    // Before the report is looked at: that costs as much as it is long, and it may change a hundred times a second.
    const waitMs = this.#lastWriteMs + WRITE_INTERVAL_MS - clock.monotonicMs()
    if (waitMs > 0) return retryAfter(waitMs)
    const own = speakers.get(`${namespace}/${name}`)
    const report = this.#reports.current
    if (own?.reported && !own.expiredAt && sameReport(own, report)) return done
    this.#lastWriteMs = clock.monotonicMs()
    if (!own) {
      const metadata = { namespace, name, ownerReferences: [owner] }
      const object = { apiVersion: apiVersionOf(speakerStatuses), kind: speakerStatuses.kind, metadata }
      await this.#writer.createIfMissing(speakerStatuses, object, { signal })
    }
    const status = { ...report, announcementCount: report.announcements.length, expiredAt: null }
    const result = await this.#writer.patchStatus(speakerStatuses, { namespace, name }, status, { signal })
    return result === 'written' ? done : retryAfter(WRITE_INTERVAL_MS)
  }

  #tellOfMissingNode(): void {
    if (this.#toldOfMissingNode) return
    this.#toldOfMissingNode = true
    const { logger } = this.#components
    logger.warn({ node: this.#init.nodeName }, 'no Node of this name: nothing is announced until there is one')
  }

  /** A Node that was deleted and came back under its name is another one: what goes with the old one is collected as garbage. */
  async #startLease(owner: OwnerReference): Promise<void> {
    if (this.#leaseOwner === owner.uid) return
    this.#leaseOwner = owner.uid
    await this.#lease?.stop({ release: false })
    const { nodeName, namespace, podName } = this.#init
    this.#lease = new LeaseRegistration(this.#components, {
      namespace,
      name: `herald-speaker-${nodeName}`,
      identity: podName,
      ownerReferences: [owner],
      onChange: state => {
        this.#setLeaseExpired(state === 'lost')
        if (state !== 'renewed') return
        this.#renewedOnce = true
        this.#reconciler.enqueue(nodeName)
      },
    })
    this.#lease.start()
  }

  #setLeaseExpired(expired: boolean): void {
    if (this.#leaseExpired === expired) return
    this.#leaseExpired = expired
    this.#init.onLeaseExpired?.(expired)
  }
}
