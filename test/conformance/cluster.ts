import { installDns } from '../../lab/dns.ts'
import { takeDown } from '../../lab/down.ts'
import { importImages } from '../../lab/images.ts'
import { lockLab } from '../../lab/lock.ts'
import { ensurePrerequisites } from '../../lab/prerequisites.ts'
import { step } from '../../lab/progress.ts'
import type { IpFamily } from '../../lab/topology.ts'
import { up } from '../../lab/up.ts'
import { TestLab } from '../support/lab/lab.ts'
import { agnhostImage, agnhostPrerequisites } from './agnhost-image.ts'
import { packPods } from './scheduler.ts'
import type { Suite } from './suite-build.ts'

const nodes = 3
const values = { 'controller.cleanupFinalizer': 'true' }

/** Brings up a lab with all that the suite expects of a cluster: names, its image on every node, the finalizer. */
export async function startConformanceLab(name: string, family: IpFamily, suite: Suite): Promise<TestLab> {
  await ensurePrerequisites(agnhostPrerequisites)
  const image = await agnhostImage(suite)
  const unlock = lockLab(name)
  try {
    const { lab } = await up({ name, nodes, nodeFamilies: [family], herald: true, values, demo: false })
    await step('starting DNS and loading the suite’s image', '', () =>
      Promise.all([installDns(lab), ...lab.topology.nodes.map(node => importImages(lab, node, [image.file]))]),
    )
    await packPods(lab)
    return new TestLab(lab)
  } finally {
    unlock()
  }
}

export async function stopConformanceLab(name: string): Promise<void> {
  const unlock = lockLab(name)
  try {
    await step('taking the lab down', '', () => takeDown(name))
  } finally {
    unlock()
  }
}
