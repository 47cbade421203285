import assert from 'node:assert/strict'
import { SystemClock } from '../../../src/io/clock.ts'
import { ApiError, isApiError } from '../../../src/kubernetes/api-error.ts'
import { ApiClient } from '../../../src/kubernetes/client.ts'
import { loadCredentials } from '../../../src/kubernetes/credentials.ts'
import { EventRecorder } from '../../../src/kubernetes/events.ts'
import { LeaderElector } from '../../../src/kubernetes/leader-elector.ts'
import { type LeaseView, viewLease } from '../../../src/kubernetes/lease-record.ts'
import { LeaseRegistration } from '../../../src/kubernetes/lease-registration.ts'
import { LeaseWatcher } from '../../../src/kubernetes/lease-watcher.ts'
import { Reflector, type ReflectorInit } from '../../../src/kubernetes/reflector.ts'
import { configMaps, type KubernetesObject, leases, services } from '../../../src/kubernetes/resources.ts'
import { StatusWriter } from '../../../src/kubernetes/status-writer.ts'
import { Store } from '../../../src/kubernetes/store.ts'
import { type Condition, type ServiceView, viewService } from '../../../src/resources/service.ts'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { FixedCredentials, MemoryLogger } from '../../support/kubernetes/driven.ts'
import { eventually } from '../../support/processes.ts'

const clock = new SystemClock()
const random = Math.random

describe('the drivers against a real API server', function () {
  this.timeout(60_000)
  let server: ApiServer
  let client: ApiClient
  let logger: MemoryLogger
  /** what the test under way started, ended in reverse order */
  let ends: (() => Promise<void>)[]

  before(async function () {
    this.timeout(900_000)
    server = await startApiServer()
    const credentials = await loadCredentials({ clock }, { kubeconfig: server.kubeconfigFile })
    client = new ApiClient({ credentials, clock, logger: new MemoryLogger() })
    await client.create(
      { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false },
      namespace('herald'),
    )
  })

  after(async () => {
    client?.close()
    await server?.stop()
  })

  beforeEach(() => {
    logger = new MemoryLogger()
    ends = []
  })

  afterEach(async () => {
    for (const end of ends.reverse()) await end()
  })

  const namespace = (name: string): KubernetesObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const configMap = (name: string, text = 'x'): KubernetesObject & { data: object } => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'herald', name },
    data: { text },
  })

  function reflect(
    init: Partial<ReflectorInit<string>> = {},
    via: Pick<ApiClient, 'list' | 'stream'> = client,
  ): { store: Store<string>; reflector: Reflector<string> } {
    const store = new Store<string>()
    const reflector = new Reflector(
      {
        client: { list: via.list.bind(via), stream: via.stream.bind(via), reachability: client.reachability },
        store,
        clock,
        random,
        logger,
      },
      {
        resource: configMaps,
        namespace: 'herald',
        view: object => (object as { data?: { text?: string } }).data?.text ?? '',
        ...init,
      },
    )
    reflector.start()
    ends.push(() => reflector.stop())
    return { store, reflector }
  }

  it('streams the state, then the changes', async () => {
    await client.create(configMaps, configMap('a'))
    const { store, reflector } = reflect()
    await reflector.whenSynced()
    assert.equal(store.get('herald/a'), 'x')
    await client.patch(configMaps, { namespace: 'herald', name: 'a' }, { data: { text: 'ü' } }, { kind: 'merge' })
    await client.create(configMaps, configMap('b'))
    await eventually('changes', () => store.get('herald/a') === 'ü' && store.get('herald/b') === 'x')
    await client.delete(configMaps, { namespace: 'herald', name: 'b' })
    await eventually('deletion', () => store.get('herald/b') === undefined)
    assert.equal(logger.count('warn'), 0)
  })

  it('lists in pages, then watches', async () => {
    for (let i = 0; i < 7; i++) await client.create(configMaps, configMap(`page-${i}`))
    const requested: unknown[] = []
    const { store, reflector } = reflect(
      { pageSize: 3 },
      {
        list: (resource, options = {}) => {
          requested.push(options.query?.limit)
          return client.list(resource, options)
        },
        // as a server does that has no streaming lists
        stream: async (resource, options = {}) => {
          if (options.query?.sendInitialEvents) throw new ApiError('invalid', 'no streaming lists', { status: 422 })
          return client.stream(resource, options)
        },
      },
    )
    await reflector.whenSynced()
    assert.ok(store.size >= 7)
    assert.ok(requested.length >= 3)
    await client.create(configMaps, configMap('after-pages'))
    await eventually('the change', () => store.get('herald/after-pages') === 'x')
  })

  it('lists anew when the API server no longer knows the version at which it stopped', async () => {
    await client.create(configMaps, configMap('forgotten'))
    let away = false
    const { store, reflector } = reflect(
      { idleTimeoutMs: 300 },
      {
        list: client.list.bind(client),
        stream: async (resource, options) => {
          if (away) throw new ApiError('unreachable', 'away')
          return client.stream(resource, options)
        },
      },
    )
    await reflector.whenSynced()
    away = true
    await eventually('cut off', () => !reflector.connected)
    await client.delete(configMaps, { namespace: 'herald', name: 'forgotten' })
    // its memory of changes begins anew
    await server.restart()
    away = false
    await eventually('the deletion', () => store.get('herald/forgotten') === undefined)
    assert.ok(
      logger.lines.some(({ fields }) => isApiError(fields.err, 'gone')),
      'the server said 410',
    )
  })

  it('has what was created while it was away, after the API server was killed and started', async () => {
    const { store, reflector } = reflect()
    await reflector.whenSynced()
    await eventually('connected', () => reflector.connected)
    await server.restart({ downForMs: 500 })
    await client.create(configMaps, configMap('after-restart'))
    await eventually('what was created after', () => store.get('herald/after-restart') === 'x')
    assert.equal(logger.count('warn', 'watch interrupted'), 1)
    await eventually('the log says so', () => logger.count('info', 'watching again') === 1)
  })

  it('notices an API server that hangs, and goes on when it wakes', async () => {
    const { store, reflector } = reflect({ idleTimeoutMs: 500 })
    await reflector.whenSynced()
    await eventually('connected', () => reflector.connected)
    const states: boolean[] = []
    server.pause()
    reflector.onConnection(connected => states.push(connected))
    await eventually('noticed', () => states.length > 0)
    server.resume()
    await client.create(configMaps, configMap('after-pause'))
    await eventually('what was created after', () => store.get('herald/after-pause') === 'x')
    assert.deepEqual(states.slice(0, 2), [false, true])
  })

  it('names what it is not permitted, once', async () => {
    const credentials = new FixedCredentials(server.url)
    credentials.token = server.plainToken
    credentials.tls = async () => insecure
    const plain = new ApiClient({ credentials, clock, logger })
    ends.push(async () => plain.close())
    reflect({ backoff: { initialMs: 1, maximumMs: 5 } }, plain)
    await eventually('several attempts', () => logger.lines.filter(({ level }) => level === 'debug').length >= 4)
    const told = logger.lines.filter(({ level }) => level === 'error' || level === 'warn')
    assert.deepEqual(
      told.map(({ fields }) => fields.permission),
      ['watch configmaps in "herald"'],
    )
    assert.match(String(told[0]?.fields.err), /User "nobody" cannot watch resource "configmaps"/)
  })

  describe('status of a Service', () => {
    const shop = { namespace: 'herald', name: 'shop' }
    const type = 'herald.io/AddressAllocated'
    const pool = 'metallb.io/ip-allocated-from-pool'
    const condition: Condition = {
      type,
      status: 'True',
      reason: 'Allocated',
      message: 'from pool a',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    }
    const read = async (): Promise<ServiceView> => viewService(await client.get(services, shop))

    before(async () => {
      const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] }
      await client.create(services, { apiVersion: 'v1', kind: 'Service', metadata: shop, spec } as KubernetesObject)
      const foreign = { status: { conditions: [{ ...condition, type: 'example.com/Other' }] } }
      await client.patch(services, { ...shop, subresource: 'status' }, foreign, { kind: 'strategic' })
    })

    it('is written in one patch, compared, refused in an old version, and taken away', async () => {
      const writer = new StatusWriter({ client })
      const before = await read()
      const desired = { addresses: ['192.0.2.10'], annotations: { [pool]: 'a' }, conditions: { [type]: condition } }
      assert.equal(await writer.writeService(before, desired), 'written')
      const after = await read()
      assert.deepEqual(after.ingress, [{ ip: '192.0.2.10', ipMode: 'VIP' }])
      assert.equal(after.annotations[pool], 'a')
      assert.deepEqual(after.conditions, [condition])
      assert.equal(await writer.writeService(after, desired), 'unchanged')

      const other = { ...desired, addresses: ['192.0.2.11'] }
      assert.equal(await writer.writeService(before, other), 'conflict')
      assert.equal((await read()).resourceVersion, after.resourceVersion)

      const nothing = { addresses: [], annotations: { [pool]: undefined }, conditions: { [type]: undefined } }
      assert.equal(await writer.writeService(after, nothing), 'written')
      const last = await read()
      assert.deepEqual([last.ingress, last.annotations[pool], last.conditions], [[], undefined, []])
      const whole = await client.get<{ status: { conditions: Condition[] } }>(services, shop)
      assert.deepEqual(
        whole.status.conditions.map(found => found.type),
        ['example.com/Other'],
        "another's condition stays",
      )
      assert.equal(await writer.writeService({ ...last, name: 'none' }, desired), 'gone')
    })

    it('has events that kubectl shows', async () => {
      const recorder = new EventRecorder(
        { client, clock, random, logger },
        { component: 'herald-controller', instance: 'pod-1' },
      )
      const { uid, resourceVersion } = await read()
      recorder.record(
        services,
        { ...shop, uid, resourceVersion },
        'Normal',
        'IPAllocated',
        'Assigned IP ["192.0.2.10"]',
      )
      await recorder.flush()
      await recorder.stop()
      assert.equal(recorder.dropped, 0, JSON.stringify(logger.lines))
      const { stdout: described } = await server.kubectl(['describe', 'service', 'shop', '--namespace=herald'])
      assert.match(described, /Normal +IPAllocated +\S+ +herald-controller +Assigned IP \["192\.0\.2\.10"\]/)
      const { stdout: listed } = await server.kubectl(['get', 'events', '--namespace=herald'])
      assert.match(listed, /Normal +IPAllocated +service\/shop +Assigned IP/)
    })
  })

  it('elects one of two, and the other when that leaves or falls silent', async () => {
    const events: string[] = []
    const elect = (identity: string, via: Pick<ApiClient, 'get' | 'create' | 'patch'> = client): LeaderElector => {
      const elector = new LeaderElector(
        { client: via, clock, random, logger },
        {
          ...{ namespace: 'herald', name: 'herald-controller', identity },
          ...{ leaseDurationSeconds: 2, renewDeadlineMs: 1_200, retryPeriodMs: 200 },
          onAcquired: () => events.push(`${identity} leads`),
          onLost: () => events.push(`${identity} lost`),
        },
      )
      elector.start()
      ends.push(() => elector.stop())
      return elector
    }
    const one = elect('one')
    await eventually('one leads', () => one.isLeader)
    const { client: broken, cut } = breakable()
    const two = elect('two', broken)
    await eventually('two knows', () => two.leader === 'one')
    await one.stop()
    await eventually('two leads', () => two.isLeader)
    const three = elect('three')
    await eventually('three knows', () => three.leader === 'two')
    cut()
    await eventually('three leads', () => three.isLeader)
    assert.deepEqual(events, ['one leads', 'two leads', 'two lost', 'three leads'])
    const { stdout } = await server.kubectl(['get', 'lease', 'herald-controller', '--namespace=herald'])
    assert.match(stdout, /three/)
  })

  it('registers by a Lease, and sees who has run out', async () => {
    const store = new Store<LeaseView>()
    const reflector = new Reflector(
      { client, store, clock, random, logger },
      { resource: leases, namespace: 'herald', view: viewLease },
    )
    reflector.start()
    ends.push(() => reflector.stop())
    await reflector.whenSynced()
    const changes: string[] = []
    const watcher = new LeaseWatcher(
      { store, connection: reflector, client, clock, logger },
      {
        namespace: 'herald',
        namePrefix: 'herald-speaker-',
        onChange: (name, state) => changes.push(`${name} ${state}`),
      },
    )
    watcher.start()
    ends.push(() => watcher.stop())
    const register = (node: string): LeaseRegistration => {
      const registration = new LeaseRegistration(
        { client, clock, random, logger },
        {
          ...{ namespace: 'herald', name: `herald-speaker-${node}`, identity: `pod-${node}` },
          ...{ leaseDurationSeconds: 2, renewIntervalMs: 500, onChange: () => {} },
        },
      )
      registration.start()
      ends.push(() => registration.stop())
      return registration
    }
    const a = register('a')
    const b = register('b')
    await eventually('both live', () => changes.length === 2)
    assert.deepEqual(changes.splice(0).sort(), ['herald-speaker-a live', 'herald-speaker-b live'])
    await a.stop()
    await eventually('a left', () => changes.length === 1, { timeoutMs: 1_000 })
    await b.stop({ release: false })
    await eventually('b ran out', () => changes.length === 2, { timeoutMs: 4_000 })
    assert.deepEqual(changes, ['herald-speaker-a expired', 'herald-speaker-b expired'])
  })

  /** the client until it is cut */
  function breakable(): { client: Pick<ApiClient, 'get' | 'create' | 'patch'>; cut: () => void } {
    let isCut = false
    const through = <T>(request: () => Promise<T>): Promise<T> =>
      isCut ? Promise.reject(new ApiError('unreachable', 'cut')) : request()
    return {
      client: {
        get: (...args: Parameters<ApiClient['get']>) => through(() => client.get(...args)),
        create: (...args: Parameters<ApiClient['create']>) => through(() => client.create(...args)),
        patch: (...args: Parameters<ApiClient['patch']>) => through(() => client.patch(...args)),
      } as Pick<ApiClient, 'get' | 'create' | 'patch'>,
      cut: () => {
        isCut = true
      },
    }
  }
})

const insecure = { rejectUnauthorized: false }
