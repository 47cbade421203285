import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Store } from '../../../src/kubernetes/store.ts'

describe('Store', () => {
  it('tells every change once, with before and after', () => {
    const store = new Store<string>()
    const seen: unknown[][] = []
    const end = store.subscribe((...change) => seen.push(change))
    store.upsert('a', '1', 'x')
    store.upsert('a', '1', 'the same version')
    store.upsert('a', '2', 'y')
    store.delete('a')
    store.delete('a')
    end()
    store.upsert('b', '3', 'z')
    assert.deepEqual(seen, [
      ['a', undefined, 'x'],
      ['a', 'x', 'y'],
      ['a', 'y', undefined],
    ])
  })

  it('tells nothing of a new version that looks the same', () => {
    const store = new Store<{ size: number }>({ same: (before, after) => before.size === after.size })
    const seen: string[] = []
    store.subscribe((_key, before, after) => seen.push(`${before?.size}→${after?.size}`))
    const first = { size: 1 }
    store.upsert('a', '1', first)
    store.upsert('a', '2', { size: 1 })
    assert.equal(store.get('a'), first)
    assert.equal(store.resourceVersion('a'), '2')
    store.upsert('a', '3', { size: 2 })
    assert.deepEqual(seen, ['undefined→1', '1→2'])
  })

  it('finds deletions when it is replaced, and tells them first', () => {
    const store = new Store<string>()
    for (const key of ['a', 'b', 'c']) store.upsert(key, '1', key)
    const seen: unknown[][] = []
    store.subscribe((...change) => seen.push(change))
    const held = store.get('b')
    store.replace(
      new Map([
        ['d', { resourceVersion: '5', value: 'd' }],
        ['b', { resourceVersion: '1', value: 'other' }],
        ['c', { resourceVersion: '2', value: 'C' }],
      ]),
    )
    assert.deepEqual(seen, [
      ['a', 'a', undefined],
      ['d', undefined, 'd'],
      ['c', 'c', 'C'],
    ])
    assert.equal(store.get('b'), held)
  })

  it('throws for an index that it does not have', () => {
    assert.throws(() => [...new Store<string>().byIndex('owner', 'x')], /no index owner/)
  })

  it('keeps its indexes equal to what a search of all objects finds', () => {
    const letters = fc.constantFrom('a', 'b', 'c', 'd')
    const value = fc.array(letters, { maxLength: 3 })
    const step = fc.oneof(
      fc.record({ key: letters, value }),
      fc.record({ key: letters, value: fc.constant(undefined) }),
      fc.dictionary(letters, value),
    )
    fc.assert(
      fc.property(fc.array(step), steps => {
        const store = new Store<string[]>({ indexes: { member: held => held } })
        let version = 0
        for (const one of steps) {
          version++
          if (!('key' in one)) {
            const entries = Object.entries(one as Record<string, string[]>)
            store.replace(new Map(entries.map(([key, held]) => [key, { resourceVersion: `${version}`, value: held }])))
          } else if (one.value) store.upsert(one.key as string, `${version}`, one.value as string[])
          else store.delete(one.key as string)
        }
        for (const name of ['a', 'b', 'c', 'd']) {
          const found = [...store.byIndex('member', name)]
          const expected = [...store.list()].filter(held => held.includes(name))
          assert.deepEqual(new Set(found), new Set(expected))
          assert.equal(found.length, expected.length)
        }
      }),
    )
  })
})
