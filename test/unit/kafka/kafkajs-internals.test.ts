import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Kafka } from "kafkajs";
import { apiVersionsRequest } from "../../../src/kafka/api/api-versions.ts";
import { kafkajsConfig } from "../../../src/kafka/kafkajs-config.ts";
import type { KafkajsBroker, KafkajsCluster } from "../../../src/kafka/kafkajs-internals.ts";
import "../../../src/kafka/kafkajs-timers.ts";
import {
  createCluster,
  forEachConnection,
  hangUp,
  isConnected,
  sendRequest,
} from "../../../src/kafka/kafkajs-internals.ts";
import { FakeListener, KAFKA_4_BROKER, offering } from "../../support/brokers/fake-listener.ts";

/** The version whose inside this was written for. */
const VERSION = "2.2.4";
const MANIFEST = fileURLToPath(
  new URL("../../../node_modules/kafkajs/package.json", import.meta.url),
);

let listener: FakeListener;
let cluster: KafkajsCluster;
let broker: KafkajsBroker;

beforeAll(async () => {
  listener = await FakeListener.kafka(offering(KAFKA_4_BROKER));
  const options = { clientId: "contract", connectTimeoutMs: 5_000, requestTimeoutMs: 5_000 };
  cluster = createCluster(new Kafka(kafkajsConfig({ ...options, brokers: [listener.address] })));
  const { connectionPoolBuilder, brokerPool, rootLogger: logger } = cluster;
  const address = { host: "127.0.0.1", port: listener.port };
  const connectionPool = await connectionPoolBuilder.build(address);
  broker = brokerPool.createBroker({ connectionPool, logger, nodeId: 1 });
  await broker.connect();
});

afterAll(async () => {
  hangUp(broker, new Error("the test is over"));
  await listener.close();
});

/** The kind of what stands at a path of members. */
function kindOf(root: object, path: string): string {
  let value: unknown = root;
  for (const name of path.split(".")) {
    value = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
  }
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

describe("kafkajs", () => {
  it("has the version that its inside is known of", () => {
    const { version } = JSON.parse(readFileSync(MANIFEST, "utf8")) as { readonly version: string };
    expect(version).toBe(VERSION);
  });

  it.each([
    ["rootLogger", "object"],
    ["connectionPoolBuilder", "object"],
    ["connectionPoolBuilder.build", "function"],
    ["brokerPool", "object"],
    ["brokerPool.createBroker", "function"],
  ])("has the member of a cluster that we use: %s, a %s", (path, kind) => {
    expect(kindOf(cluster, path)).toBe(kind);
  });

  it.each([
    ["connect", "function"],
    ["connectionPool", "object"],
    ["connectionPool.pool", "array"],
  ])("has the member of a broker that we use: %s, a %s", (path, kind) => {
    expect(kindOf(broker, path)).toBe(kind);
  });

  it("has two connections to a broker", () => {
    expect(broker.connectionPool.pool).toHaveLength(2);
  });

  it.each([
    ["socket", "object"],
    ["socket.write", "function"],
    ["socket.destroy", "function"],
    ["clientId", "string"],
    ["sasl", "null"],
    ["sessionLifetime.toString", "function"],
    ["reauthenticationThreshold", "number"],
    ["isConnected", "function"],
    ["connect", "function"],
    ["isAuthenticated", "function"],
    ["authenticate", "function"],
    ["nextCorrelationId", "function"],
    ["requestQueue", "object"],
    ["requestQueue.pending", "array"],
    ["requestQueue.scheduleCheckPendingRequests", "function"],
    ["requestQueue.push", "function"],
    ["requestQueue.rejectAll", "function"],
    ["requestQueue.destroy", "function"],
  ])("has the member of a connection that we use: %s, a %s", (path, kind) => {
    const [first] = broker.connectionPool.pool;
    expect(kindOf(first as object, path)).toBe(kind);
  });

  it("counts correlation ids up, and lets a session without end last", () => {
    const [first] = broker.connectionPool.pool;
    const before = first?.nextCorrelationId() ?? Number.NaN;
    expect(first?.nextCorrelationId()).toBe(before + 1);
    expect(Number(first?.sessionLifetime.toString())).toBe(0);
  });

  it.each([0, 1])(
    "hands the bytes of an answer on from our own frame, over connection %d",
    async (lane) => {
      let isSent = false;
      const answer = await sendRequest(broker, lane, apiVersionsRequest(), {
        sent: () => void (isSent = true),
        isWanted: () => true,
      });
      expect(isSent).toBe(true);
      expect(answer.readInt16BE(0)).toBe(0);
    },
  );

  it("rejects what waits, with our reason, and destroys the socket when we hang up", async () => {
    const silent = await FakeListener.kafka((apiKey, apiVersion) =>
      apiVersion >= 3 ? Buffer.alloc(0) : offering(KAFKA_4_BROKER)(apiKey, apiVersion),
    );
    const { connectionPoolBuilder, brokerPool, rootLogger: logger } = cluster;
    const connectionPool = await connectionPoolBuilder.build({
      host: "127.0.0.1",
      port: silent.port,
    });
    const other = brokerPool.createBroker({ connectionPool, logger, nodeId: 2 });
    await other.connect();
    expect(isConnected(other)).toBe(true);
    const seen: number[] = [];
    forEachConnection(other, ({ requestQueue }) => void seen.push(requestQueue.pending.length));
    expect(seen).toEqual([0, 0]);
    const reason = new Error("the connection was given up");
    const waiting = new Promise((_, reject) => {
      const [first] = connectionPool.pool;
      const entry = { apiKey: 18, apiName: "x", apiVersion: 3, correlationId: 99, reject };
      first?.requestQueue.push({
        entry: { ...entry, resolve: () => undefined },
        expectResponse: true,
        requestTimeout: null,
        sendRequest: () => undefined,
      });
    });
    hangUp(other, reason);
    await expect(waiting).rejects.toBe(reason);
    expect(connectionPool.pool[0]?.socket?.destroyed).toBe(true);
    await silent.close();
  });
});
