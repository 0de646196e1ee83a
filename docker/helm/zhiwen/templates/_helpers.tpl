{{/* Labels. `app` selects: a service named by the release finds its own pods only. */}}
{{- define "zhiwen.labels" -}}
app: {{ .root.Release.Name }}-{{ .component }}
app.kubernetes.io/name: zhiwen
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{- define "zhiwen.selector" -}}
app: {{ .root.Release.Name }}-{{ .component }}
{{- end }}

{{/* Host names that API and interface answer to: the services' own, the ingress', and those given. */}}
{{- define "zhiwen.hosts" -}}
{{- $hosts := list (printf "%s-api" .Release.Name) (printf "%s-ui" .Release.Name) -}}
{{- if .Values.ingress.enabled -}}
{{- $hosts = concat $hosts (without (list .Values.ingress.host .Values.ingress.apiHost) "") -}}
{{- end -}}
{{- with .Values.settings.ZHIWEN_ALLOWED_HOSTS -}}
{{- $hosts = append $hosts . -}}
{{- end -}}
{{- join "," $hosts -}}
{{- end }}

{{/* Settings of API, worker and jobs; those in values win. */}}
{{- define "zhiwen.environment" -}}
{{- $given := dict
  "ZHIWEN_PROFILE" "gpu"
  "ZHIWEN_DATA_DIR" "/data"
  "ZHIWEN_MODELS_DIR" "/models"
  "ZHIWEN_ALLOWED_HOSTS" (include "zhiwen.hosts" .)
  "ZHIWEN_PUBLIC_METRICS" "true" -}}
{{- if .Values.vllm.enabled -}}
{{- $_ := set $given "ZHIWEN_ENGINE_URL" (printf "http://%s-router:8100/v1" .Release.Name) -}}
{{- $_ := set $given "ZHIWEN_CHAT_MODEL" .Values.vllm.model -}}
{{- $_ := set $given "ZHIWEN_CONTEXT_TOKENS" (.Values.vllm.contextTokens | int | toString) -}}
{{- end -}}
{{- with .Values.files.url -}}
{{- $_ := set $given "ZHIWEN_FILES_URL" . -}}
{{- end -}}
{{- if .Values.ingress.enabled -}}
{{- $_ := set $given "ZHIWEN_UI_URL" (printf "https://%s" .Values.ingress.host) -}}
{{- end -}}
{{- range $name, $value := merge (omit .Values.settings "ZHIWEN_ALLOWED_HOSTS") $given }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* Secrets of what reads and writes original files: API and worker. */}}
{{- define "zhiwen.secrets" -}}
- secretRef: {name: {{ .Values.secret }}}
{{- if and .Values.files.url .Values.files.secret }}
- secretRef: {name: {{ .Values.files.secret }}}
{{- end }}
{{- end }}

{{- define "zhiwen.pod" -}}
automountServiceAccountToken: false
# A service named zhiwen-api would set ZHIWEN_API_PORT to tcp://…, and so on.
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "zhiwen.guarded" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "zhiwen.mounts" -}}
- {name: data, mountPath: /data}
{{- if not .Values.files.url }}
- {name: files, mountPath: /data/files}
{{- end }}
- {name: models, mountPath: /models}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "zhiwen.volumes" -}}
- name: data
  emptyDir: {sizeLimit: 20Gi}
{{- if not .Values.files.url }}
- name: files
  persistentVolumeClaim: {claimName: {{ .Release.Name }}-files}
{{- end }}
- name: models
  persistentVolumeClaim: {claimName: {{ .Release.Name }}-models}
- name: tmp
  emptyDir: {}
{{- end }}

{{/* Fetches the embedder and a tokenizer, once: API and workers wait for it. */}}
{{- define "zhiwen.pull" -}}
- name: models
  image: {{ .Values.zhiwen.image }}
  command: [zhiwen, models, pull]
  env: {{- include "zhiwen.environment" . | nindent 4 }}
  envFrom:
    - secretRef: {name: {{ .Values.secret }}}
  securityContext: {{- include "zhiwen.guarded" . | nindent 4 }}
  resources:
    requests: {cpu: 100m, memory: 256Mi}
    limits: {memory: 1Gi}
  volumeMounts: {{- include "zhiwen.mounts" . | nindent 4 }}
{{- end }}

{{/* At least one pod stays while nodes are drained. */}}
{{- define "zhiwen.budget" -}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .root.Release.Name }}-{{ .component }}
  labels: {{- include "zhiwen.labels" . | nindent 4 }}
spec:
  minAvailable: 1
  selector:
    matchLabels: {{- include "zhiwen.selector" . | nindent 6 }}
{{- end }}
