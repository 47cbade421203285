import assert from 'node:assert/strict'
import { Acceptances } from '../../../../src/bin/controller/acceptances.ts'
import { AdvertisingConfiguration } from '../../../../src/bin/controller/advertising-configuration.ts'
import {
  bfdProfiles,
  bgpAdvertisements,
  bgpPeers,
  communities,
  l2Advertisements,
} from '../../../../src/kubernetes/resources.ts'
import type { Condition } from '../../../../src/resources/service.ts'
import { AdvertisingObjects } from '../../../support/advertising-stores.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../../support/kubernetes/driven.ts'
import { pool } from '../../../support/services.ts'

describe('the condition Accepted of advertisements, peers and what they name', () => {
  let clock: FakeClock
  let objects: AdvertisingObjects
  let acceptances: Acceptances
  let written: string[]
  let events: string[]
  let answer: 'written' | 'conflict'

  const stores = () =>
    new Map<object, { get(key: string): { resourceVersion: string; status?: object } | undefined }>([
      [l2Advertisements, objects.advertisements],
      [bgpPeers, objects.bgpPeers],
      [bgpAdvertisements, objects.bgpAdvertisements],
      [bfdProfiles, objects.bfdProfiles],
      [communities, objects.communities],
    ])
  const conditionsOf = (name: string) => objects.advertisements.get(`h/${name}`)?.status?.conditions ?? []

  beforeEach(() => {
    clock = new FakeClock()
    objects = new AdvertisingObjects()
    written = []
    events = []
    answer = 'written'
    let version = 1_000
    acceptances = new Acceptances({
      ...{ clock, random: () => 0, logger: new MemoryLogger(), sources: [] },
      objects: [
        { kind: 'L2Advertisement', resource: l2Advertisements, store: objects.advertisements },
        { kind: 'BGPAdvertisement', resource: bgpAdvertisements, store: objects.bgpAdvertisements },
        { kind: 'BGPPeer', resource: bgpPeers, store: objects.bgpPeers },
        { kind: 'BFDProfile', resource: bfdProfiles, store: objects.bfdProfiles },
        { kind: 'Community', resource: communities, store: objects.communities },
      ],
      configuration: new AdvertisingConfiguration({
        stores: objects,
        standingPools: () => [pool('web', ['192.0.2.0/24'])],
      }),
      nowText: () => '2026-01-01T00:00:00Z',
      statusWriter: {
        async patchStatus(resource, { name = '' }, status, { resourceVersion } = {}) {
          const store = stores().get(resource) as typeof objects.advertisements
          const before = store.get(`h/${name}`)!
          assert.equal(resourceVersion, before.resourceVersion)
          const { conditions } = status as { conditions: Condition[] }
          const accepted = conditions.find(({ type }) => type === 'Accepted')!
          written.push(`${resource.kind} ${name}: ${accepted.status} ${accepted.reason}: ${accepted.message}`)
          if (answer === 'written') {
            const next = String(++version)
            store.upsert(`h/${name}`, next, { ...before, resourceVersion: next, status: { conditions } })
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
  /** What has been written since the last time. */
  const told = async () => {
    await clock.advanceAsync(1_000)
    return written.splice(0).sort()
  }

  it('is written once for each, with one event for what is refused, and not again', async () => {
    objects.put('L2Advertisement', 'good')
    objects.put('L2Advertisement', 'bad', { interfaces: ['eth0', 'eth0'] })
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
    objects.put('L2Advertisement', 'a')
    await begin()
    objects.put('L2Advertisement', 'a', { interfaces: [''] }, { generation: 2, conditions: conditionsOf('a') })
    await clock.advanceAsync(1_000)
    objects.put('L2Advertisement', 'a', {}, { generation: 3, conditions: conditionsOf('a') })
    await clock.advanceAsync(1_000)
    assert.deepEqual(
      written.map(text => text.split(':')[1]),
      [' True Accepted', ' False Invalid', ' True Accepted'],
    )
    assert.equal(conditionsOf('a')[0]?.observedGeneration, 3)
    assert.equal(events.length, 1)
  })

  it('leaves the conditions of others where they are, and puts back its own', async () => {
    const theirs = { type: 'example.com/Seen', status: 'True', reason: 'R', message: '', lastTransitionTime: '' }
    objects.put('L2Advertisement', 'a', {}, { conditions: [theirs] })
    await begin()
    assert.deepEqual(
      conditionsOf('a').map(({ type }) => type),
      ['example.com/Seen', 'Accepted'],
    )
    objects.put('L2Advertisement', 'a', {}, { conditions: [theirs] })
    await clock.advanceAsync(1_000)
    assert.equal(conditionsOf('a').length, 2)
  })

  it('tries again after a conflict, and tells nothing before it is written', async () => {
    objects.put('L2Advertisement', 'bad', { interfaces: 7 })
    answer = 'conflict'
    await begin()
    assert.deepEqual([written.length > 0, events], [true, []])
    answer = 'written'
    await clock.advanceAsync(2_000)
    assert.equal(events.length, 1)
  })

  it('is asked for no object that is gone', async () => {
    objects.put('L2Advertisement', 'a')
    acceptances.start()
    objects.advertisements.delete('h/a')
    await clock.advanceAsync(1_000)
    assert.deepEqual(written, [])
  })

  it('follows what a peer names: its profile and its Secret', async () => {
    const spec = { myASN: 64500, peerASN: 64501, peerAddress: '192.0.2.254' }
    objects.put('BGPPeer', 'tor', { ...spec, bfdProfile: 'fast', passwordSecret: { name: 'key' } })
    await begin()
    const refused = 'BGPPeer tor: False Invalid: No session is held with the peer: '
    assert.deepEqual(await told(), [`${refused}spec.passwordSecret: there is no Secret "key" in the namespace "h".`])
    objects.secrets.upsert('h/key', '1', { name: 'key', type: 'kubernetes.io/basic-auth', password: 'p' })
    assert.deepEqual(await told(), [`${refused}spec.bfdProfile: there is no valid BFDProfile "fast".`])
    objects.put('BFDProfile', 'fast', { detectMultiplier: 1 })
    assert.deepEqual(await told(), [
      'BFDProfile fast: False Invalid: The profile cannot be used: spec.detectMultiplier: must be a whole number from 2 to 255. Peers that name it are refused.',
    ])
    objects.put('BFDProfile', 'fast', {}, { generation: 2 })
    assert.deepEqual(await told(), [
      'BFDProfile fast: True Accepted: Peers can use the profile.',
      'BGPPeer tor: True Accepted: The peer is in use.',
    ])
    objects.secrets.delete('h/key')
    assert.equal((await told()).length, 1)
    assert.deepEqual(
      events.map(text => text.split(' ').slice(0, 3).join(' ')),
      ['BGPPeer tor Invalid:', 'BFDProfile fast Invalid:', 'BGPPeer tor Invalid:'],
      'one for each new refusal of an object',
    )
  })

  it('follows the aliases that an advertisement names', async () => {
    objects.put('BGPAdvertisement', 'all', { communities: ['gold'] })
    await begin()
    assert.deepEqual(await told(), [
      'BGPAdvertisement all: False Invalid: Nothing is announced by it: spec.communities[0]: "gold" is neither a community nor an alias that a Community object defines.',
    ])
    objects.put('Community', 'metals', { communities: [{ name: 'gold', value: '64500:1' }] })
    assert.deepEqual(await told(), [
      'BGPAdvertisement all: True Accepted: The advertisement is in use.',
      'Community metals: True Accepted: Advertisements can use the aliases.',
    ])
  })

  it('stays True, with another reason and an event, where only a part is not in force', async () => {
    objects.put('BGPAdvertisement', 'wide', { aggregationLength: 16 })
    objects.put('BFDProfile', 'echo', { echoMode: true })
    await begin()
    const [profile, advertisement] = ['spec.echoMode: Herald has no echo function', 'spec.aggregationLength: invalid']
    const texts = await told()
    assert.ok(
      texts[0]?.startsWith(`BFDProfile echo: True InPart: Peers can use the profile, but not all of it: ${profile}`),
    )
    assert.ok(
      texts[1]?.startsWith(
        `BGPAdvertisement wide: True InPart: The advertisement is in use, but not all of it: ${advertisement}`,
      ),
      texts[1],
    )
    assert.equal(events.length, 2)
  })
})
