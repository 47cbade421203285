import { SystemClock } from '../io/clock.ts'
import { ApiClient } from '../kubernetes/client.ts'
import { loadCredentials } from '../kubernetes/credentials.ts'
import { DEFAULT_EXCLUDED_INTERFACES } from '../layer2/link.ts'
import {
  COMMON_FLAGS,
  type Flag,
  FlagError,
  type FlagValues,
  helpText,
  logLevelFlag,
  ownNamespace,
  portFlag,
  readFlags,
  requiredFlag,
} from './common/flags.ts'
import { type HttpServer, readiness, startHttp } from './common/health-server.ts'
import { createLogger } from './common/logger.ts'
import { Speaker } from './speaker/speaker.ts'

const FLAGS = {
  ...COMMON_FLAGS,
  'node-name': {
    type: 'string',
    value: 'NAME',
    env: 'HERALD_NODE_NAME',
    help: 'name of the Node this speaker runs on; required',
  },
  'exclude-interfaces': {
    type: 'string',
    multiple: true,
    value: 'REGEX',
    help: "announce nothing on interfaces whose names match; replaces the default, which leaves out the pods' and tunnels'",
  },
  'ignore-exclude-lb': {
    type: 'boolean',
    help: 'announce also from nodes labelled node.kubernetes.io/exclude-from-external-load-balancers',
  },
} as const satisfies Record<string, Flag>

/** A stop that takes longer is cut short: by then everything has been withdrawn. */
const STOP_DEADLINE_MS = 1_900
// A probe that comes while the thread starts must not kill it.
const HEALTHY_FROM_START_MS = 30_000

async function main(): Promise<void> {
  const args = process.argv.slice(2)
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(helpText('speaker', "Herald's speaker: announces this node's load-balancer addresses.", FLAGS))
    return
  }
  const values = readFlags(FLAGS, args, process.env)
  const namespace = ownNamespace(values)
  const nodeName = requiredFlag(values, 'node-name', 'HERALD_NODE_NAME')
  const podName = values.text('pod-name') || `speaker-on-${nodeName}`
  const [metricsPort, healthPort] = [portFlag(values, 'port'), portFlag(values, 'health-probe-port')]
  const logger = createLogger({ name: 'speaker', level: logLevelFlag(values) }).child({ node: nodeName })
  const excludedInterfaces = excludedInterfacesFlag(values)

  const startedMs = performance.now()
  const clock = new SystemClock()
  const random = Math.random
  const credentials = await loadCredentials({ clock }, { kubeconfig: values.text('kubeconfig') })
  const client = new ApiClient({ credentials, clock, logger }, { userAgent: 'herald-speaker' })
  const speaker = new Speaker(
    { client, clock, random, logger },
    {
      namespace,
      nodeName,
      podName,
      loadBalancerClass: values.text('lb-class') ?? '',
      ignoreExcludeLabel: values.on('ignore-exclude-lb'),
      excludedInterfaces,
      // Beside this file, in the image as in the sources.
      linkThreadUrl: new URL(
        import.meta.url.endsWith('.ts') ? './link-thread.ts' : './link-thread.js',
        import.meta.url,
      ),
      onFatal: error => {
        logger.error({ err: error }, 'the link thread died')
        void stop('link thread died', 1)
      },
    },
  )

  const servers: HttpServer[] = []
  let stopping = false
  const stop = async (why: string, exitCode: number): Promise<void> => {
    if (stopping) return
    stopping = true
    logger.info({ why }, 'stopping')
    setTimeout(() => process.exit(exitCode || 1), STOP_DEADLINE_MS).unref()
    await speaker.stop().catch((error: unknown) => logger.error({ err: error }, 'stopping failed'))
    await Promise.all(servers.map(server => server.stop()))
    client.close()
    logger.info({}, 'stopped')
    process.exit(exitCode)
  }
  process.once('SIGTERM', () => void stop('SIGTERM', 0))
  process.once('SIGINT', () => void stop('SIGINT', 0))

  const healthy = (): boolean => speaker.linkThreadAlive || performance.now() - startedMs < HEALTHY_FROM_START_MS
  servers.push(
    await startHttp({
      host: values.text('health-probe-host') ?? '::',
      port: healthPort,
      routes: { '/healthz': readiness({ 'link thread alive': healthy }), '/readyz': readiness(speaker.readiness) },
    }),
  )
  if (metricsPort !== 0) {
    const { metrics } = speaker
    const route = async () => ({ status: 200, body: await metrics.render(), contentType: metrics.contentType })
    servers.push(
      await startHttp({ host: values.text('host') ?? '::', port: metricsPort, routes: { '/metrics': route } }),
    )
  }
  try {
    await speaker.start()
    logger.info({ readyAfterMs: Math.round(performance.now() - startedMs) }, 'started')
  } catch (error) {
    if (stopping) return
    logger.error({ err: error }, 'could not start')
    await stop('could not start', 1)
  }
}

function excludedInterfacesFlag(values: FlagValues): readonly string[] {
  const patterns = values.list('exclude-interfaces')
  for (const pattern of patterns) {
    try {
      new RegExp(pattern)
    } catch (error) {
      throw new FlagError(`--exclude-interfaces: ${(error as Error).message}`)
    }
  }
  return patterns.length > 0 ? patterns : DEFAULT_EXCLUDED_INTERFACES
}

try {
  await main()
} catch (error) {
  console.error(error instanceof FlagError ? `speaker: ${error.message}\nTry --help.` : error)
  process.exitCode = error instanceof FlagError ? 2 : 1
  if (!(error instanceof FlagError)) process.exit(1)
}
