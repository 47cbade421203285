import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { applyObjects, chartDefinitions, serviceAccountKubeconfig } from '../../support/kubernetes/chart-objects.ts'
import { eventually, type Running, runEntry } from '../../support/processes.ts'

interface Condition {
  type: string
  status: string
  reason: string
  message: string
  observedGeneration?: number
}

const namespace = 'herald-system'

const object = (kind: string, name: string, spec: object, version = 'v1beta1') => ({
  ...{ apiVersion: `metallb.io/${version}`, kind, metadata: { name, namespace } },
  spec,
})
const peer = (name: string, spec: object = {}) =>
  object('BGPPeer', name, { myASN: 64512, peerASN: 64513, peerAddress: '203.0.113.1', ...spec }, 'v1beta2')
const advertisement = (name: string, spec: object) => object('BGPAdvertisement', name, spec)
const secret = (type: string) => ({
  ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'bgp-password', namespace } },
  ...{ type, stringData: { username: '', password: 'secret' } },
})

/** What is wrong, as ConfigurationState tells it, and what the object itself says. */
const mistakes: { what: string; objects: object[]; about: string; summary: string | RegExp; message: RegExp }[] = [
  {
    what: 'a Secret of another type',
    objects: [peer('peer1', { passwordSecret: { name: 'bgp-password' } }), secret('Opaque')],
    about: 'bgppeer/peer1',
    summary:
      'configuration error: parsing peer peer1 secret type mismatch on "herald-system"/"bgp-password", type "kubernetes.io/basic-auth" is expected \nfailed to parse peer peer1 password secret',
    message: /^No session is held with the peer: spec\.passwordSecret: the Secret "bgp-password" must have the type/,
  },
  {
    what: 'a profile that is not there',
    objects: [peer('peer1', { bfdProfile: 'fast' })],
    about: 'bgppeer/peer1',
    summary: 'configuration error: peer peer1 referencing non existing bfd profile fast',
    message: /spec\.bfdProfile: there is no valid BFDProfile "fast"/,
  },
  {
    what: 'an alias that nobody defines',
    objects: [advertisement('web', { communities: ['my-valid-alias'] })],
    about: 'bgpadvertisement/web',
    summary:
      'configuration error: invalid community format: my-valid-alias\ninvalid community "my-valid-alias" in BGP advertisement',
    message: /^Nothing is announced by it: spec\.communities\[0\]: "my-valid-alias" is neither/,
  },
  {
    what: 'a Secret that is not there',
    objects: [peer('peer1', { passwordSecret: { name: 'bgp-password' } })],
    about: 'bgppeer/peer1',
    summary:
      'configuration error: parsing peer peer1 secret ref not found for peer config "herald-system"/"peer1"\nfailed to parse peer peer1 password secret',
    message: /there is no Secret "bgp-password" in the namespace "herald-system"/,
  },
  {
    what: 'a peer that there is already',
    objects: [peer('first', { peerAddress: '10.200.200.2' }), peer('second', { peerAddress: '10.200.200.2' })],
    about: 'bgppeer/second',
    summary:
      "configuration error: peer 10.200.200.2 already exists, FRR mode doesn't support duplicate BGPPeers selecting the same node",
    message: /spec\.peerAddress: is the same session as that of the BGPPeer "first" on every node that it selects/,
  },
  {
    what: 'a name that stands for two communities',
    objects: [
      object('Community', 'ours', {
        communities: ['1:2', '1:3'].map(value => ({ name: 'near', value })),
      }),
    ],
    about: 'community/ours',
    summary:
      /^configuration error: Community "ours": spec\.communities\[1\]\.name: duplicate definition of community "near"$/,
    message: /^The aliases cannot be used: .*duplicate definition of community "near"/,
  },
]

describe('the BGP configuration, judged by the controller on a real API server', () => {
  let api: ApiServer
  let controller: Running
  let folder: string

  const summary = (result: string, text: string | RegExp) =>
    eventually(`the configuration is ${result}`, async () => {
      const { status } = await api.kubectlJson<{ status?: { result: string; errorSummary?: string } }>([
        ...['get', 'configurationstate', 'controller', '--namespace', namespace],
      ])
      const found = status?.errorSummary ?? ''
      return status?.result === result && (typeof text === 'string' ? found === text : text.test(found))
    })
  const accepted = (what: string, status: string, reason: string, message: RegExp) =>
    eventually(`${what} says ${status}, ${reason}`, async () => {
      const found = await api.kubectlJson<{ metadata: { generation: number }; status?: { conditions?: Condition[] } }>([
        ...['get', what, '--namespace', namespace],
      ])
      const condition = found.status?.conditions?.find(({ type }) => type === 'Accepted')
      return (
        condition?.status === status &&
        condition.reason === reason &&
        condition.observedGeneration === found.metadata.generation &&
        message.test(condition.message)
      )
    })

  before(async function () {
    this.timeout(90_000)
    folder = await mkdtemp(join(tmpdir(), 'herald-bgp-configuration-'))
    api = await startApiServer()
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a', labels: { rack: '1' } } }
    const home = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
    await applyObjects(api, home, node, ...chartDefinitions())
    const kubeconfig = await serviceAccountKubeconfig(api, { folder, namespace, component: 'controller' })
    const established = await api.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s'])
    assert.equal(established.code, 0, established.stderr)
    controller = runEntry('controller', [
      ...['--namespace', namespace, '--pod-name', 'controller-0', '--kubeconfig', kubeconfig, '--port', '0'],
      ...['--health-probe-port', '0', '--health-probe-host', '127.0.0.1'],
    ])
    await eventually('the controller is ready', () => controller.logs().some(({ msg }) => msg === 'ready'))
  })

  afterEach(async () => {
    for (const kind of ['bgppeer', 'bgpadvertisement', 'bfdprofile', 'community', 'ipaddresspool']) {
      await api.kubectl(['delete', kind, '--all', '--namespace', namespace])
    }
    await api.kubectl(['delete', 'secret', 'bgp-password', '--ignore-not-found', '--namespace', namespace])
  })

  after(async () => {
    await controller?.end()
    await api?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  for (const { what, objects, about, summary: text, message } of mistakes) {
    it(`tells of ${what}, on the object and in the words that tools know`, async () => {
      for (const item of objects) {
        await applyObjects(api, item)
        // creationTimestamp has whole seconds
        if (item !== objects.at(-1)) await new Promise(resolve => setTimeout(resolve, 1_100))
      }
      await applyObjects(api, peer('bystander', { peerAddress: '203.0.113.9' }))
      await accepted(about, 'False', 'Invalid', message)
      await summary('Invalid', text)
      await accepted('bgppeer/bystander', 'True', 'Accepted', /in use/)
    })
  }

  it('takes a peer whose Secret comes later, and one whose profile does', async () => {
    await applyObjects(api, peer('tor', { passwordSecret: { name: 'bgp-password' }, bfdProfile: 'fast' }))
    await accepted('bgppeer/tor', 'False', 'Invalid', /no Secret "bgp-password"/)
    await applyObjects(api, secret('kubernetes.io/basic-auth'))
    await accepted('bgppeer/tor', 'False', 'Invalid', /no valid BFDProfile "fast"/)
    await applyObjects(api, object('BFDProfile', 'fast', { echoMode: true }))
    await accepted('bgppeer/tor', 'True', 'Accepted', /in use/)
    await accepted(
      'bfdprofile/fast',
      'True',
      'InPart',
      /but not all of it: spec\.echoMode: Herald has no echo function/,
    )
    await summary('Valid', '')
  })

  it('leaves an advertisement in force for the pools that it agrees with', async () => {
    const pool = (name: string, range: string) => object('IPAddressPool', name, { addresses: [range] })
    await applyObjects(api, pool('small', '192.0.2.0/28'), pool('large', '198.51.100.0/24'))
    await applyObjects(api, advertisement('web', { aggregationLength: 26 }))
    const text =
      /invalid aggregation length 26: prefix 28 in this pool is more specific than the aggregation length for addresses 192\.0\.2\.0\/28/
    await accepted('bgpadvertisement/web', 'True', 'InPart', text)
    await summary('Invalid', text)
    await applyObjects(api, advertisement('web', { aggregationLength: 28 }))
    await accepted('bgpadvertisement/web', 'True', 'Accepted', /in use/)
  })
})
