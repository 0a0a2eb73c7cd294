{{/* One value of `config` as the text of a variable: YAML knows numbers, booleans and lists, the relay reads text. */}}
{{- define "outbox-relay.settingText" -}}
{{- if kindIs "slice" . -}}
{{- $texts := list -}}
{{- range . -}}{{- $texts = append $texts (include "outbox-relay.settingText" .) -}}{{- end -}}
{{- join "," $texts -}}
{{- else if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- int64 . -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}

{{/* Every setting that is no secret, as a map of variables. Values of a setting win over those of `config`. */}}
{{- define "outbox-relay.settings" -}}
{{- $root := . -}}
{{- $settings := dict "RELAY_HTTP_LISTEN" (printf "%s:%d" .Values.http.host (int .Values.http.port)) -}}
{{- range $name, $value := .Values.config -}}
{{- if not (kindIs "invalid" $value) -}}
{{- $_ := set $settings (printf "RELAY_%s" $name) (tpl (include "outbox-relay.settingText" $value) $root) -}}
{{- end -}}
{{- end -}}
{{- $given := dict
  "PGHOST" .Values.database.host
  "PGPORT" (empty .Values.database.host | ternary "" (toString .Values.database.port))
  "PGDATABASE" .Values.database.name
  "PGUSER" .Values.database.user
  "RELAY_DATABASE_SSL_MODE" .Values.database.sslMode
  "RELAY_KAFKA_BROKERS" (join "," .Values.kafka.brokers)
  "RELAY_KAFKA_TLS_ENABLED" (.Values.kafka.tls.enabled | ternary "true" "")
  "RELAY_KAFKA_SASL_MECHANISM" .Values.kafka.sasl.mechanism
  "RELAY_KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL" .Values.kafka.sasl.oauthbearer.tokenEndpointUrl
  "RELAY_KAFKA_SASL_OAUTHBEARER_CLIENT_ID" .Values.kafka.sasl.oauthbearer.clientId
  "RELAY_KAFKA_SASL_OAUTHBEARER_SCOPE" .Values.kafka.sasl.oauthbearer.scope
  "RELAY_KAFKA_SASL_OAUTHBEARER_AUDIENCE" .Values.kafka.sasl.oauthbearer.audience
  "RELAY_KAFKA_SASL_OAUTHBEARER_EXTENSIONS" .Values.kafka.sasl.oauthbearer.extensions -}}
{{- range $name, $value := $given -}}
{{- if $value -}}{{- $_ := set $settings $name (tpl $value $root) -}}{{- end -}}
{{- end -}}
{{- toYaml $settings -}}
{{- end -}}

{{/* The part of them that a migration reads. It is written into its pod: a hook cannot count on the ConfigMap. */}}
{{- define "outbox-relay.migrationSettings" -}}
{{- $own := dict -}}
{{- $hasOwner := not (empty .Values.migrations.database.existingSecret.name) -}}
{{- range $name, $value := include "outbox-relay.settings" . | fromYaml -}}
{{- $isPart := hasPrefix "PG" $name -}}
{{- $isUrl := has $name (list "RELAY_DATABASE_URL_FILE" "RELAY_MIGRATION_DATABASE_URL_FILE") -}}
{{- if or (hasPrefix "RELAY_DATABASE_" $name) (hasPrefix "RELAY_MIGRATION_" $name) (has $name (list "RELAY_PUBLICATION_NAME" "RELAY_SHARD" "RELAY_COLUMN_KEY")) $isPart -}}
{{- if not (and $hasOwner (or $isPart $isUrl)) -}}{{- $_ := set $own $name $value -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $own -}}
{{- end -}}
