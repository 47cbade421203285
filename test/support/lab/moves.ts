import type { BadRequest, PageLoopSummary } from './page-loop.ts'
import type { WatchedSegment } from './segment.ts'

// How exactly the client's clock and the sniffer's can be compared.
const BEFORE_MS = 5
/** How late on a busy machine a request may go out that is never answered. */
const AFTER_MS = 500

/**
 * Whether a connection was open while its address went to another node. Such a connection breaks whoever announces: the new node's
 * connection tracking has never seen it, and kube-proxy there picks an endpoint anew, which answers with a reset or not at all. It is
 * told from a packet that nobody took by the handshake, which was complete.
 */
function openAtMove({ address, atMs, tookMs, connected }: BadRequest, segment: WatchedSegment): boolean {
  if (!connected) return false
  const times = segment.sniffer.ownerships(address)
  const untilMs = atMs + Math.min(tookMs, AFTER_MS) + BEFORE_MS
  return times.some(({ fromMs }, i) => i > 0 && fromMs > atMs - BEFORE_MS && fromMs < untilMs)
}

/** The requests that a move need not have cost, each with who owned the address around that time. */
export function lostPages(bad: readonly BadRequest[], segment: WatchedSegment): string[] {
  return bad
    .filter(request => !openAtMove(request, segment))
    .map(({ address, atMs, tookMs, outcome }) => {
      const near = segment.sniffer
        .ownerships(address)
        .filter(({ fromMs, toMs }) => fromMs < atMs + tookMs + 100 && toMs > atMs - 100)
        .map(
          ({ mac, fromMs, toMs }) =>
            `${segment.nodeOf(mac) ?? mac} ${(fromMs - atMs).toFixed(0)}…${(toMs - atMs).toFixed(0)} ms`,
        )
      return `${address} ${outcome} after ${tookMs} ms at ${new Date(atMs).toISOString()}; owners: ${near.join(', ')}`
    })
}

/** e.g. "6,012 requests, none lost, 1 open while its address moved; slowest 12 ms" */
export function tellPages(summary: PageLoopSummary, bad: readonly BadRequest[], segment: WatchedSegment): string {
  const lost = lostPages(bad, segment).length
  const { requests, slowestMs } = summary
  return `${requests} requests, ${lost} lost or slow, ${bad.length - lost} broken because open while its address moved; slowest ${slowestMs} ms`
}
