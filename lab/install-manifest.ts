/**
 * Writes docs/install/herald.yaml: the chart's objects with its default values, for those who install without Helm.
 *
 *   node lab/install-manifest.ts           writes the file
 *   node lab/install-manifest.ts --check   writes nothing; exit code 1 when the file is not what it should be
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'
import { buildHelm } from './build.ts'
import { repository } from './paths.ts'
import { run } from './process.ts'

const NAMESPACE = 'herald-system'
export const INSTALL_MANIFEST = join(repository, 'docs/install/herald.yaml')

const HEAD = `# Herald without Helm, made by lab/install-manifest.ts from charts/herald; change it there.
#
#   kubectl apply --server-side -f herald.yaml
#
# Set the image before, in two places. What the values of the chart change is changed here by hand, or with Kustomize.
`

interface Manifest {
  kind: string
  metadata: { labels?: Record<string, string>; annotations?: Record<string, string> }
  spec?: { template?: Manifest }
}

/** The text of the file, as the chart would have it. */
export async function installManifest(): Promise<string> {
  const helm = await buildHelm()
  const { stdout } = await run([
    helm,
    'template',
    'herald',
    join(repository, 'charts/herald'),
    '--namespace',
    NAMESPACE,
  ])
  const objects = parseAllDocuments(stdout).flatMap(document => (document.toJS() as Manifest | null) ?? [])
  for (const object of objects) withoutHelm(object)
  // What others need comes first: kubectl applies in the order of the file.
  const order = [
    'CustomResourceDefinition',
    'ServiceAccount',
    'ClusterRole',
    'ClusterRoleBinding',
    'Role',
    'RoleBinding',
  ]
  const rank = ({ kind }: Manifest) => (order.indexOf(kind) + 1 || order.length + 1) - 1
  const sorted = objects.toSorted((a, b) => rank(a) - rank(b))
  const print = (object: object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })
  return HEAD + [namespace(), ...sorted].map(object => `---\n${print(object)}`).join('')
}

/** The speaker's capabilities and network need the level `privileged` (https://kubernetes.io/docs/concepts/security/pod-security-standards/). */
function namespace(): object {
  const labels = Object.fromEntries(
    ['enforce', 'audit', 'warn'].map(mode => [`pod-security.kubernetes.io/${mode}`, 'privileged']),
  )
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } }
}

function withoutHelm({ metadata, spec }: Manifest): void {
  for (const name of ['helm.sh/chart', 'app.kubernetes.io/managed-by']) delete metadata.labels?.[name]
  delete metadata.annotations?.['helm.sh/resource-policy']
  if (metadata.annotations && Object.keys(metadata.annotations).length === 0) delete metadata.annotations
  if (spec?.template?.metadata) withoutHelm(spec.template)
}

async function main(args: readonly string[]): Promise<number> {
  const check = args[0] === '--check'
  if (args.length > 1 || (args.length === 1 && !check)) {
    console.error('usage: node lab/install-manifest.ts [--check]')
    return 2
  }
  const wanted = await installManifest()
  const found = existsSync(INSTALL_MANIFEST) ? await readFile(INSTALL_MANIFEST, 'utf8') : ''
  if (found === wanted) return 0
  if (check) {
    console.error('docs/install/herald.yaml is stale: run "npm run generate"')
    return 1
  }
  await mkdir(dirname(INSTALL_MANIFEST), { recursive: true })
  await writeFile(INSTALL_MANIFEST, wanted)
  console.log('wrote docs/install/herald.yaml')
  return 0
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
