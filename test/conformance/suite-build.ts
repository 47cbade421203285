import { createHash } from 'node:crypto'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defaultKubernetesVersion, linkerFlags } from '../../lab/build.ts'
import { buildWithGo } from '../../lab/go-build.ts'

export interface Suite {
  /** e.g. "v1.36.3" */
  version: string
  /** Kubernetes' own end-to-end tests. */
  e2e: string
  /** The runner that spreads specs over several processes. */
  ginkgo: string
  /** The program that the suite's Pods run. */
  agnhost: string
}

/** Builds the end-to-end suite of the version that the lab runs, or finds it in the cache. */
export async function buildSuite(): Promise<Suite> {
  const version = defaultKubernetesVersion
  const source = join(import.meta.dirname, 'go')
  const hash = createHash('sha256').update(`${version} ${process.arch}`)
  for (const file of ['go.mod', 'go.sum', 'suite.go']) hash.update(await readFile(join(source, file)))
  const folder = await buildWithGo({
    folder: `suite-${version}-${hash.digest('hex').slice(0, 12)}`,
    what: `the end-to-end suite of Kubernetes ${version} from its Go modules`,
    expected: 'about 6 minutes on 2 cores the first time',
    build: async (output, work, go) => {
      const copy = join(work, 'go')
      await cp(source, copy, { recursive: true })
      const flags = ['-ldflags', linkerFlags(version)]
      const e2e = ['-o', join(output, 'e2e.test'), 'k8s.io/kubernetes/test/e2e']
      await go(['test', '-c', '-vet=off', ...flags, ...e2e], copy)
      await go(['build', ...flags, '-o', join(output, 'agnhost'), 'k8s.io/kubernetes/test/images/agnhost'], copy)
      await go(['build', '-o', join(output, 'ginkgo'), 'github.com/onsi/ginkgo/v2/ginkgo'], copy)
    },
  })
  return { version, e2e: join(folder, 'e2e.test'), ginkgo: join(folder, 'ginkgo'), agnhost: join(folder, 'agnhost') }
}
