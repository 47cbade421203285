import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDir } from '../lab/paths.ts'
import { run } from '../lab/process.ts'
import { runLogged, step } from '../lab/progress.ts'

export const metallbVersion = 'v0.15.2'
const module = 'go.universe.tf/metallb'

/** MetalLB's controller and the folder of its custom resource definitions. */
export interface MetallbFiles {
  controller: string
  crds: string
}

/** Builds MetalLB's controller from its Go module, or finds it in the cache. */
export async function buildMetallb(): Promise<MetallbFiles> {
  const folder = join(cacheDir(), `metallb-${metallbVersion}-${process.arch}`)
  const files = { controller: join(folder, 'controller'), crds: join(folder, 'crd') }
  if (existsSync(folder)) return files
  await step(`building MetalLB ${metallbVersion} from its Go module`, 'about 2 minutes the first time', async () => {
    await mkdir(cacheDir(), { recursive: true })
    const work = await mkdtemp(join(cacheDir(), `building-${process.pid}-`))
    const options = {
      cwd: work,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false' },
      logFile: join(cacheDir(), 'metallb-build.log'),
    }
    try {
      await writeFile(join(work, 'go.mod'), 'module herald.io/bench\n')
      await runLogged(['go', 'get', '-tool', `${module}/controller@${metallbVersion}`], options)
      const output = join(work, 'output')
      await runLogged(
        ['go', 'build', '-ldflags', '-s -w', '-o', join(output, 'controller'), `${module}/controller`],
        options,
      )
      const { stdout } = await run(['go', 'list', '-m', '-f', '{{.Dir}}', module], options)
      // The module cache is read-only, and so would be the copy.
      await runLogged(
        ['cp', '-r', '--no-preserve=mode', join(stdout.trim(), 'config/crd/bases'), join(output, 'crd')],
        options,
      )
      await rename(output, folder)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
  return files
}
