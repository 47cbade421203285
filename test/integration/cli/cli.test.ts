import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildKubernetes } from '../../../lab/build.ts'
import type { ExplainReport } from '../../../src/cli/explain.ts'
import type { PlanReport } from '../../../src/cli/plan.ts'
import type { StatusReport } from '../../../src/cli/status.ts'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { runKept } from '../../support/cli/run-cli.ts'
import { applyObjects, chartDefinitions } from '../../support/kubernetes/chart-objects.ts'
import { eventually, type Running, runEntry } from '../../support/processes.ts'

const NAMESPACE = 'herald-system'

describe('kubectl herald, against a real API server', () => {
  let api: ApiServer
  let folder: string
  let controller: Running | undefined

  const herald = (args: string[], env: NodeJS.ProcessEnv = { KUBECONFIG: api.kubeconfigFile }) =>
    runKept(args, { env, now: () => new Date() })
  const report = async <T>(...args: string[]): Promise<T> => {
    const { out, err } = await herald([...args, '-o', 'json'])
    assert.equal(err, '')
    return JSON.parse(out) as T
  }
  const pool = (name: string, addresses: string[]) => ({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name, namespace: NAMESPACE },
    spec: { addresses },
  })
  const service = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  })
  const addressesNow = async () => {
    type Services = {
      items: { metadata: { name: string }; status: { loadBalancer: { ingress?: { ip: string }[] } } }[]
    }
    const { items } = await api.kubectlJson<Services>(['get', 'services', '--namespace', 'default'])
    return new Map(items.map(({ metadata, status }) => [metadata.name, status.loadBalancer.ingress?.[0]?.ip]))
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herald-cli-'))
    api = await startApiServer()
    await applyObjects(api, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  })

  after(async () => {
    await controller?.end()
    await api?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('says what it misses where nothing of Herald is installed', async () => {
    const { findings } = await report<StatusReport>('status')
    const texts = findings.map(({ subject, message }) => `${subject}: ${message}`)
    assert.ok(texts.includes('Herald: nothing of Herald runs in the namespace "herald-system"'), texts.join('\n'))
    assert.ok(
      texts.some(text => /^Cluster: not all could be read: .*the API server does not know ipaddresspools/.test(text)),
      texts.join('\n'),
    )
  })

  it('tells, before a controller runs, which address it would give', async () => {
    await applyObjects(api, ...chartDefinitions())
    const established = ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s']
    assert.equal((await api.kubectl(established)).code, 0)
    await applyObjects(api, pool('first', ['192.0.2.10-192.0.2.11']), ...['a', 'b', 'c'].map(service))
    const { allocation } = await report<ExplainReport>('explain', 'a')
    assert.equal(allocation?.good, false)
    assert.match(allocation.message, /^about to get 192\.0\.2\.10: /)
    assert.deepEqual(allocation.pools, [{ pool: 'first', verdict: 'could', why: 'it could give 192.0.2.10' }])
  })

  it('agrees with what the controller has written', async () => {
    const flags = ['--namespace', NAMESPACE, '--pod-name', 'controller-0', '--kubeconfig', api.kubeconfigFile]
    controller = runEntry('controller', [...flags, '--port', '0', '--health-probe-port', '0'])
    await eventually('two of three have an address', async () => {
      const found = [...(await addressesNow()).values()].filter(Boolean)
      return found.length === 2
    })
    const { services, pools } = await report<StatusReport>('status')
    assert.deepEqual(services, { total: 3, allocated: 2, announced: 0 })
    assert.deepEqual(pools[0]?.use, [{ family: 'IPv4', assigned: 2, available: 0 }])
    for (const [name, address] of await addressesNow()) {
      if (name === 'kubernetes') continue
      const { allocation, service } = await eventually(`the condition of ${name} is written`, async () => {
        const explained = await report<ExplainReport>('explain', name)
        return explained.allocation?.written === undefined && explained
      })
      assert.deepEqual(service.addresses, address ? [address] : [])
      assert.equal(allocation?.reason, address ? 'Allocated' : 'PoolExhausted')
    }
  })

  it('plans exactly what the controller then does', async () => {
    const objects = [pool('first', ['192.0.2.11-192.0.2.12']), pool('second', ['192.0.2.20/32'])]
    const file = join(folder, 'pools.yaml')
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
    const { code, out } = await herald(['plan', '-f', file, '-o', 'json'])
    // One of the Services loses the address that leaves the pool.
    assert.equal(code, 1, out)
    const { addresses } = JSON.parse(out) as PlanReport
    assert.equal(addresses.length, 2)
    const planned = await addressesNow()
    for (const { service: key, after } of addresses) planned.set(key.replace('default/', ''), after[0])
    await applyObjects(api, ...objects)
    await eventually('all have an address', async () => {
      const found = await addressesNow()
      return [...found].every(([name, address]) => name === 'kubernetes' || (address && address !== '192.0.2.10'))
    })
    assert.deepEqual(await addressesNow(), planned)
  })

  it('shows the same from a snapshot as from the cluster', async () => {
    const { code, out } = await herald(['snapshot'])
    assert.equal(code, 0)
    const file = join(folder, 'snapshot.json')
    await writeFile(file, out)
    const [live, recorded] = [
      await report<StatusReport>('status'),
      await report<StatusReport>('status', '--snapshot', file),
    ]
    assert.deepEqual(recorded.pools, live.pools)
    assert.deepEqual(recorded.services, live.services)
  })

  it('names what a user may not read, and goes on', async () => {
    const file = join(folder, 'nobody')
    const user = { token: api.plainToken }
    const cluster = { server: api.url, 'certificate-authority': api.caFile }
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test', users: [{ name: 'test', user }] },
      clusters: [{ name: 'test', cluster }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    }
    await writeFile(file, JSON.stringify(config))
    const status = await herald(['status'], { KUBECONFIG: file })
    assert.match(status.out, /Cluster: not all could be read: you may not list services; /)
    const explain = await herald(['explain', 'a'], { KUBECONFIG: file })
    assert.deepEqual(explain, { code: 3, out: '', err: 'kubectl herald: you may not list services\n' })
  })

  it('reads through kubectl where the kubeconfig has a program log in, several files, or another context', async () => {
    const { kubernetes } = await buildKubernetes()
    const bin = join(folder, 'bin')
    await mkdir(bin)
    await writeFile(join(bin, 'kubectl'), `#!/bin/sh\nexec ${kubernetes} kubectl "$@"\n`, { mode: 0o755 })
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: api.adminToken },
    }
    const exec = {
      ...{ apiVersion: credential.apiVersion, command: 'echo', args: [JSON.stringify(credential)] },
      interactiveMode: 'Never',
    }
    const cluster = { server: api.url, 'certificate-authority': api.caFile }
    const context = { cluster: 'test', user: 'test', namespace: 'shop' }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      users: [{ name: 'test', user: { exec } }],
    }
    const rest = { clusters: [{ name: 'test', cluster }], contexts: [{ name: 'test', context }] }
    const files = ['exec', 'users', 'rest'].map(name => join(folder, name)) as [string, string, string]
    await writeFile(files[0], JSON.stringify({ ...config, ...rest }))
    await writeFile(files[1], JSON.stringify({ ...config, 'current-context': '' }))
    await writeFile(files[2], JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...rest }))
    const PATH = `${bin}:${process.env.PATH}`
    for (const [KUBECONFIG, args] of [
      [files[0], []],
      [`${files[1]}:${files[2]}`, ['--context', 'test']],
    ] as const) {
      const { out, err } = await herald(['status', '-o', 'json', ...args], { PATH, KUBECONFIG })
      assert.equal(err, '')
      assert.deepEqual(
        (JSON.parse(out) as StatusReport).pools.map(({ name }) => name),
        ['first', 'second'],
      )
      const explain = await herald(['explain', 'a', ...args], { PATH, KUBECONFIG })
      assert.match(explain.err, /no Service "shop\/a"; there is default\/a/)
    }
    const wrong = await herald(['status', '--context', 'other'], { PATH, KUBECONFIG: files[0] })
    assert.deepEqual([wrong.code, wrong.out], [3, ''])
    assert.match(wrong.err, /context.*other/)
  })

  it('says in one line that the API server cannot be reached', async () => {
    const file = join(folder, 'unreachable')
    const cluster = { server: 'https://127.0.0.1:9' }
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test', users: [{ name: 'test', user: {} }] },
      clusters: [{ name: 'test', cluster }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    }
    await writeFile(file, JSON.stringify(config))
    const { code, out, err } = await herald(['status'], { KUBECONFIG: file })
    assert.equal(code, 3)
    assert.equal(out, '')
    assert.match(err, /^kubectl herald: list .* no answer from 127\.0\.0\.1:9: .*\n$/)
  })
})
