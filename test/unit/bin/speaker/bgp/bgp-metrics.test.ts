import assert from 'node:assert/strict'
import type { RouterSessionCounters } from '../../../../../src/bfd/router-session.ts'
import { MetricSet } from '../../../../../src/bin/common/metric-set.ts'
import { BgpMetrics } from '../../../../../src/bin/speaker/bgp/bgp-metrics.ts'
import type { BgpPeerCounters } from '../../../../../src/bin/speaker/bgp/session-report.ts'

const counts = (first: number) => ({
  ...{ open: first, update: first + 1, notification: first + 2, keepalive: first + 3, routeRefresh: first + 4 },
})

const rack: BgpPeerCounters = {
  ...{ peer: 'rack', address: '192.0.2.254', established: true, prefixesSent: 3, prefixesWanted: 5 },
  ...{ sent: counts(10), received: counts(20), prefixesReceived: 0, attributeProblems: 7, establishments: 2 },
}

describe('metrics of BGP and BFD', () => {
  const bfd: RouterSessionCounters = {
    ...{ id: 'rack', address: { family: 4, value: 0xc00002fe }, up: true },
    ...{ packetsReceived: 31, packetsSent: 32, upEvents: 33, downEvents: 34 },
  }
  const render = async (metrics: BgpMetrics, set: MetricSet, peers: BgpPeerCounters[], sessions = [bfd]) => {
    metrics.set(peers, sessions)
    const text = await set.render()
    return new Set(text.split('\n').filter(line => /^herald_/.test(line)))
  }

  it('have the names and labels that dashboards of MetalLB ask for', async () => {
    const set = new MetricSet({ prefix: 'herald' })
    const lines = await render(new BgpMetrics({ metrics: set }), set, [rack])
    const labels = '{peer="192.0.2.254",vrf=""}'
    const expected = {
      ...{ bgp_session_up: 1, bgp_announced_prefixes_total: 3, bgp_pending_prefixes_total: 5 },
      ...{ bgp_opens_sent: 10, bgp_opens_received: 20, bgp_notifications_sent: 12, bgp_notifications_received: 22 },
      ...{ bgp_updates_total: 11, bgp_updates_total_received: 21, bgp_keepalives_sent: 13 },
      ...{ bgp_keepalives_received: 23, bgp_route_refresh_sent: 14, bgp_total_sent: 60, bgp_total_received: 110 },
      ...{ bgp_session_establishments_total: 2, bgp_attribute_problems_total: 7 },
      ...{ bfd_session_up: 1, bfd_control_packet_input: 31, bfd_control_packet_output: 32 },
      ...{ bfd_session_up_events: 33, bfd_session_down_events: 34 },
    }
    assert.deepEqual(
      lines,
      new Set(Object.entries(expected).map(([name, value]) => `herald_${name}${labels} ${value}`)),
    )
  })

  it('name a peer that nobody has found yet by its object, and forget one that is gone', async () => {
    const set = new MetricSet({ prefix: 'herald' })
    const metrics = new BgpMetrics({ metrics: set })
    const { address: _, ...unknown } = { ...rack, vrf: 'blue' }
    assert.ok((await render(metrics, set, [unknown])).has('herald_bgp_session_up{peer="rack",vrf="blue"} 1'))
    const lines = await render(metrics, set, [])
    assert.deepEqual(
      [...lines].filter(line => line.startsWith('herald_bgp_')),
      [],
    )
  })
  for (const [established, up] of [
    [[true, true], 1],
    [[true, false], 0],
    [[false, false], 0],
  ] as const) {
    it(`count ${established.filter(Boolean).length} of two sessions with one address as ${up ? 'up' : 'down'}, and what both did together`, async () => {
      const set = new MetricSet({ prefix: 'herald' })
      const peers = established.map((each, i): BgpPeerCounters => ({ ...rack, peer: `rack-${i}`, established: each }))
      const elsewhere: BgpPeerCounters = { ...rack, vrf: 'blue' }
      const sessions = established.map((each, i) => ({ ...bfd, id: `rack-${i}`, up: each }))
      const lines = await render(new BgpMetrics({ metrics: set }), set, [...peers, elsewhere], sessions)
      const values = {
        ...{ bgp_session_up: up, bfd_session_up: up, bgp_opens_sent: 20, bfd_control_packet_input: 62 },
        ...{ bgp_announced_prefixes_total: 6, bgp_pending_prefixes_total: 10 },
      }
      for (const [name, value] of Object.entries(values)) {
        assert.ok(lines.has(`herald_${name}{peer="192.0.2.254",vrf=""} ${value}`), `${name} ${value}`)
      }
      assert.ok(lines.has('herald_bgp_session_up{peer="192.0.2.254",vrf="blue"} 1'))
    })
  }
})
