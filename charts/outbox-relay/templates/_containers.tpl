{{/* What every pod of the chart has. Takes `root` and `serviceAccountName`. */}}
{{- define "outbox-relay.podBasics" -}}
{{- $values := .root.Values -}}
serviceAccountName: {{ .serviceAccountName }}
automountServiceAccountToken: {{ $values.automountServiceAccountToken }}
enableServiceLinks: {{ $values.enableServiceLinks }}
securityContext:
  {{- include "outbox-relay.withoutNulls" $values.podSecurityContext | nindent 2 }}
{{- with $values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with $values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with $values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "outbox-relay.containerBasics" -}}
image: {{ include "outbox-relay.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- include "outbox-relay.withoutNulls" .Values.securityContext | nindent 2 }}
{{- end -}}

{{/* Variables, with the files of the secrets. Takes `root` and `secrets`; `settings` writes them out instead of the ConfigMap. */}}
{{- define "outbox-relay.env" -}}
{{- $settings := default dict .settings -}}
{{- $env := include "outbox-relay.secretEnv" .secrets | trim -}}
{{- if or $settings $env .root.Values.extraEnv -}}
env:
  {{- range $name, $value := $settings }}
  - name: {{ $name }}
    {{- /* Kubernetes replaces $(NAME) here, though not in a ConfigMap. */}}
    value: {{ $value | replace "$(" "$$(" | quote }}
  {{- end }}
  {{- with $env }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .root.Values.extraEnv }}
  {{- include "outbox-relay.tpl" (dict "root" $.root "value" .) | nindent 2 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Takes `root` and `hasConfigMap`. */}}
{{- define "outbox-relay.envFrom" -}}
{{- if or .hasConfigMap .root.Values.extraEnvFrom -}}
envFrom:
  {{- if .hasConfigMap }}
  - configMapRef:
      name: {{ include "outbox-relay.fullname" .root }}
  {{- end }}
  {{- with .root.Values.extraEnvFrom }}
  {{- include "outbox-relay.tpl" (dict "root" $.root "value" .) | nindent 2 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The root is read-only; tmp is the one place to write. Takes `root` and `secrets`. */}}
{{- define "outbox-relay.volumeMounts" -}}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- with include "outbox-relay.secretMounts" .secrets | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .root.Values.extraVolumeMounts }}
  {{- include "outbox-relay.tpl" (dict "root" $.root "value" .) | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "outbox-relay.volumes" -}}
volumes:
  - name: tmp
    emptyDir: {}
  {{- with include "outbox-relay.secretVolumes" .secrets | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .root.Values.extraVolumes }}
  {{- include "outbox-relay.tpl" (dict "root" $.root "value" .) | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* `outbox-relay migrate up`, in a Job or before the relay. */}}
{{- define "outbox-relay.migrationContainer" -}}
{{- $secrets := include "outbox-relay.migrationSecrets" . | fromYamlArray -}}
name: migrate
{{ include "outbox-relay.containerBasics" . }}
args: [migrate, up, --schema, {{ .Values.migrations.schema | quote }}, --table, {{ .Values.migrations.table | quote }}]
{{- with include "outbox-relay.env" (dict "root" . "secrets" $secrets "settings" (include "outbox-relay.migrationSettings" . | fromYaml)) }}
{{ . }}
{{- end }}
{{- with include "outbox-relay.envFrom" (dict "root" . "hasConfigMap" false) }}
{{ . }}
{{- end }}
{{ include "outbox-relay.volumeMounts" (dict "root" . "secrets" $secrets) }}
{{- with .Values.migrations.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A probe: the default with what the values say; another kind of check takes the place of the request. Takes `values` and `default`. */}}
{{- define "outbox-relay.probe" -}}
{{- $probe := mergeOverwrite (deepCopy .default) (deepCopy .values) -}}
{{- if or $probe.exec $probe.tcpSocket $probe.grpc -}}{{- $probe = omit $probe "httpGet" -}}{{- end -}}
{{- toYaml $probe -}}
{{- end -}}
