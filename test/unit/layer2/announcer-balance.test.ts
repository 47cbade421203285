import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Announcer } from '../../../src/layer2/announcer.ts'
import type { Announcement, AnnouncerAction, AnnouncerEvent } from '../../../src/layer2/announcer-events.ts'
import type { Link } from '../../../src/layer2/link.ts'
import { Neighbourhood } from '../../../src/layer2/neighbourhood.ts'
import { address } from '../../support/addresses.ts'
import {
  desiredOf,
  eth0,
  eth1,
  MACS,
  SELF,
  SPEAKERS,
  STRANGER_MAC,
  speaker,
  word,
} from '../../support/announcer-scene.ts'

interface Happening {
  readonly waitMs: number
  readonly event: AnnouncerEvent
}

const KEYS = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1']
const LINKS: readonly Link[] = [eth0, { ...eth0, mac: 0x0200_5e00_0a77 }, { ...eth0, index: 9 }, eth1]

const key = fc.constantFrom(...KEYS)
const node = fc.constantFrom('node-b', 'node-c', 'node-d')
const wish = fc.record({
  order: fc.constantFrom('a', 'ab', 'ba', 'abc', 'bac', 'bca', 'cb', 'b', ''),
  on: fc.constantFrom(undefined, ['eth0'], ['eth1'], ['eth0', 'eth1'], []),
})

const events: fc.Arbitrary<AnnouncerEvent> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ wishes: fc.dictionary(key, wish), removed: fc.array(key, { maxLength: 1 }) })
      .map(({ wishes, removed }) => ({
        type: 'desired' as const,
        changed: new Map(Object.entries(wishes).map(([key, wish]) => [key, desiredOf(key, wish)])),
        removed,
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .uniqueArray(fc.constantFrom(...LINKS), { selector: ({ name }) => name })
      .map(links => ({ type: 'links' as const, links })),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('liveness' as const),
      node,
      state: fc.constantFrom('up' as const, 'down' as const, 'unknown' as const),
      lastHeardMs: fc.constantFrom(undefined, 0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ viewIsOld: fc.boolean(), apiReachable: fc.boolean(), leaving: fc.integer({ min: 0, max: 9 }) })
      .map(standing => ({ type: 'standing' as const, standing: { ...standing, leaving: standing.leaving === 0 } })),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      type: fc.constant('heard' as const),
      kind: fc.constantFrom('probe' as const, 'claim' as const, 'answer' as const),
      link: fc.constantFrom('eth0', 'eth1'),
      address: key.map(address),
      mac: fc.constantFrom(...Object.values(MACS), STRANGER_MAC, STRANGER_MAC + 1, eth0.mac, eth1.mac),
    }),
  },
  fc.array(fc.boolean(), { minLength: SPEAKERS.length, maxLength: SPEAKERS.length }).map(expired => ({
    type: 'speakers' as const,
    speakers: SPEAKERS.map(({ node, macs }, index) => speaker(node, macs[0]!, expired[index])),
  })),
  fc
    .option(fc.array(key), { nil: undefined })
    .map(addresses => ({ type: 'speakUp' as const, ...(addresses && { addresses }) })),
  fc.constant({ type: 'woken' as const }),
  { weight: 4, arbitrary: fc.constant({ type: 'timer' as const }) },
)

const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.record({
    waitMs: fc.oneof(
      fc.nat({ max: 200 }),
      fc.nat({ max: 40_000 }).map(ms => ms / 7),
    ),
    event: events,
  }),
  { maxLength: 60 },
)

describe('Announcer, whatever happens', () => {
  it('begins and ends everything once, and knows what is due', () => {
    fc.assert(
      fc.property(happenings, list => {
        check(list)
      }),
      { numRuns: 500 },
    )
  })

  it('meets owners, conflicts and yielding in these tests', () => {
    const met = new Map<string, number>()
    for (const list of fc.sample(happenings, { numRuns: 200, seed: 5 })) {
      for (const { type } of check(list)) met.set(type, (met.get(type) ?? 0) + 1)
    }
    for (const type of ['listen', 'ignore', 'probe', 'answer', 'silence', 'announce', 'tookOver', 'conflict']) {
      assert.ok((met.get(type) ?? 0) >= 20, `${type}: ${met.get(type)}`)
    }
  })
})

/** Runs an announcer through all that happens and keeps the books of its actions, which it returns. */
function check(list: readonly Happening[]): AnnouncerAction[] {
  const announcer = new Announcer({ neighbourhood: new Neighbourhood({ self: SELF }) }, { self: SELF })
  const books = new Books()
  const actions: AnnouncerAction[] = []
  let nowMs = 0
  const step = (event: AnnouncerEvent) => {
    const done = announcer.step(event, nowMs)
    actions.push(...done)
    books.enter(done, event)
    books.compare(announcer)
  }
  const serveTimers = (endMs: number) => {
    for (let { dueMs } = announcer; dueMs !== undefined && dueMs <= endMs; dueMs = announcer.dueMs) {
      nowMs = Math.max(nowMs, dueMs)
      step({ type: 'timer' })
      assert.ok(announcer.dueMs === undefined || announcer.dueMs > nowMs, 'served, and due again at once')
    }
    nowMs = endMs
  }
  step({ type: 'speakers', speakers: SPEAKERS })
  step({ type: 'links', links: [eth0, eth1] })
  step({ type: 'desired', changed: new Map(KEYS.map(key => [key, desiredOf(key, 'ab')])), removed: [] })
  for (const { waitMs, event } of list) {
    // Some timers are late: a step may find several due.
    if (waitMs % 3 === 0) nowMs += waitMs
    else serveTimers(nowMs + waitMs)
    step(event)
  }
  serveTimers(nowMs + 1_000)
  step({ type: 'desired', changed: new Map(), removed: KEYS })
  assert.deepEqual([...books.answered, ...books.listened], [])
  assert.equal(announcer.dueMs, undefined)
  return actions
}

/** What is answered and listened for by the actions so far, by link and address. */
class Books {
  readonly answered = new Set<string>()
  readonly listened = new Set<string>()
  readonly #links = new Map<string, Link>()
  #usable: readonly Link[] = []
  readonly #reported = new Map<string, readonly string[]>()

  enter(actions: readonly AnnouncerAction[], event: AnnouncerEvent): void {
    if (event.type === 'links') this.#usable = event.links
    for (const action of actions) {
      const text = word(action)
      if (action.type === 'tookOver') continue
      const { link } = action
      const item = text.replace(/^\S+ /, '')
      switch (action.type) {
        case 'listen':
          assert.ok(!this.listened.has(item), `${text}: twice`)
          this.listened.add(item)
          this.#links.set(item, link)
          break
        case 'ignore':
          assert.ok(!this.answered.has(item), `${text}: it is still answered`)
          assert.ok(this.listened.delete(item), `${text}: nobody listens`)
          break
        case 'answer':
          assert.ok(this.listened.has(item), `${text}: nobody listens`)
          assert.ok(!this.answered.has(item), `${text}: twice`)
          this.answered.add(item)
          break
        case 'silence':
          assert.ok(this.answered.delete(item), `${text}: it is not answered`)
          break
        case 'announce':
          assert.ok(this.answered.has(item), `${text}: it is not answered`)
          break
        case 'probe':
          assert.ok(!this.answered.has(item), `${text}: it is answered`)
          assert.ok(this.listened.has(item), `${text}: nobody listens`)
          break
        case 'inquire':
          assert.ok(this.listened.has(item), `${text}: nobody listens`)
      }
      if (action.type === 'conflict') continue
      // All that is done for an address from listening to ignoring is done on the interface as it was then.
      assert.deepEqual(link, this.#links.get(item), text)
      if (action.type !== 'silence' && action.type !== 'ignore') {
        assert.ok(
          this.#usable.some(usable => usable.name === link.name && usable.mac === link.mac),
          `${text}: on an interface that is gone`,
        )
      }
    }
  }

  compare(announcer: Announcer): void {
    const wordOf = (item: Announcement) => `${word({ type: 'answer', ...item }).replace('answer ', '')} ${item.sinceMs}`
    const announcements = [...announcer.announcements()]
    assert.deepEqual(
      announcements.map(item => word({ type: 'answer', ...item }).replace('answer ', '')).sort(),
      [...this.answered].sort(),
    )
    // What is reported by differences is the whole all the same.
    for (const key of announcer.takeChanged()) this.#reported.set(key, [...announcer.announcementsOf(key)].map(wordOf))
    assert.deepEqual([...this.#reported.values()].flat().sort(), announcements.map(wordOf).sort())
    const waiting = [...this.listened].some(item => {
      const [link, key] = item.split(' ')
      const state = announcer.stateOf(link!, key!)
      assert.ok(state && state.phase !== 'idle', `${item}: listened for and idle`)
      return true
    })
    assert.equal(announcer.dueMs !== undefined, waiting)
    for (const { link, address } of announcer.conflicts()) {
      assert.ok(this.listened.has(word({ type: 'answer', link, address }).replace('answer ', '')))
    }
  }
}
