import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildHelm } from '../../lab/build.ts'
import { helmEnvironment, heraldNamespace } from '../../lab/herald.ts'
import { helmCommand } from '../../lab/kubectl.ts'
import { repository } from '../../lab/paths.ts'
import { run } from '../../lab/process.ts'
import { type TestLab, waitFor } from '../support/lab/lab.ts'
import { prepareLayer2Lab } from '../support/lab/layer2-lab.ts'
import type { LoadBalancerService } from '../support/lab/manifests.ts'
import { lostPages, tellPages } from '../support/lab/moves.ts'
import { PageLoop } from '../support/lab/page-loop.ts'
import { WatchedSegment } from '../support/lab/segment.ts'

const chart = join(repository, 'charts/herald')
interface Pod {
  metadata: { name: string; deletionTimestamp?: string }
  status: { podIP: string }
}

const here = ['--namespace', heraldNamespace]

/** What Kubernetes keeps in every namespace. */
const OF_THE_NAMESPACE = /^(configmap\/kube-root-ca\.crt|serviceaccount\/default)$/

describe('the chart on a running cluster', function () {
  this.timeout(240_000)
  // Each test goes on where the last one ended.
  this.retries(0)
  let lab: TestLab
  let helm: string
  let visited: readonly string[]
  let segment: WatchedSegment

  before(async function () {
    this.timeout(3_600_000)
    const made = await prepareLayer2Lab(12)
    ;({ lab, visited } = made)
    helm = await buildHelm()
    segment = await WatchedSegment.watch(lab, made.addresses, { askEveryMs: 20 })
    await segment.settled({ forMs: 2000 })
  })
  after(async () => {
    await segment?.stop()
    // The next test installs Herald again; Helm leaves the namespace to whoever made it.
    await lab?.kubectl(['delete', 'namespace', heraldNamespace, '--ignore-not-found', '--timeout=60s'])
  })

  const release = async (...args: string[]) =>
    await run(helmCommand(lab.lab, helm, [...args, ...here, '--wait', '--timeout', '150s']), {
      env: helmEnvironment(lab.lab),
    })
  const addressesOf = async () => {
    const services = await lab.list<LoadBalancerService>('services', { namespace: 'default' })
    return services.map(({ metadata, status }) => [metadata.name, status.loadBalancer?.ingress?.map(({ ip }) => ip)])
  }

  it('loses no address and no page in an upgrade that replaces every pod', async () => {
    const [addresses, pods] = [await addressesOf(), await lab.list('pods', { namespace: heraldNamespace })]
    const startedMs = Date.now()
    const loop = await PageLoop.start({ namespace: lab.client.namespace, addresses: visited })
    try {
      await sleep(500)
      const changes =
        'speaker.logLevel=debug,controller.logLevel=debug,controller.replicas=2,networkpolicies.enabled=true'
      await release('upgrade', 'herald', chart, '--reuse-values', '--set', changes)
      await sleep(1_000)
    } finally {
      console.log(`      ${tellPages(await loop.stop(), loop.bad, segment)}`)
    }
    const names = new Set(pods.map(({ metadata }) => metadata.name))
    const now = await lab.list('pods', { namespace: heraldNamespace })
    assert.deepEqual(
      now
        .filter(({ metadata }) => names.has(metadata.name) && !metadata.deletionTimestamp)
        .map(pod => pod.metadata.name),
      [],
    )
    assert.deepEqual(await addressesOf(), addresses)
    assert.deepEqual(lostPages(loop.bad, segment), [])
    assert.deepEqual(segment.violations({ sinceMs: startedMs }), [])
  })

  it('lets Prometheus read the metrics of every pod, and nobody without the right', async () => {
    const account = ['--serviceaccount=default:default', '--clusterrole=read-metrics']
    await lab.kubectl(['create', 'clusterrole', 'read-metrics', '--verb=get', '--non-resource-url=/metrics'])
    const { stdout: token } = await lab.kubectl(['create', 'token', 'default', '--namespace=default'])
    const [node] = lab.lab.topology.nodes
    assert.ok(node)
    const status = async (address: string, ...more: string[]) => {
      const curl = [
        'curl',
        '--insecure',
        '--silent',
        '--max-time',
        '5',
        '--write-out',
        '%{http_code}',
        '--output',
        '/dev/null',
      ]
      return (await lab.runOn(node.name, [...curl, ...more, `https://${address}:9120/metrics`])).stdout
    }
    const pods = (await lab.list<Pod>('pods', { namespace: heraldNamespace })).filter(
      ({ metadata }) => metadata.deletionTimestamp === undefined,
    )
    assert.equal(pods.length, 5)
    const bearer = ['--header', `Authorization: Bearer ${token.trim()}`]
    try {
      for (const {
        status: { podIP },
      } of pods) {
        const address = podIP.includes(':') ? `[${podIP}]` : podIP
        assert.equal(await status(address), '401')
        assert.equal(await status(address, ...bearer), '403')
      }
      await lab.kubectl(['create', 'clusterrolebinding', 'read-metrics', ...account])
      // A refusal counts for 10 s.
      await sleep(10_500)
      for (const {
        status: { podIP },
      } of pods) {
        assert.equal(await status(podIP.includes(':') ? `[${podIP}]` : podIP, ...bearer), '200')
      }
    } finally {
      await lab.kubectl(['delete', 'clusterrole,clusterrolebinding', 'read-metrics'])
    }
  })

  it('leaves nothing behind when it is uninstalled', async () => {
    await release(
      'upgrade',
      'herald',
      chart,
      '--reuse-values',
      '--set',
      'crds.keep=false,controller.cleanupFinalizer=true',
    )
    await waitFor(
      async () =>
        (await lab.list('services', { namespace: 'default', selector: 'made=by-test' })).every(
          ({ metadata }) => Array.isArray(metadata.finalizers) && metadata.finalizers.length > 0,
        ),
      { what: 'every Service to have the finalizer', timeoutMs: 20_000 },
    )
    await release('uninstall', 'herald')
    const { stdout: definitions } = await lab.kubectl(['get', 'crd', '--output=name'])
    assert.doesNotMatch(definitions, /(metallb|herald)\.io/)
    const cluster = 'clusterroles,clusterrolebindings,validatingwebhookconfigurations,priorityclasses'
    const { stdout: wide } = await lab.kubectl(['get', cluster, '--output=name'])
    assert.doesNotMatch(wide, /herald/)
    const { stdout: kinds } = await lab.kubectl(['api-resources', '--namespaced', '--verbs=list', '--output=name'])
    const wanted = kinds
      .trim()
      .split('\n')
      .filter(kind => !kind.startsWith('events'))
    assert.ok(
      ['secrets', 'leases.coordination.k8s.io'].every(kind => wanted.includes(kind)),
      kinds,
    )
    const left = async () => {
      const { stdout } = await lab.kubectl(['get', wanted.join(','), ...here, '--output=name', '--ignore-not-found'])
      return stdout
        .trim()
        .split('\n')
        .filter(name => !OF_THE_NAMESPACE.test(name))
    }
    // What belongs to the pods and the Deployment is collected a moment after them.
    const isClean = async () => (await left()).length === 0
    await waitFor(isClean, { what: 'nothing to be left', timeoutMs: 30_000 }).catch(async () => {
      assert.deepEqual(await left(), [])
    })
    for (const { metadata } of await lab.list('services', { namespace: 'default', selector: 'made=by-test' })) {
      assert.equal(metadata.finalizers, undefined, metadata.name)
    }
    const [address = ''] = visited
    // The client knows the MAC address of the last owner for a while, and that node forwards on.
    await lab.runOn('client', ['ip', 'neighbor', 'flush', 'all'])
    await waitFor(async () => !(await lab.client.fetch(`http://${address}/`, { timeoutMs: 500 })).ok, {
      what: `nobody to answer for ${address}`,
      timeoutMs: 20_000,
    })
  })
})
