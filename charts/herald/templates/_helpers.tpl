{{- define "herald.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* 52 characters leave room for "-controller" in the 63 of a label. */}}
{{- define "herald.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "herald.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "herald.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "herald.selectorLabels" -}}
app.kubernetes.io/name: {{ include "herald.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* The templates below take a dict: root (the chart's own context) and component ("controller" or "speaker"). */}}

{{- define "herald.serviceAccountName" -}}
{{- $account := (get .root.Values .component).serviceAccount }}
{{- if $account.create }}
{{- default (printf "%s-%s" (include "herald.fullname" .root) .component) $account.name }}
{{- else }}
{{- default "default" $account.name }}
{{- end }}
{{- end }}

{{- define "herald.serviceAccount" -}}
{{- $account := (get .root.Values .component).serviceAccount }}
{{- if $account.create }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "herald.serviceAccountName" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "herald.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  {{- with $account.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "herald.podMetadata" -}}
{{- $values := get .root.Values .component -}}
labels:
  {{- include "herald.selectorLabels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  component: {{ .component }}
  {{- with $values.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- if or $values.podAnnotations .root.Values.prometheus.scrapeAnnotations }}
annotations:
  {{- if .root.Values.prometheus.scrapeAnnotations }}
  prometheus.io/scrape: "true"
  prometheus.io/scheme: {{ .root.Values.prometheus.protocol }}
  prometheus.io/port: {{ .root.Values.prometheus.metricsPort | quote }}
  {{- end }}
  {{- with $values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* The least time that a process must get to end in good order. */}}
{{- define "herald.leaveSeconds" -}}
{{- if eq .component "speaker" }}
{{- add .root.Values.speaker.bgp.gracefulShutdownSeconds 8 }}
{{- else }}0
{{- end }}
{{- end }}

{{- define "herald.podPlacement" -}}
{{- $values := get .root.Values .component -}}
serviceAccountName: {{ include "herald.serviceAccountName" . }}
terminationGracePeriodSeconds: {{ max (int $values.terminationGracePeriodSeconds) (int (include "herald.leaveSeconds" .)) }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with (include "herald.topologySpread" . | trim) }}
topologySpreadConstraints:
  {{- . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- end }}

{{- /* Several replicas on one node would all go with it. */}}
{{- define "herald.topologySpread" -}}
{{- if eq .component "controller" }}
{{- $controller := .root.Values.controller }}
{{- $constraints := $controller.topologySpreadConstraints }}
{{- if and (not $constraints) (gt (int $controller.replicas) 1) }}
{{- $constraints = list (dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway") }}
{{- end }}
{{- /* Without a selector, a constraint counts no pod. */}}
{{- $own := merge (dict "app.kubernetes.io/component" "controller") (include "herald.selectorLabels" .root | fromYaml) }}
{{- range $constraints }}
- {{ toYaml (merge (dict) . (dict "labelSelector" (dict "matchLabels" $own))) | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Labels of an object of one component. */}}
{{- define "herald.componentLabels" -}}
{{ include "herald.labels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "herald.image" -}}
image: "{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{- define "herald.command" -}}
command:
  - node
  {{- with (get .root.Values .component).nodeFlags }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  - /herald/{{ .component }}.js
{{- end }}

{{- define "herald.commonArgs" -}}
- --log-level={{ (get .root.Values .component).logLevel }}
- --port={{ .root.Values.prometheus.metricsPort }}
- --metrics-prefix={{ .root.Values.prometheus.metricsPrefix }}
- --metrics-protocol={{ .root.Values.prometheus.protocol }}
{{- with .root.Values.prometheus.host }}
- {{ printf "--host=%s" . | quote }}
{{- end }}
{{- if eq .root.Values.prometheus.protocol "https" }}
{{- if include "herald.metricsSecret" . }}
- --metrics-cert-dir=/etc/herald/metrics
{{- end }}
{{- with .root.Values.tls }}
{{- with .minVersion }}
- --tls-min-version={{ . }}
{{- end }}
{{- with .cipherSuites }}
- --tls-cipher-suites={{ . }}
{{- end }}
{{- with .curvePreferences }}
- {{ printf "--tls-curve-preferences=%s" . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- with .root.Values.loadBalancerClass }}
- --lb-class={{ . }}
{{- end }}
{{- end }}

{{- /* The Secret with the certificate of the metrics; empty: none. */}}
{{- define "herald.metricsSecret" -}}
{{- if eq .root.Values.prometheus.protocol "https" }}
{{- get .root.Values.tls (printf "%sMetricsTLSSecret" .component) }}
{{- end }}
{{- end }}

{{- /* The volumes of a pod, and where its container has them. */}}
{{- define "herald.volumes" -}}
{{- with include "herald.metricsSecret" . | trim }}
- name: metrics-certificate
  secret:
    secretName: {{ . }}
{{- end }}
{{- end }}
{{- define "herald.volumeMounts" -}}
{{- if include "herald.metricsSecret" . | trim }}
- name: metrics-certificate
  mountPath: /etc/herald/metrics
  readOnly: true
{{- end }}
{{- end }}

{{- /* Who reads the metrics is the API server's to say. */}}
{{- define "herald.reviewRules" -}}
{{- if eq .Values.prometheus.protocol "https" }}
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end }}
{{- end }}

{{- define "herald.commonEnvironment" -}}
- name: HERALD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: HERALD_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: HERALD_NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
# Each thread would keep freed memory for itself, in an arena of its own.
- name: MALLOC_ARENA_MAX
  value: "1"
{{- end }}

{{- /* Which nodes may announce: every process that works it out must have the same. */}}
{{- define "herald.candidateArgs" -}}
{{- if .Values.speaker.ignoreExcludeLB }}
- --ignore-exclude-lb
{{- end }}
{{- if .Values.speaker.drain.onCordon }}
- --drain-on-cordon
{{- end }}
{{- range .Values.speaker.drain.onTaints }}
- {{ printf "--drain-on-taint=%s" . | quote }}
{{- end }}
{{- end }}

{{- /* Takes probe (the values of one probe), path, and host, or none for the pod's own address. */}}
{{- define "herald.probe" -}}
httpGet:
  {{- with .host }}
  host: {{ . }}
  {{- end }}
  path: {{ .path }}
  port: 17472
{{ toYaml (omit .probe "enabled") }}
{{- end }}

{{- /* Takes root, component, kind (Role or ClusterRole) and rules. */}}
{{- define "herald.role" -}}
{{- $name := printf "%s:%s" (include "herald.fullname" .root) .component -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: {{ $name }}
  {{- if eq .kind "Role" }}
  namespace: {{ .root.Release.Namespace }}
  {{- end }}
  labels:
    {{- include "herald.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ $name }}
  {{- if eq .kind "Role" }}
  namespace: {{ .root.Release.Namespace }}
  {{- end }}
  labels:
    {{- include "herald.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ $name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "herald.serviceAccountName" . }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}
