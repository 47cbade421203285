import { startApiServer, stopApiServer } from '../../../lab/cluster.ts'
import { startDaemon, stopDaemon } from '../../../lab/daemons.ts'
import { type FaultKind, type Heal, takenOver, unfelt } from '../fault.ts'
import type { World } from '../world.ts'

const nothing: Heal = async () => {}

/** Stops the processes from running; those that end meanwhile are let go. */
function freeze(pids: readonly number[]): Heal {
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return async () => {
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGCONT')
      } catch {
        // kubelet has ended it for not answering its probes
      }
    }
  }
}

function freezeDaemon({ lab }: World, name: string): Heal {
  lab.signalDaemon(name, 'SIGSTOP')
  return async () => lab.signalDaemon(name, 'SIGCONT')
}

async function killDaemon({ lab }: World, name: string): Promise<Heal> {
  await stopDaemon(lab.lab, name)
  return async () => {
    startDaemon(lab.lab, name)
  }
}

/** Crashes and hangs of every process that takes part. */
export const processFaults: readonly FaultKind[] = [
  {
    name: 'controller-kill',
    summary: 'SIGKILL to the controller; kubelet starts it again',
    ...{ target: 'none', durationMs: [1_000, 6_000], touches: ['controller'] },
    bounds: unfelt(30_000),
    strike: async ({ lab }) => {
      lab.signalHerald('controller', 'SIGKILL')
      return nothing
    },
  },
  {
    name: 'controller-freeze',
    summary: 'SIGSTOP to the controller, SIGCONT after its Lease has run out or before',
    ...{ target: 'none', durationMs: [3_000, 35_000], touches: ['controller'] },
    bounds: unfelt(45_000),
    strike: async ({ lab }) => freeze(lab.heraldProcesses('controller')),
  },
  {
    name: 'speaker-kill',
    summary: "SIGKILL to one node's speaker; kubelet starts it again",
    ...{ target: 'node', durationMs: [1_000, 6_000], touches: ['speakers'] },
    bounds: takenOver(30_000),
    strike: async ({ lab }, { target }) => {
      lab.signalHerald('speaker', 'SIGKILL', target)
      return nothing
    },
  },
  {
    name: 'speaker-freeze',
    summary: "SIGSTOP to one node's speaker, SIGCONT after its BGP sessions and its Lease have run out or before",
    ...{ target: 'node', durationMs: [1_000, 40_000], touches: ['speakers'] },
    bounds: takenOver(45_000),
    strike: async ({ lab }, { target }) => freeze(lab.heraldProcesses('speaker', target)),
  },
  {
    name: 'api-server-kill',
    summary: 'SIGKILL to kube-apiserver, which stays away for a while',
    ...{ target: 'none', durationMs: [2_000, 20_000], touches: ['api server'] },
    bounds: unfelt(60_000),
    strike: async ({ lab }) => {
      await stopApiServer(lab.lab)
      return async () => await startApiServer(lab.lab)
    },
  },
  {
    name: 'api-server-freeze',
    summary: 'SIGSTOP to kube-apiserver: it takes connections and answers nothing',
    ...{ target: 'none', durationMs: [2_000, 20_000], touches: ['api server'] },
    bounds: unfelt(60_000),
    strike: async world => freezeDaemon(world, 'kube-apiserver'),
  },
  {
    name: 'etcd-kill',
    summary: 'SIGKILL to etcd, which stays away for a while; the API server answers with errors',
    ...{ target: 'none', durationMs: [2_000, 15_000], touches: ['api server', 'etcd'] },
    bounds: unfelt(60_000),
    strike: async world => await killDaemon(world, 'etcd'),
  },
  {
    name: 'etcd-freeze',
    summary: "SIGSTOP to etcd: the API server's answers do not come",
    ...{ target: 'none', durationMs: [2_000, 15_000], touches: ['api server', 'etcd'] },
    bounds: unfelt(60_000),
    strike: async world => freezeDaemon(world, 'etcd'),
  },
  {
    name: 'kubelet-kill',
    summary: "SIGKILL to one node's kubelet, which stays away for a while",
    ...{ target: 'node', durationMs: [3_000, 20_000], touches: ['kubelet'] },
    bounds: unfelt(45_000),
    strike: async (world, { target }) => await killDaemon(world, `kubelet-${target}`),
  },
  {
    name: 'kubelet-freeze',
    summary: "SIGSTOP to one node's kubelet",
    ...{ target: 'node', durationMs: [3_000, 20_000], touches: ['kubelet'] },
    bounds: unfelt(45_000),
    strike: async (world, { target }) => freezeDaemon(world, `kubelet-${target}`),
  },
  {
    name: 'router-kill',
    summary: "SIGKILL to the router's bgpd, which stays away for a while: all routes are gone",
    ...{ target: 'none', durationMs: [1_000, 15_000], touches: ['router'] },
    bounds: { ...unfelt(60_000), farLossMs: undefined },
    strike: async world => await killDaemon(world, 'bgpd'),
  },
  {
    name: 'router-freeze',
    summary: "SIGSTOP to the router's bgpd, for less than the hold time or more",
    ...{ target: 'none', durationMs: [2_000, 20_000], touches: ['router'] },
    bounds: { ...unfelt(60_000), farLossMs: undefined },
    strike: async world => freezeDaemon(world, 'bgpd'),
  },
]
