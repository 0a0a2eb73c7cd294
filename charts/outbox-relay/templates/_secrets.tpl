{{/*
Secrets come as files of a volume each, and the relay gets their paths: they do not show up in `kubectl describe`, in the
environment of a debugger or in a crash report. Each entry: name of the volume, name of the Secret, and keys by variable.
*/}}
{{- define "outbox-relay.databaseSecrets" -}}
{{- $database := .Values.database -}}
- volume: database-url
  secret: {{ ternary (include "outbox-relay.fullname" .) (tpl $database.existingSecret.name .) (not (empty $database.url)) | quote }}
  keys:
    RELAY_DATABASE_URL_FILE: {{ ternary "DATABASE_URL" $database.existingSecret.key (not (empty $database.url)) | quote }}
- volume: database-password
  secret: {{ tpl $database.passwordSecret.name . | quote }}
  keys:
    PGPASSWORD_FILE: {{ $database.passwordSecret.key | quote }}
{{- end -}}

{{- define "outbox-relay.databaseTls" -}}
{{- $database := .Values.database -}}
- volume: database-ca
  secret: {{ tpl $database.caSecret.name . | quote }}
  keys:
    RELAY_DATABASE_SSL_CA_FILE: {{ $database.caSecret.key | quote }}
- volume: database-client
  secret: {{ tpl $database.clientCertSecret.name . | quote }}
  keys:
    RELAY_DATABASE_SSL_CERT_FILE: {{ $database.clientCertSecret.certKey | quote }}
    RELAY_DATABASE_SSL_KEY_FILE: {{ $database.clientCertSecret.keyKey | quote }}
{{- end -}}

{{- define "outbox-relay.kafkaSecrets" -}}
{{- $tls := .Values.kafka.tls -}}
{{- $sasl := .Values.kafka.sasl -}}
- volume: kafka-ca
  secret: {{ tpl $tls.caSecret.name . | quote }}
  keys:
    RELAY_KAFKA_TLS_CA_FILE: {{ $tls.caSecret.key | quote }}
- volume: kafka-client
  secret: {{ tpl $tls.clientCertSecret.name . | quote }}
  keys:
    RELAY_KAFKA_TLS_CERT_FILE: {{ $tls.clientCertSecret.certKey | quote }}
    RELAY_KAFKA_TLS_KEY_FILE: {{ $tls.clientCertSecret.keyKey | quote }}
    {{- with $tls.clientCertSecret.passphraseKey }}
    RELAY_KAFKA_TLS_KEY_PASSPHRASE_FILE: {{ . | quote }}
    {{- end }}
- volume: kafka-sasl
  secret: {{ tpl $sasl.existingSecret.name . | quote }}
  keys:
    RELAY_KAFKA_SASL_USERNAME_FILE: {{ $sasl.existingSecret.usernameKey | quote }}
    RELAY_KAFKA_SASL_PASSWORD_FILE: {{ $sasl.existingSecret.passwordKey | quote }}
- volume: kafka-oauth-client
  secret: {{ tpl $sasl.oauthbearer.clientSecret.name . | quote }}
  keys:
    RELAY_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET_FILE: {{ $sasl.oauthbearer.clientSecret.key | quote }}
- volume: kafka-oauth-token
  secret: {{ tpl $sasl.oauthbearer.tokenSecret.name . | quote }}
  keys:
    RELAY_KAFKA_SASL_OAUTHBEARER_TOKEN_FILE: {{ $sasl.oauthbearer.tokenSecret.key | quote }}
{{- end -}}

{{/* Of the relay itself. */}}
{{- define "outbox-relay.relaySecrets" -}}
{{- $replication := .Values.database.replicationSecret -}}
{{- $auth := .Values.http.auth.existingSecret -}}
{{ include "outbox-relay.databaseSecrets" . }}
{{ include "outbox-relay.databaseTls" . }}
- volume: replication-url
  secret: {{ tpl $replication.name . | quote }}
  keys:
    RELAY_REPLICATION_URL_FILE: {{ $replication.key | quote }}
{{ include "outbox-relay.kafkaSecrets" . }}
- volume: http-auth
  secret: {{ tpl $auth.name . | quote }}
  keys:
    RELAY_HTTP_AUTH_USERNAME_FILE: {{ $auth.usernameKey | quote }}
    RELAY_HTTP_AUTH_PASSWORD_FILE: {{ $auth.passwordKey | quote }}
{{- end -}}

{{/* Of a migration: with a role of its own it does not see the relay's. */}}
{{- define "outbox-relay.migrationSecrets" -}}
{{- $owner := .Values.migrations.database.existingSecret -}}
{{- if $owner.name -}}
- volume: migration-url
  secret: {{ tpl $owner.name . | quote }}
  keys:
    RELAY_DATABASE_URL_FILE: {{ $owner.key | quote }}
{{- else if and .Values.database.url (eq .Values.migrations.mode "hook") -}}
- volume: database-url
  secret: {{ include "outbox-relay.nameWith" (dict "root" . "end" "migrate") | quote }}
  keys:
    RELAY_DATABASE_URL_FILE: DATABASE_URL
{{- else -}}
{{ include "outbox-relay.databaseSecrets" . }}
{{- end }}
{{ include "outbox-relay.databaseTls" . }}
{{- end -}}

{{/* The same three for a list of such entries: variables, volumes, mounts. An entry without a Secret is passed over. */}}
{{- define "outbox-relay.secretEnv" -}}
{{- range . }}{{- if .secret }}
{{- $volume := .volume }}
{{- range $variable, $key := .keys }}
- name: {{ $variable }}
  value: /etc/outbox-relay/{{ $volume }}/{{ $key }}
{{- end }}
{{- end }}{{- end }}
{{- end -}}

{{- define "outbox-relay.secretVolumes" -}}
{{- range . }}{{- if .secret }}
- name: {{ .volume }}
  secret:
    secretName: {{ .secret }}
    items:
      {{- range $variable, $key := .keys }}
      - key: {{ $key }}
        path: {{ $key }}
      {{- end }}
{{- end }}{{- end }}
{{- end -}}

{{- define "outbox-relay.secretMounts" -}}
{{- range . }}{{- if .secret }}
- name: {{ .volume }}
  mountPath: /etc/outbox-relay/{{ .volume }}
  readOnly: true
{{- end }}{{- end }}
{{- end -}}
