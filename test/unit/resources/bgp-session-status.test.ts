import assert from 'node:assert/strict'
import {
  bgpSessionStatusLabels,
  bgpSessionStatusName,
  viewBgpSessionStatus,
} from '../../../src/resources/bgp-session-status.ts'

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}`

describe('BGPSessionStatus', () => {
  it('is named after its node and its peer, the same at all times', () => {
    assert.match(bgpSessionStatusName('node-a', 'rack-a'), /^node-a\.rack-a\.[0-9a-f]{8}$/)
    assert.equal(bgpSessionStatusName('node-a', 'rack-a'), bgpSessionStatusName('node-a', 'rack-a'))
  })

  it('has another name for every other session', () => {
    const sessions = [
      ['a', 'b.c'],
      ['a.b', 'c'],
      ['b.c', 'a'],
      [long, long],
      [long, `${long.slice(0, -1)}e`],
    ] as const
    const names = sessions.map(([node, peer]) => bgpSessionStatusName(node, peer))
    assert.equal(new Set(names).size, names.length)
    for (const name of names) {
      assert.ok(name.length <= 253)
      assert.match(name, SUBDOMAIN)
    }
  })

  it('has no label that is too long for one', () => {
    assert.deepEqual(bgpSessionStatusLabels('node-a', 'rack-a'), {
      'herald.io/node': 'node-a',
      'herald.io/peer': 'rack-a',
    })
    assert.deepEqual(bgpSessionStatusLabels(long, 'rack-a'), { 'herald.io/peer': 'rack-a' })
  })

  it('that says nothing yet is Idle', () => {
    assert.deepEqual(viewBgpSessionStatus({ metadata: { name: 'x', resourceVersion: '7' } }), {
      ...{ name: 'x', resourceVersion: '7', node: '', peer: '', state: 'Idle', prefixesSent: 0 },
    })
  })

  it('is read whole', () => {
    const status = {
      ...{ node: 'a', peer: 'b', address: '203.0.113.1', since: '2026-01-01T00:00:00Z', prefixesSent: 3 },
      ...({ state: 'Established', bfd: 'Up', lastError: 'hold timer expired' } as const),
    }
    assert.deepEqual(viewBgpSessionStatus({ metadata: { name: 'x', resourceVersion: '7' }, status }), {
      ...{ name: 'x', resourceVersion: '7' },
      ...status,
    })
  })
})
