import assert from 'node:assert/strict'
import { announcedOf, ControllerScene, loadBalancer, metallb } from '../../support/controller-scene.ts'
import { eventually } from '../../support/processes.ts'

const COUNT = 300

describe('many Services at once, against a real API server', () => {
  let scene: ControllerScene

  before(async function () {
    this.timeout(90_000)
    scene = await ControllerScene.begin()
    await scene.register('node-a')
    await scene.apply(metallb('IPAddressPool', 'p', { addresses: ['10.0.0.0/16'] }))
    await scene.startController()
  })

  after(() => scene?.end())

  it('have their addresses first, and all the rest soon after', async function () {
    this.timeout(90_000)
    const names = Array.from({ length: COUNT }, (_, i) => `many-${i}`)
    await scene.apply(...names.map(name => loadBalancer(name)))
    const all = async () => (await scene.services()).filter(({ metadata }) => names.includes(metadata.name))
    const addressed = (services: Awaited<ReturnType<typeof all>>) =>
      services.filter(({ status }) => status.loadBalancer.ingress?.length === 1)
    await eventually('all have their addresses', async () => addressed(await all()).length === COUNT, {
      timeoutMs: 30_000,
    })
    // What is written of one must not hold up what is written of the next.
    await eventually(
      'all say why they are not announced',
      async () => (await all()).every(service => announcedOf(service)?.status === 'False'),
      { timeoutMs: 12_000 },
    )
    const told = async () =>
      new Set(
        (await scene.events())
          .filter(({ reason }) => reason === 'IPAllocated')
          .map(({ involvedObject }) => involvedObject.name),
      ).size
    await eventually('all have an event', async () => (await told()) === COUNT, { timeoutMs: 20_000 })
    assert.deepEqual(scene.refusals(), [])
  })
})
