import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ApiServer, startApiServer } from './api-server.ts'
import { applyObjects, chartDefinitions, serviceAccountKubeconfig } from './kubernetes/chart-objects.ts'
import { eventually, type Running, runEntry } from './processes.ts'

export const HERALD_NAMESPACE = 'herald-system'

export interface ShownCondition {
  type: string
  status: string
  reason: string
  message: string
  lastTransitionTime: string
}

export interface ShownService {
  metadata: { resourceVersion: string }
  status: { loadBalancer: { ingress?: { ip: string }[] }; conditions?: ShownCondition[] }
}

/** A real API server with Herald's definitions and roles, and a controller beside it that has no more rights than the chart gives. */
export class ControllerScene {
  readonly api: ApiServer
  readonly #folder: string
  readonly #kubeconfig: string
  readonly #started: Running[] = []

  static async begin(): Promise<ControllerScene> {
    const folder = await mkdtemp(join(tmpdir(), 'herald-controller-'))
    const api = await startApiServer()
    await applyObjects(api, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: HERALD_NAMESPACE } })
    await applyObjects(api, ...chartDefinitions())
    const account = { folder, namespace: HERALD_NAMESPACE, component: 'controller' } as const
    const scene = new ControllerScene(api, folder, await serviceAccountKubeconfig(api, account))
    await scene.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s'])
    return scene
  }

  constructor(api: ApiServer, folder: string, kubeconfig: string) {
    this.api = api
    this.#folder = folder
    this.#kubeconfig = kubeconfig
  }

  async end(): Promise<void> {
    await Promise.all(this.#started.map(running => running.end()))
    await this.api.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Starts a controller and waits until it has looked at everything once. */
  async startController(...more: string[]): Promise<Running> {
    const who = ['--namespace', HERALD_NAMESPACE, '--pod-name', 'controller-0', '--kubeconfig', this.#kubeconfig]
    const probes = ['--port', '0', '--health-probe-port', '0', '--health-probe-host', '127.0.0.1']
    const running = runEntry('controller', [...who, ...probes, ...more])
    this.#started.push(running)
    await eventually('the controller is ready', () => running.logs().some(({ msg }) => msg === 'ready'))
    return running
  }

  /** What all controllers of the scene have logged. */
  logs() {
    return this.#started.flatMap(running => running.logs())
  }

  async kubectl(args: string[]): Promise<void> {
    const { code, stderr } = await this.api.kubectl(args)
    assert.equal(code, 0, stderr)
  }

  apply(...items: object[]): Promise<void> {
    return applyObjects(this.api, ...items)
  }

  /** Deletes an object of Herald's namespace. */
  remove(kind: string, name: string): Promise<void> {
    return this.kubectl(['delete', kind, name, '--namespace', HERALD_NAMESPACE])
  }

  /** Merges into the status of an object of Herald's namespace. */
  patchStatus(kind: string, name: string, status: object): Promise<void> {
    const what = [kind, name, '--namespace', HERALD_NAMESPACE, '--subresource=status']
    return this.kubectl(['patch', ...what, '--type=merge', '--patch', JSON.stringify({ status })])
  }

  /** A node whose speaker has registered; it has a Lease, for the controller marks a speaker without one. */
  async register(...names: string[]): Promise<void> {
    const renewTime = new Date().toISOString().replace('Z', '000Z')
    await this.apply(
      ...names.flatMap(name => [
        node(name),
        speaker(name),
        {
          ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
          metadata: { name: `herald-speaker-${name}`, namespace: HERALD_NAMESPACE },
          spec: { holderIdentity: name, leaseDurationSeconds: 3_000, renewTime },
        },
      ]),
    )
  }

  /** What the speaker of a node would write. */
  report(name: string, status: object): Promise<void> {
    const interfaces = [{ name: 'eth0', mac: '02:00:5e:10:00:01', addresses: ['192.0.2.200/24', '2001:db8::c8/64'] }]
    const nothing = { interfaces, announcements: [], conflicts: [], sessions: [], expiredAt: null }
    return this.patchStatus('speakerstatus', name, { ...nothing, ...status })
  }

  service(name: string): Promise<ShownService> {
    return this.api.kubectlJson<ShownService>(['get', 'service', name])
  }

  /** Waits until the condition Announced of a Service says this. */
  says(name: string, reason: string, message: RegExp): Promise<ShownCondition> {
    return eventually(`${name} says ${reason} ${message}`, async () => {
      const condition = announcedOf(await this.service(name))
      return condition?.reason === reason && message.test(condition.message) && condition
    })
  }

  /** Waits until the condition Accepted of an object of Herald's namespace has this status. */
  accepted(kind: string, name: string, status: string): Promise<ShownCondition> {
    return eventually(`${kind} ${name} is accepted: ${status}`, async () => {
      const what = ['get', kind, name, '--namespace', HERALD_NAMESPACE]
      const found = await this.api.kubectlJson<{ status?: { conditions?: ShownCondition[] } }>(what)
      const condition = found.status?.conditions?.find(({ type }) => type === 'Accepted')
      return condition?.status === status && condition
    })
  }

  /** Removes the Services that loadBalancer() gave, and their endpoints. */
  async clear(): Promise<void> {
    for (const kind of ['service', 'endpointslice']) {
      await this.kubectl(['delete', kind, '--selector=made=by-test', '--ignore-not-found'])
    }
  }
}

export function announcedOf({ status }: ShownService): ShownCondition | undefined {
  return status.conditions?.find(({ type }) => type === 'herald.io/Announced')
}

export function node(name: string, labels: Record<string, string> = {}) {
  return {
    ...{ apiVersion: 'v1', kind: 'Node' },
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
  }
}

export function speaker(name: string) {
  const metadata = { name, namespace: HERALD_NAMESPACE }
  return { apiVersion: 'herald.io/v1alpha1', kind: 'SpeakerStatus', metadata }
}

export function loadBalancer(name: string, annotations: Record<string, string> = {}) {
  return {
    ...{ apiVersion: 'v1', kind: 'Service' },
    metadata: { name, namespace: 'default', annotations, labels: { made: 'by-test' } },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  }
}

/** One endpoint of a Service, on node-a. */
export function endpoints(name: string, ready = true) {
  return {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4', ports: [{ port: 80 }] },
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name, made: 'by-test' } },
    endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'node-a', conditions: { ready } }],
  }
}

/** An object of the group metallb.io in Herald's namespace. */
export function metallb(kind: string, name: string, spec: object = {}, version = 'v1beta1') {
  return { apiVersion: `metallb.io/${version}`, kind, metadata: { name, namespace: HERALD_NAMESPACE }, spec }
}
