import { heraldNamespace } from '../../../lab/herald.ts'
import { routerAs, speakerAs } from '../../../lab/router.ts'
import { routerAddresses } from '../../../lab/topology.ts'
import { ensureLab, type TestLab, waitFor } from './lab.ts'
import { pool, webServer } from './manifests.ts'
import { LabRouter } from './router.ts'

/** A lab whose nodes announce by BGP to its router. */
export interface BgpLab {
  readonly lab: TestLab
  readonly router: LabRouter
  readonly nodes: readonly string[]
}

/** Behind the router's back: no segment has these addresses, so that only a route leads to them. */
export const bgpPool = ['198.51.100.192/26', '2001:db8:d::/112'] as const

const object = (
  kind: string,
  version: string,
  name: string,
  spec: object,
  annotations: Record<string, string> = {},
) => ({
  apiVersion: `metallb.io/${version}`,
  kind,
  metadata: { name, namespace: heraldNamespace, annotations },
  spec,
})

export const bgpPeer = (name: string, spec: object = {}, annotations: Record<string, string> = {}) =>
  object('BGPPeer', 'v1beta2', name, { myASN: speakerAs, peerASN: routerAs, ...spec }, annotations)

/** The router by each family. */
export const routerPeers = (spec: object = {}): object[] => [
  bgpPeer('router', { peerAddress: routerAddresses.a[0], ...spec }),
  bgpPeer('router-ipv6', { peerAddress: routerAddresses.a[1], ...spec }),
]

export const bgpAdvertisement = (name: string, spec: object = {}, annotations: Record<string, string> = {}) =>
  object('BGPAdvertisement', 'v1beta1', name, spec, annotations)

export const bfdProfile = (name: string, spec: object) => object('BFDProfile', 'v1beta1', name, spec)

/** The lab with a pool, the router as a peer by both families, and one advertisement; all sessions are up. */
export async function bgpLab(options: { peers?: object[] } = {}): Promise<BgpLab> {
  const lab = await ensureLab({ nodes: 3, name: process.env.HERALD_TEST_LAB })
  const router = new LabRouter(lab)
  await lab.apply(
    ...webServer(),
    pool('routed', [...bgpPool]),
    bgpAdvertisement('routed'),
    ...(options.peers ?? routerPeers()),
  )
  await lab.kubectl(['rollout', 'status', 'deployment/web', '--timeout=90s'])
  const nodes = lab.lab.topology.nodes.map(({ name }) => name)
  await sessionsUp(router, nodes)
  return { lab, router, nodes }
}

/** Waits until the router has a session with each of these nodes, by both families. */
export async function sessionsUp(router: LabRouter, nodes: readonly string[], timeoutMs = 30_000): Promise<void> {
  for (const family of ['ipv4', 'ipv6'] as const) {
    await waitFor(
      async () => {
        const up = [...(await router.neighbours(family))].filter(([, { state }]) => state === 'Established')
        const names = new Set(up.map(([address]) => router.nodeOf(address)))
        return nodes.every(node => names.has(node))
      },
      { what: `the router to have an ${family} session with ${nodes.join(', ')}`, timeoutMs, everyMs: 100 },
    )
  }
}
