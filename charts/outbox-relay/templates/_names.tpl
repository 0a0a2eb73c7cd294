{{- define "outbox-relay.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* A release that is called like the chart does not get its name twice. */}}
{{- define "outbox-relay.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- default $full .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The full name with an end that is never cut off. Takes `root` and `end`. */}}
{{- define "outbox-relay.nameWith" -}}
{{- $room := int (sub 62 (len .end)) -}}
{{- printf "%s-%s" (include "outbox-relay.fullname" .root | trunc $room | trimSuffix "-") .end -}}
{{- end -}}

{{/* What never changes in the life of a release: a selector cannot be changed. */}}
{{- define "outbox-relay.selectorLabels" -}}
app.kubernetes.io/name: {{ include "outbox-relay.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: relay
{{- end -}}

{{/* Labels of an object. Takes `root` and `component`. */}}
{{- define "outbox-relay.labels" -}}
{{- $own := dict
  "app.kubernetes.io/name" (include "outbox-relay.name" .root)
  "app.kubernetes.io/instance" .root.Release.Name
  "app.kubernetes.io/component" .component
  "app.kubernetes.io/version" .root.Chart.AppVersion
  "app.kubernetes.io/managed-by" .root.Release.Service
  "app.kubernetes.io/part-of" "outbox-relay"
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63) -}}
{{- $common := tpl (toYaml .root.Values.commonLabels) .root | fromYaml -}}
{{- merge $own (default dict .more) $common | toYaml -}}
{{- end -}}

{{/* Labels of a pod: without the chart's version, which would replace every pod. Takes `root`, `component` and `more`. */}}
{{- define "outbox-relay.podLabels" -}}
{{- $own := dict
  "app.kubernetes.io/name" (include "outbox-relay.name" .root)
  "app.kubernetes.io/instance" .root.Release.Name
  "app.kubernetes.io/component" .component -}}
{{- $common := tpl (toYaml .root.Values.commonLabels) .root | fromYaml -}}
{{- merge $own (default dict .more) $common | toYaml -}}
{{- end -}}

{{- define "outbox-relay.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "outbox-relay.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "outbox-relay.image" -}}
{{- $image := .Values.image -}}
{{- $name := empty $image.registry | ternary $image.repository (printf "%s/%s" $image.registry $image.repository) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* A value as YAML, its templates filled in. Takes `root` and `value`. */}}
{{- define "outbox-relay.tpl" -}}
{{- tpl (kindIs "string" .value | ternary .value (toYaml .value)) .root -}}
{{- end -}}

{{/* A map without the keys whose value is null, which is how a value file takes a default away. */}}
{{- define "outbox-relay.withoutNulls" -}}
{{- $kept := dict -}}
{{- range $key, $value := . -}}
{{- if not (kindIs "invalid" $value) -}}{{- $_ := set $kept $key $value -}}{{- end -}}
{{- end -}}
{{- toYaml $kept -}}
{{- end -}}
