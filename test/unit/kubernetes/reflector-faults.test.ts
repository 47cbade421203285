import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Reflector } from '../../../src/kubernetes/reflector.ts'
import { type KubernetesObject, services } from '../../../src/kubernetes/resources.ts'
import { Store } from '../../../src/kubernetes/store.ts'
import { Driven, tick } from '../../support/kubernetes/driven.ts'
import type { Fault } from '../../support/scripted-server.ts'

type Step = { what: string; run: (world: Driven) => void | Promise<void> }

const object = (place: number, value: number): KubernetesObject & { spec: object } => ({
  metadata: { namespace: 'web', name: `s${place}` },
  spec: { value: `ü${value}` },
})

const place = fc.integer({ min: 0, max: 5 })
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constantFrom<Fault>({ kind: 'silent' }, { kind: 'reset' }, { kind: 'garbage' }),
  fc.record({
    kind: fc.constant('status' as const),
    status: fc.constantFrom(400, 403, 410, 422, 429, 500, 503, 504),
    retryAfterSeconds: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
  }),
)

const changes: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(place, fc.nat(9)).map(([at, value]) => ({
    what: `put s${at}=${value}`,
    run: ({ server }: Driven) => void server.put('services', object(at, value)),
  })),
  place.map(at => ({
    what: `remove s${at}`,
    run: ({ server }: Driven) => server.remove('services', { namespace: 'web', name: `s${at}` }),
  })),
)

const faults: fc.Arbitrary<Step> = fc.oneof(
  fault.map(next => ({
    what: `next: ${JSON.stringify(next)}`,
    run: ({ server }: Driven) => void server.faults.push(next),
  })),
  fc.constantFrom<Step>(
    { what: 'cut', run: ({ server }) => server.cutWatches() },
    { what: 'cut within a line', run: ({ server }) => server.cutWatches({ withinLine: true }) },
    { what: 'cut all', run: ({ server }) => server.cutConnections() },
    { what: 'half-open', run: ({ server }) => server.silenceWatches() },
    { what: 'end', run: ({ server }) => server.endWatches() },
    { what: 'bookmark', run: ({ server }) => server.bookmark() },
    { what: 'compact', run: ({ server }) => server.compact() },
    { what: 'expire pages', run: ({ server }) => server.expireContinueTokens() },
    { what: 'ERROR 410', run: ({ server }) => server.errorEvent(410, 'Expired') },
    {
      what: 'changes that no watch sees, and that history forgets',
      run: ({ server }) => {
        server.silenceWatches()
        server.remove('services', { namespace: 'web', name: 's0' })
        server.put('services', object(1, server.watchers))
        server.compact()
        server.cutWatches()
      },
    },
    { what: 'ERROR 500', run: ({ server }) => server.errorEvent(500) },
    { what: 'nonsense', run: ({ server }) => server.sendRaw('{"type":"ADDED","object":{"metadata":{}}}\n') },
    {
      what: 'rotate the token',
      run: ({ server, credentials }) => {
        credentials.token = server.token = `token-${server.version}`
      },
    },
  ),
)

const times: fc.Arbitrary<Step> = fc.oneof(
  fc.constant({ what: 'packets', run: () => tick() }),
  fc
    .integer({ min: 10, max: 20_000 })
    .map(byMs => ({ what: `${byMs} ms`, run: ({ clock }: Driven) => clock.advance(byMs) })),
)

describe('Reflector under random faults', () => {
  it('ends with what the server holds, and its changes add up to that', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('offered' as const, 'refused' as const, 'ignored' as const),
        fc.constantFrom('status' as const, 'event' as const),
        fc.array(
          fc.oneof(
            { weight: 4, arbitrary: changes },
            { weight: 3, arbitrary: faults },
            { weight: 4, arbitrary: times },
          ),
          {
            maxLength: 40,
            size: 'max',
          },
        ),
        async (streamingLists, goneAs, steps) => {
          const world = await Driven.start()
          const { server, client, clock, logger, random } = world
          Object.assign(server, { streamingLists, goneAs })
          const store = new Store<string>()
          const folded = new Map<string, string>()
          store.subscribe((key, before, after) => {
            assert.equal(folded.get(key), before)
            if (after === undefined) folded.delete(key)
            else folded.set(key, after)
          })
          const view = (seen: KubernetesObject): string => JSON.stringify(seen)
          const reflector = new Reflector(
            { client, store, clock, random, logger },
            { resource: services, view, pageSize: 2 },
          )
          try {
            reflector.start()
            for (const step of steps) await step.run(world)
            server.faults.length = 0
            await world.eventually(() => {
              if (!reflector.synced) return false
              const expected = new Map([...server.state('services')].map(([key, seen]) => [key, JSON.stringify(seen)]))
              if (store.size !== expected.size) return false
              return [...store.entries()].every(([key, value]) => expected.get(key) === value)
            }, 'store equals server')
            assert.deepEqual(new Map(store.entries()), folded)
            await reflector.stop()
            assert.equal(clock.pendingTimers, 0)
          } finally {
            await reflector.stop()
            await world.stop()
          }
        },
      ),
      { numRuns: 60, endOnFailure: true },
    )
  }).timeout(20_000)
})
