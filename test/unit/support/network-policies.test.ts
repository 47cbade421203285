import assert from 'node:assert/strict'
import { compilePolicies, type NetworkPolicy, type PolicedPod } from '../../support/lab/network-policies.ts'

const namespace = 'herald-system'
const pod: PolicedPod = {
  ...{ name: 'controller', namespace, labels: { app: 'herald', part: 'controller' } },
  addresses: ['10.244.1.2', '2001:db8:f:1::2'],
}
const policy = (spec: object, where = namespace): NetworkPolicy =>
  ({ metadata: { name: 'policy', namespace: where }, spec }) as NetworkPolicy
const selector = (matchLabels: object = {}) => ({ podSelector: { matchLabels } })

const rows: readonly [what: string, policies: NetworkPolicy[], rules: string[]][] = [
  ['nothing, without policies', [], []],
  ['nothing, by a policy for other pods', [policy({ ...selector({ app: 'other' }), policyTypes: ['Ingress'] })], []],
  ['nothing, by a policy of another namespace', [policy({ ...selector(), policyTypes: ['Ingress'] }, 'default')], []],
  [
    'everything, both ways',
    [policy({ ...selector(), policyTypes: ['Ingress', 'Egress'] })],
    [
      ...['ip daddr 10.244.1.2 counter drop', 'ip6 daddr 2001:db8:f:1::2 counter drop'],
      ...['ip saddr 10.244.1.2 counter drop', 'ip6 saddr 2001:db8:f:1::2 counter drop'],
    ],
  ],
  [
    'what no policy allows, where several select a pod',
    [
      policy({ ...selector({ app: 'herald' }), ingress: [{ ports: [{ port: 9443 }] }] }),
      policy({ ...selector({ part: 'controller' }), ingress: [{ ports: [{ port: 53, protocol: 'UDP' }] }] }),
      policy(selector()),
    ],
    [
      ...['ip daddr 10.244.1.2 tcp dport 9443 accept', 'ip daddr 10.244.1.2 udp dport 53 accept'],
      'ip daddr 10.244.1.2 counter drop',
      ...['ip6 daddr 2001:db8:f:1::2 tcp dport 9443 accept', 'ip6 daddr 2001:db8:f:1::2 udp dport 53 accept'],
      'ip6 daddr 2001:db8:f:1::2 counter drop',
    ],
  ],
  [
    'nothing that goes out, where all is allowed',
    [policy({ ...selector(), policyTypes: ['Egress'], egress: [{}] })],
    [
      ...['ip saddr 10.244.1.2 accept', 'ip saddr 10.244.1.2 counter drop'],
      ...['ip6 saddr 2001:db8:f:1::2 accept', 'ip6 saddr 2001:db8:f:1::2 counter drop'],
    ],
  ],
]

describe('NetworkPolicies as rules of a node', () => {
  for (const [what, policies, rules] of rows) {
    it(`forbid ${what}`, () => {
      const script = compilePolicies(policies, [pod], { egressSees: 'Service' })
      assert.deepEqual(
        script.split('\n').filter(line => line.startsWith('ip')),
        rules,
      )
    })
  }

  const unknown: readonly [string, object][] = [
    ['expressions', { podSelector: { matchExpressions: [] } }],
    ['the other end', { ...selector(), ingress: [{ from: [] }] }],
    ['ranges of ports', { ...selector(), egress: [{ ports: [{ port: 1, endPort: 9 }] }] }],
    ['names of ports', { ...selector(), ingress: [{ ports: [{ port: 'metrics' }] }] }],
  ]
  for (const [what, spec] of unknown) {
    it(`are not made where ${what} would be left out`, () => {
      assert.throws(() => compilePolicies([policy(spec)], [], { egressSees: 'endpoint' }), /NetworkPolicy policy: /)
    })
  }
})
