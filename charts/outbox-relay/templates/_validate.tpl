{{/* Seconds of a duration such as 500ms, 20s, 1m or 1h. */}}
{{- define "outbox-relay.seconds" -}}
{{- $text := toString . -}}
{{- $number := regexFind "^[0-9]+" $text | float64 -}}
{{- $unit := regexFind "[a-z]+$" $text -}}
{{- $factors := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 -}}
{{- mulf $number (get $factors $unit | default 1.0) -}}
{{- end -}}

{{- define "outbox-relay.fail" -}}
{{- fail (printf "\n\noutbox-relay: %s\n" .) -}}
{{- end -}}

{{/* Whether one of the names is set by extraEnv, or may be by extraEnvFrom. Takes `root` and `names`. */}}
{{- define "outbox-relay.isExtra" -}}
{{- $found := empty .root.Values.extraEnvFrom | ternary "" "yes" -}}
{{- range .root.Values.extraEnv -}}{{- if and (kindIs "map" .) (has .name $.names) -}}{{- $found = "yes" -}}{{- end -}}{{- end -}}
{{- if kindIs "string" .root.Values.extraEnv -}}{{- $found = "yes" -}}{{- end -}}
{{- $found -}}
{{- end -}}

{{- define "outbox-relay.validateDatabase" -}}
{{- $database := .Values.database -}}
{{- $given := list -}}
{{- if $database.existingSecret.name -}}{{- $given = append $given "database.existingSecret" -}}{{- end -}}
{{- if $database.url -}}{{- $given = append $given "database.url" -}}{{- end -}}
{{- if $database.host -}}{{- $given = append $given "database.host" -}}{{- end -}}
{{- if .Values.config.DATABASE_URL_FILE -}}{{- $given = append $given "config.DATABASE_URL_FILE" -}}{{- end -}}
{{- if gt (len $given) 1 -}}
{{- include "outbox-relay.fail" (printf "the database is given by %s at once; keep one of them" (join " and " $given)) -}}
{{- end -}}
{{- $names := list "RELAY_DATABASE_URL" "RELAY_DATABASE_URL_FILE" "DATABASE_URL" "DATABASE_URL_FILE" "PGHOST" -}}
{{- if and (empty $given) (not (include "outbox-relay.isExtra" (dict "root" . "names" $names))) -}}
{{- include "outbox-relay.fail" "no database: set database.existingSecret.name to a Secret that holds the connection string, e.g. --set database.existingSecret.name=shop-database" -}}
{{- end -}}
{{- if and $database.host (or (not $database.name) (not $database.user)) -}}
{{- include "outbox-relay.fail" "database.host needs database.name and database.user beside it" -}}
{{- end -}}
{{- end -}}

{{- define "outbox-relay.validateKafka" -}}
{{- $kafka := .Values.kafka -}}
{{- $isExtra := include "outbox-relay.isExtra" (dict "root" . "names" (list "RELAY_KAFKA_BROKERS" "RELAY_KAFKA_BROKERS_FILE" "KAFKA_BROKERS" "KAFKA_BOOTSTRAP_SERVERS")) -}}
{{- if and (empty $kafka.brokers) (not .Values.config.KAFKA_BROKERS_FILE) (not $isExtra) -}}
{{- include "outbox-relay.fail" "no brokers: set kafka.brokers to a list of host:port, e.g. --set kafka.brokers={kafka-1:9092}" -}}
{{- end -}}
{{- if and (not $kafka.tls.enabled) (or $kafka.tls.caSecret.name $kafka.tls.clientCertSecret.name) -}}
{{- include "outbox-relay.fail" "kafka.tls has certificates but kafka.tls.enabled is false" -}}
{{- end -}}
{{- $sasl := $kafka.sasl -}}
{{- $oauth := $sasl.oauthbearer -}}
{{- $hasPassword := not (empty $sasl.existingSecret.name) -}}
{{- $hasOauth := or $oauth.tokenEndpointUrl $oauth.tokenSecret.name $oauth.clientSecret.name -}}
{{- if eq $sasl.mechanism "OAUTHBEARER" -}}
{{- if $hasPassword -}}{{- include "outbox-relay.fail" "kafka.sasl.existingSecret is for PLAIN and SCRAM; OAUTHBEARER takes kafka.sasl.oauthbearer" -}}{{- end -}}
{{- if and $oauth.tokenEndpointUrl $oauth.tokenSecret.name -}}{{- include "outbox-relay.fail" "kafka.sasl.oauthbearer has a tokenEndpointUrl and a tokenSecret; keep one of them" -}}{{- end -}}
{{- $isFetched := and $oauth.tokenEndpointUrl $oauth.clientId $oauth.clientSecret.name -}}
{{- if not (or $oauth.tokenSecret.name $isFetched) -}}{{- include "outbox-relay.fail" "OAUTHBEARER needs kafka.sasl.oauthbearer.tokenSecret.name, or tokenEndpointUrl, clientId and clientSecret.name" -}}{{- end -}}
{{- else if $sasl.mechanism -}}
{{- if $hasOauth -}}{{- include "outbox-relay.fail" (printf "kafka.sasl.oauthbearer is set, but kafka.sasl.mechanism is %s" $sasl.mechanism) -}}{{- end -}}
{{- if not $hasPassword -}}{{- include "outbox-relay.fail" (printf "%s needs kafka.sasl.existingSecret.name, a Secret with user name and password" $sasl.mechanism) -}}{{- end -}}
{{- else if or $hasPassword $hasOauth -}}
{{- include "outbox-relay.fail" "kafka.sasl has credentials but no mechanism: set kafka.sasl.mechanism" -}}
{{- end -}}
{{- end -}}

{{- define "outbox-relay.validateMonitoring" -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- include "outbox-relay.fail" "serviceMonitor and podMonitor are both enabled: every sample would be scraped twice; keep one of them" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.service.enabled) -}}
{{- include "outbox-relay.fail" "serviceMonitor needs service.enabled; without a Service take podMonitor" -}}
{{- end -}}
{{- if .Values.prometheusRule.enabled -}}{{- include "outbox-relay.validateRules" . -}}{{- end -}}
{{- if and .Values.dashboards.operator.enabled (not .Values.dashboards.enabled) -}}
{{- include "outbox-relay.fail" "dashboards.operator reads the ConfigMaps of dashboards.enabled" -}}
{{- end -}}
{{- end -}}

{{/* Everything that contradicts itself ends the rendering with a sentence. */}}
{{- define "outbox-relay.validate" -}}
{{- include "outbox-relay.validateDatabase" . -}}
{{- include "outbox-relay.validateKafka" . -}}
{{- include "outbox-relay.validateMonitoring" . -}}
{{- $stop := tpl (toString (default "20s" .Values.config.SHUTDOWN_TIMEOUT)) . -}}
{{- if le (float64 .Values.terminationGracePeriodSeconds) (include "outbox-relay.seconds" $stop | float64) -}}
{{- include "outbox-relay.fail" (printf "terminationGracePeriodSeconds (%d) must exceed config.SHUTDOWN_TIMEOUT (%s), else pods are killed before they have stopped" (int .Values.terminationGracePeriodSeconds) $stop) -}}
{{- end -}}
{{- $policy := .Values.networkPolicy -}}
{{- if and $policy.enabled (or (empty $policy.egress.postgres.to) (empty $policy.egress.kafka.to)) -}}
{{- include "outbox-relay.fail" "networkPolicy needs egress.postgres.to and egress.kafka.to: without them the relay reaches nothing" -}}
{{- end -}}
{{- end -}}
