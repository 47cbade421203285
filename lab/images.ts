import type { Lab } from './lab.ts'
import { containerdSocket } from './node.ts'
import { run } from './process.ts'
import type { NodeHost } from './topology.ts'

/** Loads image archives into a node's containerd, where kubelet finds them: no registry is involved. */
export async function importImages(lab: Lab, node: NodeHost, archives: readonly string[]): Promise<void> {
  for (const archive of archives) {
    await run([
      'ctr',
      '--address',
      containerdSocket(lab, node),
      '--namespace',
      'k8s.io',
      'images',
      'import',
      '--digests=false',
      archive,
    ])
  }
}
