import assert from 'node:assert/strict'
import { formatAddress } from '../../../src/ip/address.ts'
import { Announcer, type AnnouncerAction } from '../../../src/layer2/announcer.ts'
import type { DesiredSet, WantedInterfaces } from '../../../src/layer2/desired.ts'
import type { Link } from '../../../src/layer2/link.ts'
import { address } from '../../support/addresses.ts'

const eth0: Link = { index: 2, name: 'eth0', mac: 0x02005e000001, families: [4] }
const eth1: Link = { index: 3, name: 'eth1', mac: 0x02005e000002, families: [4] }

describe('Announcer', () => {
  let announcer: Announcer

  beforeEach(() => {
    announcer = new Announcer()
  })

  const links = (nowMs: number, ...list: Link[]) => words(announcer.step({ type: 'links', links: list }, nowMs))
  const desire = (nowMs: number, addresses: Record<string, WantedInterfaces>) =>
    words(announcer.step({ type: 'desired', desired: desired(addresses) }, nowMs))
  const timer = (nowMs: number) => words(announcer.step({ type: 'timer' }, nowMs))

  it('answers before it announces, on every interface', () => {
    links(0, eth0, eth1)
    assert.deepEqual(desire(0, { '192.0.2.1': 'all' }), [
      'answer eth0 192.0.2.1',
      'announce eth0 192.0.2.1',
      'answer eth1 192.0.2.1',
      'announce eth1 192.0.2.1',
    ])
  })

  it('does nothing when nothing changed', () => {
    links(0, eth0)
    desire(0, { '192.0.2.1': 'all' })
    assert.deepEqual(desire(1, { '192.0.2.1': ['eth0'] }), [])
    assert.deepEqual(links(2, { ...eth0 }), [])
  })

  it('announces again after 0.2, 1, 3, 10, 30, 60 s, then every 5 minutes', () => {
    links(0, eth0)
    desire(1_000, { '192.0.2.1': 'all' })
    const times: number[] = []
    for (let count = 0; count < 8; count++) {
      const { dueMs } = announcer
      assert.ok(dueMs !== undefined)
      assert.deepEqual(timer(dueMs - 1), [])
      assert.deepEqual(timer(dueMs), ['announce eth0 192.0.2.1'])
      times.push(dueMs - 1_000)
    }
    assert.deepEqual(times, [200, 1_000, 3_000, 10_000, 30_000, 60_000, 360_000, 660_000])
  })

  it('announces once when a timer comes late', () => {
    links(0, eth0)
    desire(0, { '192.0.2.1': 'all' })
    assert.deepEqual(timer(3_600_000), ['announce eth0 192.0.2.1'])
    assert.deepEqual(timer(3_600_000), [])
    assert.equal(announcer.dueMs, 3_600_800)
  })

  it('lets each address follow its own times', () => {
    links(0, eth0)
    desire(0, { '192.0.2.1': 'all' })
    desire(150, { '192.0.2.1': 'all', '192.0.2.2': 'all' })
    assert.equal(announcer.dueMs, 200)
    assert.deepEqual(timer(200), ['announce eth0 192.0.2.1'])
    assert.equal(announcer.dueMs, 350)
    assert.deepEqual(timer(350), ['announce eth0 192.0.2.2'])
  })

  it('withdraws what is no longer desired, and has nothing due then', () => {
    links(0, eth0, eth1)
    desire(0, { '192.0.2.1': 'all', '192.0.2.2': ['eth1'] })
    assert.deepEqual(desire(10, { '192.0.2.1': ['eth1'] }), ['silence eth0 192.0.2.1', 'silence eth1 192.0.2.2'])
    assert.deepEqual(desire(20, {}), ['silence eth1 192.0.2.1'])
    assert.equal(announcer.dueMs, undefined)
    assert.deepEqual([...announcer.announcements()], [])
  })

  it('claims on an interface that appears, and begins its times anew there', () => {
    links(0, eth0)
    desire(0, { '192.0.2.1': 'all', '192.0.2.2': ['eth1'] })
    timer(200)
    assert.deepEqual(links(500, eth0, eth1), [
      'answer eth1 192.0.2.1',
      'announce eth1 192.0.2.1',
      'answer eth1 192.0.2.2',
      'announce eth1 192.0.2.2',
    ])
    assert.deepEqual(timer(700), ['announce eth1 192.0.2.1', 'announce eth1 192.0.2.2'])
  })

  it('forgets an interface that goes, and claims again when it is back', () => {
    links(0, eth0)
    desire(0, { '192.0.2.1': 'all' })
    assert.deepEqual(links(10), ['silence eth0 192.0.2.1'])
    assert.equal(announcer.dueMs, undefined)
    assert.deepEqual(links(20, eth0), ['answer eth0 192.0.2.1', 'announce eth0 192.0.2.1'])
    assert.deepEqual(
      [...announcer.announcements()].map(({ sinceMs }) => sinceMs),
      [20],
    )
  })

  for (const [what, changed] of [
    ['MAC address', { ...eth0, mac: 0x02005e0000aa }],
    ['index', { ...eth0, index: 9 }],
  ] as const) {
    it(`announces anew when the ${what} of an interface changes`, () => {
      links(0, eth0)
      desire(0, { '192.0.2.1': 'all' })
      assert.deepEqual(links(10, changed), [
        'silence eth0 192.0.2.1',
        'answer eth0 192.0.2.1',
        'announce eth0 192.0.2.1',
      ])
      assert.deepEqual(
        [...announcer.announcements()].map(({ link }) => link),
        [changed],
      )
    })
  }

  it('claims only families that the interface can announce', () => {
    links(0, eth0)
    assert.deepEqual(desire(0, { '2001:db8::1': 'all' }), [])
    assert.deepEqual(links(1, eth0, { ...eth1, families: [4, 6] }), [
      'answer eth1 2001:db8::1',
      'announce eth1 2001:db8::1',
    ])
  })
})

function words(actions: readonly AnnouncerAction[]): string[] {
  return actions.map(({ type, link, address }) => `${type} ${link.name} ${formatAddress(address)}`)
}

function desired(addresses: Record<string, WantedInterfaces>): DesiredSet {
  return new Map(
    Object.entries(addresses).map(([key, interfaces]) => [
      key,
      { address: address(key), interfaces, order: ['node-a'] },
    ]),
  )
}
