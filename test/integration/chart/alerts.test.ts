import assert from 'node:assert/strict'
import { template } from '../../support/chart.ts'
import { findPromtool, type Series, testAlerts } from '../../support/promtool.ts'

/** What a healthy cluster shows, for as long as any case lasts. */
const healthy: Series = {
  'herald_controller_leader_bool{pod="controller-a"}': '1x6000',
  'herald_controller_leader_bool{pod="controller-b"}': '0x6000',
  'herald_k8s_client_config_loaded_bool{pod="controller-a"}': '1x6000',
  'herald_k8s_client_config_stale_bool{pod="controller-a"}': '0x6000',
  'herald_controller_waiting_services{pod="controller-a"}': '0x6000',
  'herald_controller_unannounced_services{pod="controller-a",reason="NoEndpoints"}': '3x6000',
  'herald_allocator_ipv4_addresses_total{pod="controller-a",pool="web"}': '100x6000',
  'herald_allocator_ipv4_addresses_in_use_total{pod="controller-a",pool="web"}': '40x6000',
  'herald_allocator_ipv6_addresses_total{pod="controller-a",pool="web"}': '65536x6000',
  'herald_allocator_ipv6_addresses_in_use_total{pod="controller-a",pool="web"}': '40x6000',
  'herald_layer2_conflicts_total{pod="speaker-1"}': '0x6000',
  'herald_layer2_takeovers_total{pod="speaker-1",cause="elected"}': '40x6000',
  'herald_speaker_announced{pod="speaker-1",node="n1",protocol="layer2",service="a/b",ip="192.0.2.1"}': '1x6000',
  'herald_speaker_announced{pod="speaker-1",node="n1",protocol="layer2",service="a/c",ip="192.0.2.2"}': '1x6000',
  'herald_bgp_session_up{pod="speaker-1",peer="192.0.2.254"}': '1x6000',
  'herald_bgp_announced_prefixes_total{pod="speaker-1",peer="192.0.2.254"}': '7x6000',
  'herald_bgp_pending_prefixes_total{pod="speaker-1",peer="192.0.2.254"}': '7x6000',
  'herald_bfd_session_up{pod="speaker-1",peer="192.0.2.254"}': '1x6000',
}
const without = (name: string) => Object.fromEntries(Object.entries(healthy).filter(([key]) => !key.startsWith(name)))
const inUse = 'herald_allocator_ipv4_addresses_in_use_total{pod="controller-a",pool="web"}'
const usage = (percent: number) => `alertname="HeraldAddressPoolUsage${percent}Percent", family="IPv4", pool="web"`
const forecast = 'alertname="HeraldAddressPoolForecast", family="IPv4", pool="web"'

const cases: [what: string, series: Series, atMinutes: number, firing: string[], stepMinutes?: number][] = [
  ['nothing in a healthy cluster with a replica that stands by', healthy, 60, []],
  ['usage at 76 percent', { ...healthy, [inUse]: '76x60' }, 10, [usage(75)]],
  [
    'a pool without a free IPv4 address, however many of IPv6 it has',
    { ...healthy, [inUse]: '100x60' },
    10,
    ['alertname="HeraldAddressPoolExhausted", family="IPv4", pool="web"', usage(75), usage(85), usage(95)],
  ],
  ['a pool that will be full in three days', { ...healthy, [inUse]: '55x60 56x60 57x60 58x60' }, 239, [forecast]],
  ['nothing of a pool that grows by one address a week', { ...healthy, [inUse]: '60x300 61x300' }, 5900, [], 10],
  ['nothing of a pool that grows and is nearly empty', { ...healthy, [inUse]: '1x60 2x60 3x60 5x60' }, 239, []],
  [
    'a refused configuration',
    { ...healthy, 'herald_k8s_client_config_stale_bool{pod="speaker-1"}': '1x60' },
    5,
    ['alertname="HeraldStaleConfig", pod="speaker-1"'],
  ],
  [
    'a process that has read nothing',
    { ...healthy, 'herald_k8s_client_config_loaded_bool{pod="speaker-1"}': '0x60' },
    5,
    ['alertname="HeraldConfigNotLoaded", pod="speaker-1"'],
  ],
  [
    'no controller',
    without('herald_controller_leader_bool{pod="controller-a"}'),
    10,
    ['alertname="HeraldNoController"'],
  ],
  [
    'Services that wait',
    { ...healthy, 'herald_controller_waiting_services{pod="controller-a"}': '2x60' },
    10,
    ['alertname="HeraldServicesWaiting"'],
  ],
  [
    'Services that nobody announces, but not those without endpoints',
    { ...healthy, 'herald_controller_unannounced_services{pod="controller-a",reason="NoEligibleNode"}': '1x60' },
    10,
    ['alertname="HeraldServicesNotAnnounced", reason="NoEligibleNode"'],
  ],
  [
    'a conflict, as soon as it is seen',
    { ...healthy, 'herald_layer2_conflicts_total{pod="speaker-1"}': '0x10 1x60' },
    12,
    ['alertname="HeraldAddressConflict"'],
  ],
  [
    'a conflict that goes on for hours',
    { ...healthy, 'herald_controller_unannounced_services{pod="controller-a",reason="AddressConflict"}': '1x300' },
    240,
    ['alertname="HeraldAddressConflict"', 'alertname="HeraldServicesNotAnnounced", reason="AddressConflict"'],
  ],
  [
    'addresses that move all the time',
    { ...healthy, 'herald_layer2_takeovers_total{pod="speaker-1",cause="failure"}': '0+2x60' },
    40,
    ['alertname="HeraldTakeoverStorm"'],
  ],
  [
    'nothing of a rolling update that moves each address twice',
    { ...healthy, 'herald_layer2_takeovers_total{pod="speaker-1",cause="handover"}': '0 2 4 4x60' },
    10,
    [],
  ],
  [
    'a BGP session that is down',
    { ...healthy, 'herald_bgp_session_up{pod="speaker-1",peer="192.0.2.254"}': '0x60' },
    5,
    ['alertname="HeraldBGPSessionDown", pod="speaker-1"'],
  ],
  [
    'a peer that takes no more routes',
    { ...healthy, 'herald_bgp_pending_prefixes_total{pod="speaker-1",peer="192.0.2.254"}': '9x60' },
    10,
    ['alertname="HeraldBGPRoutesPending", pod="speaker-1"'],
  ],
  [
    'a BFD session that is down',
    { ...healthy, 'herald_bfd_session_up{pod="speaker-1",peer="192.0.2.254"}': '0x60' },
    5,
    ['alertname="HeraldBFDSessionDown", pod="speaker-1"'],
  ],
]

const specOf = async (values: object) =>
  (await template({ prometheus: { prometheusRule: { enabled: true }, ...values } })).find(
    ({ kind }) => kind === 'PrometheusRule',
  )?.spec

describe('alerts', () => {
  let promtool: string
  let spec: unknown
  before(async function () {
    this.timeout(120_000)
    const found = await findPromtool()
    if (!found) {
      console.log('      skipped: no promtool here, and no apt-get to fetch it with (Debian: prometheus)')
      this.skip()
    }
    promtool = found
    spec = await specOf({})
  })

  for (const [what, series, atMinutes, firing, stepMinutes] of cases) {
    it(`tell of ${what}`, async () => {
      const { code, stdout, stderr } = await testAlerts(promtool, spec, { series, stepMinutes, atMinutes, firing })
      assert.equal(code, 0, stdout + stderr)
    })
  }

  it('ask for the metrics under the prefix that they have, and leave out the pools that they are told to', async () => {
    const excludePools = 'test-.*'
    const prometheusRule = { enabled: true, addressPoolExhausted: { excludePools } }
    const text = JSON.stringify(await specOf({ metricsPrefix: 'metallb', prometheusRule }))
    assert.ok(!text.includes('herald_'))
    const renamed = Object.fromEntries(
      Object.entries({ ...healthy, [inUse]: '100x60' }).map(([name, values]) => [
        name.replace('herald_', 'metallb_').replace('pool="web"', 'pool="test-web"'),
        values,
      ]),
    )
    const firing = [75, 85, 95].map(percent => usage(percent).replace('web', 'test-web'))
    const result = await testAlerts(promtool, JSON.parse(text), { series: renamed, atMinutes: 10, firing })
    assert.equal(result.code, 0, result.stdout + result.stderr)
  })
})
