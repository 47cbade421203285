import assert from 'node:assert/strict'
import { checkSurroundings } from '../../../src/cli/check.ts'
import type { LocalFacts } from '../../../src/cli/check-local.ts'
import { Cluster } from '../../../src/cli/cluster.ts'
import type { ApiObject, Snapshot } from '../../../src/cli/snapshot.ts'
import { kubeProxyConfig, node, own, snapshotOf, speaker } from '../../support/cli/objects.ts'

const pool = (addresses: string[], spec: object = {}) => own('IPAddressPool', 'web', { spec: { addresses, ...spec } })
const configMap = (name: string, data: Record<string, string>): ApiObject =>
  ({ kind: 'ConfigMap', metadata: { name, namespace: 'kube-system' }, data }) as ApiObject
const daemonSet = (image: string): ApiObject => ({
  kind: 'DaemonSet',
  metadata: { name: 'other', namespace: 'other-system' },
  spec: { template: { spec: { containers: [{ name: 'x', image }] } } },
})
const kubeadm = (subnets: string) => configMap('kubeadm-config', { ClusterConfiguration: `networking:\n${subnets}` })
const peer = own('BGPPeer', 'tor', { spec: { myASN: 1, peerASN: 2, peerAddress: '203.0.113.1' } })

/** What one check says of a cluster of these objects: its result, and all its words. */
function check(name: string, objects: ApiObject[], local?: LocalFacts, unread: Snapshot['unread'] = []) {
  const { checks } = checkSurroundings(new Cluster(snapshotOf(objects, unread)), local)
  const found = checks.find(one => one.name === name)
  assert.ok(found, `${name} is not among ${checks.map(one => one.name)}`)
  return `${found.result}: ${[found.summary, ...found.findings.map(({ level, message }) => `${level}: ${message}`)].filter(Boolean).join('; ')}`
}

describe('checkSurroundings()', () => {
  for (const [what, name, objects, expected] of [
    [
      'a node in a pool',
      'pools and nodes',
      [node('a', 11), pool(['203.0.113.8-203.0.113.12'])],
      /^bad: error: holds 203\.0\.113\.11, which the node a has/,
    ],
    [
      'a broadcast address in a pool',
      'pools and nodes',
      [node('a', 11), speaker('a', 11), pool(['203.0.113.240/28'])],
      /^bad: error: holds 203\.0\.113\.255, the broadcast address of 203\.0\.113\.0-203\.0\.113\.255/,
    ],
    [
      'one that is avoided',
      'pools and nodes',
      [node('a', 11), speaker('a', 11), pool(['203.0.113.240/28'], { avoidBuggyIPs: true })],
      /^good: /,
    ],
    [
      'a node’s pods in a pool',
      'pools and pods',
      [node('a', 11), pool(['10.244.11.8/29'])],
      /^bad: error: .* overlaps 10\.244\.11\.0-10\.244\.11\.255, the pods of the node a$/,
    ],
    [
      'the cluster’s pods, told once',
      'pools and pods',
      [node('a', 11), kubeadm('  podSubnet: "10.244.0.0/16"'), pool(['10.244.11.8/29'])],
      /^bad: error: [^;]* overlaps 10\.244\.0\.0-10\.244\.255\.255, the pods of the cluster$/,
    ],
    [
      'cluster IPs by kubeadm, both families',
      'pools and cluster IPs',
      [kubeadm('  serviceSubnet: 10.96.0.0/16,2001:db8:96::/112'), pool(['2001:db8:96::10/124'])],
      /^bad: error: .* overlaps 2001:db8:96::/,
    ],
    [
      'cluster IPs by ServiceCIDR',
      'pools and cluster IPs',
      [
        { kind: 'ServiceCIDR', metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.96.0.0/16'] } },
        pool(['192.0.2.0/24']),
      ],
      /^good: no pool overlaps 10\.96\.0\.0-10\.96\.255\.255$/,
    ],
    ['IPVS with strictARP', 'strictARP', [kubeProxyConfig('ipvs', true)], /^good: /],
    ['IPVS without', 'strictARP', [kubeProxyConfig('ipvs')], /^bad: error: IPVS without strictARP/],
    ['iptables', 'strictARP', [kubeProxyConfig('')], /^good: kube-proxy runs in mode default/],
    [
      'MetalLB beside Herald',
      'other load balancers',
      [daemonSet('quay.io/metallb/speaker:v0.15.2')],
      /^bad: warning: MetalLB serves LoadBalancer Services too$/,
    ],
    [
      'Calico without a peer',
      'other BGP programs',
      [daemonSet('docker.io/calico/node:v3')],
      /^bad: note: Calico may speak BGP on the same nodes$/,
    ],
    [
      'Calico and a peer',
      'other BGP programs',
      [daemonSet('docker.io/calico/node:v3'), peer],
      /^bad: warning: Calico .*, and Herald has peers$/,
    ],
    ['no speaker that watches', 'liveness between nodes', [speaker('a', 11)], /^unknown: /],
  ] as [string, string, ApiObject[], RegExp][]) {
    it(`judges ${what}`, () => assert.match(check(name, objects), expected))
  }

  it('does not take what could not be read for good', () => {
    const unread = [{ kind: 'DaemonSet', why: 'you may not list daemonsets' }] as const
    assert.equal(
      check('other load balancers and BGP programs', [], undefined, unread),
      'unknown: you may not list daemonsets',
    )
    assert.equal(
      check('the rest', [], undefined, unread),
      'unknown: not all could be read: you may not list daemonsets',
    )
  })

  describe('on a node', () => {
    const two = own('SpeakerStatus', 'a', {
      status: { interfaces: ['eth0', 'eth1'].map(name => ({ name, mac: '', addresses: [] })) },
    })
    const local: LocalFacts = { node: 'a', reversePathFilters: {}, mtus: {}, bgpListeners: [] }

    for (const [what, name, facts, expected] of [
      [
        'strict rp_filter on one interface',
        'rp_filter',
        { reversePathFilters: { all: 0, eth0: 2, eth1: 1 } },
        /^bad: warning: rp_filter is strict on eth1:/,
      ],
      [
        'strict on all, loose on one',
        'rp_filter',
        { reversePathFilters: { all: 1, eth0: 2, eth1: 0 } },
        /^bad: warning: rp_filter is strict on eth1:/,
      ],
      ['loose everywhere', 'rp_filter', { reversePathFilters: { all: 2, eth0: 1, eth1: 0 } }, /^good: /],
      [
        'pods with larger packets',
        'MTU',
        { mtus: { eth0: 1400, eth1: 1500, cni0: 1500 } },
        /^bad: warning: cni0 takes packets of 1500 octets, and an interface to the clients 1400/,
      ],
      ['pods with smaller ones', 'MTU', { mtus: { eth0: 1500, eth1: 1500, cni0: 1450, lo: 65536 } }, /^good: /],
      [
        'a BGP daemon',
        'TCP port 179',
        { bgpListeners: ['0.0.0.0:179'] },
        /^bad: note: somebody listens for BGP on 0\.0\.0\.0:179$/,
      ],
    ] as [string, string, Partial<LocalFacts>, RegExp][]) {
      it(`judges ${what}`, () => assert.match(check(name, [node('a', 11), two], { ...local, ...facts }), expected))
    }
  })
})
