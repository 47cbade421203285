import assert from 'node:assert/strict'
import { AdvertisingConfiguration } from '../../../../src/bin/controller/advertising-configuration.ts'
import { AnnouncedController, addressesOf } from '../../../../src/bin/controller/announced-controller.ts'
import { BY_ADDRESS, BY_SERVICE } from '../../../../src/bin/controller/announced-world.ts'
import { ANNOUNCED } from '../../../../src/controller/conditions.ts'
import { Reconciler } from '../../../../src/kubernetes/reconciler.ts'
import {
  type DesiredServiceStatus,
  type StatusWriter,
  serviceStatusPatch,
  type WriteResult,
} from '../../../../src/kubernetes/status-writer.ts'
import { Store } from '../../../../src/kubernetes/store.ts'
import {
  type BgpSessionState,
  type BgpSessionView,
  viewBgpSessionStatus,
} from '../../../../src/resources/bgp-session-status.ts'
import { type EndpointSliceView, viewEndpointSlice } from '../../../../src/resources/endpoint-slice.ts'
import { viewNode } from '../../../../src/resources/node.ts'
import type { Condition, ServiceView } from '../../../../src/resources/service.ts'
import { type SpeakerObject, type SpeakerView, viewSpeaker } from '../../../../src/resources/speaker-view.ts'
import { AdvertisingObjects } from '../../../support/advertising-stores.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../../support/kubernetes/driven.ts'
import { pool, service } from '../../../support/services.ts'

/**
 * An AnnouncedController and its queue on a clock that the test sets, without any server: what it writes stands in the store at once. There
 * are the nodes a and b, whose speakers have registered, and one L2Advertisement for the one pool.
 */
export class AnnouncedScene {
  readonly clock = new FakeClock()
  readonly objects = new AdvertisingObjects()
  readonly services = new Store<ServiceView>({ indexes: { [BY_ADDRESS]: addressesOf } })
  readonly speakers = new Store<SpeakerView>()
  readonly controller: AnnouncedController
  readonly reconciler: Reconciler
  /** what has happened so far: the keys of Services that were looked at, `key reason` of writes, `key type reason` of events */
  readonly looked: string[] = []
  readonly written: string[] = []
  readonly events: string[] = []
  /** Services of which the nodes or peers of BGP have changed */
  readonly byBgp: string[] = []
  /** what the next write comes to instead of being carried out */
  refuseWrites: 'conflict' | undefined
  /** Services wait for addresses, and need the API server */
  allocating = false
  readonly #endpointSlices = new Store<EndpointSliceView>({
    indexes: { [BY_SERVICE]: ({ serviceKey }) => (serviceKey ? [serviceKey] : []) },
  })
  readonly #bgpSessions = new Store<BgpSessionView>()
  #version = 1

  constructor() {
    this.controller = this.#makeController()
    this.reconciler = new Reconciler(
      { clock: this.clock, random: () => 0, logger: new MemoryLogger(), sources: [] },
      {
        name: 'announced',
        keys: () => this.services.keys(),
        reconcile: (key, signal) => {
          this.looked.push(key)
          return this.controller.reconcile(key, signal)
        },
      },
    )
    for (const name of ['a', 'b']) this.objects.nodes.upsert(name, '1', viewNode({ metadata: { name } }))
    const spec = { addresses: ['192.0.2.0/24'] }
    const view = { namespace: 'h', name: 'p', uid: 'u', resourceVersion: '1', metadata: { name: 'p' }, spec }
    this.objects.pools.upsert('h/p', '1', view)
    this.objects.put('L2Advertisement', 'all')
    this.report('a')
    this.report('b')
  }

  async begin(): Promise<void> {
    this.controller.start()
    this.reconciler.start()
    await this.clock.advanceAsync(0)
  }

  async end(): Promise<void> {
    this.controller.stop()
    await this.reconciler.stop()
    assert.equal(this.clock.pendingTimers, 0)
  }

  /** Stops the controller, starts it again and lets it look at every Service. */
  restart(): void {
    this.controller.stop()
    this.controller.start()
    this.reconciler.enqueueAll()
  }

  put(name: string, view: ServiceView): void {
    const resourceVersion = String(++this.#version)
    this.services.upsert(`default/${name}`, resourceVersion, { ...view, resourceVersion })
  }

  /** A Service that has this address, and an endpoint on node a. */
  addressed(name: string, ip: string): void {
    const slice = { metadata: { namespace: 'default', name, labels: { 'kubernetes.io/service-name': name } } }
    const view = viewEndpointSlice({ ...slice, endpoints: [{ nodeName: 'a' }] })
    this.#endpointSlices.upsert(name, String(++this.#version), view)
    this.put(name, service(name, { status: { loadBalancer: { ingress: [{ ip }] } } }))
  }

  /** What the speaker of a node writes. */
  report(node: string, status: SpeakerObject['status'] = {}): void {
    const interfaces = [{ name: 'eth0', mac: 'm', addresses: [] }]
    const view = viewSpeaker({ metadata: { name: node }, status: { interfaces, ...status } })
    this.speakers.upsert(node, String(++this.#version), view)
  }

  /** What a node writes of its session with a router. */
  session(node: string, peer: string, state: BgpSessionState = 'Established', more: object = {}): void {
    const status = { node, peer, state, ...more }
    this.#bgpSessions.upsert(`h/${node}.${peer}`, String(++this.#version), viewBgpSessionStatus({ status }))
  }

  /** The condition Announced that a Service shows. */
  shownOf(name: string): Condition | undefined {
    return this.services.get(`default/${name}`)?.conditions.find(({ type }) => type === ANNOUNCED)
  }

  #makeController(): AnnouncedController {
    const { clock, objects, services, speakers } = this
    const { nodes, pools, advertisements } = objects
    return new AnnouncedController(
      {
        stores: {
          ...{ services, speakers, nodes, pools, advertisements },
          endpointSlices: this.#endpointSlices,
          bgpSessions: this.#bgpSessions,
        },
        configuration: new AdvertisingConfiguration({
          stores: objects,
          standingPools: () => [pool('p', ['192.0.2.0/24'])],
        }),
        clock,
        logger: new MemoryLogger(),
        nowText: () => new Date(clock.now()).toISOString(),
        enqueue: (keys, delayMs = 0) => {
          for (const key of keys) this.reconciler.enqueueAfter(key, delayMs)
        },
        statusWriter: { writeService: async (view, desired) => this.#write(view, desired) },
        recordEvent: ({ key }, { type, reason }) => this.events.push(`${key} ${type} ${reason}`),
        allocating: () => this.allocating,
        onReported: () => {},
        onAnnouncingByBgp: keys => this.byBgp.push(...keys),
      },
      { loadBalancerClass: '', candidateRules: {} },
    )
  }

  #write(view: Parameters<StatusWriter['writeService']>[0], { conditions = {} }: DesiredServiceStatus): WriteResult {
    if (this.refuseWrites) return this.refuseWrites
    assert.ok(serviceStatusPatch(view, { conditions }), 'a write that changes nothing')
    const condition = conditions[ANNOUNCED]
    const whole = this.services.get(`${view.namespace}/${view.name}`)!
    this.written.push(`${whole.key} ${condition?.reason ?? 'none'}`)
    const others = view.conditions.filter(({ type }) => type !== ANNOUNCED)
    this.put(view.name, { ...whole, conditions: condition ? [...others, condition] : others })
    return 'written'
  }
}

/** What a speaker reports that announces these addresses by layer 2. */
export function announcing(...addresses: string[]): NonNullable<SpeakerObject['status']> {
  return { announcements: addresses.map(address => ({ address, interfaces: ['eth0'] })) }
}
