import assert from 'node:assert/strict'
import { once } from 'node:events'
import { addressOf, ControllerScene, loadBalancer, pool } from '../../support/controller-scene.ts'
import { eventually, type Running } from '../../support/processes.ts'

describe('controller, against a real API server', () => {
  let scene: ControllerScene
  let controller: Running

  before(async function () {
    this.timeout(90_000)
    scene = await ControllerScene.begin()
    controller = await scene.startController('--cleanup-finalizer')
  })

  afterEach(() => scene.clearAllocation())

  after(() => scene?.end())

  describe('with the finalizer', () => {
    const finalizersOf = async (name: string) => {
      const { metadata } = await scene.service(name)
      return [
        metadata.finalizers ?? [],
        Object.keys(metadata.annotations ?? {}).filter(key => key.startsWith('herald.io')),
      ]
    }
    const guard = [['service.kubernetes.io/load-balancer-cleanup'], ['herald.io/load-balancer-cleanup']]
    const gone = (name: string) =>
      eventually(`${name} is gone`, async () => (await scene.api.kubectl(['get', 'service', name])).code !== 0)
    const deleteOnly = async (name: string) => {
      const { code, stderr } = await scene.api.kubectl(['delete', 'service', name, '--wait=false'])
      assert.equal(code, 0, stderr)
    }
    const restart = async (...flags: string[]) => {
      await controller.end()
      controller = await scene.startController(...flags)
    }

    it('lets a Service go at once that is deleted, and its address to the next', async () => {
      await scene.apply(pool('p', ['192.0.2.10/32']), loadBalancer('web'))
      await scene.addressed('web', '192.0.2.10')
      assert.deepEqual(await finalizersOf('web'), guard)
      await scene.apply(loadBalancer('next'))
      await scene.pending('next', 'PoolExhausted')
      await deleteOnly('web')
      await gone('web')
      await scene.addressed('next', '192.0.2.10')
    })

    it('keeps a Service that is deleted while no controller runs, until one is back', async () => {
      await scene.apply(pool('p', ['192.0.2.10/32']), loadBalancer('web'))
      await scene.addressed('web', '192.0.2.10')
      await controller.end('SIGKILL')
      await deleteOnly('web')
      await new Promise(resolve => setTimeout(resolve, 500))
      assert.deepEqual(await finalizersOf('web'), guard)
      controller = await scene.startController('--cleanup-finalizer')
      await gone('web')
    })

    it('takes it off a Service that is none of its own any more, and gives the address back beside the finalizer of somebody else', async () => {
      await scene.apply(pool('p', ['192.0.2.10/32']), loadBalancer('web'))
      await scene.addressed('web', '192.0.2.10')
      await scene.apply(loadBalancer('web', { type: 'ClusterIP' }))
      await eventually('both marks are gone', async () => (await finalizersOf('web')).flat().length === 0)
      await scene.apply(loadBalancer('held'))
      await scene.addressed('held', '192.0.2.10')
      const add = '[{"op":"add","path":"/metadata/finalizers/-","value":"example.com/other"}]'
      assert.equal((await scene.api.kubectl(['patch', 'service', 'held', '--type=json', '--patch', add])).code, 0)
      await deleteOnly('held')
      await eventually(
        'only the other is left',
        async () => String((await finalizersOf('held'))[0]) === 'example.com/other',
      )
      await scene.apply(loadBalancer('next'))
      await scene.addressed('next', '192.0.2.10')
      const remove = '[{"op":"remove","path":"/metadata/finalizers"}]'
      assert.equal((await scene.api.kubectl(['patch', 'service', 'held', '--type=json', '--patch', remove])).code, 0)
      await gone('held')
    })

    it('takes all off when it is switched off, and leaves those of others', async () => {
      await scene.apply(pool('p', ['192.0.2.10-192.0.2.12']), loadBalancer('web'), loadBalancer('more'))
      await scene.addressed('web', '192.0.2.10')
      const cloud = { ...loadBalancer('cloud', { loadBalancerClass: 'cloud.example/lb' }) }
      await scene.apply({ ...cloud, metadata: { ...cloud.metadata, finalizers: guard[0] } })
      await restart()
      for (const name of ['web', 'more']) {
        await eventually(`${name} is free`, async () => (await finalizersOf(name)).flat().length === 0)
      }
      assert.deepEqual((await finalizersOf('cloud'))[0], guard[0])
      const free = '[{"op":"remove","path":"/metadata/finalizers"}]'
      assert.equal((await scene.api.kubectl(['patch', 'service', 'cloud', '--type=json', '--patch', free])).code, 0)
      await restart('--cleanup-finalizer')
    })

    it('takes all off on an uninstall, by a process that ends', async () => {
      await scene.apply(pool('p', ['192.0.2.0/27']), ...Array.from({ length: 12 }, (_, i) => loadBalancer(`web-${i}`)))
      await eventually('all are guarded', async () => (await finalizersOf('web-11')).flat().length === 2)
      await eventually('all have addresses', async () => addressOf(await scene.service('web-11')) !== undefined)
      await controller.end('SIGKILL')
      const removal = scene.run('--remove-finalizers')
      const [code] = await once(removal.process, 'exit')
      assert.equal(code, 0, removal.errors())
      assert.equal(removal.logs().at(-1)?.msg, 'no Service carries a finalizer of Herald any more')
      assert.equal(removal.logs().at(-1)?.removed, 12)
      for (let index = 0; index < 12; index++) {
        assert.deepEqual((await finalizersOf(`web-${index}`)).flat(), [])
        assert.notEqual(addressOf(await scene.service(`web-${index}`)), undefined, 'traffic goes on')
      }
      controller = await scene.startController('--cleanup-finalizer')
    })
  })

  it('was never refused anything by the roles of the chart', () => assert.deepEqual(scene.refusals(), []))
})
