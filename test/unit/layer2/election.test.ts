import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Candidates,
  Election,
  type ElectionGroup,
  electOwners,
  LOAD_FACTOR,
} from '../../../src/layer2/election.ts'

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
          election.elect(input.slice(0, 5))
          const reversed = new Map(sets.map(set => [set, new Map([...set].reverse())]))
          const shuffled = shuffle(input, random).map(item => ({ ...item, candidates: reversed.get(item.candidates)! }))
          assert.deepEqual(sorted(ownersOf(election.elect(shuffled))), sorted(expected))
          for (const { address, candidates } of input) {
            const owner = expected.get(address)
            if (candidates.size === 0) assert.equal(owner, undefined)
            else assert.equal(candidates.get(owner!), Math.max(...candidates.values()))
          }
        },
      ),
    )
  })

  it('keeps every node within its share when all may announce all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 150 }), (nodeCount, addressCount) => {
        const candidates = new Map(Array.from({ length: nodeCount }, (_, index) => [`node-${index}`, 0]))
        const owners = electOwners(addresses(addressCount).map(address => group(address, candidates)))
        assert.equal(owners.size, addressCount)
        const bound = Math.ceil((LOAD_FACTOR * addressCount) / nodeCount)
        for (const load of loads(owners).values()) assert.ok(load <= bound, `${load} of ${bound}`)
      }),
      { numRuns: 40 },
    )
  })

  it('moves little but the addresses of a node that goes', () => {
    const all = addresses(300)
    const nodes = Array.from({ length: 10 }, (_, index) => `node-${index}`)
    const before = electOwners(
      all.map(address => group(address, toMap(Object.fromEntries(nodes.map(node => [node, 0]))))),
    )
    const rest = toMap(Object.fromEntries(nodes.slice(1).map(node => [node, 0])))
    const after = electOwners(all.map(address => group(address, rest)))
    const moved = all.filter(address => before.get(address) !== after.get(address))
    const displaced = moved.filter(address => before.get(address) !== 'node-0')
    assert.ok(displaced.length <= 30, `${displaced.length} of ${moved.length} moved without need`)
  })
})

function group(address: string, candidates: Candidates = abc): ElectionGroup {
  return { address, size: 1, candidates }
}

function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `198.51.${Math.floor(index / 256)}.${index % 256}`)
}

function toMap(record: Record<string, number>): Map<string, number> {
  return new Map(Object.entries(record))
}

function loads(owners: ReadonlyMap<string, string>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const owner of owners.values()) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  return counts
}

function ownersOf(orders: ReadonlyMap<string, readonly string[]>): Map<string, string> {
  return new Map([...orders].map(([address, order]) => [address, order[0]!]))
}

function shuffle<Item>(items: readonly Item[], random: Iterator<number>): Item[] {
  return items
    .map(item => ({ item, at: random.next().value as number }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

function sorted(owners: ReadonlyMap<string, string>): [string, string][] {
  return [...owners].sort(([a], [b]) => (a < b ? -1 : 1))
}
