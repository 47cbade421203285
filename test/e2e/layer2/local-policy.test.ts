import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { type TestLab, waitFor } from '../../support/lab/lab.ts'
import { layer2Lab } from '../../support/lab/layer2-lab.ts'
import { type LoadBalancerService, loadBalancer, webServer } from '../../support/lab/manifests.ts'
import { lostPages, tellPages } from '../../support/lab/moves.ts'
import { PageLoop } from '../../support/lab/page-loop.ts'
import { WatchedSegment } from '../../support/lab/segment.ts'

interface Deployment {
  metadata: object
  spec: {
    selector: object
    template: { metadata: object; spec: { terminationGracePeriodSeconds: number; containers: object[] } }
  }
}

describe('layer 2: externalTrafficPolicy Local', function () {
  this.timeout(120_000)
  let lab: TestLab
  const app = { app: 'local' }

  before(async function () {
    this.timeout(3_600_000)
    lab = (await layer2Lab()).lab
    // A Pod that is to go serves on while the others learn of it, as any that means to lose nothing.
    const [web] = webServer({ servesOnSeconds: 4 }) as [Deployment]
    const { terminationGracePeriodSeconds, containers } = web.spec.template.spec
    await lab.apply({
      ...web,
      metadata: { name: 'local' },
      spec: {
        ...{ replicas: 1, selector: { matchLabels: app } },
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: {
          metadata: { labels: app },
          spec: {
            ...{ terminationGracePeriodSeconds, containers },
            // The next Pod on another node than the last: the address has to follow.
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { labelSelector: { matchLabels: app }, topologyKey: 'kubernetes.io/hostname' },
                ],
              },
            },
          },
        },
      },
    })
    await lab.kubectl(['rollout', 'status', 'deployment/local', '--timeout=60s'])
    await lab.apply(
      loadBalancer('local', {
        ...{ externalTrafficPolicy: 'Local', ipFamilyPolicy: 'RequireDualStack', selector: app },
      }),
    )
    await lab.addressOf('local')
  })

  after(async () => {
    await lab?.kubectl(['delete', 'deployment,service', 'local', '--ignore-not-found'])
  })

  it('moves with the endpoints, and loses no request that a local endpoint could serve', async () => {
    const service = await lab.get<LoadBalancerService>('service', 'local')
    const addresses = (service?.status.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? [])
    assert.equal(addresses.length, 2)
    const segment = await WatchedSegment.watch(lab, addresses)
    try {
      await segment.settled()
      const podNode = async () => {
        type Pod = { metadata: { deletionTimestamp?: string }; spec: { nodeName: string } }
        const pods = await lab.list<Pod>('pods', { namespace: 'default', selector: 'app=local' })
        return pods.find(({ metadata }) => metadata.deletionTimestamp === undefined)?.spec.nodeName
      }
      const before = await podNode()
      assert.deepEqual([...new Set(segment.owners().values())], [before], 'where the endpoint is')
      const startedMs = Date.now()
      const loop = await PageLoop.start({ namespace: lab.client.namespace, addresses })
      let summary: Awaited<ReturnType<PageLoop['stop']>>
      try {
        await sleep(300)
        await lab.kubectl(['rollout', 'restart', 'deployment/local'])
        await lab.kubectl(['rollout', 'status', 'deployment/local', '--timeout=60s'])
        const after = await podNode()
        assert.notEqual(after, before, 'the new Pod is on another node')
        await waitFor(() => [...segment.owners().values()].every(node => node === after), {
          what: `${after} to announce`,
          timeoutMs: 10_000,
          everyMs: 20,
        })
        await segment.settled({ forMs: 5_000 })
      } finally {
        summary = await loop.stop()
      }
      const dual = segment.longestDual(startedMs)
      console.log(`      ${tellPages(summary, loop.bad, segment)}; two owners for ${(dual ?? 0).toFixed(0)} ms at most`)
      assert.deepEqual(lostPages(loop.bad, segment), [])
      assert.equal(Object.keys(summary.byNode).length, 2, 'pages came from the old node, then from the new one')
      assert.deepEqual(segment.violations({ sinceMs: startedMs }), [])
    } finally {
      await segment.stop()
    }
  })
})
