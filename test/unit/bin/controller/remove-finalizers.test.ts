import assert from 'node:assert/strict'
import { removeFinalizers, UNGUARD_PATCH } from '../../../../src/bin/controller/remove-finalizers.ts'
import { ApiError } from '../../../../src/kubernetes/api-error.ts'
import { silentLogger } from '../../../../src/kubernetes/logger.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'

const mark = { 'herald.io/load-balancer-cleanup': 'true' }
const object = (name: string, annotations: Record<string, string> = mark) => ({
  metadata: { namespace: 'default', name, annotations },
})

function setUp(services: ReturnType<typeof object>[]) {
  const clock = new FakeClock()
  const patched: string[] = []
  const stubborn = new Set<string>()
  const client = {
    async list(_resource: unknown, { query }: { query: { continue?: string } }) {
      // Two pages, so that paging is tried too.
      const half = Math.ceil(services.length / 2)
      return query.continue === undefined && services.length > 1
        ? { items: services.slice(0, half), metadata: { continue: 'more' } }
        : { items: query.continue === undefined ? services : services.slice(half), metadata: {} }
    },
    async patch(_resource: unknown, ref: { name: string; subresource: string }, patch: object) {
      assert.equal(ref.subresource, 'status')
      assert.equal(patch, UNGUARD_PATCH)
      if (stubborn.has(ref.name)) throw new ApiError('serverError', 'patch services/status: no')
      patched.push(ref.name)
      const index = services.findIndex(({ metadata }) => metadata.name === ref.name)
      services[index] = object(ref.name, {})
    },
  }
  const abort = new AbortController()
  const done = removeFinalizers(
    { client: client as never, logger: silentLogger, clock },
    { signal: abort.signal, timeoutMs: 60_000 },
  )
  return { clock, patched, stubborn, done, services, abort }
}

describe('the removal of all finalizers', () => {
  it('takes them off marked Services alone, and ends when two passes found none', async () => {
    const it = setUp([object('a'), object('plain', {}), object('b'), object('c')])
    await it.clock.advanceAsync(3_000)
    await it.done
    assert.deepEqual(it.patched.sort(), ['a', 'b', 'c'])
    assert.equal(it.clock.pendingTimers, 0)
  })

  it('comes back to one that a stopping controller has marked again', async () => {
    const it = setUp([object('a')])
    await it.clock.advanceAsync(1_000)
    it.services[0] = object('a')
    await it.clock.advanceAsync(4_000)
    await it.done
    assert.deepEqual(it.patched, ['a', 'a'])
  })

  it('gives up after its time, and says what is left', async () => {
    const it = setUp([object('a'), object('b')])
    it.stubborn.add('b')
    const failure = assert.rejects(it.done, (error: Error) => {
      assert.match(error.message, /load-balancer-cleanup was not removed within 60 s: 1 Services still carry it/)
      assert.match(String((error.cause as Error).message), /patch services\/status: no/)
      return true
    })
    await it.clock.advanceAsync(61_000)
    await failure
    assert.equal(it.clock.pendingTimers, 0)
  })

  it('ends at once when it is told to', async () => {
    const it = setUp([object('a')])
    it.abort.abort()
    await it.done
    assert.equal(it.clock.pendingTimers, 0)
  })
})
