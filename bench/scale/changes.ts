import type { ApiClient } from '../../src/kubernetes/client.ts'
import { endpointSlices, services } from '../../src/kubernetes/resources.ts'
import { createService, OWN_NODE, serviceName } from './objects.ts'

const NAMESPACE = 'default'
const WRITES_PER_ROUND = 5

/**
 * Changes the cluster so many times a second, in rounds of five writes about one Service: its endpoint is made unready and ready again, a label
 * is changed, and the Service is deleted and created anew.
 *
 * @returns how many writes were made
 */
export async function makeChanges(
  client: ApiClient,
  { perSecond, forMs, services: count }: { perSecond: number; forMs: number; services: number },
): Promise<number> {
  const startedMs = performance.now()
  const underWay = new Set<Promise<unknown>>()
  let rounds = 0
  for (let nowMs = startedMs; nowMs - startedMs < forMs; nowMs = performance.now()) {
    const due = ((nowMs - startedMs) * perSecond) / 1_000 / WRITES_PER_ROUND
    // Where the API server does not keep up, the rate falls.
    for (; rounds < due && underWay.size < Math.min(perSecond, count / 2); rounds++) {
      const round: Promise<unknown> = changeOne(client, serviceName(rounds % count), rounds)
      const settled = round.finally(() => underWay.delete(settled))
      underWay.add(settled)
    }
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  await Promise.all(underWay)
  return rounds * WRITES_PER_ROUND
}

async function changeOne(client: ApiClient, name: string, round: number): Promise<void> {
  const ref = { namespace: NAMESPACE, name }
  for (const ready of [false, true]) {
    const endpoints = [{ addresses: ['2001:db8:e::1'], nodeName: OWN_NODE, conditions: { ready } }]
    await client.patch(endpointSlices, ref, { endpoints }, { kind: 'merge' })
  }
  await client.patch(services, ref, { metadata: { labels: { round: String(round) } } }, { kind: 'merge' })
  await client.delete(services, ref)
  await createAgain(client, name)
}

/** The deletion may still be under way. */
async function createAgain(client: ApiClient, name: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await createService(client, name)
    } catch (error) {
      if (attempt === 50) throw error
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
}
