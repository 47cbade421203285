import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { cacheDir } from './paths.ts'
import { processStartTime, run } from './process.ts'
import { runLogged, step } from './progress.ts'

export interface GoBuild {
  /** Name of the folder in the cache; whatever the result depends on must be in it. */
  folder: string
  /** For the user, e.g. "Helm from its Go module". */
  what: string
  /** How long it takes, e.g. "about 1 minute the first time". */
  expected: string
  signal?: AbortSignal
  /**
   * Puts the results into `output`.
   * @param work a folder for whatever else it needs
   * @param go runs the command `go`, without cgo and without traces of this machine in the binaries
   */
  build(output: string, work: string, go: (args: string[], cwd?: string) => Promise<void>): Promise<void>
}

/** Builds something in Go, or finds it in the cache; gives back the folder with the results. */
export async function buildWithGo(init: GoBuild): Promise<string> {
  const folder = join(cacheDir(), init.folder)
  if (existsSync(folder)) return folder
  await requireGo()
  const env: NodeJS.ProcessEnv = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false' }
  const logFile = join(cacheDir(), `${init.folder.split('-')[0]}-build.log`)
  await step(`building ${init.what}`, init.expected, async () => {
    // Made in a folder of its own and renamed when complete: an interrupted build leaves nothing that looks finished.
    await mkdir(cacheDir(), { recursive: true })
    const work = await mkdtemp(join(cacheDir(), `building-${process.pid}-`))
    const output = join(work, 'output')
    try {
      await mkdir(output)
      const { signal } = init
      await init.build(output, work, (args, cwd = work) =>
        runLogged(['go', ...args], { cwd, env: { ...env, GOBIN: output }, logFile, signal }),
      )
      await publish(output, folder)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
  return folder
}

/**
 * Builds a command whose module needs no other settings; gives back its path.
 * @param module with version, e.g. "helm.sh/helm/v4/cmd/helm@v4.3.1"
 */
export async function buildGoCommand(module: string, expected: string, signal?: AbortSignal): Promise<string> {
  const [path = '', version] = module.split('@')
  const name = basename(path)
  const folder = await buildWithGo({
    ...{ folder: `${name}-${version}-${process.arch}`, what: `${path} from its Go module`, expected, signal },
    build: (_output, _work, go) => go(['install', '-ldflags', '-s -w', module]),
  })
  return join(folder, name)
}

/** Moves a finished build to its place. Two builds of the same thing at once are equal, so the first one stays. */
async function publish(from: string, to: string): Promise<void> {
  await rename(from, to).catch(error => {
    if (!existsSync(to)) throw error
  })
}

/** Removes what builds that were killed have left in the cache. */
export async function removeUnfinishedBuilds(): Promise<void> {
  const names = await readdir(cacheDir()).catch(() => [])
  for (const name of names) {
    const pid = /^building-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && processStartTime(Number(pid)) === undefined) {
      await rm(join(cacheDir(), name), { recursive: true, force: true })
    }
  }
}

async function requireGo(): Promise<void> {
  const found = await run(['go', 'version'], { check: false }).catch(() => undefined)
  if (found?.code !== 0)
    throw new Error('Go is missing: install Go 1.26 or later (https://go.dev/dl) so that the command "go" is found')
}
