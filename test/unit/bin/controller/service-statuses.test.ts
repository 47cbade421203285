import assert from 'node:assert/strict'
import { Allocator } from '../../../../src/allocator/allocator.ts'
import { MetricSet } from '../../../../src/bin/common/metric-set.ts'
import { ControllerMetrics } from '../../../../src/bin/controller/metrics.ts'
import { L2_STATUS_KIND } from '../../../../src/bin/controller/service-l2-statuses.ts'
import {
  BY_SERVICE_KEY,
  ServiceStatuses,
  type ServiceStatusView,
  viewServiceStatus,
} from '../../../../src/bin/controller/service-statuses.ts'
import { ReportIndex } from '../../../../src/controller/report-index.ts'
import { desiredL2Statuses } from '../../../../src/controller/service-l2-status.ts'
import { ApiError } from '../../../../src/kubernetes/api-error.ts'
import type { KubernetesObject } from '../../../../src/kubernetes/resources.ts'
import { Store } from '../../../../src/kubernetes/store.ts'
import type { ServiceView } from '../../../../src/resources/service.ts'
import { type SpeakerView, viewSpeaker } from '../../../../src/resources/speaker-view.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../../support/kubernetes/driven.ts'
import { service } from '../../../support/services.ts'

const namespace = 'herald'
const key = 'default/web'

describe('the ServiceL2Status objects of a Service', () => {
  let services: Store<ServiceView>
  let speakers: Store<SpeakerView>
  let l2Statuses: Store<ServiceStatusView>
  let reports: ReportIndex
  let objects: Map<string, KubernetesObject & { status?: object }>
  let requests: string[]

  beforeEach(() => {
    services = new Store()
    speakers = new Store()
    l2Statuses = new Store({
      indexes: { [BY_SERVICE_KEY]: ({ serviceKey }) => (serviceKey === undefined ? [] : [serviceKey]) },
    })
    reports = new ReportIndex()
    objects = new Map()
    requests = []
    services.upsert(key, '1', service('web', { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } }))
  })

  const report = (node: string, addresses: string[], uid = `uid-${node}`) => {
    const announcements = addresses.map(address => ({ address, interfaces: ['eth0'] }))
    const speaker = viewSpeaker({ metadata: { name: node, uid }, status: { announcements } })
    speakers.upsert(`${namespace}/${node}`, '', speaker)
    reports.put(node, speaker)
  }
  const watch = () =>
    l2Statuses.replace(
      new Map(
        [...objects].map(([name, object]) => [
          name,
          { resourceVersion: '', value: viewServiceStatus(L2_STATUS_KIND)(object) },
        ]),
      ),
    )
  let failing: string | undefined
  const reconcile = async (enabled = true) => {
    const components = {
      ...{ clock: new FakeClock(), random: () => 0, logger: new MemoryLogger(), sources: [] },
      ...{ services, speakers, statuses: l2Statuses },
      desired: (service: ServiceView) =>
        desiredL2Statuses(service, { loadBalancerClass: '', reportsOf: address => reports.of(address) }),
      client: {
        delete: async (_resource: object, { name = '' }: { name?: string }, { uid }: { uid?: string } = {}) => {
          requests.push('delete')
          if (objects.get(name)?.metadata?.uid !== uid) throw new ApiError('conflict', 'another')
          objects.delete(name)
        },
      },
      statusWriter: {
        createIfMissing: async (_resource: object, object: KubernetesObject) => {
          requests.push('create')
          const { name = '' } = object.metadata ?? {}
          if (objects.has(name)) return false
          objects.set(name, {
            ...object,
            metadata: { ...object.metadata, uid: `uid-${objects.size}-${requests.length}` },
          })
          return true
        },
        patchStatus: async (_resource: object, { name = '' }: { name?: string }, status: object) => {
          requests.push('status')
          if (failing) throw new ApiError('serverError', failing)
          objects.set(name, { ...objects.get(name), status })
          return 'written' as const
        },
      },
    }
    await new ServiceStatuses(components, { kind: L2_STATUS_KIND, namespace, enabled }).reconcile(key)
    watch()
    return requests.splice(0).join(' ')
  }
  const nodes = () => [...objects.values()].map(({ status }) => (status as { node?: string })?.node).sort()

  it('come and go with the reports, and cost nothing in between', async () => {
    assert.equal(await reconcile(), '')
    report('a', ['192.0.2.1'])
    assert.equal(await reconcile(), 'create status')
    assert.equal(await reconcile(), '')
    report('b', ['192.0.2.1'])
    report('a', ['192.0.2.9'])
    assert.equal(await reconcile(), 'delete create status')
    assert.deepEqual(nodes(), ['b'])
    services.delete(key)
    assert.equal(await reconcile(), 'delete')
    assert.equal(objects.size, 0)
  })

  it('get their status later when it could not be written at once', async () => {
    report('a', ['192.0.2.1'])
    failing = 'out of order'
    await assert.rejects(reconcile(), /out of order/)
    failing = undefined
    requests.length = 0
    watch()
    assert.equal(await reconcile(), 'status')
    assert.deepEqual(nodes(), ['a'])
  })

  it('are made anew when the node and its SpeakerStatus were, for the old ones go with the old owner', async () => {
    report('a', ['192.0.2.1'])
    await reconcile()
    report('a', ['192.0.2.1'], 'uid-new')
    assert.equal(await reconcile(), 'delete create status')
    assert.deepEqual(
      [...objects.values()][0]?.metadata?.ownerReferences?.map(({ uid }) => uid),
      ['uid-new'],
    )
  })

  it('are removed when they are switched off, but for those of others', async () => {
    report('a', ['192.0.2.1'])
    await reconcile()
    const labels = { 'metallb.io/service-name': 'web', 'metallb.io/service-namespace': 'default' }
    const pod = { apiVersion: 'v1', kind: 'Pod', name: 'speaker-x', uid: 'p' }
    objects.set('l2-x', { metadata: { name: 'l2-x', uid: 'x', labels, ownerReferences: [pod] } })
    watch()
    assert.equal(await reconcile(false), 'delete')
    assert.deepEqual([...objects.keys()], ['l2-x'])
  })
})

describe("the controller's metrics", () => {
  it('count the Services that are not announced, by reason', async () => {
    const unannounced = new Map([['NoEndpoints', 2]])
    const metrics = new MetricSet({ prefix: 'herald' })
    const source = {
      ...{ pools: [], allocator: new Allocator(), waiting: 0, refusedPools: () => 0, isLeader: () => true },
      ...{ unannounced, configLoaded: () => true },
    }
    new ControllerMetrics({ metrics, source })
    const line = async () => /^herald_controller_unannounced_services.*$/m.exec(await metrics.render())?.[0]
    assert.equal(await line(), 'herald_controller_unannounced_services{reason="NoEndpoints"} 2')
    unannounced.clear()
    assert.equal(await line(), undefined)
  })
})
