{{- define "herald.checkMonitors" -}}
{{- with .Values.prometheus }}
{{- if and .podMonitor.enabled .serviceMonitor.enabled }}
{{- fail "prometheus.podMonitor.enabled and prometheus.serviceMonitor.enabled exclude each other: both would read the same metrics twice" }}
{{- end }}
{{- if and (eq .protocol "http") (or .podMonitor.enabled .serviceMonitor.enabled) (has .host (list "" "127.0.0.1" "::1")) }}
{{- fail "with prometheus.protocol=http metrics are served on 127.0.0.1, where Prometheus does not reach them: set prometheus.host to \"::\" as well" }}
{{- end }}
{{- if and .rbacPrometheus (or .podMonitor.enabled .serviceMonitor.enabled) }}
{{- if not (and .serviceAccount .namespace) }}
{{- fail "prometheus.serviceAccount and prometheus.namespace are needed to let Prometheus read the metrics; or set prometheus.rbacPrometheus=false and see to its permissions yourself" }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* One endpoint of a monitor. Takes root, monitor (its values) tlsConfig, and bearerTokenFile or bearerTokenSecret. */}}
{{- define "herald.scrapeEndpoint" -}}
- port: metrics
  scheme: {{ .root.Values.prometheus.protocol }}
  {{- if eq .root.Values.prometheus.protocol "https" }}
  {{- with .bearerTokenFile }}
  bearerTokenFile: {{ . }}
  {{- end }}
  {{- with .bearerTokenSecret }}
  authorization:
    credentials:
      name: {{ . }}
      key: token
  {{- end }}
  {{- with .tlsConfig }}
  tlsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  # The metrics' own labels "service" and "node" stay as they are.
  honorLabels: true
  {{- with .monitor.interval }}
  interval: {{ . }}
  {{- end }}
  {{- with .monitor.metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  relabelings:
    - sourceLabels: [__meta_kubernetes_pod_node_name]
      targetLabel: node
    {{- with .monitor.relabelings }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
