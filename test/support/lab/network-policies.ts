import type { TestLab } from './lab.ts'

// https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
interface PolicyRule {
  readonly ports?: readonly { readonly port?: number; readonly protocol?: string }[]
}

/** What is understood of a NetworkPolicy: pods by their labels, ports by their numbers, anybody as the other end. */
export interface NetworkPolicy {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: {
    readonly podSelector: { readonly matchLabels?: Readonly<Record<string, string>> }
    readonly policyTypes?: readonly string[]
    readonly ingress?: readonly PolicyRule[]
    readonly egress?: readonly PolicyRule[]
  }
}

/** A pod with a network of its own: to others, policies do not apply. */
export interface PolicedPod {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly addresses: readonly string[]
}

/**
 * When packets that leave a pod are judged: as the pod sends them, to the address and port of a Service; or when kube-proxy has put the
 * endpoint's in their place. Networks differ in it.
 */
export const EGRESS_SEES = { Service: -150, endpoint: -50 } as const
export type EgressSees = keyof typeof EGRESS_SEES

const TABLE = 'network-policies'
const DIRECTIONS = { Ingress: 'daddr', Egress: 'saddr' } as const
type Direction = keyof typeof DIRECTIONS

/**
 * The rules of one node for its pods, as nftables takes them. A pod that no policy of a direction selects may do everything in it; one
 * that some do, what any of them allows. What belongs to a connection that was allowed passes. Neighbour discovery and ICMP are not
 * for policies to judge.
 *
 * @throws Error for a policy that says more than is understood: a rule that is left out would let through what it forbids, or the contrary
 */
export function compilePolicies(
  policies: readonly NetworkPolicy[],
  pods: readonly PolicedPod[],
  { egressSees }: { egressSees: EgressSees },
): string {
  for (const policy of policies) refuseUnknown(policy)
  const chain = (direction: Direction, hook: string) => [
    `chain ${direction.toLowerCase()} {`,
    `type filter hook ${hook}`,
    'ct state established,related accept',
    'meta l4proto != { tcp, udp, sctp } accept',
    ...pods.flatMap(pod => podRules(policies, pod, direction)),
    '}',
  ]
  return [
    `table inet ${TABLE} {`,
    // Behind every translation of destinations, for what comes from elsewhere and from the node itself.
    ...chain('Ingress', 'postrouting priority 0;'),
    ...chain('Egress', `prerouting priority ${EGRESS_SEES[egressSees]};`),
    '}',
  ].join('\n')
}

function podRules(policies: readonly NetworkPolicy[], pod: PolicedPod, direction: Direction): string[] {
  const selecting = policies.filter(policy => selects(policy, pod) && typesOf(policy).includes(direction))
  if (selecting.length === 0) return []
  return pod.addresses.flatMap(address => {
    const packets = `${address.includes(':') ? 'ip6' : 'ip'} ${DIRECTIONS[direction]} ${address}`
    const allowed = selecting.flatMap(({ spec }) => (direction === 'Ingress' ? spec.ingress : spec.egress) ?? [])
    const accepts = allowed.flatMap(({ ports }) =>
      ports === undefined || ports.length === 0
        ? [`${packets} accept`]
        : ports.map(({ port, protocol = 'TCP' }) => {
            const l4 = protocol.toLowerCase()
            return port === undefined ? `${packets} meta l4proto ${l4} accept` : `${packets} ${l4} dport ${port} accept`
          }),
    )
    return [...accepts, `${packets} counter drop`]
  })
}

function selects({ metadata, spec }: NetworkPolicy, { namespace, labels }: PolicedPod): boolean {
  const wanted = Object.entries(spec.podSelector.matchLabels ?? {})
  return metadata.namespace === namespace && wanted.every(([name, value]) => labels[name] === value)
}

function typesOf({ spec }: NetworkPolicy): readonly string[] {
  return spec.policyTypes ?? ['Ingress', ...(spec.egress ? ['Egress'] : [])]
}

function refuseUnknown({ metadata, spec }: NetworkPolicy): void {
  const check = (where: string, object: object, known: readonly string[]) => {
    const unknown = Object.keys(object).find(key => !known.includes(key))
    if (unknown) throw new Error(`NetworkPolicy ${metadata.name}: ${where}.${unknown} is not understood`)
  }
  check('spec', spec, ['podSelector', 'policyTypes', 'ingress', 'egress'])
  check('spec.podSelector', spec.podSelector, ['matchLabels'])
  for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    check('rule', rule, ['ports'])
    for (const port of rule.ports ?? []) {
      check('port', port, ['port', 'protocol'])
      if (typeof port.port === 'string')
        throw new Error(`NetworkPolicy ${metadata.name}: the port ${port.port} has a name`)
    }
  }
}

interface Pod {
  metadata: { name: string; namespace: string; labels?: Record<string, string> }
  spec: { nodeName?: string; hostNetwork?: boolean }
  status: { podIPs?: { ip: string }[] }
}

/** Has every node of a lab enforce the cluster's policies on its pods, as both are at this moment; the lab's own network enforces none. */
export async function enforcePolicies(lab: TestLab, options: { egressSees: EgressSees }): Promise<void> {
  const [policies, pods] = await Promise.all([lab.list<NetworkPolicy>('networkpolicies'), lab.list<Pod>('pods')])
  await Promise.all(
    lab.lab.topology.nodes.map(async ({ name }) => {
      const here = pods.filter(({ spec }) => spec.nodeName === name && !spec.hostNetwork)
      const policed = here.map(({ metadata, status }) => ({
        ...{ name: metadata.name, namespace: metadata.namespace, labels: metadata.labels ?? {} },
        addresses: (status.podIPs ?? []).map(({ ip }) => ip),
      }))
      await lab.runOn(name, ['nft', `${removal}; ${compilePolicies(policies, policed, options)}`])
    }),
  )
}

/** Lets everything through again. */
export async function liftPolicies(lab: TestLab): Promise<void> {
  await Promise.all(lab.lab.topology.nodes.map(({ name }) => lab.runOn(name, ['nft', removal])))
}

const removal = `add table inet ${TABLE}; delete table inet ${TABLE}`
