import assert from 'node:assert/strict'
import { viewNode } from '../../../src/resources/node.ts'
import { Decisions } from '../../../src/speaker/decisions.ts'
import { advertisement, speakersOf, World } from '../../support/speaker-world.ts'

describe('patience of a node whose endpoint has just begun to serve', () => {
  const LOCAL = { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } }
  // By its hash node-c comes first, then node-a, then node-b.
  const KEY = '192.0.2.1'
  let world: World
  let key: string
  let decisions: Decisions

  beforeEach(() => {
    world = new World()
    key = world.put('s', [KEY], LOCAL)
    decisions = new Decisions({ sources: world }, { nodeName: 'node-c' })
  })

  /** Where the Service is served from then on: letters of nodes, upper case for those whose endpoints terminate. */
  const serve = (letters: string) => {
    const names = [...letters].map(letter => `node-${letter.toLowerCase()}`).sort()
    const leavingNodes = [...letters].filter(letter => letter < 'a').map(letter => `node-${letter.toLowerCase()}`)
    world.endpointsByService.set(key, { serving: names.length > 0, nodes: names, leavingNodes })
    decisions.touch(key)
  }
  const look = (nowMs: number): string => {
    const wanted = decisions.settle(nowMs).desired.get(KEY)
    return wanted ? `${wanted.order.map(name => name.at(-1)).join('')}${wanted.patient ? ' patient' : ''}` : '-'
  }

  // Each step: when, where it is served (nothing: only time passes), what the link thread is told.
  type Step = [atMs: number, served: string | undefined, told: string]
  const CASES: Record<string, Step[]> = {
    'lasts 1.5 s while another serves': [
      [0, 'a', '-'],
      [100, 'ac', 'ca patient'],
      [1_599, undefined, 'ca patient'],
      [1_600, undefined, 'ca'],
      [9_000, 'abc', 'cab'],
    ],
    'lasts 1.5 s while endpoints elsewhere only terminate': [
      [0, 'a', '-'],
      [100, 'Ac', 'c patient'],
      [1_600, undefined, 'c'],
    ],
    'ends when the last that served before ends': [
      [0, 'ab', '-'],
      [100, 'abc', 'cab patient'],
      [200, 'bc', 'cb patient'],
      [300, 'c', 'c'],
      [400, 'ac', 'ca'],
    ],
    'is not for one that serves alone': [
      [0, '', '-'],
      [100, 'c', 'c'],
    ],
    'is not for one that takes the place of the only other in one step': [
      [0, 'a', '-'],
      [100, 'c', 'c'],
    ],
    'is not for those that begin together': [
      [0, '', '-'],
      [100, 'ac', 'ca'],
    ],
    'is not on account of one that began later': [
      [0, 'c', 'c'],
      [100, 'ac', 'ca'],
    ],
    'is not on account of one that went and came back meanwhile': [
      [0, 'a', '-'],
      [100, 'ac', 'ca patient'],
      [200, 'c', 'c'],
      [300, 'ac', 'ca'],
    ],
    'begins anew when the endpoint goes and comes back': [
      [0, 'a', '-'],
      [100, 'ac', 'ca patient'],
      // node-a has no reason to give the address up that node-c may still own
      [1_000, 'a', 'a'],
      [1_500, 'ac', 'ca patient'],
      [2_999, undefined, 'ca patient'],
      [3_000, undefined, 'ca'],
    ],
    'is not for an endpoint that begins to terminate': [
      [0, 'ac', 'ca'],
      [100, 'aC', 'a'],
    ],
    'is not for one that was there at the first look': [
      [0, 'ac', 'ca'],
      [10, undefined, 'ca'],
    ],
  }
  for (const [title, steps] of Object.entries(CASES)) {
    it(title, () => {
      for (const [atMs, served, told] of steps) {
        if (served !== undefined) serve(served)
        assert.equal(look(atMs), told, `at ${atMs} ms`)
      }
    })
  }

  it('tells when it is over, and ships it then', () => {
    serve('a')
    assert.equal(decisions.settle(0).dueMs, undefined)
    serve('ac')
    const { dueMs, revision } = decisions.settle(100)
    assert.equal(dueMs, 1_600)
    assert.deepEqual(decisions.settle(dueMs - 1).revision, revision)
    const over = decisions.settle(dueMs)
    assert.equal(over.revision, revision + 1)
    assert.equal(over.dueMs, undefined)
  })

  it('is on account of none that cannot announce the address', () => {
    world.speakers = speakersOf('node-b', 'node-c')
    decisions.touchWorld()
    serve('a')
    decisions.settle(0)
    serve('ac')
    assert.equal(look(100), 'c')
    // It registers within the time: from now on the address could be there.
    world.speakers = speakersOf('node-a', 'node-b', 'node-c')
    decisions.touchWorld()
    assert.equal(look(200), 'ca patient')
    world.advertisements = [
      advertisement('here', {
        nodeSelectors: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'DoesNotExist' }] }],
      }),
    ]
    world.nodes = ['node-a', 'node-b', 'node-c'].map(name =>
      viewNode({ metadata: { name, ...(name === 'node-a' && { labels: { 'kubernetes.io/hostname': name } }) } }),
    )
    decisions.touchWorld()
    assert.equal(look(300), 'c')
  })

  it('is for the policy Local alone', () => {
    world.put('s', [KEY])
    serve('a')
    assert.equal(look(0), 'cab')
    serve('ac')
    assert.equal(look(100), 'cab')
  })

  it('does not outlive the Service', () => {
    serve('a')
    decisions.settle(0)
    serve('ac')
    assert.equal(look(100), 'ca patient')
    world.services.delete(key)
    decisions.touch(key)
    assert.equal(decisions.settle(200).dueMs, undefined)
    assert.equal(look(200), '-')
  })
})
