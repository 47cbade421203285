import { type TestLab, waitFor } from './lab.ts'
import type { WatchedSegment } from './segment.ts'

/** How long one address had no owner that lived. */
export interface FailoverTime {
  address: string
  from: string
  to: string
  /** from the fault to the first announcement by another node */
  ms: number
}

export interface FailoverRound {
  node: string
  atMs: number
  times: FailoverTime[]
  /** addresses that nobody else announced; only where the caller gives up */
  missing: string[]
}

/**
 * One round: strikes the node that owns most addresses and measures how long each of its addresses waits for another node's
 * announcement.
 *
 * @param strike does the damage and says when, in ms since 1970
 * @param options.byAnyone an announcement by the node itself counts, as when its speaker was killed and started again
 * @param options.giveUp does not throw when the time is over
 * @throws Error that names the addresses that nobody has taken over within the time
 */
export async function failoverRound(
  segment: WatchedSegment,
  strike: (node: string) => Promise<number> | number,
  options: { timeoutMs?: number; node?: string; giveUp?: boolean; byAnyone?: boolean } = {},
): Promise<FailoverRound> {
  const owners = [...segment.owners()]
  const node = options.node ?? segment.busiest().node
  const mac = segment.macOf(node)
  const addresses = owners.flatMap(([address, owner]) => (owner === node ? [address] : []))
  const atMs = await strike(node)
  const announced = (address: string) =>
    segment.sniffer.firstAnnouncementAfter(address, atMs, options.byAnyone ? undefined : mac)
  const missing = () => addresses.filter(address => announced(address) === undefined)
  await waitFor(
    () => {
      const some = missing()
      if (some.length > 0) throw new Error(`${some.length} of ${addresses.length} are not, such as ${some[0]}`)
      return true
    },
    {
      what: `the addresses of ${node} to be announced by another node`,
      timeoutMs: options.timeoutMs ?? 10_000,
      everyMs: 10,
    },
  ).catch(error => {
    if (options.giveUp !== true) throw error
  })
  const times = addresses.flatMap(address => {
    const next = announced(address)
    if (next === undefined) return []
    return { address, from: node, to: segment.nodeOf(next.mac) ?? next.mac, ms: next.timeMs - atMs }
  })
  return { node, atMs, times, missing: missing() }
}

/** Of several rounds, in ms. */
export interface Distribution {
  samples: number
  p50: number
  p99: number
  max: number
}

export function distributionOf(samples: readonly number[]): Distribution {
  const sorted = [...samples].sort((one, other) => one - other)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
  return { samples: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** e.g. "48 addresses: p50 312 ms, p99 388 ms, longest 391 ms" */
export function tell(what: string, { samples, p50, p99, max }: Distribution): string {
  return `${what}: ${samples} addresses, p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, longest ${max.toFixed(0)} ms`
}

/** Waits until Kubernetes says that a Service has a condition, and what else it says of it. */
export async function conditionOf(
  lab: TestLab,
  service: string,
  type: string,
): Promise<{ status: string; reason: string; message: string } | undefined> {
  type Service = { status: { conditions?: { type: string; status: string; reason: string; message: string }[] } }
  const found = await lab.get<Service>('service', service)
  return found?.status.conditions?.find(each => each.type === type)
}
