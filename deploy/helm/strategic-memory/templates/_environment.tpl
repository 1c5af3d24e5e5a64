{{- /* A value as text, as the service reads it: Helm holds every number as a float, and 1000000 would become 1e+06. */ -}}
{{- define "strategic-memory.text" -}}
{{- if kindIs "bool" . }}{{ ternary "on" "off" . }}
{{- else if and (kindIs "float64" .) (eq (floor .) .) }}{{ printf "%.0f" . }}
{{- else }}{{ . }}
{{- end }}
{{- end }}

{{- define "strategic-memory.environment" -}}
{{- $name := include "strategic-memory.name" . -}}
{{- $hosts := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) -}}
- name: REDIS_URL
{{- with .Values.redis }}
{{- if .urlSecret.name }}
  valueFrom:
    secretKeyRef:
      name: {{ .urlSecret.name }}
      key: {{ .urlSecret.key }}
{{- else }}
  value: {{ .url | quote }}
{{- end }}
{{- end }}
- name: STRATEGIC_MEMORY_GRPC_ADDRESS
  value: {{ printf "%s:50051" .Values.listenHost | quote }}
- name: STRATEGIC_MEMORY_HTTP_ADDRESS
  value: {{ printf "%s:8001" .Values.listenHost | quote }}
- name: STRATEGIC_MEMORY_WORKERS
  value: {{ .Values.workers | quote }}
# The image says "on".
- name: STRATEGIC_MEMORY_INSECURE_LISTEN
  value: {{ ternary "on" "off" .Values.insecureListen | quote }}
{{- if .Values.tls.secret }}
- name: STRATEGIC_MEMORY_TLS_CERT
  value: /etc/strategic-memory/tls/tls.crt
- name: STRATEGIC_MEMORY_TLS_KEY
  value: /etc/strategic-memory/tls/tls.key
{{- end }}
{{- with .Values.tls.clientCA }}
- name: STRATEGIC_MEMORY_TLS_CLIENT_CA
  value: /etc/strategic-memory/tls/{{ . }}
{{- end }}
{{- if .Values.access.secret }}
- name: STRATEGIC_MEMORY_ACCESS_FILE
  value: /etc/strategic-memory/access/{{ .Values.access.key }}
{{- end }}
{{- range $variable, $value := merge (dict) .Values.settings (dict "STRATEGIC_MEMORY_HTTP_HOSTS" (join "," $hosts)) }}
- name: {{ $variable }}
  value: {{ include "strategic-memory.text" $value | quote }}
{{- end }}
{{- with .Values.environment }}
{{ toYaml . }}
{{- end }}
{{- end }}
