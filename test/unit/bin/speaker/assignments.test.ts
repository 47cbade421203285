import assert from 'node:assert/strict'
import { Assignments } from '../../../../src/bin/speaker/assignments.ts'
import { EMPTY_REPORT } from '../../../../src/bin/speaker/link/link-messages.ts'
import type { WantedInterfaces } from '../../../../src/layer2/desired.ts'
import { type ServiceView, viewService } from '../../../../src/resources/service.ts'
import type { Decision } from '../../../../src/speaker/decide.ts'
import { address } from '../../../support/addresses.ts'
import { MemoryLogger } from '../../../support/kubernetes/driven.ts'

describe('Assignments', () => {
  let services: Map<string, ServiceView>
  let events: string[]
  let assignments: Assignments
  let announced: string[]

  const put = (key: string, ...addresses: string[]) => {
    const [namespace, name] = key.split('/')
    services.set(
      key,
      viewService({
        metadata: { namespace, name, uid: key, resourceVersion: '1' },
        spec: { type: 'LoadBalancer' },
        status: { loadBalancer: { ingress: addresses.map(ip => ({ ip })) } },
      } as Parameters<typeof viewService>[0]),
    )
  }
  const announce = (interfaces: WantedInterfaces, ...addresses: string[]): Decision => ({
    announce: addresses.map(key => ({ key, address: address(key), interfaces })),
  })
  const decide = (key: string, after: Decision, before: Decision = { withhold: 'notOwner' }) =>
    assignments.decided({ key, before, after })
  /** The link thread announces these addresses now, and tells of the difference. */
  const report = (interfaces: string[], ...addresses: string[]) => {
    assignments.reported({
      ...EMPTY_REPORT,
      interfaces: interfaces.map(name => ({ name, mac: 'm', addresses: [] })),
      announced: addresses.map(each => ({ address: each, interfaces, sinceMs: 0 })),
      withdrawn: announced.filter(each => !addresses.includes(each)),
    })
    announced = addresses
  }
  const rows = () => [...assignments.rows()].map(({ service, ip }) => `${service} ${ip}`)

  beforeEach(() => {
    services = new Map()
    events = []
    announced = []
    assignments = new Assignments(
      {
        serviceOf: key => services.get(key),
        servicesOf: ip =>
          [...services].filter(([, { ingress }]) => ingress.some(one => one.ip === ip)).map(([key]) => key),
        events: {
          record: (_resource, { name }, type, reason, note) => events.push(`${name} ${type} ${reason} ${note}`),
        },
        logger: new MemoryLogger(),
      },
      { nodeName: 'node-a' },
    )
    report(['eth0'])
  })

  const assigned = (name: string) => `${name} Normal nodeAssigned announcing from node "node-a" with protocol "layer2"`

  it('tells of a Service once, when it is announced here, not when it is elected', () => {
    put('default/web', '192.0.2.1', '2001:db8::1')
    decide('default/web', announce('all', '192.0.2.1', '2001:db8::1'))
    assert.deepEqual(events, [])
    report(['eth0'], '192.0.2.1')
    assert.deepEqual(events, [assigned('web')])
    report(['eth0'], '192.0.2.1', '2001:db8::1')
    report(['eth0'], '2001:db8::1')
    assert.deepEqual(events, [assigned('web')])
  })

  it('tells of each Service that shares an address, and again when it comes back', () => {
    put('default/web', '192.0.2.1')
    put('default/dns', '192.0.2.1')
    report(['eth0'], '192.0.2.1')
    assert.deepEqual(events, [assigned('web'), assigned('dns')])
    report(['eth0'])
    assert.equal(events.length, 2)
    report(['eth0'], '192.0.2.1')
    assert.equal(events.length, 4)
  })

  it('tells of a Service that comes to share an address that is announced already', () => {
    put('default/web', '192.0.2.1')
    report(['eth0'], '192.0.2.1')
    put('default/dns', '192.0.2.1')
    decide('default/dns', announce('all', '192.0.2.1'))
    assert.deepEqual(events, [assigned('web'), assigned('dns')])
    report(['eth0'], '192.0.2.1')
    assert.equal(events.length, 2)
  })

  it('tells of an announcement without election: the wire decides', () => {
    put('default/web', '192.0.2.1')
    decide('default/web', { withhold: 'notOwner' })
    report(['eth0'], '192.0.2.1')
    assert.deepEqual(events, [assigned('web')])
  })

  it('tells once that no interface is there to announce on, and again after there was one', () => {
    put('default/web', '192.0.2.1')
    decide('default/web', announce(['eth7', 'eth8'], '192.0.2.1'))
    const failed =
      'web Warning announceFailed node "node-a" has none of the interfaces that the L2Advertisement names: eth7, eth8'
    assert.deepEqual(events, [failed])
    report(['eth0', 'eth1'])
    assert.equal(events.length, 1)
    report(['eth0', 'eth8'])
    report(['eth0'])
    assert.deepEqual(events, [failed, failed])
  })

  it('tells that a node has no interface at all', () => {
    put('default/web', '192.0.2.1')
    report([])
    decide('default/web', announce('all', '192.0.2.1'))
    assert.deepEqual(events, ['web Warning announceFailed node "node-a" has no interface to announce on'])
  })

  it('does not complain of interfaces on behalf of a Service that is not elected any more', () => {
    put('default/web', '192.0.2.1')
    const before = announce(['eth0'], '192.0.2.1')
    decide('default/web', before)
    decide('default/web', { withhold: 'notOwner' }, before)
    report([])
    assert.deepEqual(events, [])
  })

  it('lists each Service with each of its announced addresses', () => {
    put('default/web', '192.0.2.1', '2001:db8::1')
    put('default/dns', '192.0.2.1')
    put('default/other', '192.0.2.9')
    assert.deepEqual(rows(), [])
    report(['eth0'], '192.0.2.1', '2001:db8::1')
    assert.deepEqual(rows().sort(), ['default/dns 192.0.2.1', 'default/web 192.0.2.1', 'default/web 2001:db8::1'])
    services.delete('default/dns')
    assert.deepEqual(rows(), ['default/web 192.0.2.1', 'default/web 2001:db8::1'])
  })

  it('forgets a Service that was deleted: one of the same name is another', () => {
    put('default/web', '192.0.2.1')
    report(['eth0'], '192.0.2.1')
    services.delete('default/web')
    decide('default/web', { withhold: 'serviceDeleted' }, announce('all', '192.0.2.1'))
    report(['eth0'])
    put('default/web', '192.0.2.1')
    report(['eth0'], '192.0.2.1')
    assert.equal(events.length, 2)
  })

  it('tells again of a Service that was of another type in between', () => {
    put('default/web', '192.0.2.1')
    report(['eth0'], '192.0.2.1')
    decide('default/web', { withhold: 'notLoadBalancer' }, announce('all', '192.0.2.1'))
    report(['eth0'])
    report(['eth0'], '192.0.2.1')
    assert.equal(events.length, 2)
  })

  it('goes by the difference: what a report does not speak of is announced on', () => {
    put('default/web', '192.0.2.1')
    put('default/dns', '192.0.2.2')
    report(['eth0'], '192.0.2.1', '192.0.2.2')
    assignments.reported({
      ...EMPTY_REPORT,
      interfaces: [{ name: 'eth0', mac: 'm', addresses: [] }],
      withdrawn: ['192.0.2.2'],
    })
    assert.deepEqual(rows(), ['default/web 192.0.2.1'])
  })
})
