import type { JsonSchema } from "./json-schema.ts";

const PORT: JsonSchema = { type: "integer", minimum: 1, maximum: 65_535 };
const PORTS: JsonSchema = { type: "array", items: PORT };
/** A list, or the text of one with templates in it. */
const LIST_OR_TEXT: JsonSchema = { type: ["array", "string"] };
/** Null takes a probe away, or a default that a platform sets itself. */
const OBJECT_OR_NULL: JsonSchema = { type: ["object", "null"] };
const FLAGS: JsonSchema = { type: "object", additionalProperties: { type: "boolean" } };
const NUMBERS: JsonSchema = {
  type: "object",
  additionalProperties: { type: ["number", "string"], pattern: "^[0-9][0-9.e+]*$" },
};
const TEXTS: JsonSchema = { type: "object", additionalProperties: { type: "string" } };
const DURATION: JsonSchema = { type: "string", pattern: "^([0-9]+(ms|s|m|h))*$" };

/** What the defaults of values.yaml cannot tell of a value, by its path. */
export const REFINEMENTS: Readonly<Record<string, JsonSchema>> = {
  commonLabels: TEXTS,
  podLabels: TEXTS,
  podAnnotations: TEXTS,
  annotations: TEXTS,
  "image.repository": { type: "string", pattern: "." },
  "image.digest": { type: "string", pattern: "^(sha256:[0-9a-f]{64})?$" },
  "image.pullPolicy": { enum: ["Always", "IfNotPresent", "Never"] },
  "database.port": PORT,
  "database.sslMode": {
    enum: ["", "disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
  },
  "kafka.brokers": { type: "array", items: { type: "string", pattern: "." } },
  "kafka.sasl.mechanism": {
    enum: ["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"],
  },
  "http.port": PORT,
  extraEnv: LIST_OR_TEXT,
  extraEnvFrom: LIST_OR_TEXT,
  extraVolumes: LIST_OR_TEXT,
  extraVolumeMounts: LIST_OR_TEXT,
  initContainers: LIST_OR_TEXT,
  extraContainers: LIST_OR_TEXT,
  extraObjects: { type: "array", items: { type: ["object", "string"] } },
  "migrations.mode": { enum: ["hook", "job", "initContainer", "external"] },
  "migrations.schema": { type: "string", pattern: "." },
  "migrations.table": { type: "string", pattern: "." },
  "migrations.ttlSecondsAfterFinished": { type: ["integer", "null"], minimum: 0 },
  "migrations.annotations": TEXTS,
  "migrations.podAnnotations": TEXTS,
  startupProbe: OBJECT_OR_NULL,
  livenessProbe: OBJECT_OR_NULL,
  readinessProbe: OBJECT_OR_NULL,
  "podDisruptionBudget.maxUnavailable": { type: ["integer", "string"] },
  "podDisruptionBudget.unhealthyPodEvictionPolicy": {
    enum: ["", "AlwaysAllow", "IfHealthyBudget"],
  },
  "service.type": { enum: ["ClusterIP", "NodePort", "LoadBalancer"] },
  "service.port": PORT,
  "serviceMonitor.labels": TEXTS,
  "serviceMonitor.interval": DURATION,
  "serviceMonitor.scrapeTimeout": DURATION,
  "podMonitor.labels": TEXTS,
  "podMonitor.interval": DURATION,
  "podMonitor.scrapeTimeout": DURATION,
  "prometheusRule.labels": TEXTS,
  "prometheusRule.alertLabels": TEXTS,
  "prometheusRule.disabled": FLAGS,
  "prometheusRule.thresholds": NUMBERS,
  "networkPolicy.egress.postgres.ports": PORTS,
  "networkPolicy.egress.kafka.ports": PORTS,
};
