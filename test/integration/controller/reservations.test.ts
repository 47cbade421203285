import assert from 'node:assert/strict'
import {
  ControllerScene,
  loadBalancer,
  HERALD_NAMESPACE as namespace,
  pool,
  untilNextSecond,
} from '../../support/controller-scene.ts'
import { eventually } from '../../support/processes.ts'

describe('controller, against a real API server', () => {
  let scene: ControllerScene

  before(async function () {
    this.timeout(90_000)
    scene = await ControllerScene.begin()
    await scene.startController()
  })

  afterEach(() => scene.clearAllocation())

  after(() => scene?.end())

  it('keeps reserved addresses for their Service, before it exists and after', async () => {
    const reservation = {
      apiVersion: 'herald.io/v1alpha1',
      kind: 'AddressReservation',
      metadata: { name: 'shop', namespace },
      spec: { addresses: ['192.0.2.11'], service: { namespace: 'default', name: 'shop' } },
    }
    const gateway = { ...reservation, metadata: { name: 'gateway', namespace }, spec: { addresses: ['192.0.2.10'] } }
    const held = () =>
      scene.api.kubectl(['get', 'addressreservation', 'shop', '-n', namespace, '-o', 'jsonpath={.status.held}'])
    try {
      await scene.apply(pool('p', ['192.0.2.10-192.0.2.12']), reservation, gateway)
      await eventually('both are accepted', async () => {
        const condition = '{.items[*].status.conditions[?(@.type=="Accepted")].status}'
        const { stdout } = await scene.api.kubectl([
          'get',
          'addressreservations',
          '-n',
          namespace,
          '-o',
          `jsonpath=${condition}`,
        ])
        return stdout.trim() === 'True True'
      })
      await scene.apply(loadBalancer('web'))
      await scene.addressed('web', '192.0.2.12')
      for (let round = 0; round < 2; round++) {
        await scene.apply(loadBalancer('shop'))
        await scene.addressed('shop', '192.0.2.11')
        await eventually('the reservation says so', async () => (await held()).stdout === '192.0.2.11')
        await scene.removeServices('shop')
        await eventually('the reservation says that nobody has it', async () => (await held()).stdout === '')
      }
    } finally {
      await scene.api.kubectl(['delete', 'addressreservations', '--all', '-n', namespace])
    }
    await scene.apply(loadBalancer('more'))
    await scene.addressed('more', '192.0.2.10')
  })

  it('says on a reservation that it contradicts an older one, and goes on with the older', async () => {
    const reservation = (name: string, addresses: string[], service?: object) => ({
      apiVersion: 'herald.io/v1alpha1',
      kind: 'AddressReservation',
      metadata: { name, namespace },
      spec: { addresses, ...(service && { service }) },
    })
    try {
      await scene.apply(pool('p', ['192.0.2.10-192.0.2.12']), reservation('older', ['192.0.2.10']))
      await untilNextSecond()
      await scene.apply(
        reservation('younger', ['192.0.2.10/31'], { namespace: 'default', name: 'web' }),
        loadBalancer('web'),
      )
      await scene.addressed('web', '192.0.2.11')
      await eventually('the younger says why, and an event does', async () => {
        const items = await scene.events(namespace)
        const { status } = await scene.read<{
          status?: { conditions?: { status: string; message: string }[] }
        }>('addressreservation', 'younger')
        return (
          items.some(({ reason, involvedObject }) => reason === 'Overlap' && involvedObject.name === 'younger') &&
          status?.conditions?.[0]?.status === 'False' &&
          /spec\.addresses\[0\]: overlaps with the older AddressReservation "older"/.test(status.conditions[0].message)
        )
      })
    } finally {
      await scene.api.kubectl(['delete', 'addressreservations', '--all', '-n', namespace])
    }
  })

  it('was never refused anything by the roles of the chart', () => assert.deepEqual(scene.refusals(), []))
})
