import { NO_ENDPOINTS, type ServiceEndpoints } from '../../src/resources/endpoint-slice.ts'
import { type NodeView, viewNode } from '../../src/resources/node.ts'
import type { ServiceView } from '../../src/resources/service.ts'
import { service } from './services.ts'

/** Services and their endpoints on three nodes, in memory; counts what is read. */
export class ServiceWorld {
  readonly services = new Map<string, ServiceView>()
  readonly endpointsByService = new Map<string, ServiceEndpoints>()
  nodes: NodeView[] = ['node-a', 'node-b', 'node-c'].map(name => viewNode({ metadata: { name } }))
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
}

/** `noEndpoints → announce`: what decisions became of what. */
export function transitions<Decision extends object>(
  changes: readonly { readonly before: Decision; readonly after: Decision }[],
): string[] {
  const word = (decision: Decision) => ('withhold' in decision ? decision.withhold : 'announce')
  return changes.map(({ before, after }) => `${word(before)} → ${word(after)}`)
}
