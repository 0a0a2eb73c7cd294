import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { apiVersionsRequest } from "../../../src/kafka/api/api-versions.ts";
import { metadataRequest, readMetadata } from "../../../src/kafka/api/metadata.ts";
import { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import { KafkajsChannel } from "../../../src/kafka/kafkajs-channel.ts";
import type { ConnectionOptions } from "../../../src/kafka/kafkajs-config.ts";
import { ByteWriter } from "../../../src/kafka/wire/byte-writer.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import type { Advertised } from "../../support/brokers/fake-listener.ts";
import {
  EVENT_HUBS,
  FakeListener,
  KAFKA_4_BROKER,
  KRAFT_CONTROLLER,
  offering,
  SCHEMA_SERVICE,
} from "../../support/brokers/fake-listener.ts";
import { MODEL_SINK_OPTIONS } from "../../support/brokers/sink-options.ts";

const GO_ON = new AbortController().signal;
const PLAIN = { mechanism: "PLAIN", username: "relay", password: "s3cret" } as const;
const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
const WITH_SASL = { ...KAFKA_4_BROKER, [SASL_HANDSHAKE]: 1, [SASL_AUTHENTICATE]: 2 };

const listeners: FakeListener[] = [];
const channels: KafkajsChannel[] = [];

afterEach(async () => {
  for (const channel of channels.splice(0)) channel.close();
  for (const listener of listeners.splice(0)) await listener.close();
});

async function listening(starting: Promise<FakeListener>): Promise<FakeListener> {
  const listener = await starting;
  listeners.push(listener);
  return listener;
}

function channelTo(address: string, options: Partial<ConnectionOptions> = {}): KafkajsChannel {
  const connection = { clientId: "t", connectTimeoutMs: 500, requestTimeoutMs: 500 };
  const channel = new KafkajsChannel({ brokers: [address], ...connection, ...options });
  channels.push(channel);
  return channel;
}

/** What the relay's preflight says of the address. */
async function said(address: string, options: Partial<ConnectionOptions> = {}): Promise<Finding> {
  const channel = channelTo(address, options);
  const sink = new KafkaSink(MODEL_SINK_OPTIONS, { channel }, systemClock, () => undefined);
  const [finding, ...others] = await sink.preflight(GO_ON);
  expect(others).toEqual([]);
  if (finding === undefined) throw new Error("nothing is wrong");
  expect(`${finding.message} ${finding.hint}`).not.toContain("s3cret");
  return finding;
}

describe("a broker that answers the beginning of a connection with an error", () => {
  it.each([
    [15, "KAFKA_ERROR", "COORDINATOR_NOT_AVAILABLE (15)"],
    [35, "KAFKA_REFUSED", "UNSUPPORTED_VERSION (35)"],
    [104, "KAFKA_REFUSED", "INCONSISTENT_CLUSTER_ID (104)"],
    [32_000, "KAFKA_ERROR", "(32000)"],
  ])("is told with its code %d, and not as one that does not answer", async (error, code, name) => {
    const refusal = new ByteWriter().int16(error).int32(0).int32(0).done();
    const listener = await listening(FakeListener.kafka(() => refusal));
    const message = expect.stringContaining(name) as unknown;
    expect(await said(listener.address)).toMatchObject({ code, message });
  });

  it("is told as one whose answers cannot be read, where they are too short", async () => {
    const listener = await listening(FakeListener.kafka(() => Buffer.alloc(5)));
    expect(await said(listener.address)).toMatchObject({ code: "KAFKA_INCOMPLETE_ANSWER" });
  });
});

describe("an address in RELAY_KAFKA_BROKERS that leads to", () => {
  it("a controller of KRaft is named as one", async () => {
    const { address } = await listening(FakeListener.kafka(offering(KRAFT_CONTROLLER)));
    const { code, message, hint, severity } = await said(address);
    expect([code, severity]).toEqual(["KAFKA_NOT_A_BROKER", "halt"]);
    expect(message).toContain(`${address} (RELAY_KAFKA_BROKERS) is the controller`);
    expect(hint).toContain("controller.listener.names");
  });

  it("a service that is no broker is named as one", async () => {
    const { address } = await listening(FakeListener.kafka(offering(SCHEMA_SERVICE)));
    const { code, message } = await said(address);
    expect(code).toBe("KAFKA_NOT_A_BROKER");
    expect(message).toContain("it is no Kafka broker");
  });

  it("a service with an old protocol is told by its address and version", async () => {
    const { address } = await listening(FakeListener.kafka(offering(EVENT_HUBS)));
    const { code, message, hint } = await said(address);
    expect(code).toBe("CONFIG_KAFKA_VERSION");
    expect(message).toContain(`${address} speaks Produce up to version 7`);
    expect(hint).toContain("Azure Event Hubs");
  });

  it("a broker from before ApiVersions 3 is too old, not unreadable", async () => {
    const old = offering({ ...EVENT_HUBS, 18: 2 });
    const answering = (apiKey: number, apiVersion: number): Buffer | null | undefined =>
      apiKey === 18 && apiVersion >= 3
        ? Buffer.from([0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 2])
        : old(apiKey, apiVersion);
    const { address } = await listening(FakeListener.kafka(answering));
    expect((await said(address)).code).toBe("CONFIG_KAFKA_VERSION");
  });

  it("a broker that advertises an address where nobody listens names both addresses", async () => {
    const nowhere = await listening(FakeListener.start(() => undefined));
    const { port } = nowhere;
    await nowhere.close();
    const brokers: Advertised[] = [{ id: 7, host: "127.0.0.1", port }];
    const { address } = await listening(FakeListener.kafka(offering(KAFKA_4_BROKER, brokers)));
    const { code, message, hint, severity } = await said(address);
    expect([code, severity]).toEqual(["KAFKA_ADVERTISED", "retry"]);
    expect(message).toBe(
      `the Kafka broker at ${address} says that broker 7 is reached at 127.0.0.1:${port}, and nobody answers there (connection refused)`,
    );
    expect(hint).toContain("advertised.listeners");
  });

  it("a broker that advertises a name that nobody knows names it", async () => {
    const brokers: Advertised[] = [{ id: 1, host: "kafka.invalid", port: 9092 }];
    const { address } = await listening(FakeListener.kafka(offering(KAFKA_4_BROKER, brokers)));
    const { code, message } = await said(address);
    expect(code).toBe("KAFKA_ADVERTISED");
    expect(message).toContain("kafka.invalid:9092");
    expect(message).toContain("cannot be resolved");
  });

  it("a port where nobody listens says so", async () => {
    const nowhere = await listening(FakeListener.start(() => undefined));
    const { address } = nowhere;
    await nowhere.close();
    const { code, message } = await said(address);
    expect(code).toBe("KAFKA_UNREACHABLE");
    expect(message).toContain(`${address} (RELAY_KAFKA_BROKERS): connection refused`);
  });

  it.each<[string, (socket: Socket) => void]>([
    ["is silent", () => undefined],
    ["hangs up at once", (socket) => void socket.destroy()],
  ])("a port that %s is unreachable, with the address", async (_, onSocket) => {
    const { address } = await listening(FakeListener.start(onSocket));
    const { code, message, severity } = await said(address);
    expect([code, severity]).toEqual(["KAFKA_UNREACHABLE", "retry"]);
    expect(message).toContain(address);
  });

  it.each([
    ["answers as a web server", "HTTP/1.1 400 Bad Request\r\n\r\n"],
    ["greets as a mail server", "220 mail ESMTP\r\n"],
  ])("a port that %s is no broker, with the address", async (_, greeting) => {
    const { address } = await listening(
      FakeListener.start((socket) => void socket.write(greeting)),
    );
    const { code, message, severity } = await said(address);
    expect([code, severity]).toEqual(["KAFKA_NOT_A_BROKER", "retry"]);
    expect(message).toContain(address);
  });

  it("a TLS listener is named, where the relay speaks plain text", async () => {
    const alert = Buffer.from([0x15, 3, 3, 0, 2, 2, 10]);
    const { address } = await listening(FakeListener.start((socket) => void socket.write(alert)));
    expect((await said(address)).code).toBe("KAFKA_TLS");
  });
});

describe("a broker that answered before", () => {
  it("is unreachable when it is gone, and not wrongly advertised", async () => {
    const broker = await listening(
      FakeListener.kafka((apiKey, apiVersion) =>
        offering(KAFKA_4_BROKER, here)(apiKey, apiVersion),
      ),
    );
    const here: Advertised[] = [{ id: 1, host: "localhost", port: broker.port }];
    const channel = channelTo(broker.address);
    const { brokers } = readMetadata(
      await channel.request("any", "coordinator", metadataRequest([])),
    );
    channel.setBrokers(brokers);
    await channel.request(1, "data", apiVersionsRequest());
    await broker.close();
    await expect(channel.request(1, "data", apiVersionsRequest())).rejects.toMatchObject({
      remedy: "retry",
    });
    await expect(channel.request(1, "data", apiVersionsRequest())).rejects.toMatchObject({
      code: "KAFKA_UNREACHABLE",
    });
  });

  it("and that the cluster does not name is said to be missing", async () => {
    const { address } = await listening(FakeListener.kafka(offering(KAFKA_4_BROKER)));
    await expect(channelTo(address).request(3, "data", apiVersionsRequest())).rejects.toMatchObject(
      { code: "KAFKA_NO_LEADER", remedy: "retry" },
    );
  });
});

/** SaslHandshake v1 and SaslAuthenticate v0 to v2. */
function authenticating(
  handshakeError: number,
  error: number | "hang up",
  words = "",
): Promise<FakeListener> {
  const rest = offering(WITH_SASL);
  return FakeListener.kafka((apiKey, apiVersion) => {
    if (apiKey === SASL_HANDSHAKE) {
      const mechanism = handshakeError === 33 ? "OTHER" : "PLAIN";
      return Buffer.from([0, handshakeError, 0, 0, 0, 1, 0, 5, ...Buffer.from(mechanism)]);
    }
    if (apiKey !== SASL_AUTHENTICATE) return rest(apiKey, apiVersion);
    if (error === "hang up") return null;
    // No bytes, and a session without end.
    return new ByteWriter().int16(error).string(words).int32(0).int64(0n).done();
  });
}

describe("credentials", () => {
  it.each<[string, number, number | "hang up", string]>([
    ["for a mechanism that the listener lacks", 33, 0, "KAFKA_SASL_MECHANISM"],
    ["at a listener that does not authenticate", 34, 0, "KAFKA_AUTHENTICATION"],
    ["that are refused", 0, 58, "KAFKA_AUTHENTICATION"],
    ["that are answered by hanging up", 0, "hang up", "KAFKA_UNREACHABLE"],
  ])("%s: %d, %s", async (_, handshake, error, code) => {
    const { address } = await listening(authenticating(handshake, error));
    const finding = await said(address, { sasl: PLAIN });
    expect(finding.code).toBe(code);
    expect(finding.message).toContain(address);
  });

  it.each(["Authentication failed: Connection error: LDAP", "LDAP request timed out"])(
    "that a broker refuses with words like those of a lost connection are refused: %s",
    async (words) => {
      const { address } = await listening(authenticating(0, 58, words));
      const finding = await said(address, { sasl: PLAIN });
      expect(finding).toMatchObject({ code: "KAFKA_AUTHENTICATION", severity: "halt" });
    },
  );
});
