import { setTimeout as sleep } from 'node:timers/promises'
import { routerAddresses } from '../../../lab/topology.ts'
import { Random } from '../../simulation/random.ts'
import { bgpPeer } from '../../support/lab/bgp-lab.ts'
import { paths } from '../api-client.ts'
import { type FaultKind, TAKEOVER_MS, unfelt } from '../fault.ts'
import { untilDone } from '../until-done.ts'
import {
  bgpTimers,
  chaosService,
  l2Advertisement,
  poolNames,
  pools,
  routedAdvertisement,
  type World,
} from '../world.ts'

/** How many requests are under way at once. */
const WORKERS = 6

/** Does something for each of many; what fails is left, for the heal to put right. */
async function forEach<T>(items: readonly T[], work: (item: T) => Promise<unknown>, go: () => boolean): Promise<void> {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined && go(); item = queue.shift()) await work(item).catch(() => {})
  }
  await Promise.all(Array.from({ length: WORKERS }, worker))
}

/** Repeats changes until healed, and then restores what they changed. */
function keepEditing(changes: readonly (() => Promise<unknown>)[], everyMs: number, restore: () => Promise<unknown>) {
  let healed = false
  const editing = (async () => {
    for (let i = 0; !healed; i++) {
      await changes[i % changes.length]!().catch(() => {}) // refused, or the server is away: by design or by another fault
      await sleep(everyMs)
    }
  })()
  return async () => {
    healed = true
    await editing
    await untilDone(restore)
  }
}

const single = { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' }

export const objectFaults: readonly FaultKind[] = [
  {
    name: 'crowd',
    summary: 'many Services (--services) are created, half of them deleted and made anew, all deleted',
    ...{ target: 'none', durationMs: [5_000, 20_000], touches: ['services'] },
    bounds: unfelt(60_000),
    strike: async ({ api, crowd, say }, { dice }) => {
      const random = new Random(dice)
      const names = Array.from({ length: crowd }, (_, i) => `crowd-${i}`)
      const make = (name: string) =>
        api.request(
          'POST',
          paths.services,
          chaosService(name, random.pick([poolNames.nearCrowd, poolNames.farCrowd]), single),
        )
      const remove = (name: string) => api.delete(`${paths.services}/${name}`)
      let healed = false
      const coming = (async () => {
        const go = () => !healed
        await forEach(names, make, go)
        while (!healed) {
          const half = random.shuffled(names).slice(0, Math.ceil(crowd / 2))
          await forEach(half, remove, go)
          await forEach(half, make, go)
        }
      })()
      const startedMs = Date.now()
      return async () => {
        healed = true
        await coming
        await forEach(
          names,
          name => untilDone(() => remove(name)),
          () => true,
        )
        say(`crowd: ${crowd} Services came and went in ${((Date.now() - startedMs) / 1000).toFixed(0)} s`)
      }
    },
  },
  {
    name: 'pools-edited',
    summary: 'pools grow, shrink where nobody lives, move with their Services, and get ranges that are refused',
    ...{ target: 'none', durationMs: [4_000, 15_000], touches: ['pools'] },
    bounds: unfelt(30_000),
    strike: async ({ api }) => {
      const set = (name: string, spec: object) => api.merge(`${paths.pools}/${name}`, { spec })
      const changes = [
        () => set(poolNames.near, { addresses: [...pools.near, '192.0.2.140-192.0.2.149'] }),
        () => set(poolNames.fluid, { addresses: pools.fluidElsewhere }),
        () => set(poolNames.near, { addresses: pools.near, avoidBuggyIPs: true }),
        () => set(poolNames.far, { addresses: ['not an address'] }),
        () => set(poolNames.fluid, { addresses: pools.fluid }),
        () => set(poolNames.near, { avoidBuggyIPs: false, addresses: [...pools.near, pools.fluid[0]] }),
      ]
      return keepEditing(changes, 600, async () => {
        await set(poolNames.fluid, { addresses: pools.fluid })
        await set(poolNames.far, { addresses: pools.far })
        await set(poolNames.near, { addresses: pools.near, avoidBuggyIPs: false })
      })
    },
  },
  {
    name: 'advertisements-edited',
    summary: 'advertisements change nodes, preferences and communities, and back',
    ...{ target: 'none', durationMs: [4_000, 15_000], touches: ['pools'] },
    // A node that no longer advertises hands over to one that does.
    bounds: { ...unfelt(30_000), silenceMs: TAKEOVER_MS },
    strike: async ({ api, nodes }, { dice }) => {
      const random = new Random(dice)
      const [l2, bgp] = [`${paths.l2Advertisements}/chaos`, `${paths.bgpAdvertisements}/chaos`]
      const hosts = () => {
        const values = random.shuffled(nodes).slice(0, 2)
        return [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values }] }]
      }
      const changes = [
        () => api.merge(l2, { spec: { nodeSelectors: hosts() } }),
        () => api.merge(bgp, { spec: { communities: ['64512:1'], localPref: undefined } }),
        () => api.merge(l2, { spec: { nodeSelectors: null } }),
        () => api.merge(bgp, { spec: { nodeSelectors: hosts() } }),
        () => api.merge(bgp, { spec: { communities: null, nodeSelectors: null } }),
      ]
      return keepEditing(changes, 1_000, async () => {
        await api.merge(l2, { spec: { nodeSelectors: null, ...(l2Advertisement as { spec: object }).spec } })
        const { spec } = routedAdvertisement as { spec: object }
        await api.merge(bgp, { spec: { nodeSelectors: null, communities: null, ...spec } })
      })
    },
  },
  {
    name: 'peers-edited',
    summary: 'peers change their timers, which resets sessions, and one that nobody answers comes and goes',
    ...{ target: 'none', durationMs: [4_000, 15_000], touches: ['peers', 'router'] },
    bounds: { ...unfelt(60_000), farLossMs: undefined },
    strike: async world => editPeers(world),
  },
]

function editPeers({ api }: World) {
  const stranger = bgpPeer('stranger', { peerAddress: '192.0.2.250' })
  const set = (spec: object) => api.merge(`${paths.peers}/router`, { spec })
  const changes = [
    () => set({ holdTime: '30s', keepaliveTime: '10s' }),
    () => api.request('POST', paths.peers, stranger),
    () => set({ ...bgpTimers, peerAddress: routerAddresses.a[0] }),
    () => api.delete(`${paths.peers}/stranger`),
  ]
  return keepEditing(changes, 1_500, async () => {
    await api.delete(`${paths.peers}/stranger`)
    await set(bgpTimers)
  })
}
