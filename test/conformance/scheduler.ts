import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { schedulerCommand } from '../../lab/control-plane.ts'
import { startDaemon, stopDaemon } from '../../lab/daemons.ts'
import type { Lab } from '../../lab/lab.ts'
import { inNamespace } from '../../lab/network.ts'

const daemon = 'kube-scheduler'

/**
 * Has the scheduler put Pods together where nothing keeps them apart, as in clusters that give back idle nodes. With the
 * policy Local a client that always comes in by the same node reaches this node's endpoints alone: only if it has several
 * can there be a difference between a Service with session affinity and one without.
 */
export async function packPods(lab: Lab): Promise<void> {
  const kubeconfig = join(lab.folder, `${daemon}.kubeconfig`)
  const file = join(lab.folder, `${daemon}.json`)
  await writeFile(file, JSON.stringify(configuration(kubeconfig), null, 2))
  await stopDaemon(lab, daemon)
  startDaemon(lab, daemon, [
    ...inNamespace(lab.topology.control.namespace),
    ...schedulerCommand({ kubernetes: lab.kubernetes, kubeconfig }),
    `--config=${file}`,
  ])
}

function configuration(kubeconfig: string): object {
  const spreading = ['PodTopologySpread', 'NodeResourcesBalancedAllocation', 'ImageLocality']
  const resources = ['cpu', 'memory'].map(name => ({ name, weight: 1 }))
  return {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig },
    leaderElection: { leaderElect: false },
    profiles: [
      {
        schedulerName: 'default-scheduler',
        plugins: { score: { disabled: spreading.map(name => ({ name })) } },
        pluginConfig: [{ name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated', resources } } }],
      },
    ],
  }
}
