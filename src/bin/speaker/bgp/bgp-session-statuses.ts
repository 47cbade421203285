import type { Clock } from '../../../io/clock.ts'
import { isApiError } from '../../../kubernetes/api-error.ts'
import type { ApiClient } from '../../../kubernetes/client.ts'
import type { Logger } from '../../../kubernetes/logger.ts'
import { done, type Outcome, retryAfter } from '../../../kubernetes/outcome.ts'
import { Reconciler, type Syncable } from '../../../kubernetes/reconciler.ts'
import { apiVersionOf, bgpSessionStatuses, ownerReferenceTo, speakerStatuses } from '../../../kubernetes/resources.ts'
import { outcomeOfWrite, StatusWriter } from '../../../kubernetes/status-writer.ts'
import type { ReadableStore } from '../../../kubernetes/store.ts'
import { timeText } from '../../../kubernetes/time-text.ts'
import {
  type BgpSessionView,
  bgpSessionStatusLabels,
  bgpSessionStatusName,
} from '../../../resources/bgp-session-status.ts'
import type { SpeakerView } from '../../../resources/speaker-view.ts'
import type { BgpSessionReport } from './session-report.ts'

export interface BgpSessionStatusesComponents {
  client: Pick<ApiClient, 'create' | 'patch' | 'delete'>
  clock: Clock
  random: () => number
  logger: Logger
  speakers: ReadableStore<SpeakerView>
  /** the objects of this node, and perhaps those of others */
  statuses: ReadableStore<BgpSessionView>
  /** nothing is written before all of these have synced */
  sources: readonly Syncable[]
}

export interface BgpSessionStatusesInit {
  namespace: string
  nodeName: string
}

/** What a status says; a field that is undefined is taken away. */
type Status = Pick<
  BgpSessionView,
  'node' | 'peer' | 'address' | 'state' | 'since' | 'prefixesSent' | 'bfd' | 'lastError'
>

const FIELDS = ['node', 'peer', 'address', 'state', 'since', 'prefixesSent', 'bfd', 'lastError'] as const
/** Prefixes come and go with the Services: however many do, an object is not written more often for their number. */
const COUNT_INTERVAL_MS = 10_000
/** A peer that does not answer is called again and again: on the way from Idle to Idle nobody learns anything new. */
const ATTEMPT_INTERVAL_MS = 60_000
/** Far below what the schema takes. */
const LONGEST_ERROR = 512
const LEAVE_TIMEOUT_MS = 1_000

/** Keeps a BGPSessionStatus for each session of this node: written when the session's state changes, not while it stands. */
export class BgpSessionStatuses {
  readonly #components: BgpSessionStatusesComponents
  readonly #init: BgpSessionStatusesInit
  readonly #writer: StatusWriter
  readonly #reconciler: Reconciler
  /** by name of the object */
  #wanted: ReadonlyMap<string, Status> | undefined
  /** by name: when it was written last */
  readonly #writtenMs = new Map<string, number>()
  #unsubscribe: (() => void)[] = []

  constructor(components: BgpSessionStatusesComponents, init: BgpSessionStatusesInit) {
    this.#components = components
    this.#init = init
    this.#writer = new StatusWriter(components)
    this.#reconciler = new Reconciler(components, {
      name: 'bgp session status',
      keys: () => this.#keys(),
      reconcile: (name, signal) => this.#reconcile(name, signal),
    })
  }

  start(): void {
    const { speakers, statuses } = this.#components
    const { namespace, nodeName } = this.#init
    this.#unsubscribe = [
      // The objects go with the registration of the speaker, which may come after the first session.
      speakers.subscribe((key, before, after) => {
        if (key === `${namespace}/${nodeName}` && before?.uid !== after?.uid) this.#enqueueAll()
      }),
      statuses.subscribe((_key, before, after) => {
        const view = after ?? before
        if (view && this.#isOwn(view)) this.#reconciler.enqueue(view.name)
      }),
    ]
    this.#reconciler.start()
  }

  /** How all sessions are. */
  setSessions(reports: readonly BgpSessionReport[]): void {
    const { nodeName } = this.#init
    this.#wanted = new Map(
      reports.map(report => [bgpSessionStatusName(nodeName, report.peer), statusOf(nodeName, report)]),
    )
    this.#enqueueAll()
  }

  /** Says that the sessions are over. Never throws, takes a second at most. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await this.#reconciler.stop()
    const { client, clock, logger, statuses } = this.#components
    const { namespace } = this.#init
    const status = {
      state: 'Idle',
      since: timeText(clock.now()),
      prefixesSent: 0,
      bfd: null,
      lastError: 'the speaker stopped',
    }
    const established = [...statuses.list()].filter(view => this.#isOwn(view) && view.state === 'Established')
    await Promise.all(
      established.map(({ name }) =>
        client
          .patch(
            bgpSessionStatuses,
            { namespace, name, subresource: 'status' },
            { status },
            { kind: 'merge', timeoutMs: LEAVE_TIMEOUT_MS },
          )
          .catch((error: unknown) => logger.warn({ err: error, name }, 'could not say that the session is over')),
      ),
    )
  }

  #enqueueAll(): void {
    for (const name of this.#keys()) this.#reconciler.enqueue(name)
  }

  *#keys(): Iterable<string> {
    yield* this.#wanted?.keys() ?? []
    for (const view of this.#components.statuses.list()) {
      if (this.#isOwn(view) && !this.#wanted?.has(view.name)) yield view.name
    }
  }

  /** One that was created and has no status yet is told by its name. */
  #isOwn({ node, name }: BgpSessionView): boolean {
    return node === this.#init.nodeName || this.#wanted?.has(name) === true
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<Outcome> {
    // What the process before this one wrote stays until it is known which peers there are.
    if (!this.#wanted) return done
    const { clock, statuses, speakers } = this.#components
    const { namespace, nodeName } = this.#init
    const wanted = this.#wanted.get(name)
    const view = statuses.get(`${namespace}/${name}`)
    if (!wanted) {
      this.#writtenMs.delete(name)
      if (view) await this.#delete(name, signal)
      return done
    }
    const changed = FIELDS.filter(field => view?.[field] !== wanted[field])
    if (view && changed.length === 0) return done
    const speaker = speakers.get(`${namespace}/${nodeName}`)
    if (!speaker) return done
    const nowMs = clock.monotonicMs()
    const intervalMs = view ? intervalOf(view, wanted) : 0
    const waitMs = (this.#writtenMs.get(name) ?? Number.NEGATIVE_INFINITY) + intervalMs - nowMs
    if (waitMs > 0) return retryAfter(waitMs)
    if (!view) await this.#create(name, wanted, speaker, signal)
    this.#writtenMs.set(name, nowMs)
    const status = Object.fromEntries(FIELDS.map(field => [field, wanted[field] ?? null]))
    return outcomeOfWrite(await this.#writer.patchStatus(bgpSessionStatuses, { namespace, name }, status, { signal }))
  }

  async #create(name: string, { node, peer }: Status, speaker: SpeakerView, signal: AbortSignal): Promise<void> {
    const owner = ownerReferenceTo(speakerStatuses, speaker)
    const { namespace } = this.#init
    const metadata = { namespace, name, labels: bgpSessionStatusLabels(node, peer), ownerReferences: [owner] }
    const object = { apiVersion: apiVersionOf(bgpSessionStatuses), kind: bgpSessionStatuses.kind, metadata }
    await this.#writer.createIfMissing(bgpSessionStatuses, object, { signal })
  }

  async #delete(name: string, signal: AbortSignal): Promise<void> {
    const { namespace } = this.#init
    await this.#components.client
      .delete(bgpSessionStatuses, { namespace, name }, { signal })
      .catch((error: unknown) => {
        if (!isApiError(error, 'notFound')) throw error
      })
  }
}

/** How long to wait at least between two writes, the second of which would only say this. */
function intervalOf(before: BgpSessionView, after: Status): number {
  const differs = (field: (typeof FIELDS)[number]) => before[field] !== after[field]
  if (differs('address') || differs('bfd') || differs('lastError')) return 0
  if (!differs('state')) return differs('since') ? 0 : COUNT_INTERVAL_MS
  return before.state === 'Established' || after.state === 'Established' ? 0 : ATTEMPT_INTERVAL_MS
}

function statusOf(
  node: string,
  { peer, address, state, sinceMs, prefixesSent, bfd, lastError }: BgpSessionReport,
): Status {
  return {
    ...{ node, peer, state, since: timeText(sinceMs), prefixesSent },
    ...(address !== undefined && { address }),
    ...(bfd !== undefined && { bfd }),
    ...(lastError !== undefined && { lastError: lastError.slice(0, LONGEST_ERROR) }),
  }
}
