import assert from 'node:assert/strict'
import type { RouterSessionConfig } from '../../../src/bfd/router-session.ts'
import { BirdBfd, hasBird } from '../../support/bfd/bird.ts'
import { RouterEnd } from '../../support/bfd/router-end.ts'
import { routerSession } from '../../support/bfd/router-session.ts'
import { until } from '../../support/io/until.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'

const timers = (intervalMs: number) => `interval ${intervalMs} ms; idle tx interval 200 ms; multiplier 3;`

describe('BFD with BIRD', function () {
  this.timeout(60_000)
  let own: NetworkNamespace
  let middle: NetworkNamespace
  let router: NetworkNamespace
  let bird: BirdBfd | undefined
  let end: RouterEnd | undefined

  before(function () {
    if (!canMakeNamespaces() || !hasBird()) {
      console.log('skipped: it needs root and the Debian package bird2')
      this.skip()
    }
    // own is next to the router by veth0, and one hop away from it by far0.
    own = new NetworkNamespace('bfd-own')
    middle = new NetworkNamespace('bfd-middle')
    router = new NetworkNamespace('bfd-bird')
    connectByVeth({ namespace: own, interfaceName: 'veth0' }, { namespace: router, interfaceName: 'veth0' })
    connectByVeth({ namespace: own, interfaceName: 'far0' }, { namespace: middle, interfaceName: 'far0' })
    connectByVeth({ namespace: middle, interfaceName: 'far1' }, { namespace: router, interfaceName: 'far1' })
    for (const address of ['192.0.2.1/24', '2001:db8::1/64', 'fe80::1/64']) own.ip(`address add ${address} dev veth0`)
    for (const address of ['192.0.2.254/24', '2001:db8::fe/64', 'fe80::fe/64']) {
      router.ip(`address add ${address} dev veth0`)
    }
    own.ip('address add 198.51.100.1/25 dev far0')
    middle.ip('address add 198.51.100.2/25 dev far0')
    middle.ip('address add 198.51.100.129/25 dev far1')
    router.ip('address add 198.51.100.130/25 dev far1')
    middle.sysctl('net.ipv4.ip_forward', 1)
    own.ip('route add 198.51.100.128/25 via 198.51.100.2')
    router.ip('route add 198.51.100.0/25 via 198.51.100.129')
  })

  afterEach(() => {
    end?.stop()
    bird?.stop()
    end = undefined
    bird = undefined
  })

  after(() => {
    for (const namespace of [own, middle, router]) namespace?.remove()
  })

  async function start(init: { bfd: string; address: string; config?: Partial<RouterSessionConfig> }) {
    bird = new BirdBfd(router, init.bfd)
    await bird.start()
    end = new RouterEnd(own)
    await end.start()
    const session = routerSession(init.address, init.config)
    end.setSessions(session)
    return { bird, end, session }
  }

  async function bothUp(init: Parameters<typeof start>[0]) {
    const both = await start(init)
    await until('up here', () => both.end.isUp('router'), 15_000)
    await both.bird.until(/^Up/)
    return both
  }

  const near = `interface "veth0" { ${timers(100)} };`
  // BIRD sends over several hops with the kernel's TTL of 64, not with 255 as others do.
  const far = `multihop { ${timers(100)} }; neighbor 198.51.100.1 local 198.51.100.130 multihop on;`
  const cases: { name: string; bfd: string; address: string; config?: Partial<RouterSessionConfig> }[] = [
    { name: 'over IPv4', bfd: `${near} neighbor 192.0.2.1 dev "veth0";`, address: '192.0.2.254' },
    { name: 'over IPv6', bfd: `${near} neighbor 2001:db8::1 dev "veth0";`, address: '2001:db8::fe' },
    {
      name: 'between link-local addresses',
      bfd: `${near} neighbor fe80::1 dev "veth0";`,
      address: 'fe80::fe',
      config: { interface: 'veth0' },
    },
    {
      name: 'with a passive BIRD',
      bfd: `interface "veth0" { ${timers(100)} passive on; }; neighbor 192.0.2.1 dev "veth0";`,
      address: '192.0.2.254',
    },
    {
      name: 'passively with an active BIRD',
      bfd: `${near} neighbor 192.0.2.1 dev "veth0";`,
      address: '192.0.2.254',
      config: { passive: true },
    },
    {
      name: 'over a hop, as far as the least TTL allows',
      bfd: far,
      address: '198.51.100.130',
      config: { multihop: true, minimumTtl: 63 },
    },
  ]
  for (const { name, ...init } of cases) it(`comes up ${name}`, () => bothUp(init))

  it('takes nothing from further away than the least TTL allows (RFC 5883 §5)', async () => {
    const { end } = await start({ bfd: far, address: '198.51.100.130', config: { multihop: true, minimumTtl: 64 } })
    const dropped = () => end.driver.counters().routersDropped
    await until('packets', () => (dropped()[0]?.count ?? 0) > 2, 10_000)
    assert.deepEqual(
      dropped().map(({ protocol, reason }) => `${protocol} ${reason}`),
      ['bfd ttlTooLow'],
    )
    assert.deepEqual(end.history, ['router Down'])
  })

  it('keeps single hop and multihop apart', async () => {
    const { end } = await start({ bfd: far, address: '198.51.100.130' })
    const untilMs = performance.now() + 500
    await until('some time', () => performance.now() > untilMs)
    assert.deepEqual(end.history, ['router Down'])
  })

  it('changes intervals by Poll Sequences from either side without going down', async () => {
    const { bird, end, session } = await bothUp(cases[0]!)
    const count = end.told.length
    // Sent is what the slower of both wishes; the detection time is three times what the other end sends.
    end.setSessions({ ...session, transmitIntervalMs: 200, receiveIntervalMs: 150 })
    await bird.until(/^Up 0\.150 0\.600/)
    await bird.configure(`interface "veth0" { ${timers(300)} }; neighbor 192.0.2.1 dev "veth0";`)
    await bird.until(/^Up 0\.300 0\.900/)
    const untilMs = performance.now() + 1_000
    await until('some time', () => performance.now() > untilMs)
    assert.equal(end.told.length, count)
    assert.match(await bird.session(), /^Up/)
  })

  it('notices within the detection time that the way is cut, and comes up again', async function () {
    // The time is the detection time's only where this process gets to run.
    this.retries(2)
    router.ip('link set veth0 up')
    const { end } = await bothUp(cases[0]!)
    router.ip('link set veth0 down')
    const cutMs = performance.now()
    await until('down', () => !end.isUp('router'))
    const { diagnostic, atMs } = end.session('router')!
    assert.equal(diagnostic, 'control detection time expired')
    assert.ok(atMs - cutMs < 450, `after ${atMs - cutMs} ms`)
    router.ip('link set veth0 up')
    router.ip('address replace 192.0.2.254/24 dev veth0')
    await until('up again', () => end.isUp('router'), 15_000)
  })
})
