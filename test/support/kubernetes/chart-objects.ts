import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { buildHelm } from '../../../lab/build.ts'
import { run } from '../../../lab/process.ts'
import type { ApiServer } from '../api-server.ts'

const CHART = 'charts/herald'
const ACCOUNT_KINDS = ['ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']

/** The definitions of all custom resources, as the chart brings them. */
export function chartDefinitions(): object[] {
  return globSync(`${CHART}/templates/crds/*.yaml`).flatMap(file =>
    // The chart's own lines ({{ … }}) are no part of the definitions.
    parseAllDocuments(readFileSync(file, 'utf8').replaceAll(/^.*\{\{.*\n/gm, '')).map(document => document.toJS()),
  )
}

/** The objects of these kinds that the chart makes of a release called `herald`. */
export async function chartObjects(namespace: string, ...kinds: readonly string[]): Promise<object[]> {
  const helm = await buildHelm()
  const { stdout } = await run([helm, 'template', 'herald', CHART, '--namespace', namespace])
  const objects = parseAllDocuments(stdout).map(document => document.toJS() as { kind: string } | null)
  return objects.filter(object => object !== null).filter(({ kind }) => kinds.includes(kind))
}

export async function applyObjects(api: ApiServer, ...items: readonly object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const { code, stderr } = await api.kubectl(['apply', '--filename=-'], list)
  assert.equal(code, 0, stderr)
}

/**
 * Makes the service accounts and roles of the chart.
 *
 * @param folder where the file is written
 * @returns the kubeconfig of one component's account: it may do what the chart allows it, and no more
 */
export async function serviceAccountKubeconfig(
  api: ApiServer,
  { folder, namespace, component }: { folder: string; namespace: string; component: 'controller' | 'speaker' },
): Promise<string> {
  await applyObjects(api, ...(await chartObjects(namespace, ...ACCOUNT_KINDS)))
  const token = await api.kubectl(['create', 'token', `herald-${component}`, '--namespace', namespace])
  assert.equal(token.code, 0, token.stderr)
  const file = join(folder, `kubeconfig-${component}`)
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
    clusters: [{ name: 'test', cluster: { server: api.url, 'certificate-authority': api.caFile } }],
    users: [{ name: 'test', user: { token: token.stdout.trim() } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  }
  await writeFile(file, JSON.stringify(config), { mode: 0o600 })
  return file
}
