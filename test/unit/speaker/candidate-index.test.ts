import assert from 'node:assert/strict'
import { type L2AdvertisementResource, parseL2Advertisement } from '../../../src/config/l2-advertisement.ts'
import { parseAddress } from '../../../src/ip/address.ts'
import { type NodeObject, viewNode } from '../../../src/resources/node.ts'
import { CandidateIndex, type CandidateRules } from '../../../src/speaker/candidate-index.ts'

/** Interfaces of a node: `eth0 192.0.2.9/24 2001:db8::9/64`, one text each. */
type Reports = Record<string, string[]>

interface Situation {
  speakers: Reports
  address?: string
  advertisements?: L2AdvertisementResource['spec'][]
  /** what a Node has besides its name */
  nodes?: Record<string, NodeObject>
  rules?: CandidateRules
  /** nodes with endpoints; a `-` behind the name: all are terminating */
  local?: string[]
}

interface Row extends Situation {
  what: string
  candidates: string[]
  passedOver?: Record<string, string>
}

function indexOf({ speakers, nodes = {}, rules }: Situation, previous?: CandidateIndex): CandidateIndex {
  const names = [...new Set([...Object.keys(speakers), ...Object.keys(nodes)])]
  return new CandidateIndex(
    {
      advertisements: [],
      nodes: new Map(
        names.map(name => {
          const { metadata, ...object } = nodes[name] ?? {}
          return [name, viewNode({ ...object, metadata: { labels: { host: name }, ...metadata, name } })]
        }),
      ),
      speakers: new Map(
        Object.entries(speakers).map(([name, texts]) => {
          const parts = texts.map(text => text.split(' '))
          return [name, parts.map(([name = '', ...addresses]) => ({ name, mac: '', addresses }))]
        }),
      ),
      poolOf: () => undefined,
    },
    rules,
    previous,
  )
}

function candidacyIn(situation: Situation, index = indexOf(situation)) {
  const { address = '192.0.2.1', advertisements = [{}], local } = situation
  const parsed = advertisements.map((spec, at) => {
    const result = parseL2Advertisement({ metadata: { name: `ad-${at}` }, spec })
    assert.ok('advertisement' in result)
    return result.advertisement
  })
  const endpoints = local && {
    nodes: local.map(name => name.replace('-', '')),
    leavingNodes: local.filter(name => name.endsWith('-')).map(name => name.replace('-', '')),
  }
  return index.candidacy(parsed, parseAddress(address)!, endpoints)
}

const on = (host: string) => [{ matchLabels: { host } }]
const drain = { metadata: { annotations: { 'herald.io/drain': 'true' } } }
const cordon = { spec: { unschedulable: true } }
const taint = { spec: { taints: [{ key: 'example.com/repair' }] } }

const rows: Row[] = [
  {
    what: 'in the subnet of one node, it goes there',
    speakers: { a: ['eth0 192.0.2.9/24'], b: ['eth0 198.51.100.9/24'] },
    candidates: ['a'],
    passedOver: { b: 'notInSubnet' },
  },
  {
    what: 'in the subnet of a second interface',
    speakers: { a: ['eth0 192.0.2.9/24'], b: ['eth0 198.51.100.9/24', 'eth1 192.0.2.8/24'] },
    candidates: ['a', 'b'],
  },
  {
    what: 'in no node’s subnet (routed), all may announce it',
    speakers: { a: ['eth0 203.0.113.9/24'], b: ['eth0 198.51.100.9/24'], c: ['eth0'] },
    candidates: ['a', 'b', 'c'],
  },
  {
    what: 'in a wider and a narrower subnet, both count',
    speakers: { a: ['eth0 192.0.2.9/24'], b: ['eth0 192.0.2.8/28'], c: ['eth0 192.0.2.200/28'] },
    candidates: ['a', 'b'],
    passedOver: { c: 'notInSubnet' },
  },
  {
    what: 'only in the wider subnet',
    speakers: { a: ['eth0 192.0.2.9/24'], b: ['eth0 192.0.2.200/28'] },
    candidates: ['a'],
    passedOver: { b: 'notInSubnet' },
  },
  {
    what: 'host addresses, link-local ones and nonsense tell of no subnet',
    address: '2001:db8::1',
    speakers: {
      a: ['eth0 2001:db8::1/128 fe80::1/64 192.0.2.1/32'],
      b: ['eth0 fe80::2/64 2001:db8::2/129 2001:db8::3 2001:db8::4/x /64'],
    },
    candidates: ['a', 'b'],
  },
  {
    what: 'IPv6, by its own subnet',
    address: '2001:db8:0:1::1',
    speakers: { a: ['eth0 192.0.2.9/24 2001:db8::9/64'], b: ['eth0 2001:db8:0:1::9/64'] },
    candidates: ['b'],
    passedOver: { a: 'notInSubnet' },
  },
  {
    what: 'the only node in the subnet may not announce: the subnet rules nobody out',
    speakers: { a: ['eth0 192.0.2.9/24'], b: ['eth0 198.51.100.9/24'] },
    nodes: { a: { status: { conditions: [{ type: 'NetworkUnavailable', status: 'True' }] } } },
    candidates: ['b'],
  },
  {
    what: 'interfaces are named: the subnet is nothing',
    speakers: { a: ['eth0 192.0.2.9/24'], b: ['eth1 198.51.100.9/24'], c: ['eth1 192.0.2.8/24'] },
    advertisements: [{ interfaces: ['eth1', 'eth7'] }],
    candidates: ['b', 'c'],
    passedOver: { a: 'noInterface' },
  },
  {
    what: 'no node has a named interface: one of them is to say so',
    speakers: { a: ['eth0'], b: [] },
    advertisements: [{ interfaces: ['eth1'] }],
    candidates: ['a', 'b'],
  },
  {
    what: 'one advertisement names interfaces, another does not',
    speakers: { a: ['eth1 198.51.100.9/24'], b: ['eth0 192.0.2.9/24'], c: ['eth0 198.51.100.8/24'], d: [] },
    advertisements: [{ interfaces: ['eth1'] }, {}],
    candidates: ['a', 'b'],
    passedOver: { c: 'notInSubnet', d: 'noInterface' },
  },
  {
    what: 'each node is judged by the advertisements that select it',
    speakers: { a: ['eth0 198.51.100.9/24'], b: ['eth0 198.51.100.8/24'], c: ['eth0 192.0.2.9/24'] },
    advertisements: [{ interfaces: ['eth0'], nodeSelectors: on('a') }, { nodeSelectors: [...on('b'), ...on('c')] }],
    candidates: ['a', 'c'],
    passedOver: { b: 'notInSubnet' },
  },
  {
    what: 'a node is drained by its annotation',
    speakers: { a: ['eth0'], b: ['eth0'] },
    nodes: { a: drain },
    candidates: ['b'],
    passedOver: { a: 'nodeDraining' },
  },
  {
    what: 'all nodes are drained: they stay',
    speakers: { a: ['eth0'], b: ['eth0'] },
    nodes: { a: drain, b: drain },
    candidates: ['a', 'b'],
  },
  {
    what: 'a cordon or a taint drains nothing by itself',
    speakers: { a: ['eth0'], b: ['eth0'] },
    nodes: { a: cordon, b: taint },
    candidates: ['a', 'b'],
  },
  {
    what: 'a cordon drains where it is to',
    speakers: { a: ['eth0'], b: ['eth0'] },
    nodes: { a: cordon, b: taint },
    rules: { drainOnCordon: true },
    candidates: ['b'],
    passedOver: { a: 'nodeDraining' },
  },
  {
    what: 'a taint drains where it is to',
    speakers: { a: ['eth0'], b: ['eth0'] },
    nodes: { a: cordon, b: taint },
    rules: { drainOnTaints: ['other', 'example.com/repair'] },
    candidates: ['a'],
    passedOver: { b: 'nodeDraining' },
  },
  {
    what: 'a node that drains goes before one that the address does not belong to',
    speakers: { a: ['eth0 192.0.2.9/24'], b: ['eth0 198.51.100.9/24'], c: [] },
    nodes: { a: drain },
    candidates: ['a'],
    passedOver: { b: 'notInSubnet', c: 'noInterface' },
  },
  {
    what: 'an excluded node is none, drained or not',
    speakers: { a: ['eth0'], b: ['eth0'] },
    nodes: { a: { metadata: { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } } }, b: drain },
    candidates: ['b'],
  },
  {
    what: 'Local: only nodes with an endpoint',
    speakers: { a: ['eth0'], b: ['eth0'], c: ['eth0'] },
    local: ['a', 'c'],
    candidates: ['a', 'c'],
  },
  {
    what: 'Local: terminating endpoints only where no others are',
    speakers: { a: ['eth0'], b: ['eth0'] },
    local: ['a-', 'b'],
    candidates: ['b'],
  },
  {
    what: 'Local: all endpoints are terminating',
    speakers: { a: ['eth0'], b: ['eth0'] },
    local: ['a-', 'b-'],
    candidates: ['a', 'b'],
  },
  {
    what: 'Local: the only node with an endpoint is drained',
    speakers: { a: ['eth0'], b: ['eth0'] },
    nodes: { a: drain },
    local: ['a'],
    candidates: ['a'],
  },
  {
    what: 'Local: another node has an endpoint',
    speakers: { a: ['eth0'], b: ['eth0'] },
    nodes: { a: drain },
    local: ['a', 'b'],
    candidates: ['b'],
    passedOver: { a: 'nodeDraining' },
  },
  {
    what: 'Local: traffic stays on a drained node rather than follow an endpoint that terminates',
    speakers: { a: ['eth0'], b: ['eth0'] },
    nodes: { a: drain },
    local: ['a', 'b-'],
    candidates: ['a'],
  },
  {
    what: 'Local: an endpoint that terminates on a node in the subnet goes before one that stays elsewhere',
    speakers: { a: ['eth0 192.0.2.9/24'], b: ['eth0 198.51.100.9/24'] },
    local: ['a-', 'b'],
    candidates: ['a'],
    passedOver: { b: 'notInSubnet' },
  },
  { what: 'Local: no endpoint at all', speakers: { a: ['eth0'] }, local: [], candidates: [] },
  {
    what: 'Local: the only node with an endpoint has no speaker',
    speakers: { a: ['eth0'] },
    nodes: { b: {} },
    local: ['b'],
    candidates: [],
  },
]

describe('candidates for an address', () => {
  for (const { what, candidates, passedOver = {}, ...situation } of rows) {
    it(what, () => {
      const found = candidacyIn(situation)
      assert.deepEqual([...found.candidates.keys()].sort(), candidates)
      assert.deepEqual(Object.fromEntries(found.passedOver), passedOver)
    })
  }

  const speakers = { a: ['eth0 192.0.2.9/24'], b: ['eth0 192.0.2.8/24 198.51.100.9/24'] }

  it('are one object for all addresses for which they are the same', () => {
    const index = indexOf({ speakers })
    const of = (address: string, local?: string[]) => candidacyIn({ speakers, address, local }, index).candidates
    assert.equal(of('192.0.2.1'), of('192.0.2.2'))
    assert.equal(of('192.0.2.1'), of('203.0.113.1'), 'in no subnet')
    assert.equal(of('192.0.2.1'), of('192.0.2.1', ['a', 'b']))
    assert.notEqual(of('192.0.2.1'), of('198.51.100.1'))
    assert.equal(of('192.0.2.1', ['b']), of('198.51.100.1'))
  })

  it('are the same object when the cluster changed in nothing that decides', () => {
    const before = indexOf({ speakers })
    const { candidates } = candidacyIn({ speakers }, before)
    const moved = { ...speakers, a: ['eth0 192.0.2.7/24', 'eth9'] }
    assert.equal(candidacyIn({ speakers: moved }, indexOf({ speakers: moved }, before)).candidates, candidates)
    const gone = { b: speakers.b }
    assert.deepEqual([...candidacyIn({ speakers: gone }, indexOf({ speakers: gone }, before)).candidates.keys()], ['b'])
  })
})
