import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildHelm } from '../../../lab/build.ts'
import { helmEnvironment } from '../../../lab/herald.ts'
import { repository } from '../../../lab/paths.ts'
import type { TestLab } from './lab.ts'

/** kubectl, with the plugin herald, and helm, as somebody has them who uses the cluster of a lab. */
export interface LabTools {
  readonly env: NodeJS.ProcessEnv
  remove(): Promise<void>
}

export async function installTools(lab: TestLab): Promise<LabTools> {
  const folder = await mkdtemp(join(tmpdir(), 'herald-tools-'))
  const programs = {
    kubectl: `${lab.lab.kubernetes} kubectl`,
    helm: await buildHelm(),
    'kubectl-herald': `${process.execPath} --disable-warning=ExperimentalWarning ${join(repository, 'src/bin/cli.ts')}`,
  }
  for (const [name, command] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 })
  }
  return {
    env: {
      ...helmEnvironment(lab.lab),
      PATH: `${folder}:${process.env.PATH}`,
      KUBECONFIG: lab.kubeconfigFile,
      KUBECACHEDIR: join(folder, 'cache'),
    },
    remove: () => rm(folder, { recursive: true }),
  }
}
