import { createHash } from 'node:crypto'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildGoCommand, buildWithGo } from './go-build.ts'
import { repository } from './paths.ts'
import { run } from './process.ts'

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
  const folder = await buildWithGo({
    folder: `kubernetes-${version}-${hash.digest('hex').slice(0, 12)}`,
    what: `Kubernetes ${version} from its Go modules`,
    expected: 'about 6 minutes on 2 cores the first time',
    signal,
    build: async (output, work, go) => {
      const copy = join(work, 'go')
      await cp(source, copy, { recursive: true })
      if (version !== defaultKubernetesVersion) {
        await rm(join(copy, 'go.sum'))
        await writeFile(join(copy, 'go.mod'), await goModFor(version))
        await go(['mod', 'tidy'], copy)
      }
      await go(['build', '-ldflags', linkerFlags(version), '-o', join(output, 'kubernetes'), '.'], copy)
      await go(['build', '-ldflags', '-s -w', '-o', join(output, 'pause'), './pause'], copy)
    },
  })
  return { kubernetes: join(folder, 'kubernetes'), pause: join(folder, 'pause') }
}

/** For programs made of Kubernetes' modules, which name their version by variables that the linker sets. */
export function linkerFlags(version: string): string {
  const [major, minor] = version.slice(1).split('.')
  const variables = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }
  const stamps = Object.entries(variables).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
  return `-s -w ${stamps.join(' ')}`
}

/** Builds Helm, or finds it in the cache; gives back the path of the command. */
export async function buildHelm(signal?: AbortSignal): Promise<string> {
  return await buildGoCommand(helmModule, 'about 1 minute the first time', signal)
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
