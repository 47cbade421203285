import { type Check, judged, unknown } from './check-result.ts'
import type { Cluster } from './cluster.ts'
import type { Finding } from './finding.ts'
import { type ApiObject, keyOf, objectsOf } from './snapshot.ts'

interface PodTemplateObject extends ApiObject {
  spec?: { template?: { spec?: { containers?: { name?: string; image?: string }[] } } }
}

/** Programs that give LoadBalancer addresses too, by what stands in the names of their images. */
const LOAD_BALANCERS: readonly (readonly [RegExp, string])[] = [
  [/metallb\/speaker|metallb-speaker/, 'MetalLB'],
  [/kube-vip/, 'kube-vip'],
  [/purelb\/|\/lbnodeagent/, 'PureLB'],
  [/openelb/, 'OpenELB'],
  [/klipper-lb/, 'ServiceLB'],
]

/** Programs that may speak BGP on a node. */
const BGP_PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/calico\/node|calico-node/, 'Calico'],
  [/kube-router/, 'kube-router'],
  [/quay\.io\/cilium\/cilium|\/cilium:/, 'Cilium'],
  [/frr/, 'FRR'],
  [/gobgp/, 'GoBGP'],
  [/\/bird/, 'BIRD'],
]

/** Looks for other programs that do the same work on the same nodes, among the cluster's DaemonSets. */
export function checkPrograms(cluster: Cluster): Check[] {
  const unread = cluster.snapshot.unread.find(({ kind }) => kind === 'DaemonSet')
  if (unread) return [unknown('other load balancers and BGP programs', unread.why)]
  const others = objectsOf(cluster.snapshot, 'DaemonSet').map(object => [keyOf(object), imagesOf(object)] as const)
  const own = cluster.settings.loadBalancerClass
  const balancers = found(others, LOAD_BALANCERS).map(
    ([key, program]): Finding => ({
      level: own === '' ? 'warning' : 'note',
      subject: `DaemonSet ${key}`,
      message: `${program} serves LoadBalancer Services too${own === '' ? '' : `; Herald leaves all to it that have not the class ${own}`}`,
      advice: 'One of the two must have a loadBalancerClass of its own, else both give addresses to the same Services.',
    }),
  )
  const hasPeers = cluster.configuration.bgp.peers.length > 0
  const speakers = found(others, BGP_PROGRAMS).map(
    ([key, program]): Finding => ({
      level: hasPeers ? 'warning' : 'note',
      subject: `DaemonSet ${key}`,
      message: `${program} may speak BGP on the same nodes${hasPeers ? ', and Herald has peers' : ''}`,
      advice: 'A router takes one session from an address: let both have different routers, or source addresses.',
    }),
  )
  return [
    judged('other load balancers', balancers, 'none of those that Herald knows runs as a DaemonSet'),
    judged('other BGP programs', speakers, 'none of those that Herald knows runs as a DaemonSet'),
  ]
}

function found(
  daemonSets: readonly (readonly [key: string, images: string])[],
  known: readonly (readonly [RegExp, string])[],
): (readonly [key: string, program: string])[] {
  return daemonSets.flatMap(([key, images]) => {
    const program = known.find(([pattern]) => pattern.test(images))?.[1]
    return program ? [[key, program] as const] : []
  })
}

function imagesOf(object: PodTemplateObject): string {
  return (object.spec?.template?.spec?.containers ?? []).map(({ image = '' }) => image).join(' ')
}
