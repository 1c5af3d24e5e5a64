{{- /* Values that are each permitted and cannot be meant together. */ -}}
{{- define "strategic-memory.contradictions" -}}
{{- $known := or .Values.tls.secret .Values.access.secret -}}
{{- if not (or $known .Values.insecureListen) }}
{{- fail "whoever reaches the pods could read the advice, and nothing would be encrypted: name a Secret in tls.secret or access.secret, or where the network is private say insecureListen: true" }}
{{- end }}
{{- if and $known .Values.insecureListen }}
{{- fail "insecureListen is for plain text without an access file: leave it out, or empty tls.secret and access.secret" }}
{{- end }}
{{- if and .Values.tls.clientCA (not .Values.tls.secret) }}
{{- fail "tls.clientCA needs tls.secret: only over TLS does a client show a certificate" }}
{{- end }}
{{- if and (gt (int .Values.workers) 1) (eq (dig "limits" "memory" "" .Values.resources | toString) "256Mi") }}
{{- fail (printf "workers: %d in the memory of one: give resources.limits.memory and resources.requests.memory 256Mi for each worker" (int .Values.workers)) }}
{{- end }}
{{- if regexMatch "//[^/@]*:[^/@]*@|[?&](ssl_)?password=" .Values.redis.url }}
{{- fail "redis.url holds a password, which whoever may read the release could see: put the URL into a Secret and name that in redis.urlSecret.name" }}
{{- end }}
{{- with .Values.prepareRedis }}
{{- if ne (empty .admin) (empty .passwordSecret.name) }}
{{- fail "prepareRedis.admin and prepareRedis.passwordSecret.name belong together: give both or none" }}
{{- end }}
{{- end }}
{{- range .Values.environment }}
{{- if regexMatch "^(STRATEGIC_MEMORY_|MEMORY_SYNC_|REDIS_URL$)" .name }}
{{- fail (printf "environment: %s is a setting of the service; settings and redis are the place for those" .name) }}
{{- end }}
{{- end }}
{{- $public := .Values.settings.STRATEGIC_MEMORY_PUBLIC | default "" -}}
{{- if and .Values.serviceMonitor.enabled .Values.access.secret (not .Values.serviceMonitor.tokenSecret.name) (not (contains "metrics" $public)) }}
{{- fail "Prometheus would be refused with 401: name a Secret with a token in serviceMonitor.tokenSecret.name, or set STRATEGIC_MEMORY_PUBLIC: metrics in settings" }}
{{- end }}
{{- end }}
