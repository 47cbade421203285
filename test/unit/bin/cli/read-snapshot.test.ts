import assert from 'node:assert/strict'
import { readMigrationObjects, readSnapshot } from '../../../../src/bin/cli/read-snapshot.ts'
import type { ApiObject } from '../../../../src/cli/snapshot.ts'
import { ApiError } from '../../../../src/kubernetes/api-error.ts'
import type { ApiClient } from '../../../../src/kubernetes/client.ts'
import { workload } from '../../../support/cli/objects.ts'

type List = ApiClient['list']
type ListOptions = NonNullable<Parameters<List>[1]>

/** An API server that holds some objects by plural, and gives them out in pages. */
function server(objects: Record<string, ApiObject[]>, { forbidden = [] as string[], pageSize = 500 } = {}) {
  const asked: string[] = []
  const list = (async ({ plural }: Parameters<List>[0], { namespace, query = {} }: ListOptions = {}) => {
    asked.push(`${plural}${namespace ? ` in ${namespace}` : ''}`)
    if (forbidden.includes(plural)) throw new ApiError('forbidden', `list ${plural}: 403`)
    const all = (objects[plural] ?? []).filter(one => !namespace || one.metadata?.namespace === namespace)
    const from = Number(query.continue ?? 0)
    const next = from + pageSize < all.length ? { continue: String(from + pageSize) } : {}
    return { items: all.slice(from, from + pageSize), metadata: next }
  }) as List
  return { list, asked }
}

const init = { server: 'api.example:6443', takenAt: '2026-01-01T00:00:00Z' }
const own = (name: string, parts: object = {}): ApiObject => ({ metadata: { name, namespace: 'lb' }, ...parts })

describe('readSnapshot()', () => {
  it("finds Herald's namespace by its controller, and no MetalLB's", async () => {
    const herald = workload('controller', 1, 1)
    const moved = { ...herald, metadata: { ...herald.metadata, namespace: 'lb' } }
    const containers = [{ name: 'controller', image: 'quay.io/metallb/controller:v0.15.2' }]
    const labels = { 'app.kubernetes.io/component': 'controller' }
    const metallb = {
      metadata: { name: 'controller', namespace: 'metallb-system', labels },
      spec: { template: { spec: { containers } } },
    }
    const api = server({ deployments: [metallb, moved] })
    assert.equal((await readSnapshot(api, init)).namespace, 'lb')
    assert.equal((await readSnapshot(api, { ...init, of: 'MetalLB' })).namespace, 'metallb-system')
    assert.equal((await readSnapshot(api, { ...init, namespace: 'given' })).namespace, 'given')
  })

  it('finds a migration that is under way by its note, when little of MetalLB is left', async () => {
    const labels = { 'app.kubernetes.io/managed-by': 'kubectl-herald' }
    const api = server({ configmaps: [{ metadata: { name: 'herald-migration', namespace: 'lb', labels } }] })
    assert.equal((await readSnapshot(api, { ...init, of: 'MetalLB' })).namespace, 'lb')
  })

  it('reads for a migration what the other commands do not, as far as it may', async () => {
    const api = server({ roles: [own('r')], clusterroles: [own('c')] }, { forbidden: ['serviceaccounts'] })
    const { Role, ClusterRole, ServiceAccount } = await readMigrationObjects(api, 'lb')
    assert.deepEqual([Role?.length, ClusterRole?.length, ServiceAccount], [1, 1, []])
    assert.ok(api.asked.includes('roles in lb') && api.asked.includes('clusterroles'))
  })

  it("falls back on the speakers' objects, and then on the usual name", async () => {
    assert.equal((await readSnapshot(server({ speakerstatuses: [own('node-a')] }), init)).namespace, 'lb')
    assert.equal((await readSnapshot(server({}), init)).namespace, 'herald-system')
  })

  it('reads all pages, of the configuration those of the namespace alone', async () => {
    const elsewhere = { metadata: { name: 'x', namespace: 'default' } }
    const services = ['a', 'b', 'c'].map(name => ({ metadata: { name, namespace: 'default' } }))
    const api = server({ services, ipaddresspools: [own('p'), elsewhere] }, { pageSize: 2 })
    const { objects } = await readSnapshot(api, { ...init, namespace: 'lb' })
    assert.equal(objects.Service?.length, 3)
    assert.deepEqual(
      objects.IPAddressPool?.map(({ metadata }) => metadata?.name),
      ['p'],
    )
    assert.ok(api.asked.includes('configmaps in kube-system'))
    assert.ok(!api.asked.includes('secrets'), 'no Secret of another namespace is asked for')
  })

  it('keeps of a Secret that it has a password, and drops what only clutters', async () => {
    const secret = own('tor', { type: 'kubernetes.io/basic-auth', data: { username: 'dQ==', password: 'czNjcjN0' } })
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', kept: 'yes' }
    const node = { metadata: { name: 'a', annotations, managedFields: [{}] } } as ApiObject
    const { objects } = await readSnapshot(server({ secrets: [secret], nodes: [node] }), { ...init, namespace: 'lb' })
    const text = JSON.stringify(objects.Secret)
    assert.ok(!text.includes('czNjcjN0') && !text.includes('username'), text)
    assert.match(text, /"password":/)
    assert.deepEqual(objects.Node, [{ metadata: { name: 'a', annotations: { kept: 'yes' } } }])
  })

  it('names what may not be read, and goes on', async () => {
    const { objects, unread } = await readSnapshot(server({}, { forbidden: ['secrets', 'deployments'] }), init)
    assert.deepEqual(unread, [
      { kind: 'Secret', why: 'you may not list secrets' },
      { kind: 'Deployment', why: 'you may not list deployments' },
    ])
    assert.deepEqual(objects.Secret, [])
  })

  it('fails when the server does not know the user', async () => {
    const list = (async () => {
      throw new ApiError('unauthorized', 'list nodes: 401')
    }) as List
    await assert.rejects(readSnapshot({ list }, { ...init, namespace: 'lb' }), /401/)
  })
})
