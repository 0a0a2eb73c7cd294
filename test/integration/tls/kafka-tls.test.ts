import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { KafkaTlsOptions } from "../../../src/kafka/kafkajs-config.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import { TestAuthority } from "../../support/tls/certificates.ts";
import { GO_ON, Sinks } from "../kafka/sinks.ts";
import { publishOnce } from "./publish-once.ts";
import type { SecureKafka } from "./secure-kafka.ts";
import { startSecureKafka, tlsListeners, trusting } from "./secure-kafka.ts";

let secure: SecureKafka;
let sinks: Sinks;

beforeAll(async () => {
  secure = await startSecureKafka({ listeners: tlsListeners });
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

/** Publishes one event, and answers the checkpoint that the next one to open finds. */
function published(listener: string, tls: KafkaTlsOptions, host = "127.0.0.1"): Promise<string> {
  const brokers = brokersOf(listener, host);
  return publishOnce(sinks, secure.kafka.brokers, { brokers, tls });
}

function brokersOf(listener: string, host: string): string[] {
  return secure.kafka
    .listenerBrokers(listener)
    .map((address) => address.replace("127.0.0.1", host));
}

async function faultOf(listener: string, tls: KafkaTlsOptions | null): Promise<Finding> {
  const brokers = listener === "" ? secure.kafka.brokers : secure.kafka.listenerBrokers(listener);
  const [finding] = await sinks.make({ brokers, tls }).preflight(GO_ON);
  if (finding === undefined) throw new Error("nothing was found");
  expect(finding.message).toContain(brokers[0]);
  return finding;
}

describe("a TLS listener of Kafka", () => {
  it("is published to, by its address and by its name", async () => {
    expect(await published("RIGHT", secure.tls)).toBe("checkpoint");
    expect(await published("RIGHT", secure.tls, "localhost")).toBe("checkpoint");
  });

  it("must show a certificate of an authority we trust", async () => {
    const foreign = await TestAuthority.create("Somebody Else");
    for (const ca of [foreign.cert, null]) {
      expect(await faultOf("RIGHT", { ...secure.tls, ca })).toMatchObject({
        code: "KAFKA_TLS",
        severity: "halt",
        message: expect.stringMatching(/no trusted authority signed its certificate$/),
        hint: expect.stringContaining("RELAY_KAFKA_TLS_CA_FILE"),
      });
    }
  });

  it("must show a certificate for its own host", async () => {
    expect(await faultOf("OTHER", secure.tls)).toMatchObject({
      code: "KAFKA_TLS",
      severity: "halt",
      message: expect.stringMatching(/its certificate is for another host$/),
      hint: expect.stringContaining("RELAY_KAFKA_TLS_SERVER_NAME"),
    });
  });

  it("may have another name, if the settings say so, and must then have that one", async () => {
    expect(await published("OTHER", { ...secure.tls, serverName: "kafka.example.com" })).toBe(
      "checkpoint",
    );
    expect(
      await faultOf("RIGHT", { ...secure.tls, serverName: "kafka.example.com" }),
    ).toMatchObject({ code: "KAFKA_TLS" });
    expect(await published("RIGHT", { ...secure.tls, serverName: "127.0.0.1" })).toBe("checkpoint");
  });

  it("must not show a certificate that has expired", async () => {
    expect(await faultOf("EXPIRED", secure.tls)).toMatchObject({
      code: "KAFKA_TLS",
      severity: "halt",
      message: expect.stringMatching(/its certificate has expired$/),
      hint: expect.stringContaining("Renew"),
    });
  });

  it("is taken as it is where that is asked for", async () => {
    const insecure = { ...secure.tls, ca: null, isInsecure: true };
    expect(await published("EXPIRED", insecure)).toBe("checkpoint");
    expect(await published("OTHER", insecure)).toBe("checkpoint");
  });
});

describe("a listener that wants a client's certificate", () => {
  const mutual = async (authority: TestAuthority): Promise<KafkaTlsOptions> => {
    const pair = await authority.issue({ commonName: "outbox-relay" });
    return { ...trusting(secure.authority), ...pair };
  };

  it("is published to with one", async () => {
    expect(await published("MUTUAL", await mutual(secure.authority))).toBe("checkpoint");
  });

  it("is a fault that says so without one, and with one of a foreign authority", async () => {
    const foreign = await mutual(await TestAuthority.create("Somebody Else"));
    for (const tls of [secure.tls, foreign]) {
      expect(await faultOf("MUTUAL", tls)).toMatchObject({
        code: "KAFKA_TLS",
        severity: "halt",
        message: expect.stringMatching(/it refuses the client's certificate, or wants one$/),
        hint: expect.stringContaining("RELAY_KAFKA_TLS_CERT_FILE"),
      });
    }
  });
});

describe("one side with TLS and the other without", () => {
  it("is a fault that names the setting where only the broker has it", async () => {
    expect(await faultOf("RIGHT", null)).toMatchObject({
      code: "KAFKA_TLS",
      severity: "halt",
      message: expect.stringMatching(/wants TLS, and the relay speaks plain text$/),
      hint: expect.stringContaining("RELAY_KAFKA_SECURITY_PROTOCOL"),
    });
  });

  it("is a fault that is tried again where only the relay has it: a broker that stops looks the same", async () => {
    expect(await faultOf("", secure.tls)).toMatchObject({
      code: "KAFKA_TLS",
      severity: "retry",
      message: expect.stringMatching(/it hung up on the TLS handshake$/),
      hint: expect.stringContaining("RELAY_KAFKA_SECURITY_PROTOCOL"),
    });
  });
});
