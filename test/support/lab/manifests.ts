import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import type { Condition, LoadBalancerIngress } from '../../../src/resources/service.ts'

/**
 * The demo's web server, without its Service.
 *
 * @param options.servesOnSeconds how long a Pod that is to go serves on, while others learn of it
 */
export function webServer({ servesOnSeconds = 0 }: { servesOnSeconds?: number } = {}): object[] {
  const documents = parseAllDocuments(readFileSync('lab/demo/web.yaml', 'utf8')).map(document => document.toJS())
  const deployments = documents.filter(({ kind }) => kind === 'Deployment')
  for (const { spec } of servesOnSeconds > 0 ? deployments : []) {
    const pod = spec.template.spec
    pod.terminationGracePeriodSeconds = servesOnSeconds + 1
    for (const container of pod.containers) container.lifecycle = { preStop: { sleep: { seconds: servesOnSeconds } } }
  }
  return deployments
}

/** A LoadBalancer Service in front of the web server. */
export function loadBalancer(name: string, spec: object = {}, annotations: Record<string, string> = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', annotations, labels: { made: 'by-test' } },
    spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
  }
}

/** What tests look at in a Service. */
export interface LoadBalancerService {
  metadata: { name: string; annotations?: Record<string, string> }
  spec: { ports: { nodePort?: number }[] }
  status: { loadBalancer?: { ingress?: LoadBalancerIngress[] }; conditions?: Condition[] }
}

export function pool(name: string, addresses: string[], spec: object = {}): object {
  const metadata = { name, namespace: 'herald-system' }
  return { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata, spec: { addresses, ...spec } }
}

/** A pool, announced by every node. */
export function poolAndAdvertisement(name: string, addresses: string[]): object[] {
  const metadata = { name, namespace: 'herald-system' }
  return [
    pool(name, addresses),
    { apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata, spec: { ipAddressPools: [name] } },
  ]
}
