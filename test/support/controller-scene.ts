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
  observedGeneration?: number
}

export interface ShownService {
  metadata: { name: string; annotations?: Record<string, string>; finalizers?: string[]; resourceVersion: string }
  spec: { type: string }
  status: { loadBalancer: { ingress?: { ip: string; ipMode: string }[] }; conditions?: ShownCondition[] }
}

export interface ShownEvent {
  type: string
  reason: string
  message: string
  involvedObject: { kind: string; name: string }
}

/** A real API server with Herald's definitions and roles, and a controller beside it that has no more rights than the chart gives. */
export class ControllerScene {
  readonly api: ApiServer
  readonly #folder: string
  readonly #kubeconfig: string
  readonly #started: Running[] = []

  /** @param definitions false: defineResources() comes later */
  static async begin({ definitions = true } = {}): Promise<ControllerScene> {
    const folder = await mkdtemp(join(tmpdir(), 'herald-controller-'))
    const api = await startApiServer()
    await applyObjects(api, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: HERALD_NAMESPACE } })
    const account = { folder, namespace: HERALD_NAMESPACE, component: 'controller' } as const
    const scene = new ControllerScene(api, folder, await serviceAccountKubeconfig(api, account))
    if (definitions) await scene.defineResources()
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

  async defineResources(): Promise<void> {
    await this.apply(...chartDefinitions())
    await this.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s'])
  }

  /** Runs the controller's program with these flags, and those that it needs to find Herald. */
  run(...flags: string[]): Running {
    const home = ['--namespace', HERALD_NAMESPACE, '--kubeconfig', this.#kubeconfig]
    const running = runEntry('controller', [...home, ...flags])
    this.#started.push(running)
    return running
  }

  /** Starts a replica, which need not be the one that leads. */
  startReplica(podName: string, ...more: string[]): Running {
    const probes = ['--port', '0', '--health-probe-port', '0', '--health-probe-host', '127.0.0.1']
    return this.run('--pod-name', podName, ...probes, ...more)
  }

  /** Starts a controller and waits until it has looked at everything once. */
  async startController(...more: string[]): Promise<Running> {
    const running = this.startReplica('controller-0', ...more)
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

  /** The messages of controllers that were refused something by the roles of the chart. */
  refusals() {
    return this.logs().filter(({ msg }) => String(msg).includes('permission'))
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

  /** An object of Herald's namespace. */
  read<T>(kind: string, name: string): Promise<T> {
    return this.api.kubectlJson<T>(['get', kind, name, '--namespace', HERALD_NAMESPACE])
  }

  service(name: string): Promise<ShownService> {
    return this.api.kubectlJson<ShownService>(['get', 'service', name])
  }

  /** The events of a namespace. */
  async events(namespace = 'default'): Promise<ShownEvent[]> {
    return (await this.api.kubectlJson<{ items: ShownEvent[] }>(['get', 'events', '--namespace', namespace])).items
  }

  async services(): Promise<ShownService[]> {
    return (await this.api.kubectlJson<{ items: ShownService[] }>(['get', 'services'])).items
  }

  removeServices(...names: string[]): Promise<void> {
    return this.kubectl(['delete', 'service', '--ignore-not-found', ...names])
  }

  /** Waits until a Service has this address. */
  addressed(name: string, ip: string): Promise<ShownService> {
    return eventually(`${name} has ${ip}`, async () => {
      const service = await this.service(name)
      return addressOf(service) === ip && service
    })
  }

  /** Its address is shown, and so is, two seconds later, that nothing serves: no more is written to it now. */
  async settled(name: string, ip: string): Promise<ShownService> {
    await this.addressed(name, ip)
    return eventually(`${name} says that it is not announced`, async () => {
      const service = await this.service(name)
      return announcedOf(service) && service
    })
  }

  /** Waits until a Service has no address for this reason. */
  pending(name: string, reason: string): Promise<ShownService> {
    return eventually(`${name} is pending with ${reason}`, async () => {
      const service = await this.service(name)
      return allocatedOf(service)?.reason === reason && addressOf(service) === undefined && service
    })
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
      const found = await this.read<{ status?: { conditions?: ShownCondition[] } }>(kind, name)
      const condition = found.status?.conditions?.find(({ type }) => type === 'Accepted')
      return condition?.status === status && condition
    })
  }

  /** Removes the Services that loadBalancer() gave, and all pools. */
  async clearAllocation(): Promise<void> {
    await this.removeServices('--selector=made=by-test')
    await this.remove('ipaddresspool', '--all')
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

export function allocatedOf({ status }: ShownService): ShownCondition | undefined {
  return status.conditions?.find(({ type }) => type === 'herald.io/AddressAllocated')
}

/** The first address that a Service shows. */
export function addressOf({ status }: ShownService): string | undefined {
  return status.loadBalancer.ingress?.[0]?.ip
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

export function loadBalancer(name: string, spec: object = {}, annotations: Record<string, string> = {}) {
  return {
    ...{ apiVersion: 'v1', kind: 'Service' },
    metadata: { name, namespace: 'default', annotations, labels: { made: 'by-test' } },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
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

export function pool(name: string, addresses: string[], spec: object = {}) {
  return metallb('IPAddressPool', name, { addresses, ...spec })
}

/** Objects of one kind are ordered by creationTimestamp, which has whole seconds: what is made after this is younger. */
export function untilNextSecond(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 1_100))
}
