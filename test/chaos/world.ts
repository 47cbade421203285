import { heraldNamespace } from '../../lab/herald.ts'
import { bgpAdvertisement, routerPeers } from '../support/lab/bgp-lab.ts'
import { ensureLab, type TestLab, waitFor } from '../support/lab/lab.ts'
import { loadBalancer, pool, webServer } from '../support/lab/manifests.ts'
import { addressesOf, type LedgerService, MAY_MOVE } from './address-ledger.ts'
import { ObserverApi, paths } from './api-client.ts'
import { ApiProxy } from './api-proxy.ts'
import { endOldFaults } from './old-faults.ts'
import { dropStrays } from './strays.ts'

/** All pools. Only the first two serve Services that name none. */
export const pools = {
  /** layer 2, of Services that are watched all the time */
  near: ['192.0.2.100-192.0.2.119', '2001:db8:a::100-2001:db8:a::11f'],
  /** BGP, watched all the time; no segment has these addresses */
  far: ['198.51.100.192-198.51.100.207', '2001:db8:d::100-2001:db8:d::11f'],
  /** layer 2, for the crowd that comes and goes */
  nearCrowd: ['2001:db8:a::1000-2001:db8:a::8fff'],
  /** BGP, for the crowd */
  farCrowd: ['2001:db8:d::1000-2001:db8:d::8fff'],
  /** layer 2, with ranges that change */
  fluid: ['192.0.2.120-192.0.2.129'],
  /** what the ranges of `fluid` change to */
  fluidElsewhere: ['192.0.2.130-192.0.2.139'],
} as const

export const poolNames = {
  near: 'near',
  far: 'far',
  nearCrowd: 'near-crowd',
  farCrowd: 'far-crowd',
  fluid: 'fluid',
} as const

/** Short enough that a dead neighbour is noticed within a fault, long enough for a busy machine. */
export const bgpTimers = { holdTime: '9s', keepaliveTime: '3s' }

const NEAR = 6
const FAR = 4
const FLUID = 2

/** What faults happen to, and what observers look at. */
export interface World {
  readonly lab: TestLab
  readonly api: ObserverApi
  readonly proxy: ApiProxy
  readonly nodes: readonly string[]
  /** of Services that stay for the whole run: by layer 2, and by BGP */
  readonly addresses: { readonly near: readonly string[]; readonly far: readonly string[] }
  /** how many Services a crowd has */
  readonly crowd: number
  /** takes away what makes nodes drop packets that would circle */
  readonly passStrays: () => Promise<void>
  /** faults tell what is worth a line in the log */
  readonly say: (line: string) => void
}

/** A Service of the run; its addresses come from the pool. */
export function chaosService(
  name: string,
  from: string,
  spec: object = {},
  more: { labels?: Record<string, string>; annotations?: Record<string, string> } = {},
): object {
  const made = loadBalancer(name, spec, { 'metallb.io/address-pool': from, ...more.annotations }) as {
    metadata: object
  }
  return { ...made, metadata: { ...made.metadata, labels: { made: 'by-chaos', ...more.labels } } }
}

const advertisement = (version: 'L2Advertisement' | 'BGPAdvertisement', ipAddressPools: string[]) =>
  version === 'BGPAdvertisement'
    ? bgpAdvertisement('chaos', { ipAddressPools })
    : {
        apiVersion: 'metallb.io/v1beta1',
        kind: version,
        metadata: { name: 'chaos', namespace: heraldNamespace },
        spec: { ipAddressPools },
      }

export const l2Advertisement = advertisement('L2Advertisement', [poolNames.near, poolNames.nearCrowd, poolNames.fluid])
export const routedAdvertisement = advertisement('BGPAdvertisement', [poolNames.far, poolNames.farCrowd])
export const peers = (): object[] => routerPeers(bgpTimers)

const dual = { ipFamilyPolicy: 'RequireDualStack' }

function standingServices(): object[] {
  const several = (count: number, make: (i: number) => object) => Array.from({ length: count }, (_, i) => make(i))
  // Two that share an address by a key: the law of one holder has an exception.
  const sharing = [80, 81].map(port =>
    chaosService(
      `shared-${port}`,
      poolNames.near,
      { ports: [{ port, targetPort: 8080 }] },
      { annotations: { 'metallb.io/allow-shared-ip': 'chaos' } },
    ),
  )
  return [
    ...several(NEAR, i => chaosService(`near-${i}`, poolNames.near, dual)),
    ...several(FAR, i => chaosService(`far-${i}`, poolNames.far, dual)),
    ...several(FLUID, i => chaosService(`fluid-${i}`, poolNames.fluid, {}, { labels: { [MAY_MOVE]: 'true' } })),
    ...sharing,
  ]
}

/** Brings a lab into the state from which a run begins. */
export async function prepareWorld(options: {
  name: string
  crowd: number
  /** multiplies how long is waited */
  patience: number
  say: (line: string) => void
}): Promise<World> {
  await endOldFaults(options.name)
  const lab = await ensureLab({ nodes: 3, name: options.name })
  const nodes = lab.lab.topology.nodes.map(({ name }) => name)
  const api = new ObserverApi(lab.lab)
  const proxy = await ApiProxy.start(lab)
  const passStrays = await dropStrays(lab, [...pools.far, ...pools.farCrowd])
  options.say('preparing: the proxy, pools, peers and Services')
  // Connections that are open go past the proxy, and processes may have a history.
  await restartHerald(api)
  await lab.apply(
    ...webServer(),
    pool(poolNames.near, [...pools.near], { autoAssign: false }),
    pool(poolNames.far, [...pools.far], { autoAssign: false }),
    pool(poolNames.nearCrowd, [...pools.nearCrowd], { autoAssign: false }),
    pool(poolNames.farCrowd, [...pools.farCrowd], { autoAssign: false }),
    pool(poolNames.fluid, [...pools.fluid], { autoAssign: false }),
    ...[l2Advertisement, routedAdvertisement, ...peers(), ...standingServices()],
  )
  const services = await waitFor(
    async () => {
      const found = (await api.list<LedgerService>(paths.services)).filter(isOfRun)
      return found.every(service => addressesOf(service).length > 0) && found
    },
    { what: 'every Service to have its addresses', timeoutMs: 120_000 * options.patience, everyMs: 300 },
  )
  const of = (prefix: string) =>
    services.filter(({ metadata }) => metadata.name.startsWith(prefix)).flatMap(addressesOf)
  return {
    ...{ lab, api, proxy, passStrays, nodes, crowd: options.crowd, say: options.say },
    addresses: { near: of('near-'), far: of('far-') },
  }
}

export const isOfRun = ({ metadata }: LedgerService): boolean => metadata.labels?.made === 'by-chaos'

/** Takes away what the run has put beside Herald; the lab stays. */
export async function leaveWorld({ lab, proxy, passStrays, api }: World): Promise<void> {
  await proxy.stop()
  await passStrays()
  await lab.kubectl(['delete', 'services', '--selector=made=by-chaos', '--wait=true'], { check: false })
  await restartHerald(api)
  api.close()
}

/** Ends all of Herald's processes without a word, connections and history with them. Others take their places in a while. */
async function restartHerald(api: ObserverApi): Promise<void> {
  const pods = await api.list<{ metadata: { name: string } }>(paths.pods)
  await Promise.all(pods.map(({ metadata }) => api.delete(`${paths.pods}/${metadata.name}?gracePeriodSeconds=0`)))
}
