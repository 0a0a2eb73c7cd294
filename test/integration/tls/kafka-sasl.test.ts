import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ConnectionOptions, KafkaSaslOptions } from "../../../src/kafka/kafkajs-config.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import { GO_ON, Sinks } from "../kafka/sinks.ts";
import { publishOnce } from "./publish-once.ts";
import type { SecureKafka } from "./secure-kafka.ts";
import {
  openPasswordListener,
  PASSWORD,
  passwordListener,
  SCRAM_PASSWORD,
  startSecureKafka,
  USER,
} from "./secure-kafka.ts";

let secure: SecureKafka;
let sinks: Sinks;

const PLAIN: KafkaSaslOptions = { mechanism: "PLAIN", username: USER, password: PASSWORD };
const SCRAM_256: KafkaSaslOptions = {
  mechanism: "SCRAM-SHA-256",
  username: USER,
  password: SCRAM_PASSWORD,
};
const SCRAM_512: KafkaSaslOptions = { ...SCRAM_256, mechanism: "SCRAM-SHA-512" };

beforeAll(async () => {
  secure = await startSecureKafka({
    listeners: async (files) => [
      await passwordListener(files, "PASSWORDS"),
      openPasswordListener("OPEN"),
    ],
  });
});

afterAll(async () => {
  await secure.stop();
});

beforeEach(() => {
  sinks = new Sinks();
});

afterEach(async () => {
  await sinks.close();
});

type Way = Pick<ConnectionOptions, "tls" | "sasl">;

function brokersOf(listener: string): readonly string[] {
  return listener === "" ? secure.kafka.brokers : secure.kafka.listenerBrokers(listener);
}

function published(listener: string, way: Way): Promise<string> {
  return publishOnce(sinks, secure.kafka.brokers, { brokers: brokersOf(listener), ...way });
}

async function faultOf(listener: string, way: Way): Promise<Finding> {
  const [finding] = await sinks.make({ brokers: brokersOf(listener), ...way }).preflight(GO_ON);
  if (finding === undefined) throw new Error("nothing was found");
  expect(finding.message).toContain(brokersOf(listener)[0]);
  expect(JSON.stringify(finding)).not.toMatch(/secret-word|pass,word|not-the-password/);
  return finding;
}

describe("SASL with a password", () => {
  it.each([PLAIN, SCRAM_256, SCRAM_512])("lets $mechanism over TLS publish", async (sasl) => {
    expect(await published("PASSWORDS", { tls: secure.tls, sasl })).toBe("checkpoint");
  });

  it("works without TLS where the broker takes it so", async () => {
    expect(await published("OPEN", { sasl: PLAIN })).toBe("checkpoint");
  });

  it.each([PLAIN, SCRAM_256, SCRAM_512])(
    "halts at a wrong password of $mechanism, and names the user",
    async (sasl) => {
      const wrong = { ...sasl, password: "not-the-password" } as KafkaSaslOptions;
      expect(await faultOf("PASSWORDS", { tls: secure.tls, sasl: wrong })).toMatchObject({
        code: "KAFKA_AUTHENTICATION",
        severity: "halt",
        message: expect.stringContaining(`of user "${USER}" (${sasl.mechanism})`),
        hint: expect.stringContaining("RELAY_KAFKA_SASL_PASSWORD"),
      });
    },
  );

  it("halts at a mechanism that the listener does not have", async () => {
    const way = { sasl: { ...SCRAM_256, username: USER } };
    expect(await faultOf("OPEN", way)).toMatchObject({
      code: "KAFKA_SASL_MECHANISM",
      severity: "halt",
      message: expect.stringContaining("SCRAM-SHA-256"),
      hint: expect.stringContaining("RELAY_KAFKA_SASL_MECHANISM"),
    });
  });
});

describe("one side with SASL and the other without", () => {
  it("is a fault that names the setting where only the relay has it", async () => {
    expect(await faultOf("", { sasl: PLAIN })).toMatchObject({
      code: "KAFKA_AUTHENTICATION",
      severity: "halt",
      hint: expect.stringContaining("RELAY_KAFKA_SECURITY_PROTOCOL"),
    });
  });

  it("is tried again where only the broker has it, because it just hangs up", async () => {
    expect(await faultOf("OPEN", {})).toMatchObject({
      code: "KAFKA_UNREACHABLE",
      severity: "retry",
      hint: expect.stringContaining("RELAY_KAFKA_SECURITY_PROTOCOL"),
    });
  });
});
