import {
  ControllerScene,
  metallb,
  HERALD_NAMESPACE as namespace,
  node,
  type ShownCondition,
  untilNextSecond,
} from '../../support/controller-scene.ts'
import { eventually } from '../../support/processes.ts'

const peer = (name: string, spec: object = {}) =>
  metallb('BGPPeer', name, { myASN: 64512, peerASN: 64513, peerAddress: '203.0.113.1', ...spec }, 'v1beta2')
const advertisement = (name: string, spec: object) => metallb('BGPAdvertisement', name, spec)
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
      metallb('Community', 'ours', {
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
  let scene: ControllerScene

  const summary = (result: string, text: string | RegExp) =>
    eventually(`the configuration is ${result}`, async () => {
      const { status } = await scene.read<{ status?: { result: string; errorSummary?: string } }>(
        'configurationstate',
        'controller',
      )
      const found = status?.errorSummary ?? ''
      return status?.result === result && (typeof text === 'string' ? found === text : text.test(found))
    })
  const accepted = (what: string, status: string, reason: string, message: RegExp) =>
    eventually(`${what} says ${status}, ${reason}`, async () => {
      const found = await scene.api.kubectlJson<{
        metadata: { generation: number }
        status?: { conditions?: ShownCondition[] }
      }>([...['get', what, '--namespace', namespace]])
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
    scene = await ControllerScene.begin()
    await scene.apply(node('node-a', { rack: '1' }))
    await scene.startController()
  })

  afterEach(async () => {
    for (const kind of ['bgppeer', 'bgpadvertisement', 'bfdprofile', 'community', 'ipaddresspool']) {
      await scene.api.kubectl(['delete', kind, '--all', '--namespace', namespace])
    }
    await scene.api.kubectl(['delete', 'secret', 'bgp-password', '--ignore-not-found', '--namespace', namespace])
  })

  after(() => scene?.end())

  for (const { what, objects, about, summary: text, message } of mistakes) {
    it(`tells of ${what}, on the object and in the words that tools know`, async () => {
      for (const item of objects) {
        await scene.apply(item)
        if (item !== objects.at(-1)) await untilNextSecond()
      }
      await scene.apply(peer('bystander', { peerAddress: '203.0.113.9' }))
      await accepted(about, 'False', 'Invalid', message)
      await summary('Invalid', text)
      await accepted('bgppeer/bystander', 'True', 'Accepted', /in use/)
    })
  }

  it('takes a peer whose Secret comes later, and one whose profile does', async () => {
    await scene.apply(peer('tor', { passwordSecret: { name: 'bgp-password' }, bfdProfile: 'fast' }))
    await accepted('bgppeer/tor', 'False', 'Invalid', /no Secret "bgp-password"/)
    await scene.apply(secret('kubernetes.io/basic-auth'))
    await accepted('bgppeer/tor', 'False', 'Invalid', /no valid BFDProfile "fast"/)
    await scene.apply(metallb('BFDProfile', 'fast', { echoMode: true }))
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
    const pool = (name: string, range: string) => metallb('IPAddressPool', name, { addresses: [range] })
    await scene.apply(pool('small', '192.0.2.0/28'), pool('large', '198.51.100.0/24'))
    await scene.apply(advertisement('web', { aggregationLength: 26 }))
    const text =
      /invalid aggregation length 26: prefix 28 in this pool is more specific than the aggregation length for addresses 192\.0\.2\.0\/28/
    await accepted('bgpadvertisement/web', 'True', 'InPart', text)
    await summary('Invalid', text)
    await scene.apply(advertisement('web', { aggregationLength: 28 }))
    await accepted('bgpadvertisement/web', 'True', 'Accepted', /in use/)
  })
})
