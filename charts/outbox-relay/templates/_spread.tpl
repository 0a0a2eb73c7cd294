{{/* Where pods go: over zones and hosts as far as there are any. Before Kubernetes 1.27 old pods count as well. */}}
{{- define "outbox-relay.spread" -}}
{{- if .Values.topologySpreadConstraints -}}
{{- $constraints := list -}}
{{- range tpl (toYaml .Values.topologySpreadConstraints) . | fromYamlArray -}}
{{- $selector := dict "labelSelector" (dict "matchLabels" (include "outbox-relay.selectorLabels" $ | fromYaml)) -}}
{{- $constraints = append $constraints (hasKey . "labelSelector" | ternary . (merge (deepCopy .) $selector)) -}}
{{- end -}}
{{- toYaml $constraints -}}
{{- else -}}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "outbox-relay.selectorLabels" $ | nindent 6 }}
  {{- if semverCompare ">=1.27.0-0" $.Capabilities.KubeVersion.Version }}
  matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end -}}
{{- end -}}
