import { POOL_ACCEPTED } from '../../config/pool-registry.ts'
import { nextCondition, sameCondition } from '../../controller/conditions.ts'
import { countPool, countRefusedPool, type PoolCounters, poolCondition } from '../../controller/pool-status.ts'
import { done, type Outcome } from '../../kubernetes/outcome.ts'
import { ipAddressPools } from '../../kubernetes/resources.ts'
import { outcomeOfWrite, type StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import type { Condition } from '../../resources/service.ts'
import type { PoolView, ServiceController } from './service-controller.ts'

export interface PoolStatusComponents {
  pools: ReadableStore<PoolView>
  controller: Pick<ServiceController, 'pools' | 'allocator' | 'problemOf'>
  statusWriter: Pick<StatusWriter, 'patchStatus'>
  nowText: () => string
  /** tells of a pool that begins to be refused */
  recordProblem: (pool: PoolView, reason: string, message: string) => void
}

/** Writes the status of one IPAddressPool: its counters, and whether it is in use. */
export async function reconcilePoolStatus(
  components: PoolStatusComponents,
  key: string,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { pools, controller, statusWriter, nowText, recordProblem } = components
  const resource = pools.get(key)
  if (!resource) return done
  const pool = controller.pools.find(({ name }) => name === resource.name)
  const problem = controller.problemOf(resource.name)
  // Neither standing nor refused: the registry has not seen this version yet, and asks again when it has.
  if (!pool && !problem) return done
  const shown = resource.status?.conditions?.find(({ type }) => type === POOL_ACCEPTED)
  const condition = nextCondition(
    POOL_ACCEPTED,
    poolCondition(problem, resource.metadata?.generation),
    shown,
    nowText(),
  )
  const inUse = controller.allocator.inUse(resource.name)
  const counters = pool ? countPool(pool, inUse) : countRefusedPool(inUse)
  if (shown && sameCondition(shown, condition) && sameCounters(resource.status, counters)) return done
  const others = resource.status?.conditions?.filter(({ type }) => type !== POOL_ACCEPTED) ?? []
  const { namespace, name, resourceVersion } = resource
  const status = { ...asJson(counters), conditions: [...others, condition] }
  const result = await statusWriter.patchStatus(ipAddressPools, { namespace, name }, status, {
    resourceVersion,
    signal,
  })
  if (result === 'written' && problem && shown?.reason !== problem.reason)
    recordProblem(resource, problem.reason, condition.message)
  return outcomeOfWrite(result)
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
