{{- define "strategic-memory.pod-security" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "strategic-memory.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* Kubernetes probes gRPC in plain text alone; over TLS it asks HTTP, whose certificate it does not check. */ -}}
{{- define "strategic-memory.probe" -}}
{{ if .root.Values.tls.secret -}}
{{ include "strategic-memory.http-probe" . }}
{{- else -}}
grpc:
  port: 50051
timeoutSeconds: 5
{{- end }}
{{- end }}

{{- define "strategic-memory.http-probe" -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ ternary "HTTPS" "HTTP" (not (empty .root.Values.tls.secret)) }}
timeoutSeconds: 5
{{- end }}

{{- define "strategic-memory.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.tls.secret }}
- name: tls
  mountPath: /etc/strategic-memory/tls
  readOnly: true
{{- end }}
{{- if .Values.access.secret }}
- name: access
  mountPath: /etc/strategic-memory/access
  readOnly: true
{{- end }}
{{- range .Values.secrets }}
- name: secret-{{ . }}
  mountPath: /etc/strategic-memory/secrets/{{ . }}
  readOnly: true
{{- end }}
{{- if .Values.files }}
- name: files
  mountPath: /etc/strategic-memory/files
  readOnly: true
{{- end }}
{{- end }}

{{- /* Readable by the group of the pod, which is fsGroup, and by nobody else. `files`: name of the ConfigMap with the files. */ -}}
{{- define "strategic-memory.volumes" -}}
{{- $files := .files -}}
{{- with .root -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- with .Values.tls.secret }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.access.secret }}
- name: access
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- range .Values.secrets }}
- name: secret-{{ . }}
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- if .Values.files }}
- name: files
  configMap:
    name: {{ $files }}
{{- end }}
{{- end }}
{{- end }}

{{- define "strategic-memory.topology" -}}
{{- $ours := dict "labelSelector" (dict "matchLabels" (include "strategic-memory.selector" . | fromYaml)) -}}
{{- $spread := list -}}
{{- range .Values.topologySpreadConstraints }}{{ $spread = append $spread (merge (dict) . $ours) }}{{ end -}}
{{ toYaml $spread }}
{{- end }}
