import assert from 'node:assert/strict'
import {
  ControllerScene,
  loadBalancer,
  HERALD_NAMESPACE as namespace,
  pool,
  untilNextSecond,
} from '../../support/controller-scene.ts'
import { eventually, type Running } from '../../support/processes.ts'

describe('controller, against a real API server', () => {
  let scene: ControllerScene
  let controller: Running

  before(async function () {
    this.timeout(90_000)
    scene = await ControllerScene.begin()
    controller = await scene.startController()
  })

  afterEach(() => scene.clearAllocation())

  after(() => scene?.end())

  it('refuses a pool that overlaps an older one, on that pool alone', async () => {
    await scene.apply(pool('older', ['192.0.2.0/28']))
    await untilNextSecond()
    await scene.apply(pool('younger', ['192.0.2.8-192.0.2.20']), loadBalancer('web'))
    await scene.addressed('web', '192.0.2.0')
    const { status } = await eventually('the younger pool is refused', async () => {
      const resource = await scene.read<{
        status?: { conditions?: { status: string; reason: string; message: string }[] }
      }>('ipaddresspool', 'younger')
      return resource.status?.conditions?.[0]?.status === 'False' && resource
    })
    assert.equal(status?.conditions?.[0]?.reason, 'Overlap')
    assert.match(
      status?.conditions?.[0]?.message ?? '',
      /spec.addresses\[0\]: .*overlaps with already defined CIDR.*"older"/,
    )
  })

  it('counts a large IPv6 pool without loss', async () => {
    await scene.apply(pool('six', ['2001:db8::/66']))
    await eventually('the pool has its counters', async () => {
      const { stdout } = await scene.api.kubectl([
        'get',
        'ipaddresspool',
        'six',
        '-n',
        namespace,
        '-o',
        'jsonpath={.status.availableIPv6}',
      ])
      return stdout.trim() === '4611686018427387904'
    })
  })

  it('sums up in ConfigurationStates what is refused, for itself and for each speaker', async () => {
    interface State {
      metadata: { labels?: Record<string, string>; resourceVersion: string; ownerReferences?: { kind: string }[] }
      status?: {
        result: string
        errorSummary: string
        conditions: { type: string; status: string; lastTransitionTime: string }[]
      }
    }
    const state = (name: string, result: string, summary: RegExp) =>
      eventually(`${name} is ${result}`, async () => {
        const found = await scene.read<State>('configurationstate', name)
        return found.status?.result === result && summary.test(found.status.errorSummary) && found
      })
    const registration = {
      apiVersion: 'herald.io/v1alpha1',
      kind: 'SpeakerStatus',
      metadata: { name: 'node-a', namespace },
    }
    try {
      await scene.apply(registration)
      const valid = await state('controller', 'Valid', /^$/)
      assert.deepEqual(valid.metadata.labels, { 'metallb.io/component-type': 'controller' })
      const speaker = await state('speaker-node-a', 'Valid', /^$/)
      assert.equal(speaker.metadata.labels?.['metallb.io/node-name'], 'node-a')
      assert.equal(speaker.metadata.ownerReferences?.[0]?.kind, 'SpeakerStatus')

      await scene.apply(pool('a', ['192.0.2.0/28']))
      await untilNextSecond()
      await scene.apply(pool('b', ['192.0.2.8/29']))
      const words =
        /^configuration error: IPAddressPool "b": spec\.addresses\[0\]: .*overlaps with already defined CIDR/
      const invalid = await state('controller', 'Invalid', words)
      await state('speaker-node-a', 'Invalid', words)
      assert.deepEqual(
        [invalid.status?.conditions[0]?.type, invalid.status?.conditions[0]?.status],
        ['poolReconcilerValid', 'False'],
      )
      const columns = await scene.api.kubectl(['get', 'configurationstate', 'controller', '-n', namespace])
      assert.match(
        columns.stdout,
        /^NAME +RESULT +ERRORSUMMARY +AGE\ncontroller +Invalid +configuration error: IPAddressPool "b"/,
      )

      // Nothing is written while nothing changes, and over a restart.
      await scene.apply(pool('c', ['198.51.100.0/28']), loadBalancer('web'))
      await scene.addressed('web', '192.0.2.0')
      await controller.end()
      controller = await scene.startController()
      await new Promise(resolve => setTimeout(resolve, 500))
      assert.equal(
        (await state('controller', 'Invalid', words)).metadata.resourceVersion,
        invalid.metadata.resourceVersion,
      )

      assert.equal((await scene.api.kubectl(['delete', 'configurationstates', '--all', '-n', namespace])).code, 0)
      await state('controller', 'Invalid', words)
      await state('speaker-node-a', 'Invalid', words)
      await scene.apply(pool('b', ['203.0.113.0/29']))
      const mended = await state('controller', 'Valid', /^$/)
      assert.notEqual(mended.status?.conditions[0]?.status, invalid.status?.conditions[0]?.status)
    } finally {
      await scene.api.kubectl(['delete', 'speakerstatus', 'node-a', '-n', namespace, '--ignore-not-found'])
    }
  })

  describe('when a pool that is in use is edited into a mistake', () => {
    interface Pool {
      metadata: { generation: number }
      status?: {
        assignedIPv4: number
        availableIPv4: number
        conditions?: { status: string; reason: string; message: string; observedGeneration: number }[]
      }
    }
    const judged = (name: string, reason: string) =>
      eventually(`the pool ${name} is ${reason}`, async () => {
        const { metadata, status } = await scene.read<Pool>('ipaddresspool', name)
        const condition = status?.conditions?.[0]
        return condition?.reason === reason && condition.observedGeneration === metadata.generation && status
      })

    const mistakes: [what: string, addresses: string[], reason: string][] = [
      ['overlaps with a younger one', ['192.0.2.10-192.0.2.12', '198.51.100.0/30'], 'Overlap'],
      ['cannot be read', ['203.0.113.0/24', '203.0.113.7/32'], 'Invalid'],
    ]
    for (const [what, addresses, reason] of mistakes) {
      it(`that ${what}, its Services keep their addresses, and over a restart too`, async () => {
        await scene.apply(pool('edited', ['192.0.2.10-192.0.2.12']))
        await judged('edited', 'Accepted')
        await untilNextSecond()
        await scene.apply(pool('other', ['198.51.100.0/28']), loadBalancer('web'), loadBalancer('second'))
        await scene.addressed('web', '192.0.2.10')
        await scene.addressed('second', '192.0.2.11')
        await judged('other', 'Accepted')
        await scene.apply(loadBalancer('innocent', {}, { 'metallb.io/address-pool': 'other' }))
        const version = (await scene.settled('web', '192.0.2.10')).metadata.resourceVersion
        await scene.addressed('innocent', '198.51.100.0')
        await scene.apply(pool('edited', addresses))
        const status = await judged('edited', reason)
        assert.deepEqual([status.assignedIPv4, status.availableIPv4], [2, 0])
        await scene.apply(loadBalancer('new'))
        await scene.addressed('new', '198.51.100.1')

        await controller.end('SIGKILL')
        controller = await scene.startController()
        await scene.apply(loadBalancer('newer'))
        await scene.addressed('newer', '198.51.100.2')
        await judged('edited', reason)
        await judged('other', 'Accepted')
        assert.equal((await scene.addressed('web', '192.0.2.10')).metadata.resourceVersion, version, 'not even written')
        await scene.addressed('second', '192.0.2.11')
        await scene.addressed('innocent', '198.51.100.0')

        // Mended, but without the address of one of them.
        await scene.apply(pool('edited', ['192.0.2.11-192.0.2.12']))
        await scene.addressed('web', '192.0.2.12')
        await scene.addressed('second', '192.0.2.11')
      })
    }
  })

  it('writes the status of a pool once after a restart at most, and not when nothing changed', async () => {
    await scene.apply(pool('p', ['192.0.2.0/28']), ...Array.from({ length: 9 }, (_, i) => loadBalancer(`web-${i}`)))
    const versionOf = async () => {
      const { metadata, status } = await scene.read<{
        metadata: { resourceVersion: string }
        status?: { assignedIPv4: number }
      }>('ipaddresspool', 'p')
      return status?.assignedIPv4 === 9 && metadata.resourceVersion
    }
    const before = await eventually('all 9 are counted', versionOf)
    await controller.end()
    controller = await scene.startController()
    await new Promise(resolve => setTimeout(resolve, 500))
    assert.equal(await versionOf(), before)
  })

  it('was never refused anything by the roles of the chart', () => assert.deepEqual(scene.refusals(), []))
})
