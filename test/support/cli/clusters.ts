import { type ApiObject, objectsOf, type Snapshot, type SnapshotKind } from '../../../src/cli/snapshot.ts'
import {
  announcement,
  heraldPod,
  kubeProxyConfig,
  kubeProxyPod,
  lease,
  namespaceObject,
  node,
  own,
  SINCE,
  service,
  session,
  slice,
  snapshotOf,
  speaker,
  workload,
} from './objects.ts'

const RENEWED = '2026-01-01T11:59:55.000000Z'
const NODES = ['node-a', 'node-b', 'node-c'] as const

const pools = [
  own('IPAddressPool', 'web', { spec: { addresses: ['192.0.2.0/28'], avoidBuggyIPs: true } }),
  own('IPAddressPool', 'dual', {
    spec: { addresses: ['198.51.100.10-198.51.100.13', '2001:db8:1::/120'], autoAssign: false },
  }),
]

const bgp = [
  own('BGPPeer', 'tor', { spec: { myASN: 64513, peerASN: 64512, peerAddress: '203.0.113.1' } }),
  own('BGPAdvertisement', 'routed', { spec: { ipAddressPools: ['dual'] } }),
]

function bgpSession(name: string, status: Record<string, unknown> = {}) {
  const usual = { state: 'Established', since: SINCE, prefixesSent: 1, bfd: 'Up', address: '203.0.113.1' }
  return own('BGPSessionStatus', `${name}.tor`, { status: { node: name, peer: 'tor', ...usual, ...status } })
}

/** Three nodes, two pools, everything as it should be. */
export function healthyCluster(): Snapshot {
  return snapshotOf([
    ...NODES.map((name, index) => node(name, 11 + index)),
    ...['default', 'shop'].map(name => namespaceObject(name)),
    ...pools,
    ...bgp,
    own('L2Advertisement', 'web', { spec: { ipAddressPools: ['web'] } }),
    service('default', 'web', { addresses: ['192.0.2.1'], pool: 'web' }),
    service('shop', 'front', {
      addresses: ['198.51.100.10'],
      pool: 'dual',
      spec: { externalTrafficPolicy: 'Local' },
      annotations: { 'metallb.io/address-pool': 'dual' },
    }),
    service('default', 'internal', { spec: { type: 'ClusterIP' } }),
    slice('default', 'web', ['node-a', 'node-b', 'node-b']),
    slice('shop', 'front', ['node-a', 'node-c']),
    speaker('node-a', 11, { announcements: [], sessions: [session('node-c')] }),
    speaker('node-b', 12, { announcements: [], sessions: [session('node-c'), session('node-a')] }),
    speaker('node-c', 13, { announcements: [announcement('192.0.2.1')], sessions: [] }),
    ...NODES.map(name => bgpSession(name, name === 'node-b' ? { prefixesSent: 0 } : {})),
    ...NODES.map(name => kubeProxyPod(name)),
    kubeProxyConfig('iptables'),
    workload('controller', 1, 1),
    workload('speaker', 3, 3),
    heraldPod('controller', 'node-b'),
    ...NODES.map(name => heraldPod('speaker', name)),
    lease('herald-controller', RENEWED),
  ])
}

/** The healthy cluster in the middle of an upgrade: one pod is on its way out already, one has not begun. */
export function upgradingCluster(): Snapshot {
  const { objects, ...rest } = healthyCluster()
  const before = '0.0.9'
  const leaving = heraldPod('speaker', 'node-b', before)
  const pods = [
    ...objects.Pod!.filter(({ metadata }) => metadata?.namespace === 'kube-system'),
    heraldPod('controller', 'node-a'),
    heraldPod('controller', 'node-b', '0.0.8', { phase: 'Succeeded' }),
    ...['node-a', 'node-c'].map(name => heraldPod('speaker', name, before)),
    heraldPod('speaker', 'node-b'),
    { ...leaving, metadata: { ...leaving.metadata, name: 'leaving', deletionTimestamp: RENEWED } },
  ]
  return { ...rest, objects: { ...objects, Pod: pods } }
}

/** The healthy cluster with two things to explain: for the pictures in the README. */
export function exampleCluster(): Snapshot {
  const { objects, ...rest } = healthyCluster()
  const sessions = objects.BGPSessionStatus!.map(object =>
    object.metadata?.name === 'node-b.tor'
      ? bgpSession('node-b', {
          state: 'Active',
          since: '2026-01-01T11:48:00Z',
          bfd: 'Down',
          lastError: 'hold timer expired',
        })
      : object,
  )
  const pending = service('default', 'api', { annotations: { 'metallb.io/address-pool': 'legacy' } })
  const full = own('IPAddressPool', 'legacy', { spec: { addresses: ['192.0.2.32/32'], autoAssign: false } })
  const old = service('default', 'old', {
    addresses: ['192.0.2.32'],
    pool: 'legacy',
    annotations: { 'metallb.io/address-pool': 'legacy' },
  })
  return {
    ...rest,
    objects: {
      ...objects,
      BGPSessionStatus: sessions,
      IPAddressPool: [...objects.IPAddressPool!, full],
      BGPAdvertisement: [own('BGPAdvertisement', 'routed', { spec: { ipAddressPools: ['dual', 'legacy'] } })],
      Service: [...objects.Service!, pending, old],
      EndpointSlice: [
        ...objects.EndpointSlice!,
        slice('default', 'old', ['node-b']),
        slice('default', 'api', ['node-a']),
      ],
    },
  }
}

/** The same cluster after a bad day. */
export function brokenCluster(): Snapshot {
  return snapshotOf(
    [
      node('node-a', 11),
      node('node-b', 12, { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } }),
      node('node-c', 13),
      ...['default', 'shop'].map(name => namespaceObject(name)),
      ...pools,
      own('IPAddressPool', 'full', { spec: { addresses: ['192.0.2.32/32'] } }),
      own('IPAddressPool', 'overlapping', { spec: { addresses: ['192.0.2.8/29'] } }, { creationTimestamp: SINCE }),
      ...bgp,
      own('BGPAdvertisement', 'typo', { spec: { communities: ['no-such-alias'] } }),
      own('L2Advertisement', 'web', { spec: { ipAddressPools: ['web'] } }),
      service('default', 'web', { addresses: ['192.0.2.1'], pool: 'web' }),
      service('default', 'taken', { addresses: ['192.0.2.2'], pool: 'web' }),
      service('default', 'quiet', { addresses: ['192.0.2.32'], pool: 'full' }),
      service('default', 'waiting', { annotations: { 'metallb.io/address-pool': 'full' } }),
      service('default', 'crashing', { addresses: ['192.0.2.3'], pool: 'web' }),
      service('shop', 'front', { addresses: ['198.51.100.10'], pool: 'dual' }),
      service('shop', 'other', { spec: { loadBalancerClass: 'example.com/other' } }),
      slice('default', 'web', ['node-a']),
      slice('default', 'taken', ['node-a']),
      slice('default', 'quiet', ['node-a']),
      slice('default', 'crashing', ['node-a'], { ready: false, serving: false, terminating: false }),
      slice('shop', 'front', ['node-a']),
      speaker('node-a', 11, {
        announcements: [announcement('192.0.2.1')],
        conflicts: [{ address: '192.0.2.2', interface: 'eth0', mac: '02:00:5e:20:00:99', since: SINCE }],
        sessions: [session('node-b', 'Down'), session('node-c', 'Down')],
      }),
      speaker('node-b', 12),
      speaker('node-c', 13, { expiredAt: '2026-01-01T11:30:00Z', announcements: [announcement('192.0.2.9')] }),
      bgpSession('node-a', { state: 'Active', bfd: 'Down', lastError: 'connection\u001b[31m refused' }),
      kubeProxyPod('node-a', false),
      kubeProxyPod('node-b'),
      kubeProxyConfig('ipvs'),
      workload('controller', 0, 1),
      workload('speaker', 2, 3),
      lease('herald-controller', '2026-01-01T11:50:00.000000Z'),
    ],
    [{ kind: 'Secret', why: 'you may not list secrets' }],
  )
}

/** Herald runs, and nothing is configured. */
export function emptyCluster(): Snapshot {
  return snapshotOf([
    ...NODES.map((name, index) => node(name, 11 + index)),
    ...NODES.map((name, index) => speaker(name, 11 + index)),
    workload('controller', 1, 1),
    workload('speaker', 3, 3),
    lease('herald-controller', RENEWED),
  ])
}

/** A cluster that MetalLB serves, with what must be seen to before Herald can. */
export function metallbCluster(): Snapshot {
  const namespace = 'metallb-system'
  const moved = (object: ApiObject): ApiObject => ({ ...object, metadata: { ...object.metadata, namespace } })
  const workloadOf = (kind: string, component: string, containers: object[]) => {
    const labels = { 'app.kubernetes.io/name': 'metallb', 'app.kubernetes.io/component': component }
    const volume = component === 'controller' ? 'cert' : 'memberlist'
    const volumes = [{ name: volume, secret: { secretName: `metallb-${volume}` } }]
    const spec = { selector: { matchLabels: labels }, template: { spec: { containers, volumes } } }
    const object = moved(own(kind, `metallb-${component}`, { spec }))
    return { ...object, metadata: { ...object.metadata, labels } }
  }
  const image = 'quay.io/metallb/'
  const env = [{ name: 'METALLB_BGP_TYPE', value: 'frr' }]
  const snapshot = snapshotOf([
    ...NODES.map((name, index) => ready(node(name, 11 + index))),
    namespaceObject('default'),
    ...[
      ...[...pools, ...bgp, own('L2Advertisement', 'web', { spec: { ipAddressPools: ['web'] } })],
      own('IPAddressPool', 'spare', { spec: { addresses: ['192.0.2.64/28'] } }),
      own('BFDProfile', 'fast', { spec: { echoMode: true } }),
      own('BGPPeer', 'lost', {
        spec: { myASN: 64513, peerASN: 64512, peerAddress: '203.0.113.2', bfdProfile: 'gone' },
      }),
      own('ConfigMap', 'bgpextras', { data: { extras: 'ip prefix-list x permit any' } }),
    ].map(moved),
    service('default', 'web', { addresses: ['192.0.2.1'], pool: 'web' }),
    service('default', 'old', {
      addresses: ['192.0.2.2'],
      annotations: { 'metallb.universe.tf/address-pool': 'web', 'metallb.io/ip-allocated-from-pool': 'web' },
    }),
    service('default', 'astray', { addresses: ['192.0.2.99'], pool: 'web' }),
    ...['web', 'old', 'astray'].map(name => slice('default', name, ['node-a'])),
    ...NODES.map(name => moved(podOf('DaemonSet', 'metallb-speaker', name))),
    moved(podOf('ReplicaSet', 'metallb-controller-5d9c7b', 'node-a')),
    workloadOf('Deployment', 'controller', [{ name: 'controller', image: `${image}controller:v0.15.2`, env }]),
    workloadOf('DaemonSet', 'speaker', [
      { name: 'speaker', image: `${image}speaker:v0.15.2`, env },
      { name: 'frr', image: 'quay.io/frrouting/frr:9.1.0' },
    ]),
  ])
  return { ...snapshot, namespace }
}

function ready(object: ApiObject): ApiObject {
  const { status } = object as { status?: object }
  return { ...object, ...{ status: { ...status, conditions: [{ type: 'Ready', status: 'True' }] } } }
}

/** A pod that runs on a node, and whose it is. */
function podOf(kind: string, name: string, nodeName: string): ApiObject {
  return own('Pod', `${name}-${nodeName}`, { spec: { nodeName } }, { ownerReferences: [{ kind, name }] })
}

/** The same MetalLB without what stands in the way of moving. */
export function movableCluster(): Snapshot {
  const snapshot = metallbCluster()
  const without = (kind: SnapshotKind, ...names: string[]) => ({
    [kind]: objectsOf(snapshot, kind).filter(object => !names.includes(object.metadata?.name ?? '')),
  })
  const removed = {
    ...without('Service', 'astray'),
    ...without('BGPPeer', 'lost'),
    ...without('ConfigMap', 'bgpextras'),
  }
  return { ...snapshot, objects: { ...snapshot.objects, ...removed } }
}
