import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { EmbeddedKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";

/** Nothing listens there: the port is reserved (tcpmux). */
const NOWHERE = 1;

let kafka: EmbeddedKafka;
let fixture: RelayFixture;

beforeAll(async () => {
  kafka = await startKafka({
    brokers: 1,
    // Kafka's own defaults, for three brokers and more.
    properties: {
      "transaction.state.log.replication.factor": "3",
      "transaction.state.log.min.isr": "2",
    },
    advertisedPorts: [NOWHERE],
  });
  fixture = await RelayFixture.create("wrong", { brokers: kafka.brokers });
}, 180_000);

afterAll(async () => {
  await fixture?.close();
  await kafka?.stop();
});

describe("a relay at brokers that cannot serve it", () => {
  it("says that the transaction log needs more replicas than there are brokers, and so does the doctor", async () => {
    const relay = fixture.start();
    const { message, hint } = await relay.reaches("starting", "KAFKA_TRANSACTION_LOG");
    expect(message).toContain("needs 3 replicas");
    expect(message).toContain("the cluster has 1 broker");
    expect(hint).toContain("transaction.state.log.min.isr");
    const { code, stdout } = await fixture.command(["doctor"], {
      RELAY_HTTP_LISTEN: "127.0.0.1:0",
    });
    expect(code).not.toBe(0);
    expect(stdout).toContain("KAFKA_TRANSACTION_LOG");
    await relay.kill();
  });

  it("names the bootstrap address and the one that is advertised and leads nowhere", async () => {
    const bootstrap = `127.0.0.1:${kafka.behindPorts[0]}`;
    const relay = fixture.start({ RELAY_KAFKA_BROKERS: bootstrap });
    const { message } = await relay.reaches("starting", "KAFKA_ADVERTISED");
    expect(message).toContain(bootstrap);
    expect(message).toContain(`127.0.0.1:${NOWHERE}`);
    await relay.kill();
  });
});
