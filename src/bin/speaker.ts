import { MissingCapabilityError } from '../io/capability-error.ts'
import { SystemClock } from '../io/clock.ts'
import { exposedHeap } from '../io/heap.ts'
import { connectTcp, listenTcp } from '../io/tcp.ts'
import { ApiClient } from '../kubernetes/client.ts'
import { loadCredentials } from '../kubernetes/credentials.ts'
import { DEFAULT_EXCLUDED_INTERFACES } from '../layer2/link.ts'
import { candidateRules } from './common/candidate-flags.ts'
import {
  FlagError,
  type FlagValues,
  integerFlag,
  logLevelFlag,
  objectNameFlag,
  ownNamespace,
  portFlag,
  readFlags,
  requiredFlag,
} from './common/flags.ts'
import { readiness, startHttp } from './common/health-server.ts'
import { IdleMemory } from './common/idle-memory.ts'
import { createLogger } from './common/logger.ts'
import { LoopWatch } from './common/loop-watch.ts'
import { MetricSet } from './common/metric-set.ts'
import { metricsSettings } from './common/metrics-flags.ts'
import { startMetricsServer } from './common/metrics-server.ts'
import { runProcess } from './common/process.ts'
import type { BgpInit } from './speaker/bgp-speaker.ts'
import { FLAGS, WHAT } from './speaker/flags.ts'
import { type Layer2Init, type LivenessInit, Speaker } from './speaker/speaker.ts'

// A probe that comes while the thread starts must not kill it.
const HEALTHY_FROM_START_MS = 30_000

await runProcess({ command: 'speaker', what: WHAT, flags: FLAGS }, async (args, env, { fail }) => {
  const flags = readFlags(FLAGS, args, env)
  const namespace = ownNamespace(flags)
  const nodeName = requiredFlag(flags, 'node-name', 'HERALD_NODE_NAME')
  const podName = flags.text('pod-name') || `speaker-on-${nodeName}`
  const metricsInit = metricsSettings(flags)
  const healthPort = portFlag(flags, 'health-probe-port')
  const logger = createLogger({ name: 'herald-speaker', level: logLevelFlag(flags) }).child({ node: nodeName })
  const excludedInterfaces = excludedInterfacesFlag(flags)
  const rules = candidateRules(flags)
  const liveness = livenessFlags(flags)
  const layer2 = layer2Flags(flags)
  const bgp = bgpFlags(flags)

  const startedMs = performance.now()
  const clock = new SystemClock()
  const random = Math.random
  const credentials = await loadCredentials({ clock }, { kubeconfig: flags.text('kubeconfig') })
  const client = new ApiClient({ credentials, clock, logger }, { userAgent: 'herald-speaker' })
  const loopWatch = new LoopWatch({ clock })
  const metrics = new MetricSet({ prefix: metricsInit.prefix, loopDelayMs: () => loopWatch.takeLongestDelayMs() })
  const speaker = new Speaker(
    { client, clock, random, logger, connectTcp, listenTcp, metrics },
    {
      namespace,
      nodeName,
      podName,
      podUid: flags.text('pod-uid'),
      loadBalancerClass: flags.text('lb-class') ?? '',
      candidateRules: rules,
      excludedInterfaces,
      liveness,
      layer2,
      bgp,
      // Beside this file, in the image as in the sources.
      linkThreadUrl: new URL(
        import.meta.url.endsWith('.ts') ? './link-thread.ts' : './link-thread.js',
        import.meta.url,
      ),
      onFatal: cause => fail(isUserError(cause) ? cause.message : new Error('the link thread died', { cause })),
    },
  )

  const healthy = (): boolean => speaker.linkThreadAlive || performance.now() - startedMs < HEALTHY_FROM_START_MS
  const probes = await startHttp({
    host: flags.text('health-probe-host') ?? '::',
    port: healthPort,
    routes: {
      '/healthz': readiness({ 'link thread alive': healthy, 'main thread runs': () => loopWatch.healthy }),
      '/readyz': readiness(speaker.readiness),
    },
  })
  const metricsServer = await startMetricsServer(
    { client, clock, logger, metrics: speaker.metrics },
    { ...metricsInit, name: podName },
  )
  const idleMemory = new IdleMemory({ clock, heap: exposedHeap() })
  loopWatch.start()
  idleMemory.start()

  // Not waited for: it takes as long as the API server is away, and a signal must be heard meanwhile.
  speaker.start().then(
    // performance.now() counts from the start of the process.
    () => logger.info({ sinceStartMs: Math.round(performance.now()) }, 'ready'),
    error => fail(error),
  )
  return async () => {
    logger.info({}, 'stopping')
    loopWatch.stop()
    idleMemory.stop()
    await speaker.stop()
    await Promise.all([probes.stop(), metricsServer?.stop()])
    client.close()
    logger.info({}, 'stopped')
  }
})

/** Its message says what to do; from where it was thrown is of no interest. */
function isUserError(error: Error & { code?: unknown }): boolean {
  return error.code === MissingCapabilityError.code
}

function livenessFlags(values: FlagValues): LivenessInit {
  return {
    port: integerFlag(values, 'liveness-port', { minimum: 1, maximum: 65_535 }),
    intervalMs: integerFlag(values, 'liveness-interval-ms', { minimum: 10, maximum: 5_000, unit: 'milliseconds' }),
    multiplier: integerFlag(values, 'liveness-multiplier', { minimum: 2, maximum: 50 }),
    secretName: objectNameFlag(values, 'liveness-secret'),
  }
}

function layer2Flags(values: FlagValues): Layer2Init {
  return {
    probeCount: integerFlag(values, 'probe-count', { minimum: 1, maximum: 10 }),
    probeIntervalMs: integerFlag(values, 'probe-interval-ms', { minimum: 10, maximum: 1_000, unit: 'milliseconds' }),
  }
}

function bgpFlags(values: FlagValues): BgpInit {
  const seconds = (name: string, maximum: number) => integerFlag(values, name, { minimum: 0, maximum, unit: 'seconds' })
  return {
    listenPort: integerFlag(values, 'bgp-listen-port', { minimum: 0, maximum: 65_535 }),
    gracefulShutdownMs: 1_000 * seconds('bgp-graceful-shutdown-seconds', 60),
    drainWithdrawAfterMs: 1_000 * seconds('bgp-drain-seconds', 3_600),
  }
}

function excludedInterfacesFlag(values: FlagValues): readonly string[] {
  const patterns = values.list('exclude-interfaces')
  for (const pattern of patterns) {
    if (pattern === '') throw new FlagError('--exclude-interfaces: an empty pattern matches every interface')
    try {
      new RegExp(pattern)
    } catch (error) {
      throw new FlagError(`--exclude-interfaces "${pattern}": ${(error as Error).message}`)
    }
  }
  return patterns.length > 0 ? patterns : DEFAULT_EXCLUDED_INTERFACES
}
