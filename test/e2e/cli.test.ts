import assert from 'node:assert/strict'
import type { ExplainReport } from '../../src/cli/explain.ts'
import type { PlanReport } from '../../src/cli/plan.ts'
import type { StatusReport } from '../../src/cli/status.ts'
import { runKept } from '../support/cli/run-cli.ts'
import { ensureLab, type TestLab, waitFor } from '../support/lab/lab.ts'
import { loadBalancer, poolAndAdvertisement, webServer } from '../support/lab/manifests.ts'

const SERVICES = 8

describe('kubectl herald, on a real cluster', function () {
  this.timeout(120_000)
  let lab: TestLab

  const run = (...args: string[]) => runKept(args, { env: { KUBECONFIG: lab.kubeconfigFile }, now: () => new Date() })
  const report = async <T>(...args: string[]): Promise<T> => {
    const { out, err } = await run(...args, '-o', 'json')
    assert.equal(err, '')
    return JSON.parse(out) as T
  }
  /** Which node says that it announces each address. */
  const owners = async (): Promise<Map<string, string>> => {
    const { nodes } = await report<StatusReport>('status')
    const pairs = nodes.flatMap(({ name, announcements }) =>
      announcements.map(({ address }) => [address, name] as const),
    )
    return new Map(pairs.sort(([a], [b]) => (a < b ? -1 : 1)))
  }
  const allAnnounced = () =>
    waitFor(async () => (await report<StatusReport>('status')).services.announced === SERVICES, {
      what: 'every Service to be announced',
      timeoutMs: 60_000,
      everyMs: 500,
    })

  before(async function () {
    this.timeout(3_600_000)
    lab = await ensureLab({ nodes: 3, name: process.env.HERALD_TEST_LAB })
    await lab.apply(
      ...webServer(),
      ...poolAndAdvertisement('cli', ['192.0.2.100-192.0.2.149']),
      ...Array.from({ length: SERVICES }, (_service, index) => loadBalancer(`cli-${index}`)),
    )
    await lab.kubectl(['rollout', 'status', 'deployment/web', '--timeout=90s'])
    await allAnnounced()
  })

  it('finds no error in a cluster that is well', async () => {
    const { code, out } = await run('status')
    assert.equal(code, 0, out)
    assert.match(out, /^8 Services, 8 with an address, 8 announced$/m)
  })

  it('explains a Service as the cluster has it', async () => {
    const { allocation, announcing, next } = await report<ExplainReport>('explain', 'cli-0')
    assert.equal(allocation?.reason, 'Allocated')
    assert.equal(announcing?.reason, 'Announced')
    const [address] = announcing.addresses
    const announcers = address?.nodes.filter(({ layer2 }) => layer2?.state === 'announces').map(({ node }) => node)
    assert.deepEqual(announcers, [(await owners()).get(address!.address)])
    assert.deepEqual(next, [])
  })

  it('plans exactly what a drain then does', async () => {
    const before = await owners()
    const node = [...before.values()][0]!
    const { layer2, findings } = await report<PlanReport>('plan', '--drain', node)
    assert.deepEqual(findings, [])
    const planned = new Map([...before, ...layer2.map(({ address, to }) => [address, to ?? 'nobody'] as const)])
    assert.ok(![...planned.values()].includes(node))
    await lab.kubectl(['annotate', 'node', node, 'herald.io/drain=true'])
    try {
      const drained = await waitFor(
        async () => {
          const found = await owners()
          return found.size === before.size && ![...found.values()].includes(node) && found
        },
        { what: `${node} to have handed everything over`, timeoutMs: 30_000, everyMs: 500 },
      )
      assert.deepEqual(drained, planned)
    } finally {
      await lab.kubectl(['annotate', 'node', node, 'herald.io/drain-'])
    }
  })
})
