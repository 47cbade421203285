import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDir, repository } from './paths.ts'
import { processStartTime, run } from './process.ts'
import { runLogged, step } from './progress.ts'

/** The version that go.mod in the repository pins, with checksums. */
export const defaultKubernetesVersion = 'v1.36.3'
const helmModule = 'helm.sh/helm/v4/cmd/helm@v4.3.1'

export interface Binaries {
  /** All Kubernetes components, etcd and kubectl; the first argument picks one. */
  kubernetes: string
  /** The process of a pod's sandbox, linked statically. */
  pause: string
}

/**
 * Builds Kubernetes from its Go modules, or finds it in the cache.
 * @param version e.g. "v1.36.3"; another one than the default gets its go.mod made from that release's own
 */
export async function buildKubernetes(
  version: string = defaultKubernetesVersion,
  signal?: AbortSignal,
): Promise<Binaries> {
  if (!/^v1\.\d+\.\d+(-[a-z0-9.]+)?$/.test(version)) {
    throw new Error(`"${version}" is no Kubernetes version: write it like ${defaultKubernetesVersion}`)
  }
  const source = join(repository, 'lab/go')
  const hash = createHash('sha256')
  for (const file of ['main.go', 'pause/main.go', 'go.mod', 'go.sum']) hash.update(await readFile(join(source, file)))
  hash.update(`${version} ${process.arch}`)
  const folder = join(cacheDir(), `kubernetes-${version}-${hash.digest('hex').slice(0, 12)}`)
  const binaries = { kubernetes: join(folder, 'kubernetes'), pause: join(folder, 'pause') }
  if (existsSync(folder)) return binaries

  await requireGo()
  return await step(
    `building Kubernetes ${version} from its Go modules`,
    'about 6 minutes on 2 cores the first time',
    async () => {
      // Made in a folder of its own and renamed when complete: an interrupted build leaves nothing that looks finished.
      await mkdir(cacheDir(), { recursive: true })
      const work = await mkdtemp(join(cacheDir(), `building-${process.pid}-`))
      const logFile = join(cacheDir(), 'kubernetes-build.log')
      try {
        await cp(source, join(work, 'go'), { recursive: true })
        const cwd = join(work, 'go')
        const env: NodeJS.ProcessEnv = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false' }
        if (version !== defaultKubernetesVersion) {
          await rm(join(cwd, 'go.sum'))
          await writeFile(join(cwd, 'go.mod'), await goModFor(version))
          await runLogged(['go', 'mod', 'tidy'], { cwd, env, logFile, signal })
        }
        const [major, minor] = version.slice(1).split('.')
        const variables = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }
        const stamps = Object.entries(variables).map(
          ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
        )
        const output = join(work, 'output')
        await runLogged(
          ['go', 'build', '-ldflags', `-s -w ${stamps.join(' ')}`, '-o', join(output, 'kubernetes'), '.'],
          { cwd, env, logFile, signal },
        )
        await runLogged(['go', 'build', '-ldflags', '-s -w', '-o', join(output, 'pause'), './pause'], {
          cwd,
          env,
          logFile,
          signal,
        })
        await publish(output, folder)
      } finally {
        await rm(work, { recursive: true, force: true })
      }
      return binaries
    },
  )
}

/** Builds Helm, or finds it in the cache; gives back the path of the command. */
export async function buildHelm(signal?: AbortSignal): Promise<string> {
  const folder = join(cacheDir(), `helm-${helmModule.split('@')[1]}-${process.arch}`)
  const helm = join(folder, 'helm')
  if (existsSync(helm)) return helm
  await requireGo()
  return await step('building Helm from its Go module', 'about 1 minute the first time', async () => {
    const work = await mkdtemp(join(cacheDir(), `building-${process.pid}-`))
    try {
      const env = { ...process.env, CGO_ENABLED: '0', GOBIN: work }
      await runLogged(['go', 'install', '-trimpath', '-ldflags', '-s -w', helmModule], {
        env,
        logFile: join(cacheDir(), 'helm-build.log'),
        signal,
      })
      await publish(work, folder)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
    return helm
  })
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

/**
 * A go.mod for another Kubernetes release. That release's own go.mod points at folders of its source tree for its
 * libraries; as modules they carry the same minor and patch number under major version 0.
 */
async function goModFor(version: string): Promise<string> {
  const { stdout } = await run(['go', 'mod', 'download', '-json', `k8s.io/kubernetes@${version}`], { check: false })
  const { GoMod, Error: reason } = JSON.parse(stdout || '{}') as { GoMod?: string; Error?: string }
  if (GoMod === undefined)
    throw new Error(`Kubernetes ${version} cannot be fetched: ${reason ?? 'no answer from go mod download'}`)
  const original = await readFile(GoMod, 'utf8')
  const goVersion = /^go .+$/m.exec(original)?.[0] ?? 'go 1.24.0'
  const libraries = [...original.matchAll(/^\s*(k8s\.io\/[a-z-]+) => \.\/staging\//gm)].map(match => match[1]!)
  const etcd = /go\.etcd\.io\/etcd\/client\/v3 (\S+)/.exec(original)?.[1]
  return [
    'module herald.io/lab',
    goVersion,
    `require k8s.io/kubernetes ${version}`,
    ...(etcd === undefined ? [] : [`require go.etcd.io/etcd/server/v3 ${etcd}`]),
    ...libraries.map(library => `replace ${library} => ${library} ${version.replace('v1.', 'v0.')}`),
    '',
  ].join('\n')
}

async function requireGo(): Promise<void> {
  const found = await run(['go', 'version'], { check: false }).catch(() => undefined)
  if (found?.code !== 0)
    throw new Error('Go is missing: install Go 1.26 or later (https://go.dev/dl) so that the command "go" is found')
}
