import assert from 'node:assert/strict'
import { stringify } from 'yaml'
import { type BgpPeerResource, parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { customResourceDefinition } from '../../../src/resources/crd.ts'
import { customResources } from '../../../src/resources/schema-catalogue.ts'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { BAD, GOOD, minimal, object, oldPeer, peer } from './bgp-kinds-examples.ts'

describe('the BGP kinds on a real API server', () => {
  let server: ApiServer
  const tryOut = (object: object) =>
    server.kubectl(['apply', '--dry-run=server', '--validate=strict', '--filename=-'], JSON.stringify(object))
  const create = async (object: object) => {
    const { code, stdout, stderr } = await server.kubectl(['create', '--filename=-'], JSON.stringify(object))
    assert.equal(code, 0, stderr)
    return stdout + stderr
  }
  const columns = async (...args: string[]) => {
    const { stdout } = await server.kubectl(['get', ...args])
    return stdout.split('\n').map(line => line.trim().split(/ {2,}/))
  }

  before(async () => {
    server = await startApiServer()
    const wanted = customResources.filter(({ kind }) => /BGP|BFD|Community/.test(kind))
    const definitions = wanted.map(resource => stringify(customResourceDefinition(resource)))
    const applied = await server.kubectl(['apply', '--filename=-'], definitions.join('---\n'))
    assert.equal(applied.code, 0, applied.stderr)
    const names = wanted.map(({ plural, group }) => `crd/${plural}.${group}`)
    const established = await server.kubectl(['wait', '--for=condition=Established', '--timeout=30s', ...names])
    assert.equal(established.code, 0, established.stderr)
  })
  after(() => server?.stop())

  for (const { name, object } of GOOD) {
    it(`are accepted: ${name}`, async () => {
      const { code, stderr } = await tryOut(object)
      assert.equal(code, 0, stderr)
    })
  }

  for (const { name, object, message } of BAD) {
    it(`are refused: ${name}`, async () => {
      const { code, stderr } = await tryOut(object)
      assert.notEqual(code, 0)
      assert.match(stderr, message)
    })
  }

  it('have their defaults and columns', async () => {
    await create(peer({ bfdProfile: 'fast', ebgpMultiHop: true }, 'shown'))
    await create(object('BGPAdvertisement', { ipAddressPools: ['web'], peers: ['shown'] }, { name: 'shown' }))
    await create(
      object('BFDProfile', { receiveInterval: 100, transmitInterval: 50, passiveMode: true }, { name: 'shown' }),
    )
    const { spec } = await server.kubectlJson<{ spec: object }>(['get', 'bgppeer/shown'])
    assert.deepEqual(spec, {
      ...minimal,
      ...{ bfdProfile: 'fast', ebgpMultiHop: true, peerPort: 179, disableMP: false, dualStackAddressFamily: false },
    })
    const stored = await server.kubectlJson<{ spec: object }>(['get', 'bgpadvertisement/shown'])
    assert.deepEqual(stored.spec, {
      ...{ ipAddressPools: ['web'], peers: ['shown'], aggregationLength: 32, aggregationLengthV6: 128 },
    })
    assert.deepEqual((await columns('bgppeers')).slice(0, 2), [
      ['NAME', 'ADDRESS', 'ASN', 'BFD PROFILE', 'MULTI HOPS'],
      ['shown', '203.0.113.1', '64513', 'fast', 'true'],
    ])
    assert.deepEqual((await columns('bgpadvertisements'))[0], [
      'NAME',
      'IPADDRESSPOOLS',
      'IPADDRESSPOOL SELECTORS',
      'PEERS',
    ])
    assert.deepEqual((await columns('bfdprofiles')).slice(0, 2), [
      ['NAME', 'PASSIVE MODE', 'TRANSMIT INTERVAL', 'RECEIVE INTERVAL', 'MULTIPLIER'],
      ['shown', 'true', '50', '100'],
    ])
  })

  it('let graceful restart be switched on later', async () => {
    await create(peer({ enableGracefulRestart: false }, 'later'))
    const patch = ['patch', 'bgppeer/later', '--type=merge', '--patch={"spec":{"enableGracefulRestart":true}}']
    const { code, stderr } = await server.kubectl(patch)
    assert.equal(code, 0, stderr)
  })

  it('show sessions in columns', async () => {
    const metadata = { name: 'node-a.rack-a.4cf3a0a2', namespace: 'default' }
    await create({ apiVersion: 'herald.io/v1alpha1', kind: 'BGPSessionStatus', metadata })
    const status = {
      ...{ node: 'node-a', peer: 'rack-a', address: '203.0.113.1', state: 'Active', since: new Date().toISOString() },
      ...{ prefixesSent: 0, bfd: 'Down', lastError: 'hold timer expired' },
    }
    const patch = ['patch', `bgpsessionstatus/${metadata.name}`, '--subresource=status', '--type=merge']
    const patched = await server.kubectl([...patch, `--patch=${JSON.stringify({ status })}`])
    assert.equal(patched.code, 0, patched.stderr)
    const [head, row] = await columns('bgpsessionstatuses')
    assert.deepEqual(head, ['NAME', 'NODE', 'PEER', 'ADDRESS', 'STATE', 'SINCE', 'PREFIXES', 'BFD', 'LAST ERROR'])
    assert.deepEqual(row?.toSpliced(5, 1), [
      ...[metadata.name, 'node-a', 'rack-a', '203.0.113.1', 'Active', '0', 'Down', 'hold timer expired'],
    ])
  })

  describe('in version v1beta1', () => {
    const old = {
      ...{ sourceAddress: '203.0.113.9', holdTime: '30s', keepaliveTime: '10s', routerID: '192.0.2.1', password: 'p' },
      ...{ bfdProfile: 'fast', ebgpMultiHop: true },
      nodeSelectors: [{ matchExpressions: [{ key: 'rack', operator: 'In', values: ['1'] }] }],
    }

    it('are written with a warning, and read in v1beta2 with every field', async () => {
      assert.match(
        await create(oldPeer(old, 'old')),
        /metallb\.io\/v1beta1 BGPPeer is deprecated, use metallb\.io\/v1beta2/,
      )
      const stored = await server.kubectlJson<BgpPeerResource & { spec: object }>([
        'get',
        'bgppeers.v1beta2.metallb.io/old',
      ])
      assert.deepEqual(stored.spec, {
        ...{ ...minimal, ...old },
        ...{ peerPort: 179, disableMP: false, dualStackAddressFamily: false },
      })
      assert.ok('peer' in parseBgpPeer(stored))
    })

    it('are refused without what was always required, and with fields that came later', async () => {
      const missing = await tryOut(oldPeer({ peerASN: undefined }))
      assert.match(missing.stderr, /spec\.peerASN: Required value/)
      assert.match((await tryOut(oldPeer({ vrf: 'red' }))).stderr, /unknown field "spec\.vrf"/)
    })

    it('may say what only reading finds out, and that refuses them alone', async () => {
      await create(oldPeer({ myASN: 0, peerPort: 0, holdTime: '1s' }, 'wrong'))
      const stored = await server.kubectlJson<BgpPeerResource>(['get', 'bgppeers.v1beta2.metallb.io/wrong'])
      const parsed = parseBgpPeer(stored)
      assert.ok('problem' in parsed)
      assert.equal(parsed.problem.field, 'spec.myASN')
    })

    it('hide the fields that came later, and lose them with any write, a patch too', async () => {
      await create(peer({ vrf: 'red', bfdProfile: 'fast' }, 'new'))
      const seen = await server.kubectlJson<{ spec: object }>(['get', 'bgppeers.v1beta1.metallb.io/new'])
      assert.deepEqual(seen.spec, { ...minimal, bfdProfile: 'fast', peerPort: 179 })
      const patch = ['patch', 'bgppeers.v1beta1.metallb.io/new', '--type=merge', '--patch={"spec":{"holdTime":"30s"}}']
      assert.equal((await server.kubectl(patch)).code, 0)
      const left = await server.kubectlJson<{ spec: object }>(['get', 'bgppeers.v1beta2.metallb.io/new'])
      assert.deepEqual(left.spec, {
        ...{ ...minimal, bfdProfile: 'fast', holdTime: '30s' },
        ...{ peerPort: 179, disableMP: false, dualStackAddressFamily: false },
      })
    })
  })
})
