import assert from 'node:assert/strict'
import {
  addressOf,
  allocatedOf,
  ControllerScene,
  loadBalancer,
  pool,
  untilNextSecond,
} from '../../support/controller-scene.ts'
import { eventually } from '../../support/processes.ts'

describe('controller, against a real API server', () => {
  let scene: ControllerScene

  before(async function () {
    this.timeout(90_000)
    scene = await ControllerScene.begin()
    await scene.startController()
  })

  afterEach(() => scene.clearAllocation())

  after(() => scene?.end())

  it('says NoPool before there is one, and addresses the Service when there is', async () => {
    await scene.apply(loadBalancer('web'))
    const waiting = await scene.pending('web', 'NoPool')
    assert.equal(allocatedOf(waiting)?.status, 'False')
    await scene.apply(pool('first', ['192.0.2.10-192.0.2.12']))
    const web = await scene.addressed('web', '192.0.2.10')
    assert.deepEqual(web.status.loadBalancer.ingress, [{ ip: '192.0.2.10', ipMode: 'VIP' }])
    assert.equal(web.metadata.annotations?.['metallb.io/ip-allocated-from-pool'], 'first')
    assert.equal(allocatedOf(web)?.status, 'True')
    const events = await eventually('the events are written', async () => {
      const items = await scene.events()
      const reasons = items
        .filter(({ involvedObject }) => involvedObject.name === 'web')
        .map(({ type, reason }) => `${type} ${reason}`)
      return reasons.includes('Normal IPAllocated') && reasons
    })
    assert.deepEqual(events.sort(), ['Normal IPAllocated', 'Warning AllocationFailed'])
  })

  it('writes nothing while nothing changes', async () => {
    await scene.apply(pool('p', ['192.0.2.10-192.0.2.12']), loadBalancer('web'))
    const version = (await scene.settled('web', '192.0.2.10')).metadata.resourceVersion
    await scene.apply(pool('other', ['198.51.100.0/28']))
    await eventually('the new pool has its status', async () => {
      const { status } = await scene.read<{ status?: { availableIPv4: number } }>('ipaddresspool', 'other')
      return status?.availableIPv4 === 16
    })
    assert.equal((await scene.service('web')).metadata.resourceVersion, version)
  })

  it('frees the address when the Service goes or changes its type, and the next one gets it', async () => {
    await scene.apply(pool('p', ['192.0.2.10/32']), loadBalancer('first'))
    await scene.addressed('first', '192.0.2.10')
    await scene.apply(loadBalancer('second'))
    const full = await scene.pending('second', 'PoolExhausted')
    assert.match(allocatedOf(full)?.message ?? '', /"p" has no free address/)
    await scene.removeServices('first')
    await scene.addressed('second', '192.0.2.10')
    await scene.apply(loadBalancer('third'))
    await scene.pending('third', 'PoolExhausted')
    await scene.apply(loadBalancer('second', { type: 'ClusterIP' }))
    await scene.addressed('third', '192.0.2.10')
    const second = await eventually('the marks are gone', async () => {
      const service = await scene.service('second')
      return !service.metadata.annotations?.['metallb.io/ip-allocated-from-pool'] && !allocatedOf(service) && service
    })
    assert.equal(second.status.loadBalancer.ingress, undefined)
  })

  it('gives freed addresses to those that wait in the order of their creation', async () => {
    await scene.apply(pool('p', ['192.0.2.10/32']), loadBalancer('holder'))
    await scene.addressed('holder', '192.0.2.10')
    await scene.apply(loadBalancer('z-older'))
    await scene.pending('z-older', 'PoolExhausted')
    await untilNextSecond()
    await scene.apply(loadBalancer('a-younger'))
    await scene.pending('a-younger', 'PoolExhausted')
    await scene.removeServices('holder')
    await scene.addressed('z-older', '192.0.2.10')
    assert.equal(addressOf(await scene.service('a-younger')), undefined)
  })

  it('lets Services of one sharing key have one address, and tells the others why not', async () => {
    const sharing = { 'metallb.io/allow-shared-ip': 'k' }
    await scene.apply(
      pool('p', ['192.0.2.10/32']),
      loadBalancer('web', {}, sharing),
      loadBalancer('dns', { ports: [{ port: 53, protocol: 'UDP' }] }, sharing),
    )
    await scene.addressed('web', '192.0.2.10')
    await scene.addressed('dns', '192.0.2.10')
    await scene.apply(loadBalancer('clash', { loadBalancerIP: '192.0.2.10' }, sharing))
    const clash = await scene.pending('clash', 'AddressInUse')
    assert.match(allocatedOf(clash)?.message ?? '', /both have the same port/)
    await scene.apply(loadBalancer('clash', { loadBalancerIP: '192.0.2.10', ports: [{ port: 81 }] }, sharing))
    await scene.addressed('clash', '192.0.2.10')
  })

  it('says of each request that is nonsense what is wrong with it, and serves the others', async () => {
    const prefixes = ['metallb.io', 'metallb.universe.tf']
    const rows: [name: string, spec: object, annotations: Record<string, string>, reason: string, message: RegExp][] = [
      [
        'ip',
        { loadBalancerIP: '192.0.2.300' },
        {},
        'InvalidRequest',
        /spec\.loadBalancerIP: "192\.0\.2\.300" is not an IP/,
      ],
      ['cidr', { loadBalancerIP: '192.0.2.12/32' }, {}, 'InvalidRequest', /"192\.0\.2\.12\/32" is not an IP/],
      ...prefixes.flatMap((prefix, index): typeof rows => [
        [
          `list-${index}`,
          {},
          { [`${prefix}/loadBalancerIPs`]: '192.0.2.12,' },
          'InvalidRequest',
          /loadBalancerIPs: "" is not an IP/,
        ],
        [
          `word-${index}`,
          {},
          { [`${prefix}/loadBalancerIPs`]: 'any' },
          'InvalidRequest',
          /loadBalancerIPs: "any" is not an IP/,
        ],
        [
          `twice-${index}`,
          {},
          { [`${prefix}/loadBalancerIPs`]: '192.0.2.12,192.0.2.13' },
          'InvalidRequest',
          /two IPv4 addresses/,
        ],
        [`pool-${index}`, {}, { [`${prefix}/address-pool`]: '../p' }, 'UnknownPool', /"\.\.\/p"/],
      ]),
      [
        'both',
        { loadBalancerIP: '192.0.2.12' },
        { 'metallb.io/loadBalancerIPs': '192.0.2.12' },
        'InvalidRequest',
        /are both set/,
      ],
    ]
    await scene.apply(pool('p', ['192.0.2.10-192.0.2.20']), loadBalancer('web'))
    const { resourceVersion } = (await scene.settled('web', '192.0.2.10')).metadata
    await scene.apply(...rows.map(([name, spec, annotations]) => loadBalancer(name, spec, annotations)))
    for (const [name, , , reason, message] of rows) {
      assert.match(allocatedOf(await scene.pending(name, reason))?.message ?? '', message)
    }
    await scene.apply(loadBalancer('more', {}, { 'metallb.io/allow-shared-ip': ' {"no": [sense' }))
    await scene.addressed('more', '192.0.2.11')
    assert.equal((await scene.service('web')).metadata.resourceVersion, resourceVersion)
    await eventually('each has its event', async () => {
      const items = await scene.events()
      return rows.every(([name, , , reason]) =>
        items.some(
          event =>
            event.involvedObject.name === name &&
            event.type === 'Warning' &&
            event.reason === (reason === 'UnknownPool' ? 'AllocationFailed' : 'LoadBalancerFailed'),
        ),
      )
    })
  })

  it('restores a status that was edited by hand', async () => {
    await scene.apply(pool('p', ['192.0.2.10-192.0.2.12']), loadBalancer('web'))
    await scene.addressed('web', '192.0.2.10')
    for (const ingress of [null, [{ ip: '192.0.2.12' }], [{ ip: '203.0.113.1' }], [{ hostname: 'lb.example' }]]) {
      const patch = JSON.stringify({ status: { loadBalancer: { ingress } } })
      const args = ['patch', 'service', 'web', '--subresource=status', '--type=merge', '--patch', patch]
      assert.equal((await scene.api.kubectl(args)).code, 0)
      await scene.addressed('web', '192.0.2.10')
    }
  })

  it('was never refused anything by the roles of the chart', () => assert.deepEqual(scene.refusals(), []))
})
