import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AclEntry } from "kafkajs";
import { Halt, walSender } from "../support/chaos/halt.ts";
import { KafkaRequests } from "../support/chaos/kafka-requests.ts";
import { KafkaRig } from "../support/chaos/kafka-rig.ts";
import { expectAllDelivered, publishes } from "../support/chaos/load.ts";
import { underLoad } from "../support/chaos/under-load.ts";
import { API, walkProduceAnswer } from "../support/kafka-frames.ts";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { Workload } from "../support/relay/workload.ts";
import { kafkaClient, until, withAdmin } from "../support/services.ts";

const THROTTLE_MS = 5_000;
const QUOTA_BYTES_PER_SECOND = 20_000;
const SLOW_BYTES_PER_SECOND = 50_000;
const SLOW_ROWS = 1_500;
const SLOW_MS_MAX = 200_000;
const AUTHORIZER = {
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "allow.everyone.if.no.acl.found": "true",
};
/** As kafkajs numbers them. */
const RESOURCE = { topic: 2, transactionalId: 5 } as const;
const OPERATION = { all: 2, describe: 8, describeConfigs: 10, write: 4 } as const;
const PERMISSION = { deny: 2, allow: 3 } as const;
const LITERAL = 3;

let rig: KafkaRig;
let requests: KafkaRequests;
let fixture: RelayFixture;
let relay: RelayProcess;

beforeAll(async () => {
  rig = await KafkaRig.start({ properties: AUTHORIZER });
  requests = new KafkaRequests(rig.kafka.brokers);
}, 180_000);

afterAll(async () => {
  requests?.close();
  await rig?.stop();
});

beforeEach(async () => {
  fixture = await RelayFixture.create("limits", { brokers: rig.kafka.brokers });
});

afterEach(async () => {
  rig.heal();
  await fixture.close();
});

describe("a quota that makes each Produce wait for seconds", () => {
  it("slows the relay down and nothing else: the link to Postgres lives [37: L D O R]", async () => {
    const clientId = fixture.names.slot;
    relay = await fixture.streaming({
      ...rig.settings,
      RELAY_KAFKA_CLIENT_ID: clientId,
      RELAY_WAL_SENDER_TIMEOUT: "3s",
      RELAY_STATUS_INTERVAL: "500ms",
    });
    const sender = await walSender(fixture);
    const throttles: number[] = [];
    rig.edit((apiKey, answer) => {
      const throttleMs = apiKey === API.produce ? walkProduceAnswer(answer, () => undefined) : 0;
      if (throttleMs > 0) throttles.push(throttleMs);
      return answer;
    });
    await requests.limit(clientId, "producer_byte_rate", QUOTA_BYTES_PER_SECOND);
    // The first takes 16 times what a second may, over a window of ten; the second adds to it.
    for (const [seq, size] of [320_000, 20_000].entries()) {
      await fixture.insert("k", JSON.stringify({ seq, fill: "x".repeat(size) }));
      await until(() => throttles.length > seq, 30_000, "an answer with a throttle time");
    }
    process.stdout.write(`throttled for ${throttles.join(", ")} ms\n`);
    await requests.limit(clientId, "producer_byte_rate", null);
    await fixture.insert("k", '{"seq": 9}');
    await fixture.caughtUp(relay, 60_000);
    expect(Math.max(...throttles)).toBeGreaterThanOrEqual(THROTTLE_MS);
    expect(await walSender(fixture)).toBe(sender);
    await expectAllDelivered(fixture, relay);
  });
});

describe("a quota that is too small for a batch to be written in time", () => {
  it("does not keep the relay from getting through: batches get smaller", async () => {
    const clientId = fixture.names.slot;
    relay = await fixture.streaming({
      ...rig.settings,
      RELAY_KAFKA_CLIENT_ID: clientId,
      RELAY_TRANSACTION_TIMEOUT: "5s",
      RELAY_SINK_STALL_RELEASE: "20s",
      RELAY_PRODUCER_MAX_REQUEST_BYTES: "32KiB",
    });
    await requests.limit(clientId, "producer_byte_rate", SLOW_BYTES_PER_SECOND);
    await fixture.client.query(
      `insert into outbox (aggregatetype, aggregateid, type, payload)
       select 'order', 'k', 't', json_build_object('seq', n, 'fill', repeat('x', 1000))
       from generate_series(1, $1::int) n`,
      [SLOW_ROWS],
    );
    await fixture.caughtUp(relay, SLOW_MS_MAX);
    await expectAllDelivered(fixture, relay);
  }, 240_000);
});

describe("a quota that lets nobody read", () => {
  it("is named at a start, which goes on by itself once it is raised", async () => {
    const clientId = fixture.names.slot;
    const settings = {
      ...rig.settings,
      RELAY_KAFKA_CLIENT_ID: clientId,
      RELAY_KAFKA_REQUEST_TIMEOUT: "1s",
      RELAY_RETRY_MAX: "1s",
    };
    await fixture.begin();
    await requests.limit(clientId, "consumer_byte_rate", 1);
    relay = fixture.start(settings);
    await relay.reaches("starting", "KAFKA_THROTTLED");
    await fixture.insert("k", '{"seq": 1}');
    await requests.limit(clientId, "consumer_byte_rate", null);
    await fixture.caughtUp(relay, 60_000);
    expect(relay.output).not.toContain('"state":"failed"');
    await expectAllDelivered(fixture, relay);
  });
});

describe("rights that are revoked while the relay runs and granted again", () => {
  const everybody = { principal: "User:ANONYMOUS", host: "*", resourcePatternType: LITERAL };

  async function withAcls(acl: AclEntry[], work: () => Promise<void>): Promise<void> {
    await withAdmin(
      async (admin) => {
        await admin.createAcls({ acl });
        try {
          await work();
        } finally {
          await admin.deleteAcls({ filters: acl });
        }
      },
      kafkaClient([...rig.kafka.brokers]),
    );
  }

  async function expectHaltedWithout(acl: AclEntry[], code: string): Promise<void> {
    relay = await fixture.streaming({ ...rig.settings, RELAY_RETRY_MAX: "1s" });
    await underLoad(fixture, () => publishes(relay, 50));
    await fixture.caughtUp(relay);
    const halt = new Halt(fixture);
    await withAcls(acl, async () => {
      await halt.expect(relay, code, () => fixture.insert("k", '{"seq": 1}'));
      await underLoad(fixture, () => Promise.resolve());
      await relay.reaches("failed", code);
      await halt.expectNothingConfirmed();
    });
    await expectAllDelivered(fixture, relay);
  }

  it("to write to a topic halt it, and it skips nothing [40: H L D O R]", async () => {
    const [resourceName = ""] = fixture.topics;
    const onTopic = { ...everybody, resourceName, resourceType: RESOURCE.topic };
    await expectHaltedWithout(
      [OPERATION.describe, OPERATION.describeConfigs].map((operation) => ({
        ...onTopic,
        operation,
        permissionType: PERMISSION.allow,
      })),
      "KAFKA_TOPIC_AUTHORIZATION",
    );
  });

  it("to see a topic at all halt it, and it skips nothing [40: H L D O R]", async () => {
    const [resourceName = ""] = fixture.topics;
    const permissionType = PERMISSION.deny;
    const onTopic = { ...everybody, resourceName, resourceType: RESOURCE.topic };
    await expectHaltedWithout(
      [{ ...onTopic, operation: OPERATION.all, permissionType }],
      "TOPIC_UNAUTHORIZED",
    );
  });

  it("to use a transactional id halt it, and it skips nothing [40: H L D O R]", async () => {
    const names = [0, 1, 2].map((number) => `outbox-relay.${fixture.names.slot}-${number}`);
    await expectHaltedWithout(
      names.map((resourceName) => ({
        ...everybody,
        resourceName,
        resourceType: RESOURCE.transactionalId,
        operation: OPERATION.write,
        permissionType: PERMISSION.deny,
      })),
      "KAFKA_TRANSACTIONAL_ID_AUTHORIZATION",
    );
  });
});

describe("two relays with different slots and one transactional id", () => {
  it("halt one while the other publishes, and neither loses or repeats anything [35: H L D O]", async () => {
    const other = await RelayFixture.create("limits", { brokers: rig.kafka.brokers });
    const load = new Workload(fixture.database.url);
    try {
      const settings = {
        ...rig.settings,
        RELAY_TRANSACTIONAL_ID: fixture.names.slot,
        RELAY_RETRY_MAX: "6s",
        RELAY_CHECKPOINT_INTERVAL: "1s",
      };
      relay = await fixture.streaming(settings);
      load.start();
      await publishes(relay, 20);
      const second = await other.streaming(settings);
      // Being fenced once or twice can have other reasons: then it opens again and goes on.
      await relay.reaches("failed", "TRANSACTIONAL_ID_SHARED");
      const halt = new Halt(fixture);
      await halt.expect(relay, "TRANSACTIONAL_ID_SHARED", () => Promise.resolve());
      await load.stop();
      await other.insert("k", '{"seq": 1}');
      await other.caughtUp(second);
      await halt.expectNothingConfirmed();
      await second.stop();
      await expectAllDelivered(fixture, relay);
      expect(await other.delivery()).toMatchObject({ ...ALL_DELIVERED, published: 1 });
    } finally {
      await load.stop();
      await other.close();
    }
  });
});
