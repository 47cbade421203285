import assert from 'node:assert/strict'
import type { RouterSessionConfig } from '../../../src/bfd/router-session.ts'
import { parseAddress } from '../../../src/ip/address.ts'
import { Frr, hasFrr } from '../../support/bfd/frr.ts'
import { RouterEnd } from '../../support/bfd/router-end.ts'
import { routerSession } from '../../support/bfd/router-session.ts'
import { until } from '../../support/io/until.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'

const frrAddress = '192.0.2.254'
const ownAddress = '192.0.2.1'

describe("BFD with FRR's bfdd", function () {
  this.timeout(60_000)
  let own: NetworkNamespace
  let router: NetworkNamespace
  let frr: Frr | undefined
  let end: RouterEnd | undefined

  before(function () {
    if (!canMakeNamespaces() || !hasFrr()) {
      console.log('skipped: it needs root and the Debian package frr')
      this.skip()
    }
  })

  beforeEach(() => {
    own = new NetworkNamespace('bfd-own')
    router = new NetworkNamespace('bfd-frr')
    connectByVeth({ namespace: own, interfaceName: 'veth0' }, { namespace: router, interfaceName: 'veth0' })
    for (const address of [`${ownAddress}/24`, '2001:db8::1/64', 'fe80::1/64'])
      own.ip(`address add ${address} dev veth0`)
    for (const address of [`${frrAddress}/24`, '2001:db8::fe/64', 'fe80::fe/64']) {
      router.ip(`address add ${address} dev veth0`)
    }
  })

  afterEach(() => {
    end?.stop()
    frr?.stop()
    own?.remove()
    router?.remove()
    end = undefined
    frr = undefined
  })

  /** Starts both and waits until both say that the session is up, and know each other's intervals. */
  async function bothUp(
    init: { peer?: string; options?: string[]; config?: Partial<RouterSessionConfig>; address?: string } = {},
  ) {
    const { peer = `${ownAddress} interface veth0`, address = frrAddress } = init
    const timers = ['receive-interval 100', 'transmit-interval 100', 'detect-multiplier 3', ...(init.options ?? [])]
    const config = ['bfd', ` peer ${peer}`, ...timers.map(line => `  ${line}`), '  no shutdown', ' !', '!', '']
    frr = new Frr(router, config.join('\n'))
    await frr.start()
    end = new RouterEnd(own)
    await end.start()
    const session = routerSession(address, init.config)
    end.setSessions(session)
    const up = end
    await until('up here', () => up.isUp('router'), 15_000)
    await frr.until('up there', ({ status }) => status === 'up')
    await frr.until('our intervals', peer => peer['remote-transmit-interval'] === session.transmitIntervalMs)
    return { frr, end, session }
  }

  it('comes up on both sides, agrees on intervals, and stays up', async () => {
    const { frr, end } = await bothUp()
    const peer = (await frr.peer())!
    assert.equal(peer['remote-receive-interval'], 100)
    assert.equal(peer['remote-detect-multiplier'], 3)
    const untilMs = performance.now() + 1500
    await until('some time', () => performance.now() > untilMs)
    assert.equal(end.history.filter(told => told === 'router Up').length, 1)
    assert.equal(end.history.at(-1), 'router Up')
    const [counters] = end.driver.counters().routerSessions
    assert.ok(counters!.packetsReceived > 10 && counters!.packetsSent > 10, JSON.stringify(counters))
    assert.deepEqual([counters!.up, counters!.upEvents, counters!.downEvents], [true, 1, 0])
    assert.deepEqual(end.problems, [])
  })

  for (const { name, peer, address, config, options } of [
    { name: 'over IPv6', peer: '2001:db8::1 interface veth0', address: '2001:db8::fe' },
    { name: 'on an interface', config: { interface: 'veth0' } },
    {
      name: 'between link-local addresses',
      peer: 'fe80::1 interface veth0',
      address: 'fe80::fe',
      config: { interface: 'veth0' },
    },
    {
      name: 'over several hops (RFC 5883)',
      peer: `${ownAddress} multihop local-address ${frrAddress}`,
      config: { multihop: true, minimumTtl: 250 },
    },
    {
      name: 'over several hops, from the address asked for',
      peer: `192.0.2.9 multihop local-address ${frrAddress}`,
      config: { multihop: true, localAddress: parseAddress('192.0.2.9')! },
    },
    { name: 'with a passive bfdd', options: ['passive-mode'] },
    { name: 'passively with an active bfdd', config: { passive: true } },
  ] as {
    name: string
    peer?: string
    address?: string
    config?: Partial<RouterSessionConfig>
    options?: string[]
  }[]) {
    it(`comes up ${name}`, async () => {
      own.ip('address add 192.0.2.9/24 dev veth0')
      await bothUp({ peer, address, config, options })
    })
  }

  it('notices within the detection time that bfdd was killed', async function () {
    // The time is the detection time's only where this process gets to run.
    this.retries(2)
    const { frr, end } = await bothUp()
    frr.kill()
    const killedMs = performance.now()
    await until('down', () => !end.isUp('router'))
    const { diagnostic, state, atMs } = end.session('router')!
    assert.deepEqual([state, diagnostic], ['Down', 'control detection time expired'])
    assert.ok(atMs - killedMs > 190 && atMs - killedMs < 450, `after ${atMs - killedMs} ms`)
    assert.equal(end.driver.counters().routerSessions[0]!.downEvents, 1)
  })

  it('tells bfdd when it is wanted no more, and when it ends', async () => {
    const { frr, end, session } = await bothUp()
    end.setSessions()
    const first = await frr.until('down', ({ status }) => status === 'down', 2_000)
    assert.match(first['remote-diagnostic'], /administratively down/)
    end.setSessions(session)
    await frr.until('up', ({ status }) => status === 'up')
    end.stop()
    const second = await frr.until('down', ({ status }) => status === 'down', 2_000)
    assert.match(second.diagnostic, /neighbor signaled session down/)
    assert.match(second['remote-diagnostic'], /administratively down/)
  })

  it('does not take for a failure that the router switches its end off', async () => {
    const { frr, end } = await bothUp()
    await frr.vtysh('configure terminal', 'bfd', `peer ${ownAddress} interface veth0`, 'shutdown')
    await until('told', () => !end.isUp('router'))
    assert.equal(end.session('router')!.state, 'AdminDown')
    const untilMs = performance.now() + 500
    await until('some time', () => performance.now() > untilMs)
    assert.equal(end.session('router')!.state, 'AdminDown', 'nor the silence afterwards')
    await frr.vtysh('configure terminal', 'bfd', `peer ${ownAddress} interface veth0`, 'no shutdown')
    await until('up again', () => end.isUp('router'), 10_000)
  })

  it('changes intervals by Poll Sequences from either side without going down', async () => {
    const { frr, end, session } = await bothUp()
    const count = end.told.length
    end.setSessions({ ...session, transmitIntervalMs: 50, receiveIntervalMs: 200 })
    const ours = await frr.until('our new intervals', peer => peer['remote-transmit-interval'] === 50)
    assert.equal(ours['remote-receive-interval'], 200)
    const change = ['transmit-interval 300', 'receive-interval 60']
    await frr.vtysh('configure terminal', 'bfd', `peer ${ownAddress} interface veth0`, ...change)
    await frr.until('its new intervals', peer => peer['transmit-interval'] === 300)
    const untilMs = performance.now() + 1500
    await until('some time', () => performance.now() > untilMs)
    assert.equal(end.told.length, count)
    assert.equal((await frr.peer())?.status, 'up')
  })
})
