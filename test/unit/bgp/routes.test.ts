import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Route } from '../../../src/bgp/route.ts'
import { Routes } from '../../../src/bgp/routes.ts'
import { formatPrefix, parsePrefix } from '../../../src/ip/prefix.ts'

const attributes = { communities: [], largeCommunities: [] }

function route(text: string): Route {
  return { prefix: parsePrefix(text)!, attributes }
}

describe('Routes', () => {
  it('hold what a map would, whatever is changed', () => {
    const key = fc.integer({ min: 0, max: 600 }).map(index => `192.0.${index >> 8}.${index & 255}/32`)
    const changes = fc.array(fc.tuple(key, fc.boolean()), { maxLength: 300 })
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 5 }), steps => {
        let routes = Routes.none
        const model = new Map<string, Route>()
        for (const step of steps) {
          const before = routes
          const modelBefore = new Map(model)
          const list = step.map(([text, there]) => [text, there ? route(text) : undefined] as const)
          routes = routes.with(list)
          for (const [text, value] of list) {
            if (value) model.set(text, value)
            else model.delete(text)
          }
          assert.equal(routes.size, model.size)
          assert.deepEqual(new Map(routes), model)
          // The value before is what it was, and the difference leads from it to the next.
          assert.deepEqual(new Map(before), modelBefore)
          for (const difference of routes.differencesFrom(before)) {
            assert.equal(difference.before, modelBefore.get(difference.key))
            assert.notEqual(difference.before, difference.after)
            if (difference.after) modelBefore.set(difference.key, difference.after)
            else modelBefore.delete(difference.key)
          }
          assert.deepEqual(modelBefore, model)
        }
      }),
    )
  })

  it('stay the same object when nothing is another', () => {
    const one = route('192.0.2.1/32')
    const routes = Routes.none.with([[formatPrefix(one.prefix), one]])
    assert.equal(routes.with([['192.0.2.1/32', one]]), routes)
    assert.equal(routes.with([['192.0.2.2/32', undefined]]), routes)
    assert.deepEqual([...routes.differencesFrom(routes)], [])
  })

  it('tell of one change among 10,000 that one alone', () => {
    const list = Array.from({ length: 10_000 }, (_, index) => `198.51.${index >> 8}.${index & 255}/32`)
    const routes = Routes.none.with(list.map(text => [text, route(text)]))
    const after = route('198.51.1.1/32')
    const changed = routes.with([['198.51.1.1/32', after]])
    const before = routes.get('198.51.1.1/32')
    assert.deepEqual([...changed.differencesFrom(routes)], [{ key: '198.51.1.1/32', before, after }])
    assert.equal(changed.size, 10_000)
  })
})
