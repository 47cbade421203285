import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { buildHelm } from '../../../lab/build.ts'
import { type RunResult, run } from '../../../lab/process.ts'
import type { ApiClient } from '../../../src/kubernetes/client.ts'
import type { KubernetesObject, Resource } from '../../../src/kubernetes/resources.ts'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { connect } from '../../support/kubernetes/admin-client.ts'

const chart = resolve(import.meta.dirname, '../../../charts/herald')
const NAMESPACE = 'herald-system'
const reviews: Resource = {
  ...{ group: 'authorization.k8s.io', version: 'v1', plural: 'subjectaccessreviews', kind: 'SubjectAccessReview' },
  namespaced: false,
}

/** Resources as `resource.group/name//subresource`. */
const ALLOWED: readonly [component: string, verb: string, resource: string, allowed: boolean][] = [
  ['controller', 'create', 'tokenreviews.authentication.k8s.io', true],
  ['speaker', 'create', 'subjectaccessreviews.authorization.k8s.io', true],
  ['controller', 'patch', 'services//status', true],
  ['controller', 'patch', 'leases.coordination.k8s.io/herald-controller', true],
  ['controller', 'patch', 'leases.coordination.k8s.io/herald-speaker-a', false],
  ['controller', 'patch', 'services', false],
  ['controller', 'watch', 'nodes', true],
  ['controller', 'get', 'nodes', false],
  ['controller', 'watch', 'endpointslices.discovery.k8s.io', true],
  ['controller', 'delete', 'servicel2statuses.metallb.io', true],
  ['controller', 'patch', 'servicel2statuses.metallb.io//status', true],
  ['controller', 'patch', 'servicel2statuses.metallb.io', false],
  ['speaker', 'create', 'servicel2statuses.metallb.io', false],
  ['controller', 'watch', 'secrets', true],
  ['controller', 'patch', 'secrets', false],
  ['controller', 'create', 'secrets', true],
  ['controller', 'watch', 'bgppeers.metallb.io', true],
  ['controller', 'patch', 'bgppeers.metallb.io//status', true],
  ['controller', 'patch', 'bgppeers.metallb.io', false],
  ['controller', 'patch', 'communities.metallb.io//status', true],
  ['controller', 'create', 'servicebgpstatuses.metallb.io', true],
  ['controller', 'patch', 'servicebgpstatuses.metallb.io//status', true],
  ['controller', 'watch', 'bgpsessionstatuses.herald.io', true],
  ['controller', 'patch', 'bgpsessionstatuses.herald.io//status', false],
  ['controller', 'patch', 'ipaddresspools.metallb.io//status', true],
  ['controller', 'patch', 'configurationstates.metallb.io//status', true],
  ['controller', 'patch', 'configurationstates.metallb.io', false],
  ['controller', 'get', 'deployments.apps/lb-controller', true],
  ['controller', 'get', 'deployments.apps/other', false],
  ['speaker', 'list', 'configurationstates.metallb.io', false],
  ['speaker', 'patch', 'configurationstates.metallb.io//status', false],
  ['controller', 'patch', 'ipaddresspools.metallb.io', false],
  ['controller', 'patch', 'addressreservations.herald.io//status', true],
  ['controller', 'patch', 'addressreservations.herald.io', false],
  ['speaker', 'watch', 'endpointslices.discovery.k8s.io', true],
  ['speaker', 'patch', 'leases.coordination.k8s.io/herald-speaker-a', true],
  ['speaker', 'patch', 'services', false],
  ['speaker', 'get', 'secrets/herald-liveness', true],
  ['speaker', 'watch', 'secrets', true],
  ['speaker', 'create', 'secrets', false],
  ['speaker', 'watch', 'bgpadvertisements.metallb.io', true],
  ['speaker', 'watch', 'bfdprofiles.metallb.io', true],
  ['speaker', 'patch', 'bgppeers.metallb.io//status', false],
  ['speaker', 'create', 'bgpsessionstatuses.herald.io', true],
  ['speaker', 'delete', 'bgpsessionstatuses.herald.io', true],
  ['speaker', 'patch', 'bgpsessionstatuses.herald.io//status', true],
  ['speaker', 'create', 'servicebgpstatuses.metallb.io', false],
  ['controller', 'list', 'secrets in default', false],
  ['speaker', 'list', 'secrets in default', false],
]

describe('the chart on a real API server', () => {
  let helm: string
  let server: ApiServer
  let client: ApiClient

  before(async () => {
    helm = await buildHelm()
    server = await startApiServer()
    client = await connect(server.kubeconfigFile)
  })

  after(async () => {
    client?.close()
    await server?.stop()
  })

  const release = (...args: string[]): Promise<RunResult> =>
    run([helm, ...args, '--kubeconfig', server.kubeconfigFile, '--namespace', NAMESPACE], { check: false })

  it('installs and upgrades', async () => {
    const installed = await release('install', 'lb', chart, '--create-namespace', '--wait=false')
    assert.equal(installed.code, 0, installed.stderr)
    assert.match(installed.stdout, /kind: IPAddressPool/)
    const upgraded = await release('upgrade', 'lb', chart, '--set', 'speaker.logLevel=debug', '--wait=false')
    assert.equal(upgraded.code, 0, upgraded.stderr)
  })

  for (const [component, verb, resource, allowed] of ALLOWED) {
    it(`${allowed ? 'lets' : 'does not let'} the ${component} ${verb} ${resource}`, async () => {
      assert.equal(await may(component, verb, resource), allowed)
    })
  }

  it('leaves the definitions behind when it is uninstalled', async () => {
    const uninstalled = await release('uninstall', 'lb')
    assert.equal(uninstalled.code, 0, uninstalled.stderr)
    const left = await server.kubectl(['get', 'crd', '--output=name'])
    assert.match(left.stdout, /ipaddresspools\.metallb\.io/)
  })

  async function may(component: string, verb: string, text: string): Promise<boolean> {
    const [, plural, group = '', name = '', subresource = '', namespace = NAMESPACE] =
      /^(\w+)(?:\.([\w.]+))?(?:\/([\w-]+))?(?:\/\/(\w+))?(?: in (\w+))?$/.exec(text) ?? []
    const spec = {
      user: `system:serviceaccount:${NAMESPACE}:lb-${component}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${NAMESPACE}`, 'system:authenticated'],
      resourceAttributes: { namespace, verb, group, resource: plural, subresource, name },
    }
    type Review = KubernetesObject & { spec: object; status?: { allowed?: boolean } }
    const answer = await client.create<Review>(reviews, { spec } as Review)
    assert.ok(answer.status, `the API server did not judge ${text}`)
    return answer.status.allowed === true
  }
})
