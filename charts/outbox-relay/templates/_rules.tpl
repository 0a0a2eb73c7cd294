{{/*
The groups of the files in alerts/, changed as the values say. The files are parsed and written again, never run as
templates: what they hold in double braces is for Prometheus.
*/}}
{{- define "outbox-relay.ruleGroups" -}}
{{- $root := . -}}
{{- $values := .Values.prometheusRule -}}
{{- $groups := list -}}
{{- range $path, $file := .Files.Glob "alerts/*.yaml" -}}
{{- if or $values.postgresExporterRules (ne (base $path) "postgres-exporter.yaml") -}}
{{- range (include "outbox-relay.withThresholds" (dict "text" (toString $file) "thresholds" $values.thresholds) | fromYaml).groups -}}
{{- $rules := list -}}
{{- range .rules -}}
{{- $isOff := or (get $values.disabled (default "" .alert)) (and (eq (default "" .alert) "RelayNoStandby") (lt (int $root.Values.replicaCount) 2)) -}}
{{- if not $isOff -}}{{- $rules = append $rules (include "outbox-relay.rule" (dict "rule" . "values" $values) | fromYaml) -}}{{- end -}}
{{- end -}}
{{- if $rules -}}{{- $groups = append $groups (merge (dict "rules" $rules) (omit . "rules")) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with $values.additionalRules -}}
{{- $groups = append $groups (dict "name" "outbox-relay-additional" "rules" .) -}}
{{- end -}}
{{- toYaml $groups -}}
{{- end -}}

{{/* One rule with the labels and the runbook of the values. */}}
{{- define "outbox-relay.rule" -}}
{{- $rule := deepCopy .rule -}}
{{- if and $rule.alert .values.alertLabels -}}
{{- $_ := set $rule "labels" (merge (deepCopy .values.alertLabels) (default dict $rule.labels)) -}}
{{- end -}}
{{- if and $rule.alert .values.runbookUrl -}}
{{- $url := replace "{alert}" $rule.alert .values.runbookUrl -}}
{{- $_ := set $rule "annotations" (merge (dict "runbook_url" $url) (default dict $rule.annotations)) -}}
{{- end -}}
{{- toYaml $rule -}}
{{- end -}}

{{/* Takes the `text` of a rule file and the `thresholds` of the values. */}}
{{- define "outbox-relay.withThresholds" -}}
{{- .text -}}
{{- end -}}
