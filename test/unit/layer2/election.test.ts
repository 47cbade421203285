import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Candidates, Election, type ElectionGroup, electOwners } from '../../../src/layer2/election.ts'
import { nodeHash, sha256 } from '../../../src/layer2/node-hash.ts'
import { nodeShares } from '../../../src/layer2/shares.ts'

const abc: Candidates = new Map([
  ['node-a', 0],
  ['node-b', 0],
  ['node-c', 0],
])

// printf 'node-a#192.0.2.1' | sha256sum, and so on; sorted
const orders: { address: string; order: string[] }[] = [
  { address: '192.0.2.1', order: ['node-c', 'node-a', 'node-b'] },
  { address: '192.0.2.2', order: ['node-b', 'node-c', 'node-a'] },
  { address: '192.0.2.3', order: ['node-c', 'node-a', 'node-b'] },
  { address: '2001:db8::1', order: ['node-b', 'node-a', 'node-c'] },
]

describe('election', () => {
  for (const { address, order } of orders) {
    it(`asks for ${address} in the order of the hashes`, () => {
      assert.deepEqual(new Election().order(address, abc), order)
      assert.deepEqual(electOwners([group(address)]), new Map([[address, order[0]]]))
    })
  }

  it('asks candidates with a higher score first', () => {
    const candidates = new Map([...abc, ['node-b', 7]] as [string, number][])
    assert.deepEqual(new Election().order('192.0.2.1', candidates), ['node-b', 'node-c', 'node-a'])
    assert.equal(electOwners([group('192.0.2.1', candidates)]).get('192.0.2.1'), 'node-b')
  })

  it('passes over a node that carries its share', () => {
    // Found by hash alone node-c would get all of these; 1.25 × 2 rounded up is 3.
    const first = addresses(2_000).filter(address => new Election().order(address, abc)[0] === 'node-c')
    const six = first.slice(0, 6)
    assert.equal(six.length, 6)
    const owners = electOwners(six.map(address => group(address)))
    assert.equal([...owners.values()].filter(owner => owner === 'node-c').length, 3)
    for (const [address, owner] of owners) {
      const [, second] = new Election().order(address, abc)
      if (owner !== 'node-c') assert.equal(owner, second)
    }
  })

  it('honours a preference before evenness', () => {
    const candidates = new Map([...abc, ['node-b', 1]] as [string, number][])
    const owners = electOwners(addresses(50).map(address => group(address, candidates)))
    assert.deepEqual(new Set(owners.values()), new Set(['node-b']))
  })

  it('gives no owner where there is no candidate', () => {
    assert.deepEqual(electOwners([group('192.0.2.1', new Map())]), new Map())
  })

  it('gives the same owners in whatever order groups and candidates come, and with whatever it remembers', () => {
    const nodes = Array.from({ length: 7 }, (_, index) => `node-${index}`)
    const candidates = fc.dictionary(fc.constantFrom(...nodes), fc.nat(2), { noNullPrototype: true }).map(toMap)
    const groups = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 3 })), { maxLength: 30 })
    fc.assert(
      fc.property(
        fc.array(candidates, { minLength: 4, maxLength: 4 }),
        groups,
        fc.infiniteStream(fc.nat()),
        (sets, list, random) => {
          const input = list.map(([set, size], index) => ({
            address: `192.0.2.${index}`,
            size,
            candidates: sets[set]!,
          }))
          const expected = electOwners(input)
          const election = new Election()
          for (const group of input.slice(0, 5)) election.set({ ...group, size: 1, candidates: sets[0]! })
          election.deal()
          const reversed = new Map(sets.map(set => [set, new Map([...set].reverse())]))
          const shuffled = shuffle(input, random).map(item => ({ ...item, candidates: reversed.get(item.candidates)! }))
          for (const group of shuffled) election.set(group)
          election.deal()
          for (const { address } of input) assert.equal(election.orderOf(address)[0], expected.get(address))
          for (const { address, candidates } of input) {
            const owner = expected.get(address)
            if (candidates.size === 0) assert.equal(owner, undefined)
            else assert.equal(candidates.get(owner!), Math.max(...candidates.values()))
          }
        },
      ),
    )
  })

  it('keeps to the rule where many are passed over, more nodes than it remembers of an address', () => {
    const nodes = Array.from({ length: 40 }, (_, index) => `node-${index}`)
    const scores = fc.array(fc.constantFrom(0, 0, 0, 0, 7), { minLength: 40, maxLength: 40 })
    const sets = fc.array(fc.tuple(fc.subarray(nodes, { minLength: 1 }), scores), { minLength: 1, maxLength: 3 })
    // Large groups fill a node at once.
    const groups = fc.array(fc.tuple(fc.nat(2), fc.constantFrom(1, 1, 1, 50)), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(sets, groups, (tuples, list) => {
        const candidates = tuples.map(([some, score]) => new Map(some.map((node, index) => [node, score[index]!])))
        const input = list.map(([set, size], index) => {
          return { address: `198.51.100.${index}`, size, candidates: candidates[set % candidates.length]! }
        })
        assert.deepEqual(new Map([...electOwners(input)].sort()), new Map([...dealt(input)].sort()))
      }),
      { numRuns: 300 },
    )
  })

  it('passes an address on to a node that no address had among its first before', () => {
    const address = '192.0.2.1'
    const nodes = Array.from({ length: 14 }, (_, index) => `node-${index}`)
    const ranked = new Election().order(address, new Map(nodes.map(node => [node, 0])))
    // Each of the first twelve is given more than its share, before the turn of the address comes.
    const spare = Array.from({ length: 250 }, (_, index) => `198.51.100.${index}`)
    const fillers = ranked.slice(0, 12).map(node => {
      const other = `beside-${node}`
      const at = spare.findIndex(each => sha256(each) < sha256(address) && nodeHash(node, each) < nodeHash(other, each))
      const [filler = ''] = spare.splice(at, 1)
      return {
        ...group(
          filler,
          new Map([
            [node, 0],
            [other, 0],
          ]),
        ),
        size: 100,
      }
    })
    const all = [...fillers, group(address, new Map(nodes.map(node => [node, 0])))]
    assert.equal(dealt(all).get(address), ranked[12])
    assert.equal(electOwners(all).get(address), ranked[12])
  })

  it('deals as ever when thousands of nodes have come and gone', () => {
    const election = new Election()
    const named = (first: number, count: number) =>
      new Map(Array.from({ length: count }, (_, index) => [`node-${first + index}`, 0]))
    const lasting = named(1, 8)
    const stay = Array.from({ length: 20 }, (_, index) => group(`198.51.100.${index}`, lasting))
    for (let turn = 0; turn < 400; turn++) {
      // Numbers that are given anew are others, as not so many nodes come before those that last.
      const passing = group('203.0.113.1', named(100 + 9 * turn, 3 + (turn % 7)))
      election.set(passing)
      if (turn === 0) for (const each of stay) election.set(each)
      election.deal()
      const rule = dealt([passing, ...stay])
      for (const { address } of [passing, ...stay]) {
        assert.equal(election.orderOf(address)[0], rule.get(address), `turn ${turn}`)
      }
    }
  })

  it('tells of each group whose order is another, and of no other', () => {
    const election = new Election()
    for (const address of ['192.0.2.1', '192.0.2.2']) election.set(group(address))
    assert.deepEqual(election.deal().sort(), ['192.0.2.1', '192.0.2.2'])
    assert.deepEqual(election.orderOf('192.0.2.1'), ['node-c', 'node-a', 'node-b'])
    assert.deepEqual(election.deal(), [])
    election.set(group('192.0.2.1', new Map(abc)))
    assert.deepEqual(election.deal(), [], 'other candidates that are the same')
    election.set(group('192.0.2.1', new Map([...abc].slice(1))))
    assert.deepEqual(election.deal(), ['192.0.2.1'])
    assert.deepEqual(election.orderOf('192.0.2.1'), ['node-c', 'node-b'])
    election.delete('192.0.2.1')
    election.delete('192.0.2.9')
    assert.deepEqual(election.deal(), [])
    assert.deepEqual(election.orderOf('192.0.2.1'), [])
    election.set(group('192.0.2.1', new Map()))
    election.set(group('192.0.2.2', new Map()))
    assert.deepEqual(election.deal(), ['192.0.2.2'])
  })

  it('deals in steps as it deals at once', () => {
    const names = Array.from({ length: 24 }, (_, index) => `node-${index}`)
    // Few scores and sets that resemble each other: what is remembered is used again and again.
    const candidates = fc
      .tuple(fc.subarray(names), fc.array(fc.constantFrom(0, 0, 0, 5), { minLength: 24, maxLength: 24 }))
      .map(([nodes, scores]) => new Map(nodes.map((node, index) => [node, scores[index]!])))
    const change = fc.record({
      address: fc.nat(20).map(last => `192.0.2.${last}`),
      size: fc.integer({ min: 1, max: 3 }),
      set: fc.nat(5),
      stays: fc.integer({ min: 0, max: 4 }).map(number => number > 0),
    })
    fc.assert(
      fc.property(
        fc.array(candidates, { minLength: 6, maxLength: 6 }),
        fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 12 }),
        (sets, steps) => {
          const election = new Election()
          const groups = new Map<string, ElectionGroup>()
          for (const step of steps) {
            for (const { address, size, set, stays } of step) {
              if (stays) {
                groups.set(address, { address, size, candidates: sets[set]! })
                election.set(groups.get(address)!)
              } else {
                groups.delete(address)
                election.delete(address)
              }
            }
            election.deal()
            const afresh = new Election()
            for (const item of groups.values()) afresh.set(item)
            afresh.deal()
            for (const { address, candidates } of groups.values()) {
              const order = election.orderOf(address)
              assert.deepEqual(order, afresh.orderOf(address))
              const [owner] = order
              const rest = election.order(address, candidates).filter(node => node !== owner)
              assert.deepEqual(order.slice(1), rest.slice(0, 2))
            }
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

/** The rule as it is written, without anything that makes it fast. */
function dealt(groups: readonly ElectionGroup[]): Map<string, string> {
  const sizes = new Map<Candidates, number>()
  for (const { candidates, size } of groups) sizes.set(candidates, (sizes.get(candidates) ?? 0) + size)
  const shares = nodeShares(sizes)
  const loads = new Map<string, number>()
  const owners = new Map<string, string>()
  const inOrder = groups
    .map(each => ({ ...each, hash: sha256(each.address) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
  for (const { address, size, candidates } of inOrder) {
    const highest = Math.max(...candidates.values())
    const asked = [...candidates.keys()]
      .filter(node => candidates.get(node) === highest)
      .sort((a, b) => (nodeHash(a, address) < nodeHash(b, address) ? -1 : 1))
    const below = (share: 'usual' | 'most') => asked.find(node => (loads.get(node) ?? 0) < shares.get(node)![share])
    const owner = below('usual') ?? below('most') ?? asked[0]
    if (owner === undefined) continue
    loads.set(owner, (loads.get(owner) ?? 0) + size)
    owners.set(address, owner)
  }
  return owners
}

function group(address: string, candidates: Candidates = abc): ElectionGroup {
  return { address, size: 1, candidates }
}

function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `198.51.${Math.floor(index / 256)}.${index % 256}`)
}

function toMap(record: Record<string, number>): Map<string, number> {
  return new Map(Object.entries(record))
}

function shuffle<Item>(items: readonly Item[], random: Iterator<number>): Item[] {
  return items
    .map(item => ({ item, at: random.next().value as number }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
