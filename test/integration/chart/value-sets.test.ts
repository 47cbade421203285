import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { buildHelm } from '../../../lab/build.ts'
import { run } from '../../../lab/process.ts'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { type ChartObject, chartFolder, template, tryTemplate } from '../../support/chart.ts'
import { prometheusOperatorDefinitions } from '../../support/prometheus-operator.ts'
import { VALUES_OF_METALLB } from '../../support/values-of-metallb.ts'

const prometheus = { serviceAccount: 'prometheus', namespace: 'monitoring' }
const sidecar = { name: 'sidecar', image: 'registry.example/sidecar:1' }
const labels = { team: 'network' }

const everything = {
  imagePullSecrets: [{ name: 'pull' }],
  loadBalancerClass: 'herald.io/lb',
  networkpolicies: { enabled: true, defaultDeny: true, apiPort: 443 },
  prometheus: {
    ...{ ...prometheus, scrapeAnnotations: true },
    serviceMonitor: {
      ...{ enabled: true, interval: '30s', metricRelabelings: [{ action: 'drop', regex: 'x', sourceLabels: ['pod'] }] },
      ...{ controller: { additionalLabels: labels }, relabelings: [{ targetLabel: 'cluster', replacement: 'a' }] },
    },
    prometheusRule: { enabled: true, additionalLabels: labels, extraAlerts: [{ alert: 'Mine', expr: 'up == 0' }] },
    dashboard: { enabled: true, annotations: { 'example.com/folder': 'network' } },
  },
  controller: {
    ...{ replicas: 2, annotations: labels, podAnnotations: labels, labels, runtimeClassName: 'crun' },
    ...{ extraContainers: [sidecar], resources: { limits: { memory: '256Mi' } }, cleanupFinalizer: true },
    affinity: { nodeAffinity: {} },
  },
  speaker: {
    ...{ annotations: labels, podAnnotations: labels, labels, extraContainers: [sidecar] },
    ...{ startupProbe: { enabled: true }, tolerations: [{ operator: 'Exists' }], bgp: { listenPort: 179 } },
  },
}

const sets: Readonly<Record<string, object>> = {
  'its defaults': {},
  'everything switched on': everything,
  "a file of MetalLB's values": VALUES_OF_METALLB,
  'a PodMonitor, and metrics with MetalLB’s names': {
    prometheus: { ...prometheus, podMonitor: { enabled: true }, metricsPrefix: 'metallb' },
  },
  'monitors, and permissions that somebody else gives': {
    prometheus: { rbacPrometheus: false, serviceMonitor: { enabled: true } },
  },
  'metrics without encryption, for everyone': {
    prometheus: { protocol: 'http', host: '::', rbacPrometheus: false, podMonitor: { enabled: true } },
  },
  'certificates of its own for the metrics': {
    tls: { controllerMetricsTLSSecret: 'one', speakerMetricsTLSSecret: 'two', minVersion: 'VersionTLS12' },
  },
  'no speaker': {
    speaker: { enabled: false },
    prometheus: { rbacPrometheus: false, serviceMonitor: { enabled: true } },
  },
  'no controller': { controller: { enabled: false }, networkpolicies: { enabled: true } },
  'no roles and accounts of its own': {
    rbac: { create: false },
    controller: { serviceAccount: { create: false, name: 'mine' } },
    speaker: { serviceAccount: { create: false } },
  },
  'replicas that spread as told': {
    controller: {
      replicas: 3,
      podDisruptionBudget: { maxUnavailable: '50%' },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' },
      ],
    },
  },
  'no definitions, no probes': {
    crds: { enabled: false },
    controller: { livenessProbe: { enabled: false }, readinessProbe: { enabled: false } },
    speaker: { livenessProbe: { enabled: false }, readinessProbe: { enabled: false } },
  },
  'names as long as they may be': { fullnameOverride: 'a'.repeat(60), nameOverride: 'b'.repeat(60) },
}

interface Constraint {
  topologyKey: string
  labelSelector: { matchLabels: Record<string, string> }
}

const refused: [what: string, values: object, message: RegExp][] = [
  [
    'both kinds of monitors',
    { prometheus: { ...prometheus, podMonitor: { enabled: true }, serviceMonitor: { enabled: true } } },
    /exclude each other/,
  ],
  [
    'a monitor, without the account of Prometheus',
    { prometheus: { podMonitor: { enabled: true } } },
    /prometheus\.serviceAccount and prometheus\.namespace are needed/,
  ],
  [
    'pools among the values',
    { configInline: { 'address-pools': [] } },
    /configInline: pools and peers are objects of the API/,
  ],
  ['a prefix that no metric can have', { prometheus: { metricsPrefix: 'a-b' } }, /metricsPrefix/],
  ['a label that is no text', { speaker: { labels: { a: true } } }, /speaker\/labels\/a/],
  [
    'a threshold of 200 percent',
    { prometheus: { prometheusRule: { addressPoolUsage: { thresholds: [{ percent: 200 }] } } } },
    /percent/,
  ],
  ['a misspelt alert', { prometheus: { prometheusRule: { bgpSesionDown: {} } } }, /bgpSesionDown/],
  ['an interval that is none', { prometheus: { podMonitor: { interval: 'often' } } }, /interval/],
]

describe('sets of values', () => {
  let server: ApiServer
  before(async () => {
    server = await startApiServer()
    assert.equal((await server.kubectl(['create', 'namespace', 'herald-system'])).code, 0)
    for (const definition of await prometheusOperatorDefinitions()) {
      const { code, stderr } = await server.kubectl(['create', '-f', '-'], definition)
      assert.equal(code, 0, stderr)
    }
    await server.kubectl(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=30s'])
  })
  after(() => server?.stop())

  const rendered = new Map<string, ChartObject[]>()
  for (const [name, values] of Object.entries(sets)) {
    it(`make objects that the API server takes, with no word of complaint: ${name}`, async () => {
      const objects = await template(values)
      rendered.set(name, objects)
      const input = objects.map(object => stringify(object)).join('---\n')
      const dryRun = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-']
      const { code, stdout, stderr } = await server.kubectl(dryRun, input)
      assert.equal(code, 0, stderr)
      assert.equal(stderr, '')
      assert.equal(stdout.trim().split('\n').length, objects.length)
    })
  }

  it('put every object of a namespace into that of the release', () => {
    assert.equal(rendered.size, Object.keys(sets).length)
    const clusterScoped = ['ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition']
    for (const { kind, metadata } of [...rendered.values()].flat()) {
      const wanted = clusterScoped.includes(kind) || kind.startsWith('Validating') ? undefined : 'herald-system'
      assert.equal(metadata.namespace, wanted, `${kind} ${metadata.name}`)
      assert.equal(metadata.labels?.['app.kubernetes.io/instance'], 'lb', `${kind} ${metadata.name}`)
    }
  })

  it('add what was asked for, and nothing before', () => {
    const kinds = (name: string) => (rendered.get(name) ?? []).map(({ kind }) => kind)
    const optional = ['PodDisruptionBudget', 'NetworkPolicy', 'ServiceMonitor', 'PrometheusRule', 'ConfigMap']
    for (const kind of optional) {
      assert.ok(!kinds('its defaults').includes(kind), kind)
      assert.ok(kinds('everything switched on').includes(kind), kind)
    }
    assert.ok(kinds("a file of MetalLB's values").includes('PodMonitor'))
    assert.deepEqual(
      kinds('no roles and accounts of its own').filter(kind => /Role|Account/.test(kind)),
      [],
    )
  })

  it('spread several replicas over nodes, unless told how', () => {
    const constraintOf = (name: string) => {
      const deployment = rendered.get(name)?.find(({ kind }) => kind === 'Deployment')
      assert.ok(deployment)
      const { template: pod } = deployment.spec as { template: { spec: { topologySpreadConstraints?: Constraint[] } } }
      const constraints = pod.spec.topologySpreadConstraints
      for (const { labelSelector } of constraints ?? []) {
        assert.equal(labelSelector.matchLabels['app.kubernetes.io/component'], 'controller')
      }
      return constraints?.map(({ topologyKey }) => topologyKey)
    }
    assert.equal(constraintOf('its defaults'), undefined)
    assert.deepEqual(constraintOf('everything switched on'), ['kubernetes.io/hostname'])
    assert.deepEqual(constraintOf('replicas that spread as told'), ['topology.kubernetes.io/zone'])
  })

  it('take no image from a file of MetalLB’s values, and name what means nothing here after the install', async () => {
    assert.ok(!JSON.stringify(rendered.get("a file of MetalLB's values")).includes('registry.example/metallb'))
    const helm = await buildHelm()
    const folder = await mkdtemp(join(tmpdir(), 'herald-values-'))
    const file = join(folder, 'values.yaml')
    await writeFile(file, stringify(VALUES_OF_METALLB))
    const access = ['--kubeconfig', server.kubeconfigFile, '--namespace', 'herald-system', '--dry-run=client']
    const { stdout } = await run([helm, 'install', 'lb', chartFolder, '--values', file, ...access])
    await rm(folder, { recursive: true })
    const [, notes = ''] = stdout.split('NOTES:')
    for (const name of [
      'controller.image',
      'speaker.image',
      'speaker.memberlist',
      'speaker.frr',
      'frrk8s',
      'frr-k8s',
    ]) {
      assert.match(notes, new RegExp(`^  ${name}: `, 'm'))
    }
    assert.ok(!notes.includes('bgpDebounceTimeout'))
  })

  for (const [what, values, message] of refused) {
    it(`refuse ${what}`, async () => {
      const { code, stderr } = await tryTemplate(values)
      assert.notEqual(code, 0)
      assert.match(stderr, message)
    })
  }
})
