import assert from 'node:assert/strict'
import { poolContains } from '../../src/config/address-pool.ts'
import { type L2Advertisement, parseL2Advertisement } from '../../src/config/l2-advertisement.ts'
import { NO_ENDPOINTS, type ServiceEndpoints } from '../../src/resources/endpoint-slice.ts'
import { type NodeView, viewNode } from '../../src/resources/node.ts'
import type { ServiceView } from '../../src/resources/service.ts'
import type { SpeakerInterface } from '../../src/resources/speaker-view.ts'
import type { WorldSources } from '../../src/speaker/decisions.ts'
import { pool, service } from './services.ts'

/** A cluster in memory that counts what is read from it. */
export class World implements WorldSources {
  readonly services = new Map<string, ServiceView>()
  readonly endpointsByService = new Map<string, ServiceEndpoints>()
  nodes: NodeView[] = ['node-a', 'node-b', 'node-c'].map(name => viewNode({ metadata: { name } }))
  speakers = speakersOf('node-a', 'node-b', 'node-c')
  advertisements: L2Advertisement[] = [advertisement('all')]
  readonly #pools = [pool('pool', ['192.0.2.0/24', '2001:db8::/64'])]
  reads = 0

  put(name: string, addresses: string[], parts: Parameters<typeof service>[1] = {}): string {
    const view = service(name, { ...parts, status: { loadBalancer: { ingress: addresses.map(ip => ({ ip })) } } })
    this.services.set(view.key, view)
    if (!this.endpointsByService.has(view.key)) {
      this.endpointsByService.set(view.key, { serving: true, nodes: ['node-a', 'node-b', 'node-c'] })
    }
    return view.key
  }

  service(key: string) {
    return this.services.get(key)
  }

  serviceKeys() {
    return this.services.keys()
  }

  endpoints(key: string) {
    this.reads++
    return this.endpointsByService.get(key) ?? NO_ENDPOINTS
  }

  cluster() {
    return {
      advertisements: this.advertisements,
      nodes: new Map(this.nodes.map(node => [node.name, node])),
      speakers: this.speakers,
      poolOf: (address: Parameters<typeof poolContains>[1]) => this.#pools.find(pool => poolContains(pool, address)),
    }
  }
}

export function advertisement(name: string, spec: object = {}): L2Advertisement {
  const parsed = parseL2Advertisement({ metadata: { name }, spec })
  assert.ok('advertisement' in parsed)
  return parsed.advertisement
}

export function speakersOf(...names: string[]): Map<string, SpeakerInterface[]> {
  return new Map(names.map(name => [name, interfaces('eth0')]))
}

export function interfaces(...names: string[]): SpeakerInterface[] {
  return names.map(name => ({ name, mac: '', addresses: [] }))
}
