import { type AcceptedKind, acceptanceState } from '../../controller/acceptance.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { done, type Outcome } from '../../kubernetes/outcome.ts'
import { Reconciler, type Syncable } from '../../kubernetes/reconciler.ts'
import type { Resource } from '../../kubernetes/resources.ts'
import type { StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import { type AcceptedView, writeAcceptance } from './acceptance.ts'
import type { AdvertisingConfiguration } from './advertising-configuration.ts'

/** The objects of one kind whose status holds the condition `Accepted` and nothing else of Herald's. */
export interface AcceptedObjects {
  readonly kind: AcceptedKind
  readonly resource: Resource
  readonly store: ReadableStore<AcceptedView>
}

export interface AcceptancesComponents {
  objects: readonly AcceptedObjects[]
  configuration: Pick<AdvertisingConfiguration, 'problemOf' | 'subscribe'>
  clock: Clock
  random: () => number
  logger: Logger
  /** nothing is judged before all of these have synced */
  sources: readonly Syncable[]
  statusWriter: Pick<StatusWriter, 'patchStatus'>
  nowText: () => string
  /** tells of an object that begins to be refused */
  recordProblem: (resource: Resource, view: AcceptedView, reason: string, message: string) => void
}

/** Objects are applied in bursts, and what one says may be the other's mistake for a moment. */
const DELAY_MS = 250

/** Keeps the condition `Accepted` of advertisements, peers and what they name. */
export class Acceptances {
  readonly #components: AcceptancesComponents
  readonly #reconciler: Reconciler
  #unsubscribe: (() => void)[] = []

  constructor(components: AcceptancesComponents) {
    this.#components = components
    this.#reconciler = new Reconciler(components, {
      name: 'acceptance',
      keys: () => this.#keys(),
      reconcile: (key, signal) => this.#reconcile(key, signal),
    })
  }

  /** Once this replica leads. */
  start(): void {
    const { objects, configuration } = this.#components
    this.#unsubscribe = [
      configuration.subscribe(() => {
        for (const key of this.#keys()) this.#reconciler.enqueueAfter(key, DELAY_MS)
      }),
      // A status that somebody else changed is made right again; what is written here comes back and changes nothing.
      ...objects.map(({ kind, store }) =>
        store.subscribe(key => this.#reconciler.enqueueAfter(`${kind} ${key}`, DELAY_MS)),
      ),
    ]
    this.#reconciler.start()
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await this.#reconciler.stop()
  }

  /** `Kind namespace/name` of every object. */
  *#keys(): Iterable<string> {
    for (const { kind, store } of this.#components.objects) for (const key of store.keys()) yield `${kind} ${key}`
  }

  #reconcile(key: string, signal: AbortSignal): Promise<Outcome> | Outcome {
    const { objects, configuration, recordProblem, statusWriter, nowText } = this.#components
    const [kind, objectKey = ''] = key.split(' ', 2)
    const found = objects.find(candidate => candidate.kind === kind)
    const view = found?.store.get(objectKey)
    if (!found || !view) return done
    const { resource } = found
    const problem = configuration.problemOf(found.kind, objectKey)
    const state = acceptanceState(found.kind, problem, view.metadata.generation)
    const writer = { statusWriter, nowText, recordProblem: recordProblem.bind(undefined, resource) }
    return writeAcceptance(writer, { resource, view, state }, { signal })
  }
}
