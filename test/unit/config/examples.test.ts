import { describe, expect, it } from "@jest/globals";
import { loadConfig } from "../../../src/config/load.ts";
import { settings } from "../../../src/config/schema.ts";
import { allSettings } from "../../../src/config/setting.ts";

const MINIMAL = {
  RELAY_DATABASE_URL: "postgres://relay:pw@db:5432/shop",
  RELAY_KAFKA_BROKERS: "kafka:9092",
};

/** Settings that are of use together only. */
const COMPANIONS: readonly Readonly<Record<string, string>>[] = [
  { RELAY_HTTP_AUTH_USERNAME: "me", RELAY_HTTP_AUTH_PASSWORD: "pw" },
  { RELAY_DATABASE_SSL_MODE: "verify-full", RELAY_DATABASE_SSL_CA: "system" },
  {
    RELAY_KAFKA_SECURITY_PROTOCOL: "SASL_SSL",
    RELAY_KAFKA_SASL_MECHANISM: "SCRAM-SHA-512",
    RELAY_KAFKA_SASL_USERNAME: "me",
    RELAY_KAFKA_SASL_PASSWORD: "pw",
  },
  { RELAY_KAFKA_SASL_MECHANISM: "OAUTHBEARER", RELAY_KAFKA_SASL_OAUTHBEARER_TOKEN: "t" },
  {
    RELAY_KAFKA_SASL_MECHANISM: "OAUTHBEARER",
    RELAY_KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: "https://login.example.com/",
    RELAY_KAFKA_SASL_OAUTHBEARER_CLIENT_ID: "me",
    RELAY_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: "pw",
    RELAY_KAFKA_SASL_OAUTHBEARER_SCOPE: "",
    RELAY_KAFKA_SASL_OAUTHBEARER_AUDIENCE: "",
    RELAY_KAFKA_SASL_OAUTHBEARER_EXTENSIONS: "",
  },
];
/** Without its key, which an example cannot be, it is a problem: kafka-security.test.ts has it. */
const ALONE_IS_WRONG = "RELAY_KAFKA_TLS_KEY_PASSPHRASE";

describe("the example of a setting", () => {
  it.each(allSettings(settings).filter(({ setting }) => setting.env !== ALONE_IS_WRONG))(
    "is taken: $setting.env",
    ({ setting }) => {
      // A file's name is the example where the value itself is too long for a line.
      expect(setting.example + (setting.exampleFile ?? "")).not.toBe("");
      const together = COMPANIONS.find((one) => setting.env in one) ?? {};
      const given = setting.example === "" ? {} : { [setting.env]: setting.example };
      const env = { ...MINIMAL, ...together, ...given };
      expect(loadConfig(env).warnings).toEqual([]);
    },
  );
});
