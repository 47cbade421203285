import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BgpLab, bfdProfile, bgpLab, routerPeers, sessionsUp } from '../../support/lab/bgp-lab.ts'
import { waitFor } from '../../support/lab/lab.ts'
import { loadBalancer } from '../../support/lab/manifests.ts'
import { PageLoop } from '../../support/lab/page-loop.ts'

/** The bound for a router that watches its nodes by BFD. */
const BFD_BOUND_MS = 500

describe('BGP: nodes and routers that die', function () {
  this.timeout(180_000)
  let bgp: BgpLab
  const fast = bfdProfile('fast', { receiveInterval: 100, transmitInterval: 100, detectMultiplier: 3 })
  const fastHold = { holdTime: '3s', keepaliveTime: '1s' }

  before(async function () {
    this.timeout(3_600_000)
    bgp = await bgpLab()
  })

  afterEach(async () => {
    const { lab, nodes } = bgp
    for (const node of nodes) await lab.setCable(node, 'eth0', 'up')
    await lab.apply(...routerPeers())
    await lab.remove(fast)
    await lab.kubectl(['delete', 'services', '--selector=made=by-test', '--wait=true'])
  })

  /** Has the router watch, or not watch, all nodes by BFD at 100 ms × 3. */
  async function watchNodes(on: boolean): Promise<void> {
    const { router, lab } = bgp
    if (on) {
      const profile = ['transmit-interval 100', 'receive-interval 100', 'detect-multiplier 3']
      await router.configure('bfdd', 'bfd', 'profile fast', ...profile)
    }
    const addresses = lab.lab.topology.nodes.map(({ addresses: [ipv4] }) => ipv4)
    const neighbours = addresses.map(each => `${on ? '' : 'no '}neighbor ${each} bfd${on ? ' profile fast' : ''}`)
    await router.configure('bgpd', 'router bgp 64512', ...neighbours)
  }

  /**
   * Pulls the cable of the node that has no web server, while a client behind the router fetches pages all the time.
   *
   * @returns how long after it the last request began that was not served, in ms
   */
  async function brokenMs(address: string, node: string, { observeMs }: { observeMs: number }): Promise<number> {
    const { lab } = bgp
    const loop = await PageLoop.start({ namespace: lab.outside.namespace, addresses: [address], timeoutMs: 900 })
    let atMs: number
    let requests: number
    try {
      await sleep(500)
      atMs = Date.now()
      await lab.setCable(node, 'eth0', 'down')
      await sleep(observeMs)
    } finally {
      requests = (await loop.stop()).requests
    }
    assert.ok(requests > observeMs / 50, `${requests} requests`)
    const bad = loop.bad.filter(request => request.atMs > atMs - 50)
    assert.ok(loop.bad.length === bad.length, 'nothing was lost before')
    return Math.max(0, ...bad.map(request => request.atMs - atMs))
  }

  /** Web servers on two nodes alone: what the third one's death takes away is a way, not an endpoint. */
  async function serviceWithoutEndpointOn(node: string): Promise<string> {
    const { lab, router, nodes } = bgp
    await lab.kubectl(['cordon', node])
    await lab.kubectl(['delete', 'pods', '--selector=app=web', `--field-selector=spec.nodeName=${node}`, '--wait=true'])
    await lab.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s'])
    await lab.kubectl(['uncordon', node])
    await lab.apply(loadBalancer('resilient'))
    const address = await lab.addressOf('resilient')
    await router.pathsBy(`${address}/32`, nodes)
    await waitFor(async () => (await lab.outside.fetch(`http://${address}/`, { timeoutMs: 500 })).ok, {
      what: 'the page to come through the router',
      timeoutMs: 15_000,
    })
    return address
  }

  it('are noticed by BFD at 100 ms × 3: traffic through the router is whole again within 500 ms', async () => {
    const { lab, router, nodes } = bgp
    await lab.apply(fast, ...routerPeers({ bfdProfile: 'fast' }))
    await watchNodes(true)
    try {
      await sessionsUp(router, nodes)
      const dead = nodes[2]!
      const address = await serviceWithoutEndpointOn(dead)
      await waitFor(
        async () => {
          const peers = JSON.parse(await router.vtysh('bfdd', 'show bfd peers json')) as {
            status: string
            peer: string
          }[]
          return peers.filter(({ status, peer }) => status === 'up' && !peer.includes(':')).length === nodes.length
        },
        { what: 'the router to have a BFD session with each node', timeoutMs: 20_000 },
      )
      const ms = await brokenMs(address, dead, { observeMs: 3_000 })
      console.log(`      the last request that was not served began ${ms} ms after the cable was pulled`)
      assert.ok(ms > 0, 'some requests went to the dead node')
      assert.ok(ms < BFD_BOUND_MS, `requests were lost for ${ms} ms`)
      await router.pathsBy(`${address}/32`, nodes.slice(0, 2))
    } finally {
      await watchNodes(false)
    }
  })

  it('are noticed without BFD when the hold time has passed', async () => {
    const { lab, router, nodes } = bgp
    await lab.apply(...routerPeers(fastHold))
    await waitFor(
      async () => (await router.vtysh('bgpd', 'show bgp neighbors json')).includes('"bgpTimerHoldTimeMsecs":3000'),
      { what: 'the hold time of 3 s to be agreed upon', timeoutMs: 20_000 },
    )
    await sessionsUp(router, nodes)
    const dead = nodes[2]!
    const address = await serviceWithoutEndpointOn(dead)
    const ms = await brokenMs(address, dead, { observeMs: 6_000 })
    console.log(`      the last request that was not served began ${ms} ms after the cable was pulled`)
    assert.ok(ms > 500 && ms < 4_500, `requests were lost for ${ms} ms, the hold time is 3 s`)
  })

  it('are noticed when a router does not run any more although its kernel answers', async () => {
    const { lab, nodes } = bgp
    await lab.apply(...routerPeers(fastHold))
    await sessionsUp(bgp.router, nodes)
    type Session = { status?: { state: string; lastError?: string } }
    const states = async () =>
      (await lab.list<Session>('bgpsessionstatuses', { namespace: 'herald-system' })).map(({ status }) => status)
    await waitFor(async () => (await states()).filter(status => status?.state === 'Established').length === 6, {
      what: 'all sessions to be told as Established',
      timeoutMs: 15_000,
    })
    lab.signalDaemon('bgpd', 'SIGSTOP')
    try {
      const told = await waitFor(
        async () => {
          const all = await states()
          return all.every(status => status?.state !== 'Established') && all
        },
        { what: 'all sessions to be told as lost', timeoutMs: 15_000 },
      )
      assert.ok(
        told.every(status => /nothing was heard from the peer/.test(status?.lastError ?? '')),
        `the last errors: ${told.map(status => status?.lastError)}`,
      )
    } finally {
      lab.signalDaemon('bgpd', 'SIGCONT')
    }
    await sessionsUp(bgp.router, nodes, 60_000)
  })
})
