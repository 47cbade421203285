import type { Clock } from '../../io/clock.ts'
import type { EventRecorder } from '../../kubernetes/events.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { Reconciler } from '../../kubernetes/reconciler.ts'
import type { StatusWriter } from '../../kubernetes/status-writer.ts'
import { Acceptances } from './acceptances.ts'
import type { AdvertisingConfiguration } from './advertising-configuration.ts'
import { ConfigurationStates } from './configuration-states.ts'
import type { ControllerStores } from './controller-stores.ts'
import type { OwnerLookup } from './own-deployment.ts'
import type { ServiceController } from './service-controller.ts'

export interface ConfigurationReportsComponents {
  stores: ControllerStores
  advertising: AdvertisingConfiguration
  controller: Pick<ServiceController, 'problemOf' | 'reservations'>
  clock: Clock
  random: () => number
  logger: Logger
  nowText: () => string
  statusWriter: Pick<StatusWriter, 'patchStatus' | 'createIfMissing'>
  recorder: Pick<EventRecorder, 'record'>
  /** what the ConfigurationState objects go with */
  owner: OwnerLookup
}

/** Objects are applied in bursts, and each of them may change what is said of all. */
const DELAY_MS = 250

/** Says what of the configuration is in use: on each advertisement, peer and what these name, and in the ConfigurationStates. */
export class ConfigurationReports {
  readonly #components: ConfigurationReportsComponents
  readonly #states: ConfigurationStates
  readonly #reconciler: Reconciler
  readonly #acceptances: Acceptances
  #unsubscribe: (() => void)[] = []

  constructor(components: ConfigurationReportsComponents, { namespace }: { namespace: string }) {
    this.#components = components
    const { stores, advertising, controller, clock, random, logger, nowText, statusWriter, recorder, owner } =
      components
    const { pools, reservations, speakers, configurationStates } = stores
    this.#states = new ConfigurationStates(
      {
        ...{ states: configurationStates, pools, reservations, speakers },
        ...{ advertising, controller, statusWriter, nowText, owner },
      },
      { namespace },
    )
    this.#reconciler = new Reconciler(
      {
        ...{ clock, random, logger },
        sources: [...stores.announcingReflectors, stores.configurationStateReflector],
      },
      {
        name: 'configuration state',
        reconcile: (key, signal) => this.#states.reconcile(key, signal),
        keys: () => this.#states.keys(),
      },
    )
    this.#acceptances = new Acceptances({
      ...{ clock, random, logger, nowText, statusWriter, configuration: advertising },
      sources: stores.announcingReflectors,
      objects: stores.accepted,
      recordProblem: (resource, view, reason, message) => recorder.record(resource, view, 'Warning', reason, message),
    })
  }

  /** Call it when an object may be judged otherwise than before. */
  changed(): void {
    for (const key of this.#states.keys()) this.#reconciler.enqueueAfter(key, DELAY_MS)
  }

  start(): void {
    const { stores, advertising } = this.#components
    this.#unsubscribe = [
      stores.speakers.subscribe((_key, before, after) => {
        if (after && !before) this.#reconciler.enqueue(this.#states.keyOf({ type: 'speaker', node: after.name }))
      }),
      stores.configurationStates.subscribe(key => this.#reconciler.enqueue(key)),
      advertising.subscribe(() => this.changed()),
    ]
    this.#reconciler.start()
    this.#acceptances.start()
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await Promise.all([this.#reconciler.stop(), this.#acceptances.stop()])
  }
}
