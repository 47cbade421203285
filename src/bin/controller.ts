import { SystemClock } from '../io/clock.ts'
import { exposedHeap } from '../io/heap.ts'
import { ApiClient } from '../kubernetes/client.ts'
import { loadCredentials } from '../kubernetes/credentials.ts'
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
import { Controller } from './controller/controller.ts'
import { FLAGS, WHAT } from './controller/flags.ts'
import { removeFinalizers } from './controller/remove-finalizers.ts'
import { webhookSettings } from './controller/webhook-flags.ts'

/** How long an uninstall may wait for the finalizers to be removed. */
const REMOVAL_MS = 60_000

await runProcess({ command: 'controller', what: WHAT, flags: FLAGS }, async (args, env, { signal, fail, finish }) => {
  const flags = readFlags(FLAGS, args, env)
  const namespace = ownNamespace(flags)
  const podName = flags.on('remove-finalizers') ? '' : requiredFlag(flags, 'pod-name', 'HERALD_POD_NAME')
  const init = {
    ...{ namespace, podName, deployment: flags.text('deployment') ?? '' },
    loadBalancerClass: flags.text('lb-class') ?? '',
    cleanupFinalizer: flags.on('cleanup-finalizer'),
    candidateRules: candidateRules(flags),
    livenessSecret: objectNameFlag(flags, 'liveness-secret'),
    serviceStatuses: !flags.on('no-service-statuses'),
    webhook: webhookSettings(flags),
  }
  const metricsInit = metricsSettings(flags)
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

  const loopWatch = new LoopWatch({ clock })
  const metrics = new MetricSet({ prefix: metricsInit.prefix, loopDelayMs: () => loopWatch.takeLongestDelayMs() })
  const controller = new Controller({ client, clock, random, logger, metrics, fail }, init)
  const probes = await startHttp({
    host: flags.text('health-probe-host') ?? '::',
    port: probePort,
    routes: {
      '/healthz': readiness({ 'main thread runs': () => loopWatch.healthy }),
      '/readyz': readiness(controller.readiness),
    },
  })
  const metricsServer = await startMetricsServer({ client, clock, logger, metrics }, { ...metricsInit, name: podName })
  const idleMemory = new IdleMemory({ clock, heap: exposedHeap() })
  const { loadBalancerClass } = init
  logger.info({ namespace, pod: podName, loadBalancerClass, probePort: probes.port }, 'controller started')
  loopWatch.start()
  idleMemory.start()
  controller.start()

  return async () => {
    loopWatch.stop()
    idleMemory.stop()
    await controller.stop()
    await Promise.all([probes.stop(), metricsServer?.stop()])
    client.close()
    logger.info({}, 'controller stopped')
  }
})
