import type { Clock } from '../../io/clock.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { type HttpServer, startHttp } from './health-server.ts'
import type { MetricSet } from './metric-set.ts'
import type { MetricsSettings } from './metrics-flags.ts'
import { ScrapeAuthorizer } from './scrape-authorizer.ts'
import { ServingCertificate } from './serving-certificate.ts'

const PATH = '/metrics'

export interface MetricsServerComponents {
  client: Pick<ApiClient, 'create'>
  clock: Clock
  logger: Logger
  metrics: Pick<MetricSet, 'render' | 'contentType'>
}

/**
 * Serves the metrics as the flags say: by HTTPS to those who may read them, or by HTTP to everyone who reaches the address.
 *
 * @param settings.name the host that a certificate signed by itself is for
 * @returns undefined when no metrics are to be served
 * @throws when the address cannot be bound, or the certificate cannot be read
 */
export async function startMetricsServer(
  { client, clock, logger, metrics }: MetricsServerComponents,
  { port, host, protocol, tls, certificateFolder, name }: MetricsSettings & { name: string },
): Promise<HttpServer | undefined> {
  if (port === 0) return undefined
  const routes = {
    [PATH]: async () => ({ status: 200, body: await metrics.render(), contentType: metrics.contentType }),
  }
  if (protocol === 'http') return await startHttp({ host, port, routes })
  const authorizer = new ScrapeAuthorizer({ client, clock, logger }, { path: PATH })
  const serving = new ServingCertificate({ clock, logger }, { folder: certificateFolder, hosts: [name] })
  const { certificate: cert, key } = await serving.read()
  const server = await startHttp({
    ...{ host, port, routes, tls: { ...tls, cert, key } },
    guard: ({ headers }) => authorizer.refusal(headers.authorization),
  })
  serving.watch({ certificate: cert, key }, next => {
    server.setSecureContext({ ...tls, cert: next.certificate, key: next.key })
    logger.info({}, 'new certificate of the metrics in use')
  })
  return {
    port: server.port,
    setSecureContext: options => server.setSecureContext(options),
    async stop() {
      serving.stop()
      await server.stop()
    },
  }
}
