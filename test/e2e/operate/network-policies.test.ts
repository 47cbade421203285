import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { buildHelm } from '../../../lab/build.ts'
import { helmEnvironment, heraldNamespace } from '../../../lab/herald.ts'
import { helmCommand } from '../../../lab/kubectl.ts'
import { repository } from '../../../lab/paths.ts'
import { run } from '../../../lab/process.ts'
import type { StatusReport } from '../../../src/cli/status.ts'
import { heraldReport } from '../../support/lab/herald-cli.ts'
import { type TestLab, waitFor } from '../../support/lab/lab.ts'
import { prepareLayer2Lab } from '../../support/lab/layer2-lab.ts'
import { loadBalancer, pool } from '../../support/lab/manifests.ts'
import { EGRESS_SEES, type EgressSees, enforcePolicies, liftPolicies } from '../../support/lab/network-policies.ts'

const here = ['--namespace', heraldNamespace]
/** No port of the controller's. */
const OTHER_PORT = 8099

interface Pod {
  metadata: { name: string; deletionTimestamp?: string }
  spec: { nodeName: string }
  status: { podIP: string; podIPs: { ip: string }[]; containerStatuses?: { restartCount: number; ready: boolean }[] }
}

/** A network namespace to run commands in. */
type Inside = readonly string[]

describe('the chart’s NetworkPolicies, with everything else refused', function () {
  this.timeout(240_000)
  this.retries(0)
  let lab: TestLab
  let listener: ChildProcess | undefined
  let visited: readonly string[]

  const release = async (values: string) => {
    const args = ['upgrade', 'herald', join(repository, 'charts/herald'), '--reuse-values', '--set', values]
    const command = helmCommand(lab.lab, await buildHelm(), [...args, ...here, '--wait', '--timeout', '150s'])
    await run(command, { env: helmEnvironment(lab.lab) })
  }
  const controller = async (): Promise<Pod> => {
    const selector = 'app.kubernetes.io/component=controller'
    const pods = await lab.list<Pod>('pods', { namespace: heraldNamespace, selector })
    const [pod, ...others] = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    assert.ok(pod && others.length === 0)
    return pod
  }
  const insideController = (): Inside => {
    const [pid] = lab.heraldProcesses('controller')
    assert.ok(pid)
    return ['nsenter', `--net=/proc/${pid}/ns/net`, '--']
  }
  const onNode = (node: string): Inside => ['nsenter', `--net=/run/netns/${lab.lab.config.name}-${node}`, '--']
  /** Whether a TCP connection comes about. */
  const connects = async (from: Inside, address: string, port: number): Promise<boolean> => {
    const { code } = await run([...from, 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`], {
      check: false,
      timeoutMs: 3_000,
    }).catch(() => ({ code: 1 }))
    return code === 0
  }
  const scrape = async (from: Inside, address: string, token: string): Promise<string> => {
    const host = address.includes(':') ? `[${address}]` : address
    const curl = ['curl', '--insecure', '--silent', '--show-error', '--fail', '--noproxy', '*', '--max-time', '5']
    const header = ['--header', `Authorization: Bearer ${token}`]
    return (await run([...from, ...curl, ...header, `https://${host}:9120/metrics`])).stdout
  }

  before(async function () {
    this.timeout(3_600_000)
    ;({ lab, visited } = await prepareLayer2Lab(4))
    // A server that nothing needs, in the controller's own network.
    const program = `require('node:net').createServer(socket => socket.end()).listen(${OTHER_PORT}, '::')`
    const [command = '', ...args] = [...insideController(), process.execPath, '-e', program]
    listener = spawn(command, args, { stdio: 'ignore' })
  })
  after(async () => {
    listener?.kill('SIGKILL')
    if (!lab) return
    await liftPolicies(lab)
    await release('networkpolicies.enabled=false,networkpolicies.defaultDeny=false')
    await lab.kubectl(['delete', 'clusterrole,clusterrolebinding', 'policies-scrape', '--ignore-not-found'])
    await lab.kubectl(['delete', 'services', '--selector=made=by-test'])
  })

  /** A node that is not the controller's, and the address of a pod of somebody else's. */
  const surroundings = async (pod: Pod): Promise<{ elsewhere: Inside; web: string }> => {
    const other = lab.lab.topology.nodes.find(({ name }) => name !== pod.spec.nodeName)
    const [web] = await lab.list<Pod>('pods', { namespace: 'default', selector: 'app=web' })
    assert.ok(other && web)
    return { elsewhere: onNode(other.name), web: web.status.podIP }
  }

  it('refuse what the chart does not name, once the nodes enforce them', async () => {
    const pod = await controller()
    const { elsewhere, web } = await surroundings(pod)
    const attempts = async () => ({
      in: await connects(elsewhere, pod.status.podIP, OTHER_PORT),
      out: await connects(insideController(), web, 8080),
      webhook: await connects(elsewhere, pod.status.podIP, 9443),
      apiServer: await connects(insideController(), '10.96.0.1', 443),
    })
    const free = { in: true, out: true, webhook: true, apiServer: true }
    await waitFor(async () => (await attempts()).in, { what: 'the other port to be open', timeoutMs: 10_000 })
    assert.deepEqual(await attempts(), free)

    await release('networkpolicies.enabled=true,networkpolicies.defaultDeny=true')
    assert.deepEqual(await attempts(), free, 'the lab’s own network enforces nothing')
    for (const egressSees of Object.keys(EGRESS_SEES) as EgressSees[]) {
      await enforcePolicies(lab, { egressSees })
      assert.deepEqual(await attempts(), { ...free, in: false, out: false }, egressSees)
    }
  })

  for (const egressSees of Object.keys(EGRESS_SEES) as EgressSees[]) {
    it(`let Herald start and do all it does, where a network sees the address of the ${egressSees}`, async () => {
      await enforcePolicies(lab, { egressSees })
      // Connections that there were before would pass: the process begins anew, in the network that its pod has.
      const before = await controller()
      const restarts = ({ status }: Pod) => status.containerStatuses?.[0]?.restartCount ?? 0
      assert.equal(lab.signalHerald('controller', 'SIGKILL'), 1)
      await waitFor(
        async () => {
          const pod = await controller()
          return restarts(pod) > restarts(before) && pod.status.containerStatuses?.[0]?.ready
        },
        { what: 'the kubelet to find the new controller ready', timeoutMs: 90_000, everyMs: 500 },
      )
      const pod = await controller()
      assert.equal(pod.status.podIP, before.status.podIP)

      // It leads, writes, and the speakers hear of it.
      const name = `policed-${egressSees.toLowerCase()}`
      await lab.apply(loadBalancer(name))
      const address = await lab.addressOf(name, { timeoutMs: 60_000 })
      const page = async (url: string) => (await lab.client.fetch(`http://${url}/`, { timeoutMs: 1_000 })).ok
      for (const each of [address, ...visited.filter(one => !one.includes(':'))]) {
        await waitFor(() => page(each), { what: `the page of ${each}`, timeoutMs: 30_000 })
      }

      // The API server reaches the webhook: nobody else refuses this.
      const overlapping = { input: JSON.stringify(pool('overlapping', ['192.0.2.100/30'])), check: false }
      await waitFor(
        async () => {
          const { code, stderr } = await lab.kubectl(['create', '--dry-run=server', '--filename=-'], overlapping)
          return code !== 0 && /admission webhook "configuration\.herald\.io" denied.*overlaps/.test(stderr)
        },
        { what: 'the webhook to refuse a pool that overlaps', timeoutMs: 30_000, everyMs: 500 },
      )

      const { elsewhere } = await surroundings(pod)
      const token = await scrapingToken(lab)
      for (const { ip } of pod.status.podIPs) {
        assert.match(await scrape(elsewhere, ip, token), /^herald_allocator_addresses_in_use_total/m)
      }

      const healthy = async () => {
        const { findings, nodes, services } = await heraldReport<StatusReport>(lab, 'status')
        const sessions = nodes.flatMap(({ liveness }) => liveness)
        assert.deepEqual(findings, [])
        assert.ok(sessions.length >= nodes.length && sessions.every(({ state }) => state === 'Up'))
        assert.equal(services.announced, services.total)
        return true
      }
      await waitFor(healthy, { what: 'the whole of Herald to be well', timeoutMs: 60_000, everyMs: 1_000 })
      await lab.remove(loadBalancer(name))
    })
  }
})

/** A token that may read metrics. */
async function scrapingToken(lab: TestLab): Promise<string> {
  const rules = [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }]
  const rbac = 'rbac.authorization.k8s.io'
  const metadata = { name: 'policies-scrape' }
  await lab.apply(
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata, rules },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
    },
  )
  return (await lab.kubectl(['create', 'token', 'default', '--namespace=default'])).stdout.trim()
}
