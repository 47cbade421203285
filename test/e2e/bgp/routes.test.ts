import assert from 'node:assert/strict'
import { heraldNamespace } from '../../../lab/herald.ts'
import type { Condition } from '../../../src/resources/service.ts'
import { type BgpLab, bgpAdvertisement, bgpLab, bgpPeer } from '../../support/lab/bgp-lab.ts'
import { waitFor } from '../../support/lab/lab.ts'
import { type LoadBalancerService, loadBalancer } from '../../support/lab/manifests.ts'

const [permitted, refused] = ['203.0.113.201', '203.0.113.202']

/** A prefix that holds one address. */
const hostRoute = (address: string) => `${address}/${address.includes(':') ? 128 : 32}`
const urlOf = (address: string) => `http://${address.includes(':') ? `[${address}]` : address}/`

describe('BGP, on a real cluster with a real router', function () {
  this.timeout(120_000)
  let bgp: BgpLab

  before(async function () {
    this.timeout(3_600_000)
    bgp = await bgpLab()
  })

  afterEach(async () => {
    const { lab } = bgp
    await lab.kubectl(['delete', 'services', '--selector=made=by-test', '--wait=true'])
    await lab.kubectl(['annotate', 'nodes', '--all', 'herald.io/drain-'])
  })

  const dualStack = { ipFamilyPolicy: 'RequireDualStack' }

  /** The addresses of a Service, once it has two. */
  async function addressesOf(name: string): Promise<string[]> {
    return await waitFor(
      async () => {
        const service = await bgp.lab.get<LoadBalancerService>('service', name)
        const addresses = (service?.status.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? [])
        return addresses.length === 2 && addresses
      },
      { what: `the Service ${name} to have two addresses`, timeoutMs: 10_000, everyMs: 50 },
    )
  }

  async function page(address: string, source?: string): Promise<string | undefined> {
    const { ok, body } = await bgp.lab.outside.fetch(urlOf(address), { source, timeoutMs: 500 })
    return ok ? body : undefined
  }

  const served = (address: string, source?: string) =>
    waitFor(() => page(address, source), {
      what: `the page of ${address} to come through the router`,
      timeoutMs: 15_000,
      everyMs: 50,
    })

  const conditionOf = async (name: string, reason: string): Promise<Condition> =>
    await waitFor(
      async () => {
        const service = await bgp.lab.get<LoadBalancerService>('service', name)
        const condition = service?.status.conditions?.find(({ type }) => type === 'herald.io/Announced')
        return condition?.reason === reason && condition
      },
      { what: `the condition Announced of ${name} to say ${reason}`, timeoutMs: 15_000, everyMs: 100 },
    )

  it('leads to a Service by equal-cost paths through all nodes, IPv4 and IPv6, and takes them away with it', async () => {
    const { lab, router, nodes } = bgp
    await lab.apply(loadBalancer('everywhere', dualStack))
    const addresses = await addressesOf('everywhere')
    for (const address of addresses) {
      await router.pathsBy(hostRoute(address), nodes)
      assert.match(await served(address), /web-/)
    }
    const { message } = await conditionOf('everywhere', 'Announced')
    for (const node of nodes) assert.ok(message.includes(node), `${message} names ${node}`)
    await lab.remove(loadBalancer('everywhere'))
    for (const address of addresses) await router.pathsBy(hostRoute(address), [])
  })

  it('tells with externalTrafficPolicy Local only of the nodes with a serving endpoint, and follows it', async () => {
    const { lab, router } = bgp
    const app = { app: 'single' }
    const [web] = await lab.list<{ metadata: { name: string }; spec: { template: { spec: object } } }>('deployments', {
      namespace: 'default',
    })
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'single', namespace: 'default' },
      spec: {
        ...{ replicas: 1, selector: { matchLabels: app } },
        template: { metadata: { labels: app }, spec: { ...web!.spec.template.spec, topologySpreadConstraints: [] } },
      },
    }
    await lab.apply(deployment)
    try {
      await lab.kubectl(['rollout', 'status', 'deployment/single', '--timeout=60s'])
      await lab.apply(loadBalancer('local', { ...dualStack, externalTrafficPolicy: 'Local', selector: app }))
      const addresses = await addressesOf('local')
      const podNode = async () => {
        type Pod = { metadata: { deletionTimestamp?: string }; spec: { nodeName: string } }
        const pods = await lab.list<Pod>('pods', { namespace: 'default', selector: 'app=single' })
        return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ spec }) => spec.nodeName)
      }
      const [before] = await podNode()
      for (const address of addresses) {
        await router.pathsBy(hostRoute(address), [before!])
        // Which of its two addresses of a family the client comes from is its kernel's choice.
        assert.match(await served(address), /you are (203\.0\.113\.|2001:db8:c::)20[12]$/m, 'the source is kept')
      }
      const other = bgp.nodes.find(node => node !== before)!
      await lab.apply({
        ...deployment,
        spec: {
          ...deployment.spec,
          template: {
            ...deployment.spec.template,
            spec: { ...deployment.spec.template.spec, nodeSelector: { 'kubernetes.io/hostname': other } },
          },
        },
      })
      for (const address of addresses) await router.pathsBy(hostRoute(address), [other], { timeoutMs: 30_000 })
      await lab.kubectl(['scale', 'deployment/single', '--replicas=0'])
      for (const address of addresses) await router.pathsBy(hostRoute(address), [])
      await conditionOf('local', 'NoEndpoints')
    } finally {
      await lab.remove(deployment)
    }
  })

  it('works without node ports, and only for the sources that the Service names, also after an edit', async () => {
    const { lab, router, nodes } = bgp
    const service = (ranges: string[]) =>
      loadBalancer('bounded', { allocateLoadBalancerNodePorts: false, loadBalancerSourceRanges: ranges })
    await lab.apply(service([`${permitted}/32`]))
    const address = await lab.addressOf('bounded')
    await router.pathsBy(hostRoute(address), nodes)
    assert.match(await served(address, permitted), /web-/)
    assert.equal(await page(address, refused), undefined, 'the other source is refused')
    const { spec } = (await lab.get<LoadBalancerService>('service', 'bounded'))!
    assert.deepEqual(
      spec.ports.map(({ nodePort }) => nodePort),
      [undefined],
    )
    await lab.apply(service([`${refused}/32`]))
    assert.match(await served(address, refused), /web-/)
    await waitFor(async () => (await page(address, permitted)) === undefined, {
      what: 'the source that was permitted to be refused',
      timeoutMs: 10_000,
    })
  })

  it('carries communities, an alias too, and the weight of the endpoints', async () => {
    const { lab, router } = bgp
    const alias = {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'Community',
      metadata: { name: 'well-known', namespace: heraldNamespace },
      spec: { communities: [{ name: 'no-export', value: '65535:65281' }] },
    }
    const advertisement = bgpAdvertisement(
      'routed',
      { communities: ['64513:100', 'large:64513:1:2', 'no-export'] },
      { 'herald.io/weight': 'endpoints' },
    )
    await lab.apply(alias, advertisement, loadBalancer('marked'))
    try {
      const address = await lab.addressOf('marked')
      const { paths = [] } = await waitFor(
        async () => {
          const route = await router.route(hostRoute(address))
          return route.paths?.length === 3 && route.paths.every(path => path.largeCommunity) && route
        },
        { what: 'three paths with a large community', timeoutMs: 10_000 },
      )
      for (const { community, largeCommunity, extendedCommunity } of paths) {
        assert.equal(community?.string, '64513:100 no-export')
        assert.equal(largeCommunity?.string, '64513:1:2')
        assert.match(extendedCommunity?.string ?? '', /LB:64513:/)
      }
    } finally {
      await lab.apply(bgpAdvertisement('routed'))
      await lab.remove(alias)
    }
  })

  it('leads past a node that is drained, and back when it is not any more', async () => {
    const { lab, router, nodes } = bgp
    await lab.apply(loadBalancer('drained'))
    const address = await lab.addressOf('drained')
    await router.pathsBy(hostRoute(address), nodes)
    const [drained, ...others] = nodes
    await lab.kubectl(['annotate', 'node', drained!, 'herald.io/drain=true'])
    await router.pathsBy(hostRoute(address), others, { timeoutMs: 30_000 })
    assert.match(await served(address), /web-/)
    await lab.kubectl(['annotate', 'node', drained!, 'herald.io/drain-'])
    await router.pathsBy(hostRoute(address), nodes)
  })

  it('tells of each session by an object, and reports a bad peer on itself while the others stay up', async () => {
    const { lab, router, nodes } = bgp
    const before = await router.neighbours()
    const bad = bgpPeer('bad', { peerAddress: '192.0.2.253', passwordSecret: { name: 'nowhere' } })
    await lab.apply(bad, loadBalancer('shown'))
    try {
      await lab.addressOf('shown')
      await conditionOf('shown', 'Announced')
      type Session = { status?: { node: string; peer: string; state: string } }
      const sessions = await waitFor(
        async () => {
          const all = await lab.list<Session>('bgpsessionstatuses', { namespace: heraldNamespace })
          const up = all.filter(({ status }) => status?.state === 'Established')
          return up.length === 2 * nodes.length && up
        },
        { what: 'the objects of all sessions to say Established', timeoutMs: 15_000 },
      )
      assert.deepEqual(
        new Set(sessions.map(({ status }) => `${status!.node} ${status!.peer}`)),
        new Set(nodes.flatMap(node => [`${node} router`, `${node} router-ipv6`])),
      )
      type Peer = { status?: { conditions?: Condition[] } }
      const message = await waitFor(
        async () => {
          const peer = await lab.get<Peer>('bgppeer', 'bad', heraldNamespace)
          return peer?.status?.conditions?.find(({ status }) => status === 'False')?.message
        },
        { what: 'the bad peer to say what is wrong', timeoutMs: 10_000 },
      )
      assert.match(message, /nowhere/)
      const after = await router.neighbours()
      assert.deepEqual(
        [...after].map(([address, { state, established }]) => [address, state, established]),
        [...before].map(([address, { state, established }]) => [address, state, established]),
      )
    } finally {
      await lab.remove(bad)
    }
  })
})
