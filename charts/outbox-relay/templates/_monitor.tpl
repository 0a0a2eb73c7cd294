{{/* Metadata of an object for an operator of the monitoring. Takes `root` and `values`; `end` goes to the name. */}}
{{- define "outbox-relay.monitorMetadata" -}}
name: {{ .end | empty | ternary (include "outbox-relay.fullname" .root) (include "outbox-relay.nameWith" (dict "root" .root "end" (default "x" .end))) }}
namespace: {{ default .root.Release.Namespace .values.namespace }}
labels:
  {{- include "outbox-relay.labels" (dict "root" .root "component" "relay" "more" .values.labels) | nindent 2 }}
{{- with .values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* One endpoint. Takes `root` and `values`. */}}
{{- define "outbox-relay.endpoint" -}}
{{- $auth := .root.Values.http.auth.existingSecret -}}
port: http
path: /metrics
interval: {{ .values.interval }}
{{- with .values.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- if $auth.name }}
basicAuth:
  username:
    name: {{ tpl $auth.name .root }}
    key: {{ $auth.usernameKey }}
  password:
    name: {{ tpl $auth.name .root }}
    key: {{ $auth.passwordKey }}
{{- end }}
{{- with .values.relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
