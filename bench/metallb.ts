import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDir } from '../lab/paths.ts'
import { run } from '../lab/process.ts'
import { runLogged, step } from '../lab/progress.ts'

export const metallbVersion = 'v0.15.2'
const module = 'go.universe.tf/metallb'

/** MetalLB's programs and the folder of its custom resource definitions. */
export interface MetallbFiles {
  controller: string
  speaker: string
  crds: string
}

/** Builds MetalLB's controller and speaker from its Go module, or finds them in the cache. */
export async function buildMetallb(): Promise<MetallbFiles> {
  const folder = join(cacheDir(), `metallb-${metallbVersion}-${process.arch}`)
  const files = { controller: join(folder, 'controller'), speaker: join(folder, 'speaker'), crds: join(folder, 'crd') }
  if (existsSync(files.speaker)) return files
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
      const programs = ['controller', 'speaker']
      await runLogged(['go', 'get', '-tool', ...programs.map(name => `${module}/${name}@${metallbVersion}`)], options)
      const output = join(work, 'output')
      await mkdir(output)
      const packages = programs.map(name => `${module}/${name}`)
      await runLogged(['go', 'build', '-ldflags', '-s -w', '-o', `${output}/`, ...packages], options)
      const { stdout } = await run(['go', 'list', '-m', '-f', '{{.Dir}}', module], options)
      // The module cache is read-only, and so would be the copy.
      await runLogged(
        ['cp', '-r', '--no-preserve=mode', join(stdout.trim(), 'config/crd/bases'), join(output, 'crd')],
        options,
      )
      await rm(folder, { recursive: true, force: true })
      await rename(output, folder)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
  return files
}
