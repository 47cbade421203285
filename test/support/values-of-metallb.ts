const probe = { enabled: true, failureThreshold: 3, initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 1 }
const nobody = { runAsNonRoot: true, runAsUser: 65_534, fsGroup: 65_534 }
const image = (name: string) => ({ repository: `registry.example/metallb/${name}`, tag: null, pullPolicy: null })
const account = { create: true, name: '', annotations: {} }
const common = {
  ...{ enabled: true, logLevel: 'info', resources: {}, nodeSelector: {}, tolerations: [], affinity: {} },
  ...{ priorityClassName: '', runtimeClassName: '', podAnnotations: {}, labels: {}, extraContainers: [] },
  ...{ serviceAccount: account, livenessProbe: probe, readinessProbe: probe },
}
const monitor = { jobLabel: 'app.kubernetes.io/name', interval: null, metricRelabelings: [], relabelings: [] }
const monitored = { additionalLabels: {}, annotations: {}, tlsConfig: { insecureSkipVerify: true } }
const alert = (severity: string) => ({ enabled: true, labels: { severity } })

/** Every value that MetalLB's chart (0.16) has, filled in as in a file that an operator has kept since the first install. */
export const VALUES_OF_METALLB = {
  ...{ imagePullSecrets: [], nameOverride: '', fullnameOverride: '', loadBalancerClass: '', rbac: { create: true } },
  tls: {
    ...{ cipherSuites: '', curvePreferences: '', minVersion: '' },
    ...{ controllerMetricsTLSSecret: '', speakerMetricsTLSSecret: '' },
  },
  prometheus: {
    ...{ scrapeAnnotations: false, metricsPort: 9120, rbacPrometheus: true, serviceAccount: 'k8s', namespace: 'watch' },
    podMonitor: { enabled: true, additionalLabels: {}, annotations: {}, ...monitor },
    serviceMonitor: { enabled: false, speaker: monitored, controller: monitored, ...monitor },
    prometheusRule: {
      ...{ enabled: true, additionalLabels: {}, annotations: {}, extraAlerts: [] },
      ...{ staleConfig: alert('warning'), configNotLoaded: alert('warning'), bgpSessionDown: alert('critical') },
      addressPoolExhausted: { ...alert('critical'), excludePools: '' },
      addressPoolUsage: {
        ...{ enabled: true, excludePools: '' },
        thresholds: [75, 85, 95].map(percent => ({ percent, labels: { severity: 'warning' } })),
      },
    },
  },
  controller: {
    ...common,
    webhookMode: 'enabled',
    image: image('controller'),
    strategy: { type: 'RollingUpdate' },
    securityContext: nobody,
  },
  speaker: {
    ...{ ...common, image: image('speaker'), tolerateMaster: true, ignoreExcludeLB: false, securityContext: {} },
    ...{ updateStrategy: { type: 'RollingUpdate' }, excludeInterfaces: { enabled: true }, bgpDebounceTimeout: null },
    startupProbe: { enabled: true, failureThreshold: 30, periodSeconds: 5 },
    memberlist: { enabled: true, mlBindPort: 7946, mlBindAddrOverride: '', mlSecretKeyPath: '/etc/ml_secret_key' },
    frr: { enabled: false, image: image('frr'), metricsPort: 9121, resources: {} },
    ...{ reloader: { resources: {} }, frrMetrics: { resources: {} } },
    initContainers: { cpFrrFiles: { resources: {} }, cpReloader: { resources: {} }, cpMetrics: { resources: {} } },
  },
  crds: { enabled: true, validationFailurePolicy: 'Fail' },
  frrk8s: { enabled: true, external: false, namespace: '' },
  'frr-k8s': { prometheus: {} },
  networkpolicies: { enabled: false, defaultDeny: false, apiPort: 6443 },
}
