import assert from 'node:assert/strict'
import { once } from 'node:events'
import { addressOf, ControllerScene, loadBalancer, pool } from '../../support/controller-scene.ts'
import { eventually, type Running } from '../../support/processes.ts'

describe('controller, against a real API server', () => {
  let scene: ControllerScene
  let controller: Running

  before(async function () {
    this.timeout(90_000)
    scene = await ControllerScene.begin({ definitions: false })
  })

  afterEach(() => scene.clearAllocation())

  after(() => scene?.end())

  it('waits for its custom resources to be defined', async () => {
    controller = scene.startReplica('controller-0')
    await eventually('the controller misses the definitions', () =>
      controller.logs().some(({ msg, resource }) => msg === 'watch interrupted' && resource === 'ipaddresspools'),
    )
    await scene.defineResources()
    await eventually('the controller is ready', () => controller.logs().some(({ msg }) => msg === 'ready'))
  })

  it('keeps every address over a kill and a restart, though lower ones have become free', async () => {
    await scene.apply(pool('p', ['192.0.2.0/24']), ...Array.from({ length: 20 }, (_, i) => loadBalancer(`web-${i}`)))
    const addresses = async () => {
      const services = await scene.services()
      return Object.fromEntries(
        services.filter(({ spec }) => spec.type === 'LoadBalancer').map(item => [item.metadata.name, addressOf(item)]),
      )
    }
    await eventually('all 20 have addresses', async () => Object.values(await addresses()).every(Boolean))
    const before = await addresses()
    assert.equal(new Set(Object.values(before)).size, 20)
    const lowest = Object.keys(before).find(name => before[name] === '192.0.2.0') ?? assert.fail()
    await controller.end('SIGKILL')
    await scene.removeServices(lowest)
    controller = await scene.startController()
    await scene.apply(loadBalancer('new'))
    await scene.addressed('new', '192.0.2.0')
    const after = await addresses()
    for (const [name, ip] of Object.entries(before)) if (name !== lowest) assert.equal(after[name], ip)
  })

  it('lets a second replica lead when the first is stopped, with the same addresses', async () => {
    await scene.apply(pool('p', ['192.0.2.10-192.0.2.12']), loadBalancer('web'))
    await scene.addressed('web', '192.0.2.10')
    const second = scene.startReplica('controller-1')
    try {
      await eventually('the second replica has started', () =>
        second.logs().some(({ msg }) => msg === 'controller started'),
      )
      assert.equal(await controller.end(), 0)
      await scene.apply(loadBalancer('more'))
      await scene.addressed('more', '192.0.2.11')
      assert.equal(addressOf(await scene.service('web')), '192.0.2.10')
    } finally {
      await second.end()
      controller = await scene.startController()
    }
  })

  it('does not write when it wakes from a pause in which another has led', async () => {
    await scene.apply(pool('p', ['192.0.2.10/32']), loadBalancer('web'))
    await scene.addressed('web', '192.0.2.10')
    const second = scene.startReplica('controller-1')
    try {
      await eventually('the second replica waits', () => second.logs().some(({ msg }) => msg === 'controller started'))
      controller.process.kill('SIGSTOP')
      await eventually('the second replica leads', () => second.logs().some(({ msg }) => msg === 'ready'), {
        timeoutMs: 30_000,
      })
      await scene.removeServices('web')
      await scene.apply(loadBalancer('next'), loadBalancer('web'))
      const { metadata } = await scene.settled('next', '192.0.2.10')
      await scene.pending('web', 'PoolExhausted')
      controller.process.kill('SIGCONT')
      const [code] = await once(controller.process, 'exit')
      assert.equal(code, 1)
      assert.match(controller.errors(), /^controller: leadership lost: [^\n]*\n$/)
      assert.equal((await scene.addressed('next', '192.0.2.10')).metadata.resourceVersion, metadata.resourceVersion)
      await scene.pending('web', 'PoolExhausted')
    } finally {
      await second.end()
      controller = await scene.startController()
    }
  })

  it('starts while the API server does not answer, and stops within 2 s when it does not', async () => {
    await scene.apply(pool('p', ['192.0.2.10/31']), loadBalancer('web'))
    await scene.addressed('web', '192.0.2.10')
    scene.api.pause()
    try {
      const begin = performance.now()
      assert.equal(await controller.end(), 0)
      const stoppedMs = performance.now() - begin
      assert.ok(stoppedMs < 2_000, `${stoppedMs} ms`)
      assert.equal(controller.errors(), '')
      assert.equal(controller.logs().at(-1)?.msg, 'controller stopped')
      controller = scene.startReplica('controller-0')
      await eventually('the process has started', () =>
        controller.logs().some(({ msg }) => msg === 'controller started'),
      )
    } finally {
      scene.api.resume()
    }
    await scene.apply(loadBalancer('more'))
    await eventually('more has an address', async () => addressOf(await scene.service('more')) === '192.0.2.11', {
      timeoutMs: 30_000,
    })
  })

  it('was never refused anything by the roles of the chart', () => assert.deepEqual(scene.refusals(), []))
})
