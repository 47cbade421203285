import { acceptanceState } from '../../controller/acceptance.ts'
import { countPool, countRefusedPool, type PoolCounters } from '../../controller/pool-status.ts'
import { done, type Outcome } from '../../kubernetes/outcome.ts'
import { ipAddressPools } from '../../kubernetes/resources.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import type { Condition } from '../../resources/service.ts'
import { type AcceptanceWriter, writeAcceptance } from './acceptance.ts'
import type { PoolView, ServiceController } from './service-controller.ts'

export interface PoolStatusComponents extends AcceptanceWriter<PoolView> {
  pools: ReadableStore<PoolView>
  controller: Pick<ServiceController, 'pools' | 'allocator' | 'problemOf'>
}

/** Writes the status of one IPAddressPool: its counters, and whether it is in use. */
export async function reconcilePoolStatus(
  components: PoolStatusComponents,
  key: string,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { pools, controller } = components
  const view = pools.get(key)
  if (!view) return done
  const pool = controller.pools.find(({ name }) => name === view.name)
  const problem = controller.problemOf(view.name)
  // Neither standing nor refused: the registry has not seen this version yet, and asks again when it has.
  if (!pool && !problem) return done
  const inUse = controller.allocator.inUse(view.name)
  const counters = pool ? countPool(pool, inUse) : countRefusedPool(inUse)
  const state = acceptanceState('IPAddressPool', problem, view.metadata?.generation)
  const rest = { same: sameCounters(view.status, counters), status: asJson(counters) }
  return writeAcceptance(components, { resource: ipAddressPools, view, state }, { rest, signal })
}

export interface PoolStatusView extends Partial<Record<keyof PoolCounters, number>> {
  conditions?: Condition[]
}

// JSON numbers beyond 2^53 come back rounded, and so is what they are compared with.
function sameCounters(status: PoolStatusView | undefined, counters: PoolCounters): boolean {
  return (Object.keys(counters) as (keyof PoolCounters)[]).every(name => status?.[name] === Number(counters[name]))
}

/** Counters as JSON numbers of full length: JSON.stringify alone refuses bigints. */
function asJson(counters: PoolCounters): Record<string, unknown> {
  return Object.fromEntries(Object.entries(counters).map(([name, count]) => [name, rawJson(String(count))]))
}

// JSON.rawJSON (ECMAScript proposal "JSON.parse source text access") is in Node's V8, not yet in TypeScript's library.
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON
