import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type CertificateSet, renewCertificates } from '../../../src/bin/common/certificates.ts'
import { webhookSecret } from '../../../src/bin/controller/webhook-secret.ts'
import { ControllerScene, HERALD_NAMESPACE as namespace, node } from '../../support/controller-scene.ts'
import { chartObjects } from '../../support/kubernetes/chart-objects.ts'
import { eventually, type Running } from '../../support/processes.ts'

const NAME = 'herald-webhook'
const DAY_MS = 86_400_000

interface Written {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace: string; annotations?: Record<string, string> }
  spec: Record<string, unknown>
}

const object =
  (kind: string, apiVersion: string, defaults: object = {}) =>
  (name: string, spec: object = {}): Written => ({
    ...{ apiVersion, kind, metadata: { name, namespace } },
    spec: { ...defaults, ...spec },
  })
const pool = object('IPAddressPool', 'metallb.io/v1beta1')
const reservation = object('AddressReservation', 'herald.io/v1alpha1')
const layer2 = object('L2Advertisement', 'metallb.io/v1beta1')
const bgp = object('BGPAdvertisement', 'metallb.io/v1beta1')
const router = { myASN: 64512, peerASN: 64513, peerAddress: '203.0.113.1' }
const peer = object('BGPPeer', 'metallb.io/v1beta2', router)
const oldPeer = object('BGPPeer', 'metallb.io/v1beta1', router)
const profile = object('BFDProfile', 'metallb.io/v1beta1')
const community = object('Community', 'metallb.io/v1beta1')
const aliases = (...names: string[]) => ({ communities: names.map(name => ({ name, value: '64512:1' })) })

const KINDS = [
  'ipaddresspool',
  'addressreservation',
  'l2advertisement',
  'bgpadvertisement',
  'bgppeer',
  'bfdprofile',
  'community',
]

describe('the webhook, on a real API server', () => {
  let scene: ControllerScene
  let controller: Running
  let port: number
  const configuration = () =>
    chartObjects(namespace, 'ValidatingWebhookConfiguration').then(([found]) => {
      const { webhooks, ...rest } = found as { webhooks: { clientConfig: object }[] }
      // The API server of the test has no Services that lead anywhere.
      const clientConfig = { url: `https://127.0.0.1:${port}/validate` }
      return { ...rest, webhooks: webhooks.map(webhook => ({ ...webhook, clientConfig })) }
    })
  const flags = (...more: string[]) => [
    ...['--webhook-port', String(port), '--webhook-host', '127.0.0.1', '--webhook-url', `https://127.0.0.1:${port}`],
    ...more,
  ]
  const write = async (verb: 'apply' | 'create', ...items: object[]) => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    return scene.api.kubectl([verb, '--filename=-'], list)
  }
  const refused = async (item: object, text: RegExp) => {
    const { code, stderr } = await write('apply', item)
    assert.notEqual(code, 0, 'it was taken')
    assert.match(stderr, /admission webhook "configuration\.herald\.io" denied the request/)
    assert.match(stderr, text)
  }
  const taken = async (...items: object[]) => {
    const { code, stderr } = await write('apply', ...items)
    assert.equal(code, 0, stderr)
    return stderr
  }
  const get = (what: string, name: string) =>
    scene.api.kubectlJson<Written>(['get', what, name, '--namespace', namespace])
  /** Writes that only the webhook refuses: it is there when they fail. */
  const judging = (yes: boolean) =>
    eventually(`the webhook ${yes ? 'judges' : 'does not judge'}`, async () => {
      const elsewhere = {
        ...pool('probe', { addresses: ['192.0.2.0/32'] }),
        metadata: { name: 'probe', namespace: 'default' },
      }
      const { code } = await scene.api.kubectl(
        ['create', '--dry-run=server', '--filename=-'],
        JSON.stringify(elsewhere),
      )
      return (code !== 0) === yes
    })
  const conversion = async () => {
    const definition = await scene.api.kubectlJson<{
      spec: { conversion: { strategy: string; webhook?: { clientConfig: { caBundle: string; url: string } } } }
    }>(['get', 'crd', 'bgppeers.metallb.io'])
    return definition.spec.conversion
  }
  const converting = (strategy: string) =>
    eventually(`the conversion strategy is ${strategy}`, async () => (await conversion()).strategy === strategy)
  const secretData = async () =>
    (await scene.api.kubectlJson<{ data: Record<string, string> }>(['get', 'secret', NAME, '--namespace', namespace]))
      .data
  const certificateOf = async () => Buffer.from((await secretData())['tls.crt'] ?? '', 'base64').toString()
  const putCertificates = async (certificates: CertificateSet) => {
    const { data } = webhookSecret({ namespace, name: NAME }, certificates)
    const patch = JSON.stringify({ data })
    await scene.kubectl(['patch', 'secret', NAME, '--namespace', namespace, '--type=merge', '--patch', patch])
  }

  before(async function () {
    this.timeout(90_000)
    port = await freePort()
    scene = await ControllerScene.begin()
    await scene.apply(node('node-a', { rack: '1' }), node('node-b', { rack: '2' }))
  })

  afterEach(async () => {
    for (const kind of ['bgppeer', ...KINDS])
      await scene.api.kubectl(['delete', kind, '--all', '--namespace', namespace])
  })

  after(() => scene?.end())

  it('is no hindrance before the controller has come: definitions, webhook and resources in one go', async () => {
    await taken(
      await configuration(),
      ...[pool('web', { addresses: ['192.0.2.0/28'] }), layer2('web'), bgp('web', { communities: ['near'] })],
      ...[peer('tor', { bfdProfile: 'fast' }), oldPeer('old', { peerAddress: '203.0.113.2' })],
      ...[profile('fast'), community('ours', aliases('near')), reservation('kept', { addresses: ['192.0.2.1'] })],
    )
  })

  it('comes up by itself, and takes over the conversion', async () => {
    controller = await scene.startController(...flags())
    await judging(true)
    await converting('Webhook')
  })

  const rejections: [what: string, object: Written, from: Written, text: RegExp, ...beside: Written[]][] = [
    [
      'a pool that overlaps',
      pool('new', { addresses: ['192.0.2.0/29'] }),
      pool('new', { addresses: ['198.51.100.0/29'] }),
      /spec\.addresses\[0\]: 192\.0\.2\.0-192\.0\.2\.7 overlaps with already defined CIDR 192\.0\.2\.0-192\.0\.2\.255 of the IPAddressPool "old"/,
      pool('old', { addresses: ['192.0.2.0/24'] }),
    ],
    [
      'a pool that overlaps with itself',
      pool('new', { addresses: ['192.0.2.0/29', '192.0.2.4/32'] }),
      pool('new', { addresses: ['192.0.2.0/29'] }),
      /spec\.addresses\[1\]: "192\.0\.2\.4\/32" overlaps with/,
    ],
    [
      'an aggregation length beyond a pool',
      bgp('new', { aggregationLength: 26 }),
      bgp('new', { aggregationLength: 28 }),
      /invalid aggregation length 26: prefix 28 in this pool is more specific than the aggregation length for addresses 192\.0\.2\.0\/28/,
      pool('small', { addresses: ['192.0.2.0/28'] }),
    ],
    [
      'a LOCAL_PREF that disagrees',
      bgp('new', { localPref: 200 }),
      bgp('new', { localPref: 100 }),
      /spec\.localPref: LOCAL_PREF 200 disagrees with LOCAL_PREF 100 of the BGPAdvertisement "elder"/,
      ...[pool('small', { addresses: ['192.0.2.0/28'] }), bgp('elder', { localPref: 100 })],
    ],
    [
      'a peer that there is already',
      peer('new'),
      peer('new', { peerAddress: '203.0.113.2' }),
      /spec\.peerAddress: is the same session as that of the BGPPeer "elder" on every node that it selects: it already exists/,
      peer('elder'),
    ],
    [
      'an alias that there is already',
      community('new', aliases('near')),
      community('new', aliases('far')),
      /duplicate definition of community "near": that of the Community "elder" counts/,
      community('elder', aliases('near')),
    ],
    [
      'an alias twice in one object',
      community('new', aliases('near', 'near')),
      community('new', aliases('far')),
      /duplicate definition of community "near"/,
    ],
    [
      'a reservation that overlaps',
      reservation('new', { addresses: ['192.0.2.1'] }),
      reservation('new', { addresses: ['192.0.2.2'] }),
      /overlaps with the older AddressReservation "elder"/,
      reservation('elder', { addresses: ['192.0.2.1'], service: { namespace: 'a', name: 'b' } }),
    ],
  ]
  for (const [what, item, from, text, ...beside] of rejections) {
    it(`refuses ${what}, created or edited`, async () => {
      if (beside.length > 0) await taken(...beside)
      await wait(100)
      await refused(item, text)
      await taken(from)
      await refused(item, text)
    })
  }

  it('refuses objects in other namespaces', async () => {
    const addresses = { addresses: ['192.0.2.0/28'] }
    const items = [pool('new', addresses), reservation('new', addresses), layer2('new'), bgp('new'), peer('new')]
    for (const item of [...items, profile('new'), community('new', aliases('near'))]) {
      item.metadata.namespace = 'default'
      await refused(item, /resource must be created in herald-system namespace/)
    }
  })

  it('refuses to delete a profile while a peer names it, and no longer', async () => {
    await taken(profile('fast'), peer('tor', { bfdProfile: 'fast' }))
    const remove = () => scene.api.kubectl(['delete', 'bfdprofile', 'fast', '--namespace', namespace])
    await wait(100)
    const { code, stderr } = await remove()
    assert.equal(code, 1)
    assert.match(stderr, /failed to delete BFDProfile "fast": it is used by the BGPPeer "tor"/)
    // At once: the webhook has not heard yet that the peer is gone.
    await scene.kubectl(['delete', 'bgppeer', 'tor', '--namespace', namespace])
    assert.equal((await remove()).code, 0)
  })

  it('warns of what is deprecated, and of what is missing', async () => {
    assert.match(
      await taken(peer('tor', { disableMP: true, bfdProfile: 'fast' })),
      /disableMP is deprecated[\s\S]*no valid BFDProfile "fast"/,
    )
    assert.match(
      await taken(oldPeer('old', { peerAddress: '203.0.113.2' })),
      /metallb\.io\/v1beta1 BGPPeer is deprecated/,
    )
    assert.match(await taken(layer2('web', { ipAddressPools: ['nowhere'] })), /there is no IPAddressPool "nowhere" yet/)
  })

  it('judges a BGPPeer of v1beta1 as one of v1beta2', async () => {
    await refused(oldPeer('old', { peerAddress: 'router' }), /spec\.peerAddress: invalid BGPPeer address "router"/)
  })

  it('keeps what v1beta1 lacks when a BGPPeer is changed by v1beta1', async () => {
    const spec = { peerASN: undefined, peerAddress: undefined, dynamicASN: 'external', interface: 'eth0', vrf: 'red' }
    await taken(peer('tor', { ...spec, dualStackAddressFamily: true, passwordSecret: { name: 'bgp' } }))
    const before = await get('bgppeers.v1beta2.metallb.io', 'tor')
    const older = await get('bgppeers.v1beta1.metallb.io', 'tor')
    assert.deepEqual(older.spec, { myASN: 64512, peerASN: 0, peerAddress: '', peerPort: 179 })
    const patch = JSON.stringify({ spec: { holdTime: '30s' } })
    const edit = [
      'patch',
      'bgppeers.v1beta1.metallb.io',
      'tor',
      '--namespace',
      namespace,
      '--type=merge',
      '--patch',
      patch,
    ]
    await scene.kubectl(edit)
    const after = await get('bgppeers.v1beta2.metallb.io', 'tor')
    assert.deepEqual(after.spec, { ...before.spec, holdTime: '30s' })
    assert.deepEqual(after.metadata.annotations, before.metadata.annotations)
  })

  it('replaces a certificate that has expired, at once, and is trusted again', async () => {
    const expired = renewCertificates(undefined, ['127.0.0.1'], Date.now() - 400 * DAY_MS)
    await putCertificates(expired)
    await eventually('a new certificate is there', async () => (await certificateOf()) !== expired.certificate)
    await judging(true)
    await taken(peer('tor'))
    assert.equal((await get('bgppeers.v1beta1.metallb.io', 'tor')).spec.peerASN, 64513)
  })

  it('replaces a certificate in time, under the same authority', async () => {
    const late = renewCertificates(undefined, ['127.0.0.1'], Date.now() - 300 * DAY_MS)
    await putCertificates(late)
    await eventually('a new certificate is there', async () => (await certificateOf()) !== late.certificate)
    assert.equal(Buffer.from((await secretData())['ca.crt'] ?? '', 'base64').toString(), late.authorities)
    await judging(true)
  })

  it('heals what somebody has emptied or taken away', async () => {
    await scene.kubectl([
      'patch',
      'secret',
      NAME,
      '--namespace',
      namespace,
      '--type=merge',
      '--patch',
      '{"data":{"ca.key":""}}',
    ])
    await eventually('the key is there again', async () => ((await secretData())['ca.key'] ?? '') !== '')
    await judging(true)
    await scene.kubectl(['delete', 'secret', NAME, '--namespace', namespace])
    await eventually('the Secret is there again', async () => Boolean((await secretData())['tls.crt']))
    await judging(true)
  })

  it('lets a second controller serve from the same Secret', async () => {
    const first = await certificateOf()
    await controller.end()
    controller = await scene.startController(...flags(), '--pod-name', 'controller-1')
    await judging(true)
    assert.equal(await certificateOf(), first)
  })

  it('is no hindrance while it is down, but for BGPPeers by v1beta1', async () => {
    await taken(peer('tor', { vrf: 'red' }))
    await controller.end('SIGKILL')
    await taken(pool('old', { addresses: ['192.0.2.0/24'] }), pool('new', { addresses: ['192.0.2.0/24'] }))
    await taken(peer('tor', { vrf: 'blue' }), peer('second', { peerAddress: '203.0.113.2' }))
    assert.equal((await get('bgppeers.v1beta2.metallb.io', 'tor')).spec.vrf, 'blue')
    const { code, stderr } = await scene.api.kubectl([
      'get',
      'bgppeers.v1beta1.metallb.io',
      'tor',
      '--namespace',
      namespace,
    ])
    assert.equal(code, 1)
    assert.match(stderr, /conversion webhook for metallb\.io\/v1beta2, Kind=BGPPeer failed/)
  })

  it('hands the conversion back when it is switched off', async () => {
    controller = await scene.startController('--webhook-url', `https://127.0.0.1:${port}`)
    await converting('None')
    await taken(peer('tor'))
    const { apiVersion } = await get('bgppeers.v1beta1.metallb.io', 'tor')
    assert.equal(apiVersion, 'metallb.io/v1beta1')
    await judging(false)
  })

  it('leaves the conversion of another implementation alone', async () => {
    const foreign = { url: 'https://127.0.0.1:1/convert', caBundle: (await secretData())['ca.crt'] }
    const spec = {
      conversion: { strategy: 'Webhook', webhook: { clientConfig: foreign, conversionReviewVersions: ['v1'] } },
    }
    await scene.kubectl(['patch', 'crd', 'bgppeers.metallb.io', '--type=merge', '--patch', JSON.stringify({ spec })])
    await controller.end()
    controller = await scene.startController(...flags())
    await judging(true)
    await wait(3_000)
    assert.equal((await conversion()).webhook?.clientConfig.url, foreign.url)
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const bound = server.address()
  await new Promise(resolve => server.close(resolve))
  assert.ok(typeof bound === 'object' && bound)
  return bound.port
}
