{{- /* What pods of the service know of portfolios; a Job has neither an ordinal nor that file. */ -}}
{{- define "strategic-memory.portfolios-environment" -}}
{{- if gt (int .Values.shards) 1 }}
- name: POD_INDEX
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
- name: STRATEGIC_MEMORY_SHARD
  value: "$(POD_INDEX)/{{ .Values.shards }}"
{{- end }}
{{- if .Values.portfolios }}
- name: STRATEGIC_MEMORY_PORTFOLIO_FILE
  value: /etc/strategic-memory/portfolios/portfolios.toml
{{- end }}
{{- end }}

{{- define "strategic-memory.portfolios-contradictions" -}}
{{- $shards := int .Values.shards -}}
{{- if mod (int .Values.replicas) $shards }}
{{- fail (printf "replicas: %d cannot be shared by shards: %d, so that some would have fewer servers or none, and a shard that nobody syncs turns stale: give a multiple, %d for two servers a shard" (int .Values.replicas) $shards (mul 2 $shards)) }}
{{- end }}
{{- if and (gt $shards 1) (semverCompare "<1.28.0-0" .Capabilities.KubeVersion.Version) }}
{{- fail (printf "shards: %d needs Kubernetes 1.28, which tells pods their ordinal; make a release for each shard, with STRATEGIC_MEMORY_SHARD in settings" $shards) }}
{{- end }}
{{- if and (gt $shards 1) .Values.settings.STRATEGIC_MEMORY_SHARD }}
{{- fail "shards and STRATEGIC_MEMORY_SHARD in settings say the same: give one of them" }}
{{- end }}
{{- range list "STRATEGIC_MEMORY_PORTFOLIOS" "STRATEGIC_MEMORY_PORTFOLIO_FILE" "STRATEGIC_MEMORY_PORTFOLIO_SET" }}
{{- if and $.Values.portfolios (hasKey $.Values.settings .) }}
{{- fail (printf "portfolios and %s in settings both say which portfolios there are: give one of them" .) }}
{{- end }}
{{- end }}
{{- end }}
