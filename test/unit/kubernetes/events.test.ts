import assert from 'node:assert/strict'
import { EventRecorder, type EventRecorderInit } from '../../../src/kubernetes/events.ts'
import { nodes, services } from '../../../src/kubernetes/resources.ts'
import { Driven } from '../../support/kubernetes/driven.ts'

describe('EventRecorder', () => {
  let world: Driven
  let recorder: EventRecorder

  beforeEach(async () => {
    world = await Driven.start()
  })

  afterEach(async () => {
    await recorder.stop()
    assert.equal(world.clock.pendingTimers, 0)
    await world.stop()
  })

  const shop = { namespace: 'web', name: 'shop', uid: 'u1', resourceVersion: '7' }

  function make(init: Partial<EventRecorderInit> = {}): void {
    recorder = new EventRecorder(world, { component: 'herald-controller', instance: 'controller-1', ...init })
  }

  it('writes what kubectl shows', async () => {
    make({ host: 'node-1' })
    recorder.record(services, shop, 'Normal', 'IPAllocated', 'Assigned IP ["192.0.2.1"]')
    recorder.record(nodes, { name: 'n' }, 'Warning', 'X', 'y'.repeat(2_000), 'Do')
    await recorder.flush()
    const [event, other] = world.server.requests.map(({ body }) => JSON.parse(body))
    const { name } = event.metadata
    assert.match(name, /^shop\.[0-9a-f]{18}$/)
    assert.deepEqual(event, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: 'web', name },
      involvedObject: { apiVersion: 'v1', kind: 'Service', ...shop },
      type: 'Normal',
      reason: 'IPAllocated',
      action: 'IPAllocated',
      message: 'Assigned IP ["192.0.2.1"]',
      eventTime: '2026-01-01T00:00:00.000000Z',
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
      source: { component: 'herald-controller', host: 'node-1' },
      reportingComponent: 'herald-controller',
      reportingInstance: 'controller-1',
    })
    assert.equal(other.metadata.namespace, 'default')
    assert.equal(other.action, 'Do')
    assert.equal(other.message.length, 1_024)
  })

  it('gives each event a name of its own', async () => {
    make()
    for (let i = 0; i < 50; i++) recorder.record(services, shop, 'Normal', 'R', `${i}`)
    await recorder.flush()
    assert.equal(world.server.state('events').size, 50)
  })

  it('writes no more than it may over time', async () => {
    make({ burst: 2, perSecond: 10 })
    for (let i = 0; i < 4; i++) recorder.record(services, shop, 'Normal', 'R', `${i}`)
    await world.until(() => world.server.requests.length === 2 && world.clock.nextTimerInMs === 100, 'waits')
    world.clock.advance(100)
    await world.until(() => world.server.requests.length === 3 && world.clock.nextTimerInMs === 100, 'waits')
    world.clock.advance(100)
    await recorder.flush()
    assert.equal(recorder.dropped, 0)
  })

  it('writes fewer while there is other work, and catches up when that is done', async () => {
    let busy = true
    make({ burst: 10, perSecond: 100, busyPerSecond: 2, isBusy: () => busy })
    world.clock.advance(500)
    for (let i = 0; i < 6; i++) recorder.record(services, shop, 'Normal', 'R', `${i}`)
    await world.until(() => world.server.requests.length === 1 && world.clock.nextTimerInMs === 500, 'waits')
    world.clock.advance(500)
    await world.until(() => world.server.requests.length === 2 && world.clock.nextTimerInMs === 500, 'waits')
    world.clock.advance(500)
    await world.until(() => world.server.requests.length === 3 && world.clock.nextTimerInMs === 500, 'waits')
    busy = false
    world.clock.advance(500)
    await recorder.flush()
    assert.equal(world.server.requests.length, 6)
    assert.equal(recorder.dropped, 0)
  })

  it('drops what does not fit and what the server does not take, and goes on', async () => {
    make({ capacity: 2 })
    world.server.faults.push({ kind: 'status', status: 500 })
    for (let i = 0; i < 5; i++) recorder.record(services, shop, 'Normal', 'R', `${i}`)
    await recorder.flush()
    assert.equal(world.server.state('events').size, 2)
    assert.equal(recorder.dropped, 3)
    assert.equal(world.logger.count('warn'), 1)
    recorder.record(services, shop, 'Normal', 'R', 'later')
    await recorder.flush()
    assert.equal(world.server.state('events').size, 3)
  })

  it('ends at once when it is stopped', async () => {
    make()
    world.server.faults.push({ kind: 'silent' })
    recorder.record(services, shop, 'Normal', 'R', 'n')
    await world.until(() => world.server.requests.length === 1, 'asked')
    await recorder.stop()
    recorder.record(services, shop, 'Normal', 'R', 'n')
    await recorder.flush()
    assert.equal(world.server.requests.length, 1)
  })
})
