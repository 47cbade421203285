import assert from 'node:assert/strict'
import { Acceptances } from '../../../src/bin/controller/acceptances.ts'
import { AdvertisingConfiguration } from '../../../src/bin/controller/advertising-configuration.ts'
import { type ParsedView, viewParsed } from '../../../src/bin/controller/views.ts'
import { type ParsedL2Advertisement, parseL2Advertisement } from '../../../src/config/l2-advertisement.ts'
import { type KubernetesObject, l2Advertisements } from '../../../src/kubernetes/resources.ts'
import { Store } from '../../../src/kubernetes/store.ts'
import type { Condition } from '../../../src/resources/service.ts'
import { FakeClock } from '../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../support/kubernetes/driven.ts'

describe('the condition Accepted of advertisements', () => {
  let clock: FakeClock
  let advertisements: Store<ParsedView<ParsedL2Advertisement>>
  let acceptances: Acceptances
  let written: string[]
  let events: string[]
  let version: number
  let answer: 'written' | 'conflict'

  const view = viewParsed(parseL2Advertisement)
  const put = (name: string, spec: object, generation = 1, conditions: readonly Condition[] = []) => {
    const resourceVersion = String(++version)
    const object = { metadata: { namespace: 'h', name, generation, resourceVersion }, spec, status: { conditions } }
    advertisements.upsert(`h/${name}`, resourceVersion, view(object as KubernetesObject))
    return object
  }
  const conditionsOf = (name: string) => advertisements.get(`h/${name}`)?.status?.conditions ?? []

  beforeEach(() => {
    clock = new FakeClock()
    advertisements = new Store()
    written = []
    events = []
    version = 1
    answer = 'written'
    acceptances = new Acceptances({
      ...{ clock, random: () => 0, logger: new MemoryLogger(), sources: [] },
      objects: [{ kind: 'L2Advertisement', resource: l2Advertisements, store: advertisements }],
      configuration: new AdvertisingConfiguration({ advertisements }),
      nowText: () => '2026-01-01T00:00:00Z',
      statusWriter: {
        async patchStatus(resource, { name = '' }, status, { resourceVersion } = {}) {
          const before = advertisements.get(`h/${name}`)!
          assert.equal(resourceVersion, before.resourceVersion)
          const { conditions } = status as { conditions: Condition[] }
          const accepted = conditions.find(({ type }) => type === 'Accepted')!
          written.push(`${resource.kind} ${name}: ${accepted.status} ${accepted.reason}: ${accepted.message}`)
          if (answer === 'written') {
            advertisements.upsert(`h/${name}`, String(++version), {
              ...before,
              resourceVersion: String(version),
              status: { conditions },
            })
          }
          return answer
        },
      },
      recordProblem: ({ kind }, { name }, reason, message) => events.push(`${kind} ${name} ${reason}: ${message}`),
    })
  })

  afterEach(async () => {
    await acceptances.stop()
    assert.equal(clock.pendingTimers, 0)
  })

  const begin = async () => {
    acceptances.start()
    await clock.advanceAsync(1_000)
  }

  it('is written once for each, with one event for what is refused, and not again', async () => {
    put('good', {})
    put('bad', { interfaces: ['eth0', 'eth0'] })
    await begin()
    await clock.advanceAsync(10_000)
    const refusal = 'Nothing is announced by it: spec.interfaces[1]: "eth0" is listed twice.'
    assert.deepEqual(written.sort(), [
      `L2Advertisement bad: False Invalid: ${refusal}`,
      'L2Advertisement good: True Accepted: The advertisement is in use.',
    ])
    assert.deepEqual(events, [`L2Advertisement bad Invalid: ${refusal}`])
  })

  it('follows an edit, and names the generation that was judged', async () => {
    put('a', {})
    await begin()
    put('a', { interfaces: [''] }, 2, conditionsOf('a'))
    await clock.advanceAsync(1_000)
    put('a', {}, 3, conditionsOf('a'))
    await clock.advanceAsync(1_000)
    assert.deepEqual(
      written.map(text => text.split(':')[1]),
      [' True Accepted', ' False Invalid', ' True Accepted'],
    )
    assert.equal(conditionsOf('a')[0]?.observedGeneration, 3)
    assert.equal(events.length, 1)
  })

  it('leaves the conditions of others where they are, and puts back its own', async () => {
    const theirs: Condition = {
      type: 'example.com/Seen',
      status: 'True',
      reason: 'R',
      message: '',
      lastTransitionTime: '',
    }
    put('a', {}, 1, [theirs])
    await begin()
    assert.deepEqual(
      conditionsOf('a').map(({ type }) => type),
      ['example.com/Seen', 'Accepted'],
    )
    put('a', {}, 1, [theirs])
    await clock.advanceAsync(1_000)
    assert.equal(conditionsOf('a').length, 2)
  })

  it('tries again after a conflict, and tells nothing before it is written', async () => {
    put('bad', { interfaces: 7 })
    answer = 'conflict'
    await begin()
    assert.deepEqual([written.length > 0, events], [true, []])
    answer = 'written'
    await clock.advanceAsync(2_000)
    assert.equal(events.length, 1)
  })

  it('is asked for no object that is gone', async () => {
    put('a', {})
    acceptances.start()
    advertisements.delete('h/a')
    await clock.advanceAsync(1_000)
    assert.deepEqual(written, [])
  })
})
