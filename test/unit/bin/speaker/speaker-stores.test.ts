import assert from 'node:assert/strict'
import { SpeakerStores } from '../../../../src/bin/speaker/speaker-stores.ts'
import { Driven } from '../../../support/kubernetes/driven.ts'

describe('SpeakerStores', () => {
  it('takes the counters that the controller writes into a pool for no change', async () => {
    const world = await Driven.start()
    const pool = (addresses: string[], assignedIPv4: number) => ({
      metadata: { namespace: 'herald', name: 'p' },
      spec: { addresses },
      status: { assignedIPv4 },
    })
    world.server.put('ipaddresspools', pool(['192.0.2.0/28', '2001:db8::/64'], 0))
    const { client, clock, logger, random } = world
    const stores = new SpeakerStores({ client, clock, logger, random }, { namespace: 'herald', nodeName: 'node-a' })
    let changes = 0
    stores.pools.subscribe(() => changes++)
    stores.start()
    try {
      await world.until(() => stores.synced, 'synced')
      assert.equal(changes, 1)
      world.server.put('ipaddresspools', pool(['192.0.2.0/28', '2001:db8::/64'], 1))
      await world.until(
        () => stores.pools.resourceVersion('herald/p') === world.server.version,
        'the new version is there',
      )
      assert.equal(changes, 1)
      world.server.put('ipaddresspools', pool(['192.0.2.0/29'], 1))
      await world.until(() => changes === 2, 'the new addresses are told')
    } finally {
      await stores.stop()
      await world.stop()
    }
  })
})
