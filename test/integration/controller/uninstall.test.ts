import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildKubernetes } from '../../../lab/build.ts'
import { SystemClock } from '../../../src/io/clock.ts'
import type { ApiClient } from '../../../src/kubernetes/client.ts'
import { LeaseRegistration } from '../../../src/kubernetes/lease.ts'
import { silentLogger } from '../../../src/kubernetes/logger.ts'
import type { OwnerReference } from '../../../src/kubernetes/resources.ts'
import { ControllerScene, HERALD_NAMESPACE } from '../../support/controller-scene.ts'
import { connect } from '../../support/kubernetes/admin-client.ts'
import { chartObjects, serviceAccountKubeconfig } from '../../support/kubernetes/chart-objects.ts'
import { eventually, type Running } from '../../support/processes.ts'

/** What the processes make for themselves, and an uninstall has to take. */
const MADE = [
  ...['lease.coordination.k8s.io/herald-controller', 'lease.coordination.k8s.io/herald-speaker-node-a'],
  ...['secret/herald-liveness', 'secret/herald-webhook'],
]

describe('an uninstall, on a real API server with its garbage collector', () => {
  let scene: ControllerScene
  let collector: ChildProcess
  let folder: string
  let client: ApiClient
  let speaker: LeaseRegistration
  let controller: Running

  const made = async () => {
    const { stdout } = await scene.api.kubectl([
      'get',
      'leases,secrets',
      '--namespace',
      HERALD_NAMESPACE,
      '--output=name',
    ])
    return stdout.split('\n').filter(name => /\/herald-(controller|speaker-node-a|liveness|webhook)$/.test(name))
  }
  /** A pod that nobody starts. */
  const pod = async (name: string): Promise<OwnerReference> => {
    const metadata = { name, namespace: HERALD_NAMESPACE }
    const spec = { serviceAccountName: 'herald-speaker', containers: [{ name: 'speaker', image: 'herald' }] }
    await scene.apply({ apiVersion: 'v1', kind: 'Pod', metadata, spec })
    const { metadata: found } = await scene.read<{ metadata: { uid: string } }>('pod', name)
    return { apiVersion: 'v1', kind: 'Pod', name, uid: found.uid }
  }
  const register = async (name: string) => {
    speaker = new LeaseRegistration(
      { client, clock: new SystemClock(), random: Math.random, logger: silentLogger },
      {
        ...{ namespace: HERALD_NAMESPACE, name: 'herald-speaker-node-a', identity: name },
        ownerReferences: [await pod(name)],
        onChange: () => {},
      },
    )
    speaker.start()
    await eventually('the speaker is registered', () => speaker.held)
  }
  const holder = async () =>
    (await scene.read<{ spec: { holderIdentity: string } }>('lease', 'herald-speaker-node-a')).spec.holderIdentity

  before(async function () {
    this.timeout(90_000)
    scene = await ControllerScene.begin()
    folder = await mkdtemp(join(tmpdir(), 'herald-uninstall-'))
    const account = { folder, namespace: HERALD_NAMESPACE, component: 'speaker' } as const
    client = await connect(await serviceAccountKubeconfig(scene.api, account))
    await scene.apply(
      ...(await chartObjects(HERALD_NAMESPACE, 'Deployment', 'Service', 'ValidatingWebhookConfiguration')),
    )
    const { kubernetes } = await buildKubernetes()
    const flags = [
      ...['--controllers=garbage-collector-controller', '--leader-elect=false', '--secure-port=0'],
      `--kubeconfig=${scene.api.kubeconfigFile}`,
    ]
    collector = spawn(kubernetes, ['kube-controller-manager', ...flags], { stdio: 'ignore' })
    controller = await scene.startController('--deployment', 'herald-controller', '--webhook-port', '17493')
    await register('speaker-1')
    await eventually('all is made', async () => (await made()).length === MADE.length)
  })
  after(async () => {
    await speaker?.stop({ release: false })
    client?.close()
    if (collector?.kill()) await once(collector, 'exit')
    await scene?.end()
    if (folder) await rm(folder, { recursive: true })
  })

  it('has had them made with the rights of the chart', async () => {
    assert.deepEqual((await made()).sort(), MADE)
    assert.deepEqual(scene.refusals(), [])
  })

  it('is none when the pod of a speaker gives way to the next: that one holds the Lease', async () => {
    await speaker.stop()
    await scene.kubectl(['delete', 'pod', 'speaker-1', '--namespace', HERALD_NAMESPACE, '--force', '--grace-period=0'])
    await register('speaker-2')
    assert.equal(await holder(), 'speaker-2')
    // What belonged to the pod before is collected by now.
    await new Promise(resolve => setTimeout(resolve, 3_000))
    assert.equal(await holder(), 'speaker-2')
  })

  it('takes all of it', async () => {
    await speaker.stop()
    await scene.remove('deployment', 'herald-controller')
    await scene.kubectl(['delete', 'pod', 'speaker-2', '--namespace', HERALD_NAMESPACE, '--force', '--grace-period=0'])
    // The process is still there for a while, as in a pod that is told to end: it must not make anew what is taken away.
    await eventually('nothing is left', async () => (await made()).length === 0, { timeoutMs: 60_000 })
    await new Promise(resolve => setTimeout(resolve, 5_000))
    assert.deepEqual(await made(), [])
    await controller.end()
    assert.deepEqual(await made(), [])
  })
})
