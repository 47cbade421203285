import type { ServiceEvent } from '../controller/converge.ts'
import { SystemClock } from '../io/clock.ts'
import { exposedHeap } from '../io/heap.ts'
import { within } from '../io/within.ts'
import { isApiError } from '../kubernetes/api-error.ts'
import { ApiClient } from '../kubernetes/client.ts'
import { loadCredentials } from '../kubernetes/credentials.ts'
import { EventRecorder } from '../kubernetes/events.ts'
import { LeaderElector, LeaseWatcher } from '../kubernetes/lease.ts'
import { Reconciler } from '../kubernetes/reconciler.ts'
import { addressReservations, ipAddressPools, leases, services } from '../kubernetes/resources.ts'
import { timeText } from '../kubernetes/time-text.ts'
import type { ServiceView } from '../resources/service.ts'
import { candidateRules } from './common/candidate-flags.ts'
import { logLevelFlag, objectNameFlag, ownNamespace, portFlag, readFlags, requiredFlag } from './common/flags.ts'
import { readiness, startHttp } from './common/health-server.ts'
import { IdleMemory } from './common/idle-memory.ts'
import { createLogger } from './common/logger.ts'
import { LoopWatch } from './common/loop-watch.ts'
import { MetricSet } from './common/metric-set.ts'
import { metricsSettings } from './common/metrics-flags.ts'
import { startMetricsServer } from './common/metrics-server.ts'
import { runProcess } from './common/process.ts'
import { Acceptances } from './controller/acceptances.ts'
import { Admission } from './controller/admission.ts'
import { AdvertisingConfiguration } from './controller/advertising-configuration.ts'
import { Announcements } from './controller/announcements.ts'
import { ConfigurationStates } from './controller/configuration-states.ts'
import { ControllerStores } from './controller/controller-stores.ts'
import { CountingStatusWriter } from './controller/counting-status-writer.ts'
import { FLAGS, WHAT } from './controller/flags.ts'
import { leadingClient } from './controller/leading-client.ts'
import { LivenessSecret } from './controller/liveness-secret.ts'
import { ControllerMetrics } from './controller/metrics.ts'
import { ownDeployment } from './controller/own-deployment.ts'
import { type PoolStatusComponents, reconcilePoolStatus } from './controller/pool-status.ts'
import { removeFinalizers } from './controller/remove-finalizers.ts'
import { type ReservationStatusComponents, reconcileReservationStatus } from './controller/reservation-status.ts'
import { ServiceController } from './controller/service-controller.ts'
import { reconcileSpeakerMark, SPEAKER_LEASE_PREFIX } from './controller/speaker-leases.ts'
import { webhookSettings } from './controller/webhook-flags.ts'

/** How many status writes may be under way at once; decisions are made one after the other all the same. */
const CONCURRENT_WRITES = 8

/** A pool's counters are written this long after they changed: many Services that come at once cost one write, not one each. */
const POOL_STATUS_DELAY_MS = 250

/** How long an uninstall may wait for the finalizers to be removed. */
const REMOVAL_MS = 60_000

/** How long the Lease's return and the last events may take when the process ends. */
const GOODBYE_MS = 750

await runProcess({ command: 'controller', what: WHAT, flags: FLAGS }, async (args, env, { signal, fail, finish }) => {
  const flags = readFlags(FLAGS, args, env)
  const namespace = ownNamespace(flags)
  const podName = flags.on('remove-finalizers') ? '' : requiredFlag(flags, 'pod-name', 'HERALD_POD_NAME')
  const loadBalancerClass = flags.text('lb-class') ?? ''
  const livenessSecretName = objectNameFlag(flags, 'liveness-secret')
  const rules = candidateRules(flags)
  const metricsInit = metricsSettings(flags)
  const webhook = webhookSettings(flags)
  const probePort = portFlag(flags, 'health-probe-port')
  const logger = createLogger({ name: 'herald-controller', level: logLevelFlag(flags) })

  const clock = new SystemClock()
  const random = Math.random
  const credentials = await loadCredentials({ clock }, { kubeconfig: flags.text('kubeconfig') })
  const client = new ApiClient({ credentials, clock, logger }, { userAgent: 'herald-controller' })
  if (flags.on('remove-finalizers')) {
    removeFinalizers({ client, logger, clock }, { signal, timeoutMs: REMOVAL_MS }).then(finish, fail)
    return async () => client.close()
  }
  const nowText = () => timeText(clock.now())

  const stores = new ControllerStores({ client, clock, random, logger }, { namespace })
  const { reflectors } = stores

  const leading = leadingClient(client, () => elector.isLeader)
  const statusWriter = new CountingStatusWriter({ client: leading }, { onWrite: result => metrics.countWrite(result) })
  const owner = ownDeployment(client, { namespace, name: flags.text('deployment') ?? '' })
  // Known from the beginning, so that each replica notices when it goes.
  void owner().catch(() => {})
  const livenessSecret = new LivenessSecret(
    { statusWriter, clock, random, logger, owner },
    { namespace, name: livenessSecretName },
  )
  const recorder = new EventRecorder(
    { client, clock, random, logger },
    { component: 'herald-controller', instance: podName, isBusy: () => serviceReconciler.busy },
  )
  const recordEvent = (service: ServiceView, { type, reason, message }: ServiceEvent) =>
    recorder.record(services, service, type, reason, message)
  const leaseWatcher = new LeaseWatcher(
    { store: stores.leases, connection: stores.leaseReflector, client, clock, logger },
    {
      namespace,
      namePrefix: SPEAKER_LEASE_PREFIX,
      onChange: lease => speakerReconciler.enqueue(`${namespace}/${lease.slice(SPEAKER_LEASE_PREFIX.length)}`),
    },
  )

  const controller = new ServiceController(
    {
      services: stores.services,
      namespaces: stores.namespaces,
      pools: stores.pools,
      reservations: stores.reservations,
      logger,
      nowText,
      enqueue: keys => {
        for (const key of keys) serviceReconciler.enqueue(key)
      },
      statusWriter,
      recordEvent,
      onPoolChanged: name => poolReconciler.enqueueAfter(`${namespace}/${name}`, POOL_STATUS_DELAY_MS),
      onReservationChanged: name => reservationReconciler.enqueue(`${namespace}/${name}`),
      onConfigurationChanged: () => {
        for (const key of configuration.keys()) stateReconciler.enqueueAfter(key, POOL_STATUS_DELAY_MS)
      },
    },
    { loadBalancerClass, cleanupFinalizer: flags.on('cleanup-finalizer') },
  )
  const advertising = new AdvertisingConfiguration({ stores, standingPools: () => controller.pools })
  const configuration = new ConfigurationStates(
    {
      states: stores.configurationStates,
      pools: stores.pools,
      reservations: stores.reservations,
      advertising,
      speakers: stores.speakers,
      controller,
      statusWriter,
      nowText,
      owner,
    },
    { namespace },
  )
  const admission = new Admission(
    { client, leading, owner, stores, clock, random, logger, fail },
    { namespace, ...webhook },
  )
  const announcements = new Announcements(
    {
      ...{ client: leading, clock, random, logger, nowText, stores, statusWriter, recordEvent },
      configuration: advertising,
      allocating: () => serviceReconciler.busy,
    },
    { namespace, loadBalancerClass, candidateRules: rules, serviceStatuses: !flags.on('no-service-statuses') },
  )
  const loopWatch = new LoopWatch({ clock })
  const idleMemory = new IdleMemory({ clock, heap: exposedHeap() })
  const metricSet = new MetricSet({ prefix: metricsInit.prefix, loopDelayMs: () => loopWatch.takeLongestDelayMs() })
  const metrics = new ControllerMetrics({
    metrics: metricSet,
    source: {
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
      configLoaded: () => stores.synced,
      refusedPools: () => controller.refusedPools,
      isLeader: () => elector.isLeader,
    },
  })

  const reconcilerComponents = { clock, random, logger, sources: reflectors }
  const serviceReconciler = new Reconciler(reconcilerComponents, {
    name: 'service',
    reconcile: (key, signal) => controller.reconcile(key, signal),
    keys: () => controller.firstPassKeys(),
    concurrency: CONCURRENT_WRITES,
    onFirstPassDone: () => {
      // performance.now() counts from the start of the process.
      logger.info({ sinceStartMs: Math.round(performance.now()) }, 'ready')
      // Before now, the counters would have said that nobody holds anything.
      poolReconciler.start()
      reservationReconciler.start()
    },
  })
  const poolStatus: PoolStatusComponents = {
    pools: stores.pools,
    controller,
    statusWriter,
    nowText,
    recordProblem: (pool, reason, message) => recorder.record(ipAddressPools, pool, 'Warning', reason, message),
  }
  const poolReconciler = new Reconciler(reconcilerComponents, {
    name: 'pool status',
    reconcile: (key, signal) => reconcilePoolStatus(poolStatus, key, signal),
    keys: () => stores.pools.keys(),
  })
  const reservationStatus: ReservationStatusComponents = {
    reservations: stores.reservations,
    controller,
    statusWriter,
    nowText,
    recordProblem: (reservation, reason, message) =>
      recorder.record(addressReservations, reservation, 'Warning', reason, message),
  }
  const reservationReconciler = new Reconciler(reconcilerComponents, {
    name: 'reservation status',
    reconcile: (key, signal) => reconcileReservationStatus(reservationStatus, key, signal),
    keys: () => stores.reservations.keys(),
  })
  const leaseExists = (name: string, signal?: AbortSignal) =>
    client.get(leases, { namespace, name }, { signal }).then(
      () => true,
      error => {
        if (isApiError(error, 'notFound')) return false
        throw error
      },
    )
  const speakerReconciler = new Reconciler(reconcilerComponents, {
    name: 'speaker registration',
    reconcile: (key, signal) =>
      reconcileSpeakerMark(
        { speakers: stores.speakers, leases: leaseWatcher, leaseExists, statusWriter, logger, nowText },
        key,
        signal,
      ),
    keys: () => stores.speakers.keys(),
  })
  const stateReconciler = new Reconciler(
    { ...reconcilerComponents, sources: [...stores.announcingReflectors, stores.configurationStateReflector] },
    {
      name: 'configuration state',
      reconcile: (key, signal) => configuration.reconcile(key, signal),
      keys: () => configuration.keys(),
    },
  )
  const acceptances = new Acceptances({
    ...{ ...reconcilerComponents, statusWriter, nowText, configuration: advertising },
    sources: stores.announcingReflectors,
    objects: stores.accepted,
    recordProblem: (resource, view, reason, message) => recorder.record(resource, view, 'Warning', reason, message),
  })
  const reconcilers = [serviceReconciler, poolReconciler, reservationReconciler, speakerReconciler, stateReconciler]

  /** From here on this replica decides. */
  const lead = async () => {
    await stores.whenSynced()
    if (signal.aborted) return
    controller.start()
    leaseWatcher.start()
    livenessSecret.start()
    stores.speakers.subscribe(key => speakerReconciler.enqueue(key))
    stores.speakers.subscribe((_key, before, after) => {
      if (after && !before) stateReconciler.enqueue(configuration.keyOf({ type: 'speaker', node: after.name }))
    })
    stores.configurationStates.subscribe(key => stateReconciler.enqueue(key))
    advertising.subscribe(() => {
      for (const key of configuration.keys()) stateReconciler.enqueueAfter(key, POOL_STATUS_DELAY_MS)
    })
    stateReconciler.start()
    serviceReconciler.start()
    speakerReconciler.start()
    acceptances.start()
    announcements.start()
    admission.lead()
  }
  const elector = new LeaderElector(
    { client, clock, random, logger },
    {
      namespace,
      name: 'herald-controller',
      identity: podName,
      owner,
      onAcquired: () => void lead().catch(fail),
      // What this replica holds in memory may be out of date from here on: a new process starts from the Services again.
      onLost: reason => fail(new Error(`leadership lost: ${reason}`)),
    },
  )

  const probes = await startHttp({
    host: flags.text('health-probe-host') ?? '::',
    port: probePort,
    routes: {
      '/healthz': readiness({ 'main thread runs': () => loopWatch.healthy }),
      '/readyz': readiness({
        'stores have synced': () => stores.synced,
        'first pass is done': () => !elector.isLeader || serviceReconciler.firstPassDone,
      }),
    },
  })
  const metricsServer = await startMetricsServer(
    { client, clock, logger, metrics: metricSet },
    { ...metricsInit, name: podName },
  )
  logger.info({ namespace, pod: podName, loadBalancerClass, probePort: probes.port }, 'controller started')
  loopWatch.start()
  idleMemory.start()
  stores.start()
  admission.start()
  elector.start()

  return async () => {
    loopWatch.stop()
    idleMemory.stop()
    controller.stop()
    await Promise.all(reconcilers.map(reconciler => reconciler.stop()))
    await Promise.all([acceptances, announcements, admission, leaseWatcher, livenessSecret].map(part => part.stop()))
    await stores.stop()
    // Nothing is decided any more: another may lead. A server that does not answer must not hold us up.
    await within(clock, GOODBYE_MS, Promise.all([elector.stop(), recorder.flush()]))
    await within(clock, GOODBYE_MS, recorder.stop())
    await Promise.all([probes.stop(), metricsServer?.stop()])
    client.close()
    logger.info({}, 'controller stopped')
  }
})
