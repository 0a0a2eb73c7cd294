{{/* Takes `root`, `secrets`, `account` and `isHook`. A hook is removed by its delete policy, never by time. */}}
{{- define "outbox-relay.migrationSpec" -}}
{{- $migrations := .root.Values.migrations -}}
backoffLimit: {{ $migrations.backoffLimit }}
activeDeadlineSeconds: {{ $migrations.activeDeadlineSeconds }}
{{- if not (or .isHook (kindIs "invalid" $migrations.ttlSecondsAfterFinished)) }}
ttlSecondsAfterFinished: {{ $migrations.ttlSecondsAfterFinished }}
{{- end }}
template:
  metadata:
    labels:
      {{- include "outbox-relay.podLabels" (dict "root" .root "component" "migrate") | nindent 6 }}
    {{- with $migrations.podAnnotations }}
    annotations:
      {{- include "outbox-relay.tpl" (dict "root" $.root "value" .) | nindent 6 }}
    {{- end }}
  spec:
    {{- include "outbox-relay.podBasics" (dict "root" .root "serviceAccountName" .account) | nindent 4 }}
    restartPolicy: Never
    containers:
      -
        {{- include "outbox-relay.migrationContainer" .root | nindent 8 }}
    {{- include "outbox-relay.volumes" (dict "root" .root "secrets" .secrets) | nindent 4 }}
{{- end -}}
