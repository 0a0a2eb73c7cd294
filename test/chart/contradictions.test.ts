import { describe, expect, it } from "@jest/globals";
import { ciFile, set, template } from "../support/chart/chart.ts";

interface Case {
  readonly what: string;
  readonly values: readonly string[];
  readonly message: string;
}

const CASES: readonly Case[] = [
  {
    what: "no database",
    values: ["database.existingSecret.name="],
    message: "no database: set database.existingSecret.name",
  },
  {
    what: "two databases",
    values: ["database.url=postgres://a/b"],
    message: "given by database.existingSecret and database.url at once",
  },
  {
    what: "a database and a file of one",
    values: ["config.DATABASE_URL_FILE=/vault/url"],
    message: "given by database.existingSecret and config.DATABASE_URL_FILE at once",
  },
  {
    what: "a host without a role",
    values: ["database.existingSecret.name=", "database.host=db", "database.name=shop"],
    message: "database.host needs database.name and database.user",
  },
  { what: "no brokers", values: ["kafka.brokers=null"], message: "no brokers: set kafka.brokers" },
  {
    what: "certificates without TLS",
    values: ["kafka.tls.caSecret.name=ca"],
    message: "kafka.tls.enabled is false",
  },
  {
    what: "SCRAM without a password",
    values: ["kafka.sasl.mechanism=SCRAM-SHA-512"],
    message: "SCRAM-SHA-512 needs kafka.sasl.existingSecret.name",
  },
  {
    what: "a password without a mechanism",
    values: ["kafka.sasl.existingSecret.name=user"],
    message: "set kafka.sasl.mechanism",
  },
  {
    what: "PLAIN with a token endpoint",
    values: [
      "kafka.sasl.mechanism=PLAIN",
      "kafka.sasl.existingSecret.name=user",
      "kafka.sasl.oauthbearer.tokenEndpointUrl=https://idp/token",
    ],
    message: "kafka.sasl.oauthbearer is set, but kafka.sasl.mechanism is PLAIN",
  },
  {
    what: "OAUTHBEARER with half of its client credentials",
    values: [
      "kafka.sasl.mechanism=OAUTHBEARER",
      "kafka.sasl.oauthbearer.tokenEndpointUrl=https://idp/token",
    ],
    message: "OAUTHBEARER needs kafka.sasl.oauthbearer.tokenSecret.name",
  },
  {
    what: "OAUTHBEARER with a token and an endpoint",
    values: [
      "kafka.sasl.mechanism=OAUTHBEARER",
      "kafka.sasl.oauthbearer.tokenEndpointUrl=https://idp/token",
      "kafka.sasl.oauthbearer.tokenSecret.name=token",
    ],
    message: "has a tokenEndpointUrl and a tokenSecret",
  },
  {
    what: "OAUTHBEARER with a password",
    values: ["kafka.sasl.mechanism=OAUTHBEARER", "kafka.sasl.existingSecret.name=user"],
    message: "kafka.sasl.existingSecret is for PLAIN and SCRAM",
  },
  {
    what: "both monitors",
    values: ["serviceMonitor.enabled=true", "podMonitor.enabled=true"],
    message: "every sample would be scraped twice",
  },
  {
    what: "a monitor of a Service that is not there",
    values: ["serviceMonitor.enabled=true", "service.enabled=false"],
    message: "serviceMonitor needs service.enabled",
  },
  {
    what: "dashboards for the operator alone",
    values: ["dashboards.operator.enabled=true"],
    message: "dashboards.operator reads the ConfigMaps",
  },
  {
    what: "a grace period as long as the default stop",
    values: ["terminationGracePeriodSeconds=20"],
    message: "terminationGracePeriodSeconds (20) must exceed config.SHUTDOWN_TIMEOUT (20s)",
  },
  {
    what: "a stop of a minute in a grace period of 45 s",
    values: ["config.SHUTDOWN_TIMEOUT=1m"],
    message: "terminationGracePeriodSeconds (45) must exceed config.SHUTDOWN_TIMEOUT (1m)",
  },
  {
    what: "a threshold that no alert has",
    values: ["prometheusRule.enabled=true", "prometheusRule.thresholds.lagg=5"],
    message: "no alert has a threshold called lagg",
  },
  {
    what: "an alert that is not there and switched off",
    values: ["prometheusRule.enabled=true", "prometheusRule.disabled.RelayLagg=true"],
    message: "there is no alert called RelayLagg",
  },
  {
    what: "a network policy that closes Kafka",
    values: ["networkPolicy.enabled=true", "networkPolicy.egress.postgres.to[0].podSelector.x=y"],
    message: "networkPolicy needs egress.postgres.to and egress.kafka.to",
  },
];

const REFUSED: readonly Case[] = [
  { what: "a misspelt value", values: ["replicacount=3"], message: "replicacount" },
  { what: "a misspelt setting", values: ["config.SLOTNAME=x"], message: "SLOTNAME" },
  {
    what: "a secret among the settings",
    values: ["config.DATABASE_URL=x"],
    message: "DATABASE_URL",
  },
  {
    what: "a password among the settings",
    values: ["config.KAFKA_SASL_PASSWORD=x"],
    message: "KAFKA_SASL_PASSWORD",
  },
  {
    what: "brokers among the settings",
    values: ["config.KAFKA_BROKERS=x"],
    message: "KAFKA_BROKERS",
  },
  { what: "a fault to inject", values: ["config.FAILPOINTS=x"], message: "FAILPOINTS" },
  { what: "one name for all instances", values: ["config.INSTANCE_ID=x"], message: "INSTANCE_ID" },
  {
    what: "a duration without unit",
    values: ["config.SHUTDOWN_TIMEOUT=20"],
    message: "SHUTDOWN_TIMEOUT",
  },
  { what: "an unknown delivery", values: ["config.DELIVERY=maybe"], message: "DELIVERY" },
  {
    what: "an unknown mode of migrations",
    values: ["migrations.mode=later"],
    message: "migrations",
  },
  { what: "a digest that is none", values: ["image.digest=abc"], message: "digest" },
  { what: "an unknown sslMode", values: ["database.sslMode=yes"], message: "sslMode" },
];

describe("values that contradict themselves", () => {
  it.each(CASES)("end the rendering with a sentence: $what", async ({ values, message }) => {
    await expect(rendered(values)).rejects.toThrow(message);
  });

  it("say it once the other way round: a stop of 40 s fits into 45", async () => {
    expect(await rendered(["config.SHUTDOWN_TIMEOUT=40s"])).toContain('"40s"');
  });
});

describe("values that the schema does not know", () => {
  it.each(REFUSED)("are refused by name: $what", async ({ values, message }) => {
    const failure = await rendered(values).catch((error: unknown) => String(error));
    expect(failure).toContain("values don't meet the specifications of the schema");
    expect(failure).toContain(message);
  });
});

function rendered(values: readonly string[]): Promise<string> {
  return template([ciFile("default-values.yaml")], set(...values));
}
