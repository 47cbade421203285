import assert from 'node:assert/strict'
import type { RouterSession, UnnumberedNeighbour } from '../../../src/bin/speaker/link/link-messages.ts'
import { LinkWorker } from '../../../src/bin/speaker/link/link-worker.ts'
import { SystemClock } from '../../../src/io/clock.ts'
import { address } from '../../support/addresses.ts'
import { BirdBfd, hasBird } from '../../support/bfd/bird.ts'
import { RouterEnd } from '../../support/bfd/router-end.ts'
import { routerSession } from '../../support/bfd/router-session.ts'
import { until } from '../../support/io/until.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'

const addresses = { own: ['192.0.2.1/24', 'fe80::1/64'], router: ['192.0.2.254/24', 'fe80::fe/64'] }

describe('the link thread, for BGP', function () {
  this.timeout(60_000)
  let own: NetworkNamespace
  let router: NetworkNamespace
  let worker: LinkWorker
  let sessions: readonly RouterSession[] = []
  let neighbours: readonly UnnumberedNeighbour[] = []
  const problems: string[] = []
  const cleanUp: (() => void)[] = []

  before(function () {
    if (canMakeNamespaces() && hasBird()) return
    console.log('skipped: it needs root and the Debian package bird2')
    this.skip()
  })

  beforeEach(async () => {
    own = new NetworkNamespace('link-own')
    router = new NetworkNamespace('link-router')
    for (const name of ['veth0', 'veth1']) {
      connectByVeth({ namespace: own, interfaceName: name }, { namespace: router, interfaceName: name })
    }
    for (const each of addresses.own) own.ip(`address add ${each} dev veth0`)
    for (const each of addresses.router) router.ip(`address add ${each} dev veth0`)
    own.ip('address add 198.51.100.1/24 dev veth1')
    router.ip('address add 198.51.100.254/24 dev veth1')
    sessions = []
    neighbours = []
    problems.length = 0
    worker = new LinkWorker(
      { clock: new SystemClock() },
      {
        url: new URL('../../../src/bin/link-thread.ts', import.meta.url),
        node: 'node-a',
        excludedInterfaces: ['.*'],
        liveness: { port: 7946, intervalMs: 100, multiplier: 3 },
        timings: {},
        onReport: () => {},
        onTakeovers: () => {},
        onStall: () => {},
        onProblem: ({ message }) => problems.push(message),
        onDied: error => problems.push(error.message),
        onRouterSessions: list => {
          sessions = list
        },
        onNeighbours: list => {
          neighbours = list
        },
      },
    )
    await own.enter(() => worker.start())
  })

  afterEach(async () => {
    await worker.stop()
    for (const each of cleanUp.splice(0)) each()
    own.remove()
    router.remove()
  })

  async function startBird(bfd: string): Promise<BirdBfd> {
    const bird = new BirdBfd(router, bfd)
    cleanUp.push(() => bird.stop())
    await bird.start()
    return bird
  }

  async function startEnd(): Promise<RouterEnd> {
    const end = new RouterEnd(router)
    cleanUp.push(() => end.stop())
    await end.start()
    return end
  }

  const isUp = () => sessions.length > 0 && sessions.every(({ state }) => state === 'Up')

  it('keeps 50 ms × 3 while the main thread is busy', async function () {
    // On a machine that is busy with other things BIRD itself may not get to run for 150 ms.
    this.retries(2)
    const bird = await startBird(
      'interface "veth0" { interval 50 ms; idle tx interval 200 ms; multiplier 3; }; neighbor 192.0.2.1 dev "veth0";',
    )
    worker.setRouterSessions([routerSession('192.0.2.254', { transmitIntervalMs: 50, receiveIntervalMs: 50 })])
    await until('up', isUp, 15_000)
    await bird.until(/^Up 0\.050 0\.150/)
    const [{ sinceMs }] = sessions as [RouterSession]
    for (let round = 0; round < 3; round++) {
      const busyUntilMs = performance.now() + 700
      while (performance.now() < busyUntilMs) JSON.stringify({ busy: Math.random() })
      await until('a turn', () => true)
    }
    assert.match(await bird.session(), /^Up/)
    const [counters] = (await worker.counters())!.routerSessions
    assert.deepEqual([counters!.upEvents, counters!.downEvents, counters!.up], [1, 0, true])
    assert.ok(counters!.packetsSent > 40 && counters!.packetsReceived > 40, JSON.stringify(counters))
    assert.equal(sessions[0]!.sinceMs, sinceMs)
    assert.ok(Math.abs(sinceMs - Date.now()) < 30_000, 'the wall clock')
  })

  it('comes up at 10 ms × 3', async () => {
    const bird = await startBird(
      'interface "veth0" { interval 10 ms; idle tx interval 200 ms; multiplier 3; }; neighbor 192.0.2.1 dev "veth0";',
    )
    worker.setRouterSessions([routerSession('192.0.2.254', { transmitIntervalMs: 10, receiveIntervalMs: 10 })])
    await until('up', isUp, 15_000)
    await bird.until(/^Up 0\.010 0\.030/)
  })

  it('tells the router that it stops', async () => {
    const end = await startEnd()
    end.setSessions(routerSession('192.0.2.1'))
    worker.setRouterSessions([routerSession('192.0.2.254')])
    await until('up', () => isUp() && end.isUp('router'), 15_000)
    await worker.stop()
    await until('told', () => !end.isUp('router'))
    assert.equal(end.session('router')!.state, 'AdminDown')
  })

  it('keeps sessions inside and outside of a VRF apart, on one port', async () => {
    // Not every kernel has VRFs; for sockets, any device that they are bound to is the same.
    const end = await startEnd()
    end.setSessions(routerSession('192.0.2.1', { id: 'outside' }), routerSession('198.51.100.1', { id: 'inside' }))
    worker.setRouterSessions([
      routerSession('192.0.2.254', { id: 'outside' }),
      routerSession('198.51.100.254', { id: 'inside', vrf: 'veth1' }),
    ])
    await until('both up', () => isUp() && end.isUp('outside') && end.isUp('inside'), 15_000)
    assert.deepEqual(problems, [])
    const dropped = (await worker.counters())!.routersDropped
    assert.deepEqual(dropped, [])
  })

  it('finds the routers of unnumbered peers on interfaces that layer 2 leaves alone', async () => {
    const end = await startEnd()
    end.driver.setUnnumbered(['veth0'])
    worker.setUnnumbered(['veth0'])
    await until('each other', () => neighbours.length === 1 && end.neighbours.length === 1, 15_000)
    assert.deepEqual(neighbours, [
      {
        interface: 'veth0',
        interfaceIndex: own.interfaceIndex('veth0'),
        address: address('fe80::fe'),
      },
    ])
  })
})
