import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SystemClock } from '../../../src/io/clock.ts'
import { type Credentials, kubeconfigCredentials } from '../../../src/kubernetes/credentials.ts'
import { HttpTransport } from '../../../src/kubernetes/http-transport.ts'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { applyObjects, chartDefinitions, serviceAccountKubeconfig } from '../../support/kubernetes/chart-objects.ts'
import { COMPONENTS, documentedRights, type Rule, rightsOf } from '../../support/security-page.ts'

type Component = (typeof COMPONENTS)[number]

const namespace = 'herald-system'

const secret = (name: string, where: string) => ({
  ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: where }, stringData: { key: 'secret' } },
})
const service = (name: string) => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' } },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
})
const pool = (name: string) => ({
  ...{ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name, namespace } },
  spec: { addresses: ['192.0.2.0/28'] },
})
const lease = {
  ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'herald-speaker-node-a', namespace } },
}
const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' } }
const binding = (kind: 'ClusterRoleBinding' | 'RoleBinding') => ({
  ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: { name: 'planted' } },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
})
const tokenRequest = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } }
const takenOver = { status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } } }

/** A request that whoever has a token might make; what is sent with a PATCH is merged. */
type Attempt = readonly [method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object]

const core = '/api/v1'
const inDefault = `${core}/namespaces/default`
const own = `/namespaces/${namespace}`
const pools = `/apis/metallb.io/v1beta1${own}/ipaddresspools`
const leases = `/apis/coordination.k8s.io/v1${own}/leases`
const rbac = '/apis/rbac.authorization.k8s.io/v1'

/** Neither may do any of it. */
const forbiddenToAll: readonly Attempt[] = [
  ['GET', `${core}/secrets`],
  ['GET', `${inDefault}/secrets`],
  ['GET', `${inDefault}/secrets?watch=true`],
  ['GET', `${inDefault}/secrets/password`],
  ['GET', `${core}/namespaces/kube-system/secrets/bootstrap`],
  ['POST', `${inDefault}/secrets`, secret('planted', 'default')],
  ['PATCH', `${inDefault}/secrets/password`, { stringData: { key: 'other' } }],
  ['PATCH', `${core}${own}/secrets/password`, { stringData: { key: 'other' } }],
  ['DELETE', `${core}${own}/secrets/herald-liveness`],
  ['POST', `${inDefault}/services`, service('planted')],
  ['PUT', `${inDefault}/services/web`, service('web')],
  ['PATCH', `${inDefault}/services/web`, { spec: { externalIPs: ['192.0.2.9'] } }],
  ['DELETE', `${inDefault}/services/web`],
  ['DELETE', `${inDefault}/services`],
  ['POST', pools, pool('planted')],
  ['PATCH', `${pools}/web`, { spec: { addresses: ['192.0.2.0/24'] } }],
  ['DELETE', `${pools}/web`],
  ['PATCH', `${core}/nodes/node-a`, { metadata: { annotations: { 'herald.io/drain': 'true' } } }],
  ['PATCH', `${core}/nodes/node-a/status`, { status: {} }],
  ['DELETE', `${core}/nodes/node-a`],
  ['DELETE', `${leases}/herald-speaker-node-a`],
  ['POST', `${core}${own}/serviceaccounts/herald-controller/token`, tokenRequest],
  ['POST', `${rbac}/clusterrolebindings`, binding('ClusterRoleBinding')],
  ['POST', `${rbac}${own}/rolebindings`, binding('RoleBinding')],
  ['GET', `${core}${own}/pods`],
  ['GET', `${core}${own}/configmaps`],
]

/** Each may do more than the other. */
const forbidden: Readonly<Record<Component, readonly Attempt[]>> = {
  controller: [
    ['PATCH', `${leases}/herald-speaker-node-a`, { spec: { holderIdentity: 'mine' } }],
    ['GET', `${core}${own}/secrets/password`],
  ],
  speaker: [
    ['PATCH', `${inDefault}/services/web/status`, takenOver],
    ['PATCH', `${pools}/web/status`, { status: {} }],
    ['POST', `${core}${own}/secrets`, secret('planted', namespace)],
    ['GET', `${core}${own}/secrets/password`],
    ['GET', `${core}/namespaces`],
  ],
}

/** That these are carried out shows that the token is good, and that refusals are not for another reason. */
const allowed: Readonly<Record<Component, readonly Attempt[]>> = {
  controller: [
    ['GET', `${core}/services`],
    ['GET', `${core}${own}/secrets`],
    ['PATCH', `${inDefault}/services/web/status`, takenOver],
  ],
  speaker: [
    ['GET', `${core}/services`],
    ['GET', `${core}${own}/secrets/herald-liveness`],
    ['PATCH', `${leases}/herald-speaker-node-a`, { spec: { holderIdentity: 'mine' } }],
  ],
}

describe('a stolen token', () => {
  let api: ApiServer
  let folder: string
  const thieves = new Map<Component, { credentials: Credentials; transport: HttpTransport }>()

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herald-token-'))
    api = await startApiServer()
    await applyObjects(api, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    await applyObjects(api, ...chartDefinitions())
    for (const component of COMPONENTS) {
      const path = await serviceAccountKubeconfig(api, { folder, namespace, component })
      const credentials = await kubeconfigCredentials({ clock: new SystemClock() }, { path })
      thieves.set(component, { credentials, transport: new HttpTransport({ credentials }) })
    }
    await api.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s'])
    await applyObjects(
      ...([api, node, lease, service('web'), pool('web'), secret('herald-liveness', namespace)] as const),
      ...[secret('password', 'default'), secret('bootstrap', 'kube-system'), secret('password', namespace)],
    )
  })
  after(async () => {
    for (const { transport } of thieves.values()) transport.close()
    await api?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  /** Requests are made as they are: kubectl reads what it patches, and would be refused for that already. */
  const attempt = async (component: Component, [method, path, body]: Attempt) => {
    const { credentials, transport } = thieves.get(component)!
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const headers = { authorization: (await credentials.authorization())!, 'content-type': type }
    const sent = body && Buffer.from(JSON.stringify(body))
    const response = await transport.send({ method, path, headers, body: sent }, AbortSignal.timeout(10_000))
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    return { status: response.statusCode ?? 0, text }
  }

  /** What the API server says that the owner of the token may do, but for asking just that, which everybody may. */
  const rightsIn = async (component: Component, where: string): Promise<string[]> => {
    const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
    const { status: code, text } = await attempt(component, ['POST', path, { spec: { namespace: where } }])
    assert.equal(code, 201, text)
    const { status } = JSON.parse(text) as { status: { incomplete: boolean; resourceRules: Rule[] } }
    assert.equal(status.incomplete, false)
    const rules = status.resourceRules.filter(
      ({ resources }) => !resources?.some(resource => resource.startsWith('selfsubject')),
    )
    return rightsOf(component, rules).sort()
  }

  for (const component of COMPONENTS) {
    it(`of a ${component} is good for what the page on security says, and for nothing else`, async () => {
      const documented = (kind: 'Role' | 'ClusterRole') =>
        documentedRights(kind).filter(right => right.startsWith(`${component}:`))
      assert.deepEqual(await rightsIn(component, 'default'), documented('ClusterRole').sort())
      const inside = [...documented('ClusterRole'), ...documented('Role')]
      assert.deepEqual(await rightsIn(component, namespace), inside.sort())
    })

    it(`of a ${component} reads no Secret of another namespace, and changes nothing that is not the ${component}'s to change`, async () => {
      for (const each of [...forbiddenToAll, ...forbidden[component]]) {
        const { status, text } = await attempt(component, each)
        assert.equal(status, 403, `${each[0]} ${each[1]}: ${text}`)
      }
      for (const each of allowed[component]) {
        const { status, text } = await attempt(component, each)
        assert.equal(status, 200, `${each[0]} ${each[1]}: ${text}`)
      }
    })
  }
})
