import assert from 'node:assert/strict'
import { ElectedNodes } from '../../../src/controller/elected-nodes.ts'
import { ReportIndex } from '../../../src/controller/report-index.ts'
import { desiredL2Statuses } from '../../../src/controller/service-l2-status.ts'
import { serviceStatusLabels, serviceStatusName } from '../../../src/controller/service-status.ts'
import { type SpeakerObject, viewSpeaker } from '../../../src/resources/speaker-view.ts'
import { service } from '../../support/services.ts'

const speaker = (status?: SpeakerObject['status']) => viewSpeaker({ status })
const announcing = (...addresses: string[]) =>
  speaker({ announcements: addresses.map(address => ({ address, interfaces: ['eth0'] })) })

describe('the index of reports', () => {
  it('says which addresses a report changes, and no others', () => {
    const index = new ReportIndex()
    const changed: [what: string, view: ReturnType<typeof speaker> | undefined, addresses: string[]][] = [
      ['not registered', speaker(), []],
      ['registered', speaker({}), []],
      ['announces', announcing('192.0.2.1', '2001:DB8::1'), ['192.0.2.1', '2001:db8::1']],
      ['the same again', announcing('192.0.2.1', '2001:db8::1'), []],
      ['one goes, one comes', announcing('2001:db8::1', '192.0.2.3'), ['192.0.2.1', '192.0.2.3']],
      [
        'other interfaces',
        speaker({
          announcements: [
            { address: '192.0.2.3', interfaces: ['eth1'] },
            { address: '2001:db8::1', interfaces: ['eth0'] },
          ],
        }),
        ['192.0.2.3'],
      ],
      [
        'a conflict',
        speaker({ conflicts: [{ address: '192.0.2.9', mac: 'm' }] }),
        ['192.0.2.3', '192.0.2.9', '2001:db8::1'],
      ],
      ['expired', speaker({ conflicts: [{ address: '192.0.2.9', mac: 'm' }], expiredAt: 'x' }), ['192.0.2.9']],
      ['back', announcing('192.0.2.9'), ['192.0.2.9']],
      ['gone', undefined, ['192.0.2.9']],
      ['what is no address', announcing('everything', '', '192.0.2.999'), []],
    ]
    for (const [what, view, addresses] of changed) {
      assert.deepEqual([...index.put('a', view)].sort(), addresses, what)
    }
    assert.deepEqual(index.of('192.0.2.9'), { announcing: [], conflicts: [] })
  })

  it('gives what all nodes say of an address, by node', () => {
    const index = new ReportIndex()
    index.put('b', announcing('192.0.2.1'))
    index.put(
      'a',
      speaker({
        announcements: [{ address: '192.0.2.1', interfaces: ['eth1'], since: 's' }],
        conflicts: [{ address: '192.0.2.1', interface: 'eth1', mac: 'm', since: 't' }],
      }),
    )
    assert.deepEqual(index.of('192.0.2.1'), {
      announcing: [
        { node: 'a', interfaces: ['eth1'], since: 's' },
        { node: 'b', interfaces: ['eth0'] },
      ],
      conflicts: [{ node: 'a', interface: 'eth1', mac: 'm', since: 't' }],
    })
  })
})

describe('the elected node, for messages', () => {
  const candidates = new Map([['node-a', 0]])
  const claim = (address: string) => ({ addresses: [{ address, candidates }] })

  it('is looked up when it is asked for, once a second at most', () => {
    let nowMs = 0
    let asked = 0
    const claims = [claim('192.0.2.1')]
    const elected = new ElectedNodes({
      nowMs: () => nowMs,
      claims: () => {
        asked++
        return claims
      },
    })
    assert.equal(asked, 0)
    assert.equal(elected.ownerOf('192.0.2.1'), 'node-a')
    claims.push(claim('192.0.2.2'))
    nowMs = 5_000
    assert.equal(elected.ownerOf('192.0.2.2'), undefined, 'nobody has said that anything changed')
    elected.touch()
    assert.equal(elected.ownerOf('192.0.2.2'), 'node-a')
    elected.touch()
    for (let count = 0; count < 999; count++) elected.ownerOf('192.0.2.2')
    assert.equal(asked, 2)
    nowMs = 6_000
    elected.ownerOf('192.0.2.2')
    assert.equal(asked, 3)
  })

  it('is left open in a cluster so large that it would take long', () => {
    const claims = Array.from({ length: 11 }, (_, index) => claim(`192.0.2.${index}`))
    const init = { nowMs: () => 0, claims: () => claims }
    assert.equal(new ElectedNodes({ ...init, maximumHashes: 11 }).ownerOf('192.0.2.1'), 'node-a')
    assert.equal(new ElectedNodes({ ...init, maximumHashes: 10 }).ownerOf('192.0.2.1'), undefined)
  })
})

describe('ServiceL2Status', () => {
  const shop = (parts: Parameters<typeof service>[1] = {}) =>
    service('shop', { ...parts, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { ip: '2001:DB8::1' }] } } })
  const reports = new ReportIndex()
  reports.put('b', announcing('2001:db8::1'))
  reports.put(
    'a',
    speaker({
      announcements: [
        { address: '192.0.2.1', interfaces: ['eth1', 'eth0'] },
        { address: '2001:db8::1', interfaces: ['eth2', 'eth0'] },
      ],
    }),
  )
  const world = { loadBalancerClass: '', reportsOf: (address: string) => reports.of(address) }

  it('is one for each announcing node, with the interfaces of all addresses', () => {
    const of = { serviceName: 'shop', serviceNamespace: 'default' }
    assert.deepEqual(desiredL2Statuses(shop(), world), [
      { node: 'a', ...of, interfaces: [{ name: 'eth0' }, { name: 'eth1' }, { name: 'eth2' }] },
      { node: 'b', ...of, interfaces: [{ name: 'eth0' }] },
    ])
  })

  it('is none for Services that are of another class, or show no address', () => {
    const other = shop({ spec: { loadBalancerClass: 'example.com/other' } })
    for (const view of [other, shop({ spec: { type: 'ClusterIP' } }), service('shop')]) {
      assert.deepEqual(desiredL2Statuses(view, world), [])
    }
  })

  it('has a name of its own for each Service and node, and labels that the API server takes', () => {
    const status = { node: 'a', serviceName: 'shop', serviceNamespace: 'default', interfaces: [] }
    const others = [{ node: 'b' }, { serviceName: 'web' }, { serviceNamespace: 'x' }]
    const names = [status, ...others.map(other => ({ ...status, ...other }))].map(of => serviceStatusName('l2', of))
    assert.equal(new Set(names).size, 4)
    assert.match(names[0]!, /^l2-[0-9a-f]{16}$/)
    assert.deepEqual(serviceStatusLabels(status), {
      'metallb.io/node': 'a',
      'metallb.io/service-name': 'shop',
      'metallb.io/service-namespace': 'default',
    })
    assert.ok(!('metallb.io/node' in serviceStatusLabels({ ...status, node: 'n'.repeat(64) })))
  })
})
