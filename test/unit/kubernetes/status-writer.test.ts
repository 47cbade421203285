import assert from 'node:assert/strict'
import { services, speakerStatuses } from '../../../src/kubernetes/resources.ts'
import {
  type DesiredServiceStatus,
  outcomeOfWrite,
  StatusWriter,
  serviceStatusPatch,
} from '../../../src/kubernetes/status-writer.ts'
import { type Condition, viewService } from '../../../src/resources/service.ts'
import { Driven } from '../../support/kubernetes/driven.ts'

const type = 'herald.io/AddressAllocated'
const condition = (changes: Partial<Condition> = {}): Condition => ({
  type,
  status: 'True',
  reason: 'Allocated',
  message: 'from pool a',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  ...changes,
})

const view = viewService({
  metadata: { namespace: 'web', name: 'shop', resourceVersion: '7', annotations: { 'metallb.io/pool': 'a' } },
  status: { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] }, conditions: [condition()] },
})

describe('serviceStatusPatch', () => {
  const metadata = { resourceVersion: '7' }
  const rows: [what: string, desired: DesiredServiceStatus, patch: object | undefined][] = [
    ['nothing named', {}, undefined],
    [
      'nothing different',
      { addresses: ['192.0.2.1'], annotations: { 'metallb.io/pool': 'a' }, conditions: { [type]: condition() } },
      undefined,
    ],
    [
      'a different time alone',
      { conditions: { [type]: condition({ lastTransitionTime: '2026-02-02T00:00:00Z' }) } },
      undefined,
    ],
    [
      'what is not there taken away',
      { annotations: { other: undefined }, conditions: { 'herald.io/Announced': undefined } },
      undefined,
    ],
    [
      'addresses',
      { addresses: ['192.0.2.2', '2001:db8::2'] },
      {
        metadata,
        status: {
          loadBalancer: {
            ingress: [
              { ip: '192.0.2.2', ipMode: 'VIP' },
              { ip: '2001:db8::2', ipMode: 'VIP' },
            ],
          },
        },
      },
    ],
    ['no address', { addresses: [] }, { metadata, status: { loadBalancer: { ingress: null } } }],
    [
      'annotations set and taken away',
      { annotations: { 'metallb.io/pool': undefined, 'herald.io/x': 'y' } },
      { metadata: { resourceVersion: '7', annotations: { 'metallb.io/pool': null, 'herald.io/x': 'y' } } },
    ],
    [
      'a condition changed',
      { addresses: ['192.0.2.1'], conditions: { [type]: condition({ message: 'else' }) } },
      { metadata, status: { conditions: [condition({ message: 'else' })] } },
    ],
    [
      'a condition taken away',
      { conditions: { [type]: undefined } },
      { metadata, status: { conditions: [{ type, $patch: 'delete' }] } },
    ],
  ]
  for (const [what, desired, patch] of rows) {
    it(`${patch ? 'writes' : 'writes nothing for'} ${what}`, () =>
      assert.deepEqual(serviceStatusPatch(view, desired), patch))
  }

  it('writes an ipMode that is missing', () => {
    const old = { ...view, ingress: [{ ip: '192.0.2.1' }] }
    assert.deepEqual(serviceStatusPatch(old, { addresses: ['192.0.2.1'] }), {
      metadata,
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] } },
    })
  })
})

describe('StatusWriter', () => {
  let world: Driven
  let writer: StatusWriter

  beforeEach(async () => {
    world = await Driven.start()
    writer = new StatusWriter(world)
  })
  afterEach(() => world.stop())

  const shop = { namespace: 'web', name: 'shop' }
  const desired = { addresses: ['192.0.2.9'] }

  it('writes the status subresource in one patch', async () => {
    const { metadata } = world.server.put('services', { metadata: shop })
    assert.equal(
      await writer.writeService({ ...view, resourceVersion: metadata.resourceVersion ?? '' }, desired),
      'written',
    )
    const [request] = world.server.requests
    assert.equal(`${request?.method} ${request?.path}`, 'PATCH /api/v1/namespaces/web/services/shop/status')
  })

  it('writes nothing when nothing differs', async () => {
    assert.equal(await writer.writeService(view, { addresses: ['192.0.2.1'] }), 'unchanged')
    assert.equal(world.server.requests.length, 0)
  })

  it('tells a conflict and an object that is gone, and throws for the rest', async () => {
    world.server.put('services', { metadata: shop })
    assert.equal(await writer.writeService(view, desired), 'conflict')
    world.server.remove('services', shop)
    assert.equal(await writer.writeService(view, desired), 'gone')
    world.server.faults.push({ kind: 'status', status: 500 })
    await assert.rejects(writer.writeService(view, desired), { code: 'serverError' })
    assert.deepEqual(outcomeOfWrite('conflict'), { kind: 'retryAfter', delayMs: 1_000 })
    for (const result of ['written', 'unchanged', 'gone'] as const)
      assert.deepEqual(outcomeOfWrite(result), { kind: 'done' })
  })

  it('creates what is missing, and patches the status of a custom resource', async () => {
    const ref = { namespace: 'herald', name: 'node-1' }
    assert.equal(await writer.createIfMissing(speakerStatuses, { metadata: ref }), true)
    assert.equal(await writer.createIfMissing(speakerStatuses, { metadata: ref }), false)
    const status = { interfaces: [{ name: 'eth0' }], expiredAt: null }
    assert.equal(await writer.patchStatus(speakerStatuses, ref, status), 'written')
    assert.deepEqual((world.server.get('speakerstatuses', ref) as { status?: object })?.status, {
      interfaces: [{ name: 'eth0' }],
    })
    assert.equal(await writer.patchStatus(speakerStatuses, ref, status, { resourceVersion: '1' }), 'conflict')
    assert.equal(await writer.patchStatus(services, { ...ref, name: 'none' }, status), 'gone')
  })
})
