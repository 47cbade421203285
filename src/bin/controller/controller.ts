import type { Clock } from '../../io/clock.ts'
import { within } from '../../io/within.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import { EventRecorder } from '../../kubernetes/events.ts'
import { LeaderElector } from '../../kubernetes/lease.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { services } from '../../kubernetes/resources.ts'
import { timeText } from '../../kubernetes/time-text.ts'
import type { CandidateRules } from '../../speaker/candidate-index.ts'
import type { MetricSet } from '../common/metric-set.ts'
import { Admission } from './admission.ts'
import { AdvertisingConfiguration } from './advertising-configuration.ts'
import { Allocation } from './allocation.ts'
import { Announcements } from './announcements.ts'
import { ConfigurationReports } from './configuration-reports.ts'
import { ControllerStores } from './controller-stores.ts'
import { CountingStatusWriter } from './counting-status-writer.ts'
import { leadingClient } from './leading-client.ts'
import { LivenessSecret } from './liveness-secret.ts'
import { ControllerMetrics, type ControllerMetricsSource } from './metrics.ts'
import { type OwnerLookup, ownDeployment } from './own-deployment.ts'
import { SpeakerMarks } from './speaker-marks.ts'
import type { WebhookSettings } from './webhook-flags.ts'

export interface ControllerComponents {
  client: ApiClient
  clock: Clock
  random: () => number
  logger: Logger
  metrics: MetricSet
  /** called with what must end the process */
  fail: (error: unknown) => void
}

export interface ControllerInit {
  namespace: string
  podName: string
  /** of the controller itself, which what it makes goes with; empty outside of a cluster */
  deployment: string
  loadBalancerClass: string
  cleanupFinalizer: boolean
  candidateRules: CandidateRules
  /** name of the Secret with the key of liveness packets */
  livenessSecret: string
  /** whether ServiceL2Status and ServiceBGPStatus objects are kept */
  serviceStatuses: boolean
  webhook: WebhookSettings
}

/** How long the Lease's return and the last events may take when the process ends. */
const GOODBYE_MS = 750

/** One replica: it watches and serves the webhook from the start, and decides and writes while it leads. */
export class Controller {
  readonly #clock: Clock
  readonly #stores: ControllerStores
  readonly #elector: LeaderElector
  readonly #owner: OwnerLookup
  readonly #recorder: EventRecorder
  readonly #allocation: Allocation
  readonly #speakerMarks: SpeakerMarks
  readonly #reports: ConfigurationReports
  readonly #announcements: Announcements
  readonly #admission: Admission
  readonly #livenessSecret: LivenessSecret
  #stopped = false

  constructor({ client, clock, random, logger, metrics, fail }: ControllerComponents, init: ControllerInit) {
    this.#clock = clock
    const { namespace, podName, loadBalancerClass, cleanupFinalizer } = init
    const common = { clock, random, logger, nowText: () => timeText(clock.now()) }
    const stores = new ControllerStores({ client, clock, random, logger }, { namespace })
    this.#stores = stores

    const owner = ownDeployment(client, { namespace, name: init.deployment })
    this.#owner = owner
    this.#elector = new LeaderElector(
      { client, clock, random, logger },
      {
        namespace,
        name: 'herald-controller',
        identity: podName,
        owner,
        onAcquired: () => void this.#lead().catch(fail),
        // What this replica holds in memory may be out of date from here on: a new process starts from the Services again.
        onLost: reason => fail(new Error(`leadership lost: ${reason}`)),
      },
    )
    const leading = leadingClient(client, {
      isLeader: () => this.#elector.isLeader,
      // Whoever notices first ends it: a queue that is worked through meanwhile would fail key by key.
      onRefused: () => fail(new Error('leadership lost: the Lease ran out before it was renewed')),
    })
    const statusWriter = new CountingStatusWriter(
      { client: leading },
      { onWrite: result => controllerMetrics.countWrite(result) },
    )
    const recorder = new EventRecorder(
      { client, clock, random, logger },
      { component: 'herald-controller', instance: podName, isBusy: () => this.#allocation.busy },
    )
    this.#recorder = recorder

    this.#allocation = new Allocation(
      { ...common, stores, statusWriter, recorder, onConfigurationChanged: () => this.#reports.changed() },
      { namespace, loadBalancerClass, cleanupFinalizer },
    )
    const { controller } = this.#allocation
    const advertising = new AdvertisingConfiguration({ stores, standingPools: () => controller.pools })
    this.#reports = new ConfigurationReports(
      { ...common, stores, advertising, controller, statusWriter, recorder, owner },
      { namespace },
    )
    this.#announcements = new Announcements(
      {
        ...{ ...common, client: leading, stores, statusWriter, configuration: advertising },
        recordEvent: (service, { type, reason, message }) => recorder.record(services, service, type, reason, message),
        allocating: () => this.#allocation.busy,
      },
      { namespace, loadBalancerClass, candidateRules: init.candidateRules, serviceStatuses: init.serviceStatuses },
    )
    this.#speakerMarks = new SpeakerMarks({ ...common, client, stores, statusWriter }, { namespace })
    this.#livenessSecret = new LivenessSecret(
      { clock, random, logger, statusWriter, owner },
      { namespace, name: init.livenessSecret },
    )
    this.#admission = new Admission(
      { client, leading, owner, stores, clock, random, logger, fail },
      { namespace, ...init.webhook },
    )
    const controllerMetrics = new ControllerMetrics({ metrics, source: this.#metricsSource() })
  }

  /** What must hold for the controller to be ready, by name. */
  get readiness(): Record<string, () => boolean> {
    return {
      'stores have synced': () => this.#stores.synced,
      'first pass is done': () => !this.#elector.isLeader || this.#allocation.firstPassDone,
    }
  }

  start(): void {
    // Known from the beginning, so that each replica notices when its Deployment goes.
    void this.#owner().catch(() => {})
    this.#stores.start()
    this.#admission.start()
    this.#elector.start()
  }

  /** Takes two times `GOODBYE_MS` at most once the writes under way have ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([this.#allocation.stop(), this.#reports.stop(), this.#speakerMarks.stop()])
    await Promise.all([this.#announcements, this.#admission, this.#livenessSecret].map(part => part.stop()))
    await this.#stores.stop()
    // Nothing is decided any more: another may lead. A server that does not answer must not hold us up.
    await within(this.#clock, GOODBYE_MS, Promise.all([this.#elector.stop(), this.#recorder.flush()]))
    await within(this.#clock, GOODBYE_MS, this.#recorder.stop())
  }

  /** From here on this replica decides. */
  async #lead(): Promise<void> {
    await this.#stores.whenSynced()
    if (this.#stopped) return
    this.#livenessSecret.start()
    this.#reports.start()
    this.#allocation.start()
    this.#speakerMarks.start()
    this.#announcements.start()
    this.#admission.lead()
  }

  #metricsSource(): ControllerMetricsSource {
    const { controller } = this.#allocation
    const announcements = this.#announcements
    return {
      get pools() {
        return controller.pools
      },
      get allocator() {
        return controller.allocator
      },
      get waiting() {
        return controller.waiting
      },
      get unannounced() {
        return announcements.unannounced
      },
      configLoaded: () => this.#stores.synced,
      refusedPools: () => controller.refusedPools,
      isLeader: () => this.#elector.isLeader,
    }
  }
}
