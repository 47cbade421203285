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
import { type SpeakerView, sameReport } from '../../resources/speaker-view.ts'
import type { LinkReport } from './link-messages.ts'

export interface RegistrationComponents {
  client: ApiClient
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
}

/** All speakers watch these objects: however much moves, one writes no more often. */
const WRITE_INTERVAL_MS = 1_000
const LEAVE_TIMEOUT_MS = 1_000

/**
 * Says that this node's speaker takes part, by its Lease, and what it sees and announces, by its SpeakerStatus. Both go with the
 * Node. Whoever marked the object as expired while the Lease is held was mistaken, or spoke of the process before this one: the mark
 * is removed.
 */
export class Registration {
  readonly #components: RegistrationComponents
  readonly #init: RegistrationInit
  readonly #writer: StatusWriter
  readonly #reconciler: Reconciler
  #lease: LeaseRegistration | undefined
  #report: LinkReport | undefined
  #lastWriteMs = Number.NEGATIVE_INFINITY
  #renewedOnce = false
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

  /** The Lease has been renewed at least once: this speaker is known. */
  get registered(): boolean {
    return this.#renewedOnce
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
  setReport(report: LinkReport): void {
    this.#report = report
    this.#reconciler.enqueue(this.#init.nodeName)
  }

  /** Leaves: the others take over as soon as they hear, rather than when the Lease runs out. Never throws, takes a second at most. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await this.#reconciler.stop()
    const { clock, logger, client } = this.#components
    const { namespace, nodeName: name } = this.#init
    const registered = this.#lease?.held ?? false
    const status = { announcements: [], expiredAt: new Date(clock.now()).toISOString() }
    await Promise.all([
      this.#lease?.stop({ release: true }),
      registered &&
        client
          .patch(
            speakerStatuses,
            { namespace, name, subresource: 'status' },
            { status },
            { kind: 'merge', timeoutMs: LEAVE_TIMEOUT_MS },
          )
          .catch((error: unknown) => logger.warn({ err: error }, 'could not say that this speaker leaves')),
    ])
  }

  async #reconcile(signal: AbortSignal): Promise<Outcome> {
    const { clock, nodes, speakers } = this.#components
    const { namespace, nodeName: name } = this.#init
    const report = this.#report
    const node = nodes.get(name)
    // The report or the Node will come, and with it this is called again.
    if (!report || !node) return done
    const owner: OwnerReference = { apiVersion: 'v1', kind: 'Node', name, uid: node.uid }
    this.#startLease(owner)
    if (!this.#lease?.held) return done

    const own = speakers.get(`${namespace}/${name}`)
    if (own?.reported && !own.expiredAt && sameReport(own, report)) return done
    const waitMs = this.#lastWriteMs + WRITE_INTERVAL_MS - clock.monotonicMs()
    if (waitMs > 0) return retryAfter(waitMs)
    this.#lastWriteMs = clock.monotonicMs()
    if (!own) {
      const metadata = { namespace, name, ownerReferences: [owner] }
      const object = { apiVersion: apiVersionOf(speakerStatuses), kind: speakerStatuses.kind, metadata }
      await this.#writer.createIfMissing(speakerStatuses, object, { signal })
    }
    const { interfaces } = report
    const announcements = report.announcements.map(({ address, interfaces }) => ({ address, interfaces }))
    const status = { interfaces, announcements, expiredAt: null }
    const result = await this.#writer.patchStatus(speakerStatuses, { namespace, name }, status, { signal })
    return result === 'written' ? done : retryAfter(WRITE_INTERVAL_MS)
  }

  #startLease(owner: OwnerReference): void {
    if (this.#lease) return
    const { nodeName, namespace, podName } = this.#init
    this.#lease = new LeaseRegistration(this.#components, {
      namespace,
      name: `herald-speaker-${nodeName}`,
      identity: podName,
      ownerReferences: [owner],
      onChange: state => {
        if (state !== 'renewed') return
        this.#renewedOnce = true
        this.#reconciler.enqueue(nodeName)
      },
    })
    this.#lease.start()
  }
}
