import type { ReservationView } from '../../../../src/bin/controller/reservation-status.ts'
import {
  BY_NAMESPACE,
  type NamespaceView,
  type PoolView,
  ServiceController,
} from '../../../../src/bin/controller/service-controller.ts'
import { silentLogger } from '../../../../src/kubernetes/logger.ts'
import type { DesiredServiceStatus, WriteResult } from '../../../../src/kubernetes/status-writer.ts'
import { Store } from '../../../../src/kubernetes/store.ts'
import type { ServiceView } from '../../../../src/resources/service.ts'
import { service } from '../../../support/services.ts'

type ServiceSpec = NonNullable<Parameters<typeof service>[1]>['spec']

/** A ServiceController without any server: what it asks for, writes and tells is noted, and the test says what its writes come to. */
export function serviceScene(init: { cleanupFinalizer?: boolean } = {}) {
  const services = new Store<ServiceView>({ indexes: { [BY_NAMESPACE]: ({ namespace }) => [namespace] } })
  const namespaces = new Store<NamespaceView>()
  const pools = new Store<PoolView>()
  const reservations = new Store<ReservationView>()
  const asked: string[] = []
  const written: [key: string, desired: DesiredServiceStatus][] = []
  const events: string[] = []
  let result: WriteResult = 'written'
  let version = 1
  namespaces.upsert('default', '1', { labels: {} })
  const controller = new ServiceController(
    {
      services,
      namespaces,
      pools,
      reservations,
      logger: silentLogger,
      nowText: () => '2026-01-01T00:00:00Z',
      enqueue: keys => void asked.push(...keys),
      statusWriter: {
        async writeService(view, desired) {
          written.push([`${view.namespace}/${view.name}`, desired])
          return result
        },
      },
      recordEvent: (_service, { reason }) => void events.push(reason),
      onPoolChanged: () => {},
      onReservationChanged: () => {},
    },
    { loadBalancerClass: '', ...init },
  )
  return {
    controller,
    asked,
    written,
    events,
    answer: (next: WriteResult) => {
      result = next
    },
    putService: (
      name: string,
      createdAt: number,
      shown: string[] = [],
      spec: ServiceSpec = {},
      more: Record<string, string> = {},
    ) => {
      const creationTimestamp = new Date(createdAt * 1_000).toISOString()
      const annotations = { ...more, ...(shown.length > 0 && { 'metallb.io/ip-allocated-from-pool': 'old' }) }
      const status = { loadBalancer: { ingress: shown.map(ip => ({ ip, ipMode: 'VIP' })) } }
      const view = service(name, { metadata: { creationTimestamp, annotations }, spec, status })
      services.upsert(view.key, String(version++), view)
    },
    put: (view: ServiceView) => services.upsert(view.key, String(version++), view),
    putReservation: (name: string, addresses: string[], service?: { namespace: string; name: string }) => {
      const resourceVersion = String(version++)
      const spec = { addresses, ...(service && { service }) }
      reservations.upsert(`h/${name}`, resourceVersion, {
        namespace: 'h',
        name,
        uid: name,
        resourceVersion,
        metadata: { name },
        spec,
      })
    },
    deleteReservation: (name: string) => reservations.delete(`h/${name}`),
    deleteNamespace: (name: string) => namespaces.delete(name),
    deleteService: (name: string) => services.delete(`default/${name}`),
    putPool: (name: string, spec: PoolView['spec'], status?: PoolView['status']) => {
      pools.upsert(`h/${name}`, String(version++), {
        namespace: 'h',
        name,
        uid: name,
        resourceVersion: String(version),
        metadata: { name },
        spec,
        ...(status && { status }),
      })
    },
    putNamespace: (name: string, labels: Record<string, string>) =>
      namespaces.upsert(name, String(version++), { labels }),
  }
}
