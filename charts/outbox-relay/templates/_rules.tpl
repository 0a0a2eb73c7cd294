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
{{- range (include "outbox-relay.ownRules" (dict "root" $root "text" (toString $file)) | fromYaml).groups -}}
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

{{/*
The text of a rule file with its own slot and the thresholds of the values. A threshold stands at the end of a line as
`NUMBER # threshold: name`. Takes `root` and `text`.
*/}}
{{- define "outbox-relay.ownRules" -}}
{{- $text := .text -}}
{{- range $name, $value := .root.Values.prometheusRule.thresholds -}}
{{- $number := include "outbox-relay.settingText" $value -}}
{{- $text = regexReplaceAll (printf "(?m)[0-9][0-9.e+]*( # threshold: %s)$" (regexQuoteMeta $name)) $text (printf "%s$1" $number) -}}
{{- end -}}
{{- with .root.Values.config.SLOT_NAME -}}
{{- $text = replace "slot_name=\"outbox_relay\"" (printf "slot_name=\"%s\"" (tpl . $.root)) $text -}}
{{- else -}}
{{- with .root.Values.config.SHARD -}}
{{- $text = replace "slot_name=\"outbox_relay\"" (printf "slot_name=\"outbox_relay_s%s\"" (replace "/" "of" (tpl . $.root))) $text -}}
{{- end -}}
{{- end -}}
{{- $text -}}
{{- end -}}

{{/* A threshold or an alert that no file knows is a slip of the pen, which would leave an alert as it was. */}}
{{- define "outbox-relay.validateRules" -}}
{{- $all := "" -}}
{{- range $path, $file := .Files.Glob "alerts/*.yaml" -}}{{- $all = cat $all (toString $file) -}}{{- end -}}
{{- range $name, $value := .Values.prometheusRule.thresholds -}}
{{- if not (regexMatch (printf "(?m) # threshold: %s$" (regexQuoteMeta $name)) $all) -}}
{{- include "outbox-relay.fail" (printf "prometheusRule.thresholds: no alert has a threshold called %s" $name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $isOff := .Values.prometheusRule.disabled -}}
{{- if not (regexMatch (printf "(?m)alert: %s$" (regexQuoteMeta $name)) $all) -}}
{{- include "outbox-relay.fail" (printf "prometheusRule.disabled: there is no alert called %s" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
