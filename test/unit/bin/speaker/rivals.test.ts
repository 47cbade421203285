import assert from 'node:assert/strict'
import { Rivals } from '../../../../src/bin/speaker/rivals.ts'
import { viewSpeaker } from '../../../../src/resources/speaker-view.ts'

const speaker = (name: string, addresses: string[], expiredAt?: string) =>
  viewSpeaker({
    metadata: { name },
    status: { announcements: addresses.map(address => ({ address, interfaces: ['eth0'] })), expiredAt },
  })

describe('Rivals', () => {
  const own = new Set(['192.0.2.1', '192.0.2.2'])
  let rivals: Rivals

  beforeEach(() => {
    rivals = new Rivals({ self: 'node-a' })
    rivals.setOwned(own, [speaker('node-a', [...own]), speaker('node-b', ['192.0.2.3', '192.0.2.2'])])
  })

  it('finds the addresses that another speaker names too', () => {
    assert.deepEqual(rivals.addresses, ['192.0.2.2'])
  })

  it('names each once, sorted, whoever claims it', () => {
    rivals.setSpeaker('node-c', speaker('node-c', ['192.0.2.2', '192.0.2.1']))
    assert.deepEqual(rivals.addresses, ['192.0.2.1', '192.0.2.2'])
  })

  for (const [title, after] of [
    ['it owns it no more', speaker('node-b', [])],
    ['its Lease has run out', speaker('node-b', ['192.0.2.2'], '2026-01-01T00:00:00Z')],
    ['it is gone', undefined],
  ] as const) {
    it(`forgets a speaker when ${title}`, () => {
      rivals.setSpeaker('node-b', after)
      assert.deepEqual(rivals.addresses, [])
    })
  }

  it('begins anew when this node owns others', () => {
    rivals.setOwned(new Set(['192.0.2.3']), [speaker('node-b', ['192.0.2.3'])])
    assert.deepEqual(rivals.addresses, ['192.0.2.3'])
  })
})
