import { setTimeout as sleep } from 'node:timers/promises'
import { inNamespace } from '../../../lab/network.ts'
import { run } from '../../../lab/process.ts'
import { Random } from '../../simulation/random.ts'
import { badPort, type CableTrouble, insertBadCable } from '../cable/bad-cable.ts'
import { type Bounds, type FaultKind, TAKEOVER_MS, unfelt } from '../fault.ts'
import { deleteTable, faultTables } from '../fault-tables.ts'
import type { World } from '../world.ts'

// Pods on a node that is cut off count as ready for 40 s, and kube-proxy sends every third connection to them: pages prove nothing then.
const cutOff = (bounds: Partial<Bounds>): Bounds => ({ oneAnnouncer: true, recoveryMs: 60_000, ...bounds })

/** A cable that treats frames badly, in a way that the dice choose. */
const badCable = (
  name: string,
  summary: string,
  trouble: (random: Random) => CableTrouble,
  bounds: Partial<Bounds>,
): FaultKind => ({
  ...{ name, summary, target: 'node', durationMs: [3_000, 25_000], touches: ['network'] },
  bounds: cutOff(bounds),
  strike: async ({ lab }, { target, dice }) => {
    const random = new Random(dice)
    return await insertBadCable(lab, target, trouble(random), random.below(2 ** 30))
  },
})

export const networkFaults: readonly FaultKind[] = [
  {
    name: 'link-down',
    summary: "a node's cable on segment A is pulled, and put back",
    ...{ target: 'node', durationMs: [2_000, 30_000], touches: ['network'] },
    bounds: cutOff({ silenceMs: TAKEOVER_MS }),
    strike: async ({ lab }, { target }) => {
      await lab.setCable(target, 'eth0', 'down')
      return async () => await lab.setCable(target, 'eth0', 'up')
    },
  },
  {
    name: 'link-flap',
    summary: "a node's cable on segment A is pulled and put back again and again",
    ...{ target: 'node', durationMs: [4_000, 15_000], touches: ['network'] },
    // Each return of a preferred owner moves its addresses, and each pull moves them again.
    bounds: cutOff({ silenceMs: TAKEOVER_MS }),
    strike: async ({ lab }, { target, dice }) => {
      const random = new Random(dice)
      let healed = false
      const flapping = (async () => {
        while (!healed) {
          await lab.setCable(target, 'eth0', 'down')
          await sleep(random.between(50, 1_500))
          await lab.setCable(target, 'eth0', 'up')
          await sleep(random.between(50, 2_500))
        }
      })()
      return async () => {
        healed = true
        await flapping
      }
    },
  },
  badCable(
    'packets-lost',
    "a node's cable on segment A loses 5 to 40 % of all frames",
    random => ({ loss: random.between(0.05, 0.4) }),
    { oneAnnouncer: false },
  ),
  badCable(
    'packets-late',
    "a node's cable on segment A delays frames by 5 to 150 ms",
    random => ({ delayMs: random.between(5, 150), jitterMs: random.between(0, 20) }),
    { oneAnnouncer: false },
  ),
  badCable(
    'packets-doubled',
    "a node's cable on segment A brings up to half of all frames twice",
    random => ({ doubled: random.between(0.05, 0.5) }),
    { silenceMs: 1_000 },
  ),
  badCable(
    'packets-reordered',
    "on a node's cable on segment A up to a third of all frames are overtaken, by up to 6 ms",
    random => ({ jitterMs: 2, reordered: random.between(0.05, 0.33) }),
    { silenceMs: 1_000 },
  ),
  {
    name: 'partition',
    summary: 'two nodes do not hear each other, while all others hear both',
    ...{ target: 'pair', durationMs: [2_000, 45_000], touches: ['network'] },
    // Two nodes that do not hear each other both hear that nobody else owns an address.
    bounds: cutOff({ oneAnnouncer: false }),
    strike: async (world, { target }) => await part(world, target.split('+') as [string, string]),
  },
  {
    name: 'cut-from-control',
    summary: 'a node does not reach the control plane, for longer than its Lease lasts or less',
    ...{ target: 'node', durationMs: [2_000, 45_000], touches: ['network'] },
    bounds: unfelt(60_000),
    strike: async (world, { target }) => await part(world, [target, 'control']),
  },
  {
    name: 'cut-from-router',
    summary: 'a node does not reach the router, for longer than its sessions last or less',
    ...{ target: 'node', durationMs: [2_000, 30_000], touches: ['network', 'router'] },
    bounds: { ...unfelt(60_000), farLossMs: undefined },
    strike: async (world, { target }) => await part(world, [target, 'router']),
  },
]

/** Frames from either host to the other go no further than the switch, on all segments that they share. */
async function part({ lab }: World, [one, other]: [string, string]): Promise<() => Promise<void>> {
  const ports = (host: string) => `{ "${host}-eth0", "${host}-eth1", "${badPort(host)}" }`
  const rule = (from: string, to: string) => `iifname ${ports(from)} oifname ${ports(to)} drop`
  const nft = async (script: string) => await run([...inNamespace(lab.lab.topology.switchNamespace), 'nft', script])
  const chain = `chain forward { type filter hook forward priority 0; ${rule(one, other)}; ${rule(other, one)}; }`
  await nft(`table ${faultTables.partition} {\n${chain}\n}`)
  return async () => void (await nft(deleteTable(faultTables.partition)))
}
