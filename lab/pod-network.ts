import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NodeHost } from './topology.ts'

const systemPlugins = '/usr/lib/cni'

/** Writes the configuration of the Pods' network and collects its plugins in one folder, which is all that containerd takes. */
export async function writePodNetwork(folder: string, node: NodeHost): Promise<void> {
  const [plugins, configuration] = [join(folder, 'bin'), join(folder, 'conf')]
  await mkdir(plugins, { recursive: true })
  await mkdir(configuration)
  for (const plugin of await readdir(systemPlugins)) await symlink(join(systemPlugins, plugin), join(plugins, plugin))
  await writeFile(join(plugins, 'no-duplicate-detection'), noDuplicateDetection, { mode: 0o755 })
  await writeFile(join(configuration, '10-lab.conflist'), JSON.stringify(podNetwork(node), null, 2))
}

/**
 * A CNI plugin. Pods' addresses are the lab's own; to look for duplicates would make every Pod wait for 2 s. The plugin
 * `tuning` cannot do this: it must come after the plugin that makes the card, when it is too late. The node's end of the
 * card takes the setting of the node's namespace.
 */
const noDuplicateDetection = `#!/bin/sh
case $CNI_COMMAND in
  ADD) nsenter --net="$CNI_NETNS" sh -c 'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad' && echo '{"cniVersion":"1.0.0"}' ;;
  VERSION) echo '{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}' ;;
esac
`

/**
 * `ptp` rather than `bridge`: every packet between Pods of one node is routed, so that kube-proxy's rules see it without
 * the kernel module br_netfilter.
 */
function podNetwork(node: NodeHost): object {
  return {
    cniVersion: '1.0.0',
    name: 'lab',
    plugins: [
      { type: 'no-duplicate-detection' },
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: '/run/containerd/addresses',
          ranges: node.podCidrs.map(subnet => [{ subnet }]),
          routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
        },
      },
    ],
  }
}
