import assert from 'node:assert/strict'
import fc from 'fast-check'
import sinon from 'sinon'
import { AdjRibOut, type ExportSession } from '../../../../src/bgp/rib/adj-rib-out.ts'
import { GRACEFUL_SHUTDOWN } from '../../../../src/bgp/rib/graceful-shutdown.ts'
import type { RouteAttributes } from '../../../../src/bgp/route.ts'
import { Routes } from '../../../../src/bgp/routes.ts'
import { formatPrefix } from '../../../../src/ip/prefix.ts'
import { BgpHearer } from '../../../support/bgp/hearer.ts'
import { address, exportSession, hostRoutes, PLAIN, route, routesOf } from '../../../support/bgp/routes.ts'

describe('AdjRibOut', () => {
  let rib: AdjRibOut
  let peer: BgpHearer

  const connect = (session: ExportSession): void => {
    rib = new AdjRibOut(session)
    peer = new BgpHearer(session.negotiated)
  }
  const drain = (): string[] => {
    for (let bytes = rib.next(); bytes; bytes = rib.next()) peer.hear(bytes)
    assert.equal(rib.pending, false)
    assert.equal(rib.sent, peer.routes.size)
    return peer.log.splice(0)
  }
  const ipv4 = (negotiated: Partial<ExportSession['negotiated']> = {}) =>
    exportSession({ families: [4], ...negotiated })

  it('ends the first pass of each family with a marker, also when there is nothing to tell', () => {
    connect(exportSession())
    rib.setRoutes(Routes.none)
    assert.equal(rib.pending, true)
    assert.deepEqual(drain(), ['end 1', 'end 2'])
  })

  it('says nothing before it knows what is wanted', () => {
    connect(exportSession())
    assert.equal(rib.pending, false)
    assert.equal(rib.next(), undefined)
    rib.setRoutes(routesOf([route('192.0.2.7/32'), route('2001:db8::7/128')]))
    assert.deepEqual(drain(), ['+1', 'end 1', '+1', 'end 2'])
  })

  it('tells the difference, withdrawals first', () => {
    connect(exportSession())
    const other = { ...PLAIN, communities: [7] }
    rib.setRoutes(routesOf([route('192.0.2.1/32'), route('192.0.2.2/32'), route('2001:db8::1/128')]))
    drain()
    rib.setRoutes(routesOf([route('192.0.2.1/32'), route('192.0.2.3/32', other)]))
    assert.deepEqual(drain(), ['-1', '-1', '+1'])
    assert.deepEqual([...peer.routes.keys()].sort(), ['192.0.2.1/32', '192.0.2.3/32'])
    rib.setRoutes(routesOf([route('192.0.2.1/32', other), route('192.0.2.3/32', { ...other })]))
    assert.deepEqual(drain(), ['+1'])
    assert.deepEqual(peer.routes.get('192.0.2.1/32')?.communities, [7])
  })

  it('tells what changed while the peer did not read once, as it is in the end', () => {
    connect(ipv4())
    const [one, two] = [route('192.0.2.1/32'), route('192.0.2.2/32')]
    rib.setRoutes(routesOf([one]))
    drain()
    rib.setRoutes(routesOf([one, two]))
    rib.setRoutes(routesOf([one]))
    assert.equal(rib.pending, false)
    rib.setRoutes(Routes.none)
    rib.setRoutes(routesOf([one]))
    assert.equal(rib.pending, false)
    for (const community of [1, 2, 3]) {
      rib.setRoutes(routesOf([route('192.0.2.1/32', { ...PLAIN, communities: [community] })]))
    }
    assert.deepEqual(drain(), ['+1'])
    assert.deepEqual(peer.routes.get('192.0.2.1/32')?.communities, [3])
  })

  it('packs what has the same attributes', () => {
    const sets: RouteAttributes[] = Array.from({ length: 5 }, (_, index) => ({ ...PLAIN, communities: [index] }))
    // A message of 4096 octets has 23 of its own, and 24 of attributes: ORIGIN, AS_PATH, NEXT_HOP and COMMUNITIES take 4 + 9 + 7 + 7.
    const perMessage = Math.floor((4096 - 23 - 27) / 5)
    const rows = [
      { what: 'one set', attributes: () => sets[0]!, least: Math.ceil(10_000 / perMessage) },
      { what: 'five sets', attributes: (index: number) => sets[index % 5]!, least: 5 * Math.ceil(2_000 / perMessage) },
    ]
    for (const { what, attributes, least } of rows) {
      connect(ipv4())
      rib.setRoutes(routesOf(hostRoutes(10_000, attributes)))
      const log = drain()
      assert.equal(log.pop(), 'end 1')
      assert.equal(log.length, least, what)
      rib.setRoutes(Routes.none)
      assert.equal(drain().length, Math.ceil(10_000 / Math.floor((4096 - 23) / 5)), what)
    }
  })

  it('packs IPv6 as well', () => {
    connect(exportSession({ families: [6] }))
    const list = Array.from({ length: 2_000 }, (_, index) => route(`2001:db8::${(index + 1).toString(16)}/128`))
    rib.setRoutes(routesOf(list))
    const log = drain()
    // 4096 - 23 for the message, 13 for ORIGIN and AS_PATH, 41 for MP_REACH_NLRI with two next hops.
    assert.equal(log.length - 1, Math.ceil(2_000 / Math.floor((4096 - 23 - 13 - 41) / 17)))
    rib.setRoutes(Routes.none)
    assert.equal(drain().length, Math.ceil(2_000 / Math.floor((4096 - 23 - 7) / 17)))
  })

  it('makes no message before it is asked for one', () => {
    connect(ipv4())
    const list = hostRoutes(2_000)
    rib.setRoutes(routesOf(list))
    peer.hear(rib.next()!)
    const told = peer.routes.size
    assert.ok(told > 700 && told < 900)
    assert.equal(rib.sent, told)
    // What is not told yet costs nothing when it goes.
    rib.setRoutes(routesOf(list.filter(({ prefix }) => peer.routes.has(formatPrefix(prefix)))))
    assert.deepEqual(drain(), [`+${told}`, 'end 1'])
  })

  it('makes the first message of a full table before it has looked at all of it', () => {
    connect(ipv4())
    const routes = routesOf(hostRoutes(10_000))
    let looked = 0
    sinon.stub(routes, 'differencesFrom').callsFake(function* () {
      for (const [key, after] of routes) {
        looked++
        yield { key, before: undefined, after }
      }
    })
    rib.setRoutes(routes)
    assert.equal(looked, 0)
    peer.hear(rib.next()!)
    assert.ok(looked < 1_100, `${looked}`)
    // A full message, as all but the last.
    assert.equal(peer.routes.size, Math.floor((4096 - 23 - 20) / 5))
    rib.setGracefulShutdown(true)
    drain()
    assert.equal(peer.routes.size, 10_000)
    assert.ok([...peer.routes.values()].every(({ communities }) => communities?.includes(GRACEFUL_SHUTDOWN)))
  })

  it('fills a longer message where the session allows it', () => {
    connect(ipv4({ extendedMessage: true }))
    rib.setRoutes(routesOf(hostRoutes(10_000)))
    assert.deepEqual(drain(), ['+10000', 'end 1'])
  })

  it('leaves out what the session does not carry', () => {
    const list = [route('192.0.2.7/32'), route('2001:db8::7/128')]
    const rows: { what: string; session: ExportSession; log: string[] }[] = [
      { what: 'IPv4 alone', session: exportSession({ families: [4] }), log: ['+1', 'end 1'] },
      { what: 'IPv6 alone', session: exportSession({ families: [6] }), log: ['+1', 'end 2'] },
      {
        what: 'no IPv6 next hop',
        session: exportSession({}, { 4: { global: address('192.0.2.1') } }),
        log: ['+1', 'end 1', 'end 2'],
      },
      {
        what: 'an IPv6 next hop for IPv4, not agreed upon',
        session: exportSession({}, { 4: { global: address('2001:db8::1') } }),
        log: ['end 1', 'end 2'],
      },
      {
        what: 'an IPv6 next hop for IPv4',
        session: exportSession({ extendedNextHop: true }, { 4: { linkLocal: address('fe80::1') } }),
        log: ['+1', 'end 1', 'end 2'],
      },
    ]
    for (const { what, session, log } of rows) {
      connect(session)
      rib.setRoutes(routesOf(list))
      assert.deepEqual(drain(), log, what)
    }
  })

  it('withholds a route whose attributes fit no message, and withdraws it when they come to', () => {
    connect(ipv4())
    const many = { ...PLAIN, communities: Array.from({ length: 1_020 }, (_, index) => index) }
    rib.setRoutes(routesOf([route('192.0.2.1/32', many)]))
    assert.deepEqual(drain(), ['end 1'])
    rib.setRoutes(routesOf([route('192.0.2.1/32')]))
    assert.deepEqual(drain(), ['+1'])
    rib.setRoutes(routesOf([route('192.0.2.1/32', many)]))
    assert.deepEqual(drain(), ['-1'])
  })

  describe('asked for a refresh', () => {
    const list = [route('192.0.2.1/32'), route('192.0.2.2/32'), route('2001:db8::1/128')]

    it('tells a family again', () => {
      connect(exportSession())
      rib.setRoutes(routesOf(list))
      drain()
      rib.refresh(4)
      assert.deepEqual(drain(), ['+2'])
      rib.refresh(6)
      rib.refresh(6)
      assert.deepEqual(drain(), ['+1'])
    })

    it('marks beginning and end where the peer understands it', () => {
      connect(exportSession({ enhancedRouteRefresh: true }))
      rib.setRoutes(routesOf(list))
      drain()
      rib.refresh(4)
      assert.deepEqual(drain(), ['refresh 1 begin', '+2', 'refresh 1 end'])
      rib.setRoutes(Routes.none)
      drain()
      rib.refresh(6)
      assert.deepEqual(drain(), ['refresh 2 begin', 'refresh 2 end'])
    })

    it('has nothing to say when there is nothing to tell', () => {
      connect(exportSession())
      rib.setRoutes(Routes.none)
      drain()
      rib.refresh(4)
      rib.refresh(4)
      assert.equal(rib.pending, false)
      assert.deepEqual(drain(), [])
    })

    it('begins when the first pass is over, and once more when asked meanwhile, however often', () => {
      connect(ipv4({ enhancedRouteRefresh: true }))
      rib.setRoutes(routesOf(list))
      rib.refresh(4)
      // RFC 7313 §4: no marker before the End-of-RIB.
      assert.deepEqual(drain(), ['+2', 'end 1', 'refresh 1 begin', '+2', 'refresh 1 end'])
      rib.refresh(4)
      peer.hear(rib.next()!)
      rib.refresh(4)
      rib.refresh(4)
      assert.deepEqual(drain(), ['refresh 1 begin', '+2', 'refresh 1 end', 'refresh 1 begin', '+2', 'refresh 1 end'])
    })

    it('withdraws what goes before it was told again', () => {
      connect(ipv4())
      rib.setRoutes(routesOf(list))
      drain()
      rib.refresh(4)
      rib.setRoutes(routesOf([list[0]!]))
      assert.deepEqual(drain(), ['-1', '+1'])
    })
  })

  it('marks all routes of a session that is about to end, and takes the mark back', () => {
    connect(ipv4({ internal: true }))
    rib.setRoutes(routesOf([route('192.0.2.1/32', { ...PLAIN, communities: [5], localPreference: 200 })]))
    drain()
    const told = () => {
      const { communities, localPreference } = peer.routes.get('192.0.2.1/32')!
      return { communities, localPreference }
    }
    rib.setGracefulShutdown(true)
    assert.deepEqual(drain(), ['+1'])
    assert.deepEqual(told(), { communities: [5, 0xffff0000], localPreference: 0 })
    rib.setGracefulShutdown(true)
    assert.deepEqual(drain(), [])
    rib.setGracefulShutdown(false)
    assert.deepEqual(drain(), ['+1'])
    assert.deepEqual(told(), { communities: [5], localPreference: 200 })
  })

  it('tells everything again with another next hop, and withdraws it without one', () => {
    connect(exportSession({}, { 4: { global: address('192.0.2.1') } }))
    rib.setRoutes(routesOf([route('198.51.100.1/32'), route('2001:db8::7/128')]))
    drain()
    rib.setNextHops({ 4: { global: address('192.0.2.2') }, 6: { global: address('2001:db8::2') } })
    assert.deepEqual(drain(), ['+1', '+1'])
    assert.deepEqual(peer.routes.get('198.51.100.1/32')?.nextHop, address('192.0.2.2'))
    rib.setNextHops({ 6: { global: address('2001:db8::2') } })
    assert.deepEqual(drain(), ['-1'])
  })

  it('has told what was wanted in the end, whatever happened before', () => {
    const sets: RouteAttributes[] = [PLAIN, { ...PLAIN, communities: [1] }, { ...PLAIN, localPreference: 7, weight: 3 }]
    const prefixes = ['192.0.2.0/24', '2001:db8::/64', ...Array.from({ length: 20 }, (_, i) => `192.0.2.${i}/32`)]
    const step = fc.oneof(
      fc.record({
        type: fc.constant('routes' as const),
        changes: fc.array(fc.tuple(fc.constantFrom(...prefixes), fc.option(fc.constantFrom(...sets))), {
          maxLength: 8,
        }),
      }),
      fc.record({ type: fc.constant('send' as const), messages: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ type: fc.constant('refresh' as const), family: fc.constantFrom(4 as const, 6 as const) }),
      fc.record({ type: fc.constant('shutdown' as const), on: fc.boolean() }),
      fc.record({ type: fc.constant('nextHops' as const), ipv4: fc.boolean(), ipv6: fc.boolean() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.boolean(), fc.boolean(), (steps, internal, enhanced) => {
        const session = exportSession({ internal, enhancedRouteRefresh: enhanced })
        connect(session)
        let routes = Routes.none
        let gracefulShutdown = false
        let { nextHops } = session
        for (const step of [...steps, { type: 'routes' as const, changes: [] }]) {
          if (step.type === 'routes') {
            routes = routes.with(step.changes.map(([text, set]) => [text, set ? route(text, set) : undefined]))
            rib.setRoutes(routes)
          } else if (step.type === 'send') {
            for (let left = step.messages; left > 0; left--) {
              const { pending } = rib
              const bytes = rib.next()
              assert.equal(bytes !== undefined, pending)
              if (bytes) peer.hear(bytes)
              assert.equal(rib.sent, peer.routes.size)
            }
          } else if (step.type === 'refresh') rib.refresh(step.family)
          else if (step.type === 'shutdown') {
            gracefulShutdown = step.on
            rib.setGracefulShutdown(step.on)
          } else {
            nextHops = {
              ...(step.ipv4 && { 4: { global: address('192.0.2.9') } }),
              ...(step.ipv6 && { 6: { global: address('2001:db8::9') } }),
            }
            rib.setNextHops(nextHops)
          }
        }
        drain()
        // One that is told all this from the start hears the same.
        const heard = peer.routes
        connect({ ...session, nextHops })
        rib.setGracefulShutdown(gracefulShutdown)
        rib.setRoutes(routes)
        drain()
        assert.deepEqual(heard, peer.routes)
        const announceable = [...routes].filter(([, { prefix }]) => nextHops[prefix.address.family])
        assert.deepEqual([...heard.keys()].sort(), announceable.map(([key]) => key).sort())
      }),
      { numRuns: 500 },
    )
  })
})
