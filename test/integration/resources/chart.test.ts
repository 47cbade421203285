import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { buildHelm } from '../../../lab/build.ts'
import { run } from '../../../lab/process.ts'

interface Rule {
  apiGroups: string[]
  resources: string[]
  resourceNames?: string[]
  verbs: string[]
}

interface Container {
  name: string
  image: string
  imagePullPolicy: string
  command: string[]
  args: string[]
  env: { name: string }[]
  ports: { name: string; containerPort: number }[]
  securityContext: Record<string, unknown>
  livenessProbe?: { httpGet: { host?: string; path: string; port: number } }
}

interface Rendered {
  kind: string
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> }
  rules?: Rule[]
  spec: {
    template: {
      metadata: { labels: Record<string, string> }
      spec: {
        containers: Container[]
        hostNetwork?: boolean
        securityContext: Record<string, unknown>
        terminationGracePeriodSeconds: number
      }
    }
  }
}

const chart = resolve(import.meta.dirname, '../../../charts/herald')
const install = ['template', 'lb', chart, '--namespace', 'herald-system']

describe('the chart', () => {
  let helm: string
  before(async () => {
    helm = await buildHelm()
  })

  async function render(...args: string[]): Promise<Rendered[]> {
    const { stdout } = await run([helm, ...install, ...args])
    return parseAllDocuments(stdout)
      .map(document => document.toJS() as Rendered | null)
      .filter(object => object !== null)
  }
  const find = (objects: Rendered[], kind: string, name: string) => {
    const found = objects.find(object => object.kind === kind && object.metadata.name === name)
    assert.ok(found, `${kind} ${name}`)
    return found
  }
  const podOf = (object: Rendered) => object.spec.template.spec
  const containerOf = (object: Rendered) => podOf(object).containers[0]!

  it('passes Helm’s own lint', async () => {
    const { code, stdout } = await run([helm, 'lint', '--strict', chart], { check: false })
    assert.equal(code, 0, stdout)
  })

  it('names and labels the pods as tools expect', async () => {
    const objects = await render()
    for (const [kind, component, ...ownEnvironment] of [
      ['Deployment', 'controller'],
      ['DaemonSet', 'speaker', 'HERALD_POD_UID'],
    ] as const) {
      const object = find(objects, kind, `lb-${component}`)
      const { labels } = object.spec.template.metadata
      assert.equal(labels.component, component)
      assert.equal(labels['app.kubernetes.io/component'], component)
      assert.equal(containerOf(object).name, component)
      assert.deepEqual(
        containerOf(object).env.map(({ name }) => name),
        ['HERALD_NAMESPACE', 'HERALD_POD_NAME', 'HERALD_NODE_NAME', 'MALLOC_ARENA_MAX', ...ownEnvironment],
      )
    }
  })

  it('gives the speaker NET_RAW and nothing else, and the controller nothing at all', async () => {
    const objects = await render()
    const speaker = find(objects, 'DaemonSet', 'lb-speaker')
    const controller = find(objects, 'Deployment', 'lb-controller')
    const hardened = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true }
    assert.deepEqual(containerOf(speaker).securityContext, {
      ...hardened,
      capabilities: { drop: ['ALL'], add: ['NET_RAW'] },
    })
    assert.deepEqual(containerOf(controller).securityContext, { ...hardened, capabilities: { drop: ['ALL'] } })
    assert.equal(podOf(speaker).hostNetwork, true)
    assert.equal(podOf(controller).hostNetwork, undefined)
    assert.equal(podOf(controller).securityContext.runAsNonRoot, true)
  })

  for (const [port, capabilities] of [
    [0, ['NET_RAW']],
    [179, ['NET_RAW', 'NET_BIND_SERVICE']],
    [1023, ['NET_RAW', 'NET_BIND_SERVICE']],
    [1024, ['NET_RAW']],
  ] as const) {
    it(`adds ${capabilities.join(' and ')} to a speaker that listens on port ${port}`, async () => {
      const objects = await render('--set', `speaker.bgp.listenPort=${port}`)
      const container = containerOf(find(objects, 'DaemonSet', 'lb-speaker'))
      assert.deepEqual(container.securityContext.capabilities, { drop: ['ALL'], add: capabilities })
      assert.ok(container.args.includes(`--bgp-listen-port=${port}`))
      assert.equal(container.ports.find(({ name }) => name === 'bgp')?.containerPort, port || undefined)
    })
  }

  it('gives the speaker more time to end than its routes take to go', async () => {
    const graceOf = async (component: string, kind: string, ...args: string[]) =>
      podOf(find(await render(...args), kind, `lb-${component}`)).terminationGracePeriodSeconds
    const drain = ['--set', 'speaker.bgp.gracefulShutdownSeconds=30']
    assert.equal(await graceOf('speaker', 'DaemonSet'), 10)
    assert.equal(await graceOf('speaker', 'DaemonSet', ...drain), 38)
    const longer = [...drain, '--set', 'speaker.terminationGracePeriodSeconds=60']
    assert.equal(await graceOf('speaker', 'DaemonSet', ...longer), 60)
    assert.equal(await graceOf('controller', 'Deployment', ...drain), 10)
  })

  it('probes the speaker on loopback, where it listens', async () => {
    const speaker = containerOf(find(await render(), 'DaemonSet', 'lb-speaker'))
    assert.ok(speaker.args.includes('--health-probe-host=127.0.0.1'))
    assert.deepEqual(speaker.livenessProbe?.httpGet, { host: '127.0.0.1', path: '/healthz', port: 17472 })
  })

  it('lets processes read Secrets of Herald’s namespace alone, and the speaker write no Service', async () => {
    const rules = (await render()).flatMap(({ kind, metadata, rules = [] }) =>
      rules.map(rule => ({ kind, name: metadata.name, rule })),
    )
    assert.ok(rules.length > 8)
    for (const { kind, name, rule } of rules) {
      const what = `${name}: ${JSON.stringify(rule)}`
      assert.ok(![...rule.apiGroups, ...rule.resources, ...rule.verbs].includes('*'), what)
      if (rule.resources.includes('secrets')) {
        assert.equal(kind, 'Role', what)
        const { verbs, resourceNames = [] } = rule
        const key = resourceNames.includes('herald-liveness') && verbs.join() === 'get'
        const wanted = name === 'lb:speaker' ? ['list', 'watch'] : ['list', 'watch', 'create']
        const certificates = resourceNames.join() === 'lb-webhook' && verbs.join() === 'patch'
        assert.ok(
          (name === 'lb:webhook' && certificates) || (name === 'lb:speaker' && key) || verbs.join() === wanted.join(),
          what,
        )
      }
      assert.ok(!rule.verbs.includes('update'), `${what}: nothing is updated, all is patched`)
      const reads = rule.verbs.every(verb => ['get', 'list', 'watch'].includes(verb))
      if (name === 'lb:speaker' && rule.resources.some(resource => resource.startsWith('services')))
        assert.ok(reads, what)
    }
  })

  it('passes values on as flags', async () => {
    const objects = await render(
      ...['--set', 'loadBalancerClass=herald.io/lb', '--set', 'speaker.logLevel=debug'],
      ...[
        '--set',
        'speaker.ignoreExcludeLB=true,controller.serviceStatuses=false',
        '--set',
        'prometheus.metricsPort=9999,prometheus.metricsPrefix=metallb',
        '--set',
        'tls.minVersion=VersionTLS12,tls.curvePreferences=4588\\,29,tls.speakerMetricsTLSSecret=certificate',
      ],
      ...['--set', 'speaker.drain.onCordon=true,speaker.drain.onTaints={a.example/b,c}'],
      ...['--set', 'speaker.liveness.port=7000,speaker.liveness.intervalMilliseconds=200'],
      ...['--set', 'speaker.liveness.multiplier=5,speaker.liveness.secretName=my-key'],
      ...['--set', 'speaker.layer2.probeCount=3,speaker.layer2.probeIntervalMilliseconds=80'],
      ...['--set', 'speaker.bgp.listenPort=1790,speaker.bgp.gracefulShutdownSeconds=5,speaker.bgp.drainSeconds=60'],
      ...['--set', 'image.repository=herald.lab/herald,image.tag=t,image.pullPolicy=Never'],
      ...[
        '--set',
        'controller.nodeFlags={--max-old-space-size=200}',
        '--set',
        'speaker.excludeInterfaces.enabled=false',
      ],
    )
    const speaker = containerOf(find(objects, 'DaemonSet', 'lb-speaker'))
    const controller = containerOf(find(objects, 'Deployment', 'lb-controller'))
    assert.deepEqual(speaker.args, [
      '--log-level=debug',
      '--port=9999',
      '--metrics-prefix=metallb',
      '--metrics-protocol=https',
      '--metrics-cert-dir=/etc/herald/metrics',
      '--tls-min-version=VersionTLS12',
      '--tls-curve-preferences=4588,29',
      '--lb-class=herald.io/lb',
      '--health-probe-host=127.0.0.1',
      '--exclude-interfaces=^$',
      '--liveness-port=7000',
      '--liveness-interval-ms=200',
      '--liveness-multiplier=5',
      '--liveness-secret=my-key',
      '--probe-count=3',
      '--probe-interval-ms=80',
      '--bgp-listen-port=1790',
      '--bgp-graceful-shutdown-seconds=5',
      '--bgp-drain-seconds=60',
      '--ignore-exclude-lb',
      '--drain-on-cordon',
      '--drain-on-taint=a.example/b',
      '--drain-on-taint=c',
    ])
    assert.deepEqual(controller.command, ['node', '--max-old-space-size=200', '/herald/controller.js'])
    for (const flag of ['--liveness-secret=my-key', '--ignore-exclude-lb', '--no-service-statuses']) {
      assert.ok(controller.args.includes(flag), flag)
    }
    assert.equal(controller.image, 'herald.lab/herald:t')
    assert.equal(controller.imagePullPolicy, 'Never')
  })

  it('takes finalizers off after an uninstall, when it was told to put them on, with a role for that alone', async () => {
    const off = await render()
    assert.ok(!off.some(({ metadata }) => metadata.name.includes('remove-finalizers')))
    assert.ok(!containerOf(find(off, 'Deployment', 'lb-controller')).args.includes('--cleanup-finalizer'))
    const on = await render('--set', 'controller.cleanupFinalizer=true')
    assert.ok(containerOf(find(on, 'Deployment', 'lb-controller')).args.includes('--cleanup-finalizer'))
    const hooks = on.filter(({ metadata }) => metadata.name.includes('remove-finalizers'))
    assert.deepEqual(hooks.map(({ kind }) => kind).sort(), [
      'ClusterRole',
      'ClusterRoleBinding',
      'Job',
      'ServiceAccount',
    ])
    for (const { metadata } of hooks) {
      assert.equal(metadata.annotations?.['helm.sh/hook'], 'post-delete')
      assert.match(metadata.annotations?.['helm.sh/hook-delete-policy'] ?? '', /hook-succeeded/)
    }
    const { rules } = find(on, 'ClusterRole', 'lb:remove-finalizers')
    assert.deepEqual(rules, [
      { apiGroups: [''], resources: ['services'], verbs: ['list'] },
      { apiGroups: [''], resources: ['services/status'], verbs: ['patch'] },
    ])
    const job = find(on, 'Job', 'lb-remove-finalizers')
    assert.deepEqual(containerOf(job).command.at(-1), '/herald/controller.js')
    assert.ok(containerOf(job).args.includes('--remove-finalizers'))
    assert.equal(podOf(job).securityContext.runAsNonRoot, true)
  })

  const own = Array<string>(3).fill('herald.io')
  const all = [...own, ...Array<string>(9).fill('metallb.io')]
  const definitions = [
    { values: [], kinds: all, kept: true },
    { values: ['--set', 'crds.keep=false'], kinds: all, kept: false },
    { values: ['--set', 'crds.metallb=false'], kinds: own, kept: true },
    { values: ['--set', 'crds.enabled=false'], kinds: [], kept: true },
  ]
  for (const { values, kinds, kept } of definitions) {
    it(`brings the definitions of ${kinds.join(', ') || 'nothing'} with ${values[1] ?? 'its defaults'}`, async () => {
      const found = (await render(...values)).filter(({ kind }) => kind === 'CustomResourceDefinition')
      const groups = found.map(({ metadata }) => metadata.name.slice(metadata.name.indexOf('.') + 1)).sort()
      assert.deepEqual(groups, kinds)
      for (const { metadata } of found) {
        assert.equal(metadata.annotations?.['helm.sh/resource-policy'], kept ? 'keep' : undefined)
      }
    })
  }

  const mistakes = [
    { name: 'a misspelt value', value: 'controler.logLevel=debug', message: /controler/ },
    { name: 'a log level that does not exist', value: 'speaker.logLevel=loud', message: /speaker\/logLevel/ },
    { name: 'a liveness interval out of range', value: 'speaker.liveness.intervalMilliseconds=1', message: /interval/ },
    { name: 'a Secret’s name that none can have', value: 'speaker.liveness.secretName=My_Key', message: /secretName/ },
    { name: 'too many probes', value: 'speaker.layer2.probeCount=11', message: /probeCount/ },
    { name: 'no time to hand over', value: 'speaker.terminationGracePeriodSeconds=1', message: /terminationGrace/ },
    { name: 'a port of BGP out of range', value: 'speaker.bgp.listenPort=70000', message: /listenPort/ },
    { name: 'a drain of a day', value: 'speaker.bgp.drainSeconds=86400', message: /drainSeconds/ },
    {
      name: 'a graceful shutdown of an hour',
      value: 'speaker.bgp.gracefulShutdownSeconds=3600',
      message: /gracefulShutdownSeconds/,
    },
    { name: 'a port out of range', value: 'prometheus.metricsPort=70000', message: /metricsPort/ },
  ]
  for (const { name, value, message } of mistakes) {
    it(`refuses ${name} and names it`, async () => {
      const { code, stderr } = await run([helm, ...install, '--set', value], { check: false })
      assert.notEqual(code, 0)
      assert.match(stderr, message)
    })
  }
})
