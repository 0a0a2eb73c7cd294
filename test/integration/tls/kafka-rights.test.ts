import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AclEntry, Admin } from "kafkajs";
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from "kafkajs";
import { ALL_DELIVERED } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { kafkaClient, withAdmin } from "../../support/services.ts";
import type { SecureKafka } from "./secure-kafka.ts";
import { openPasswordListener, PASSWORD, startSecureKafka, USER } from "./secure-kafka.ts";

let secure: SecureKafka;
let fixture: RelayFixture;

beforeAll(async () => {
  secure = await startSecureKafka({
    listeners: () => Promise.resolve([openPasswordListener("OPEN")]),
    properties: {
      "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
      "super.users": "User:ANONYMOUS",
    },
  });
});

afterAll(async () => {
  await secure.stop();
});

beforeEach(async () => {
  fixture = await RelayFixture.create("rights", { brokers: secure.kafka.brokers });
});

afterEach(async () => {
  await fixture.close();
});

const TOPIC = AclResourceTypes.TOPIC;
const { WRITE, READ, CREATE, DESCRIBE_CONFIGS } = AclOperationTypes;

function right(
  resourceType: AclResourceTypes,
  resourceName: string,
  operation: AclOperationTypes,
): AclEntry {
  return {
    resourceType,
    resourceName,
    operation,
    resourcePatternType: ResourcePatternTypes.PREFIXED,
    principal: `User:${USER}`,
    host: "*",
    permissionType: AclPermissionTypes.ALLOW,
  };
}

/** What docs/security.md asks for. */
function documented(): AclEntry[] {
  const { topicPrefix, checkpointTopic, slot } = fixture.names;
  return [
    ...[WRITE, DESCRIBE_CONFIGS].map((operation) => right(TOPIC, topicPrefix, operation)),
    ...[READ, WRITE, DESCRIBE_CONFIGS, CREATE].map((operation) =>
      right(TOPIC, checkpointTopic, operation),
    ),
    right(AclResourceTypes.TRANSACTIONAL_ID, `outbox-relay.${slot}`, WRITE),
  ];
}

function grant(acl: AclEntry[]): Promise<void> {
  const create = async (admin: Admin): Promise<void> => void (await admin.createAcls({ acl }));
  return withAdmin(create, kafkaClient([...secure.kafka.brokers]));
}

function settings(): Record<string, string> {
  return {
    RELAY_KAFKA_BROKERS: secure.kafka.listenerBrokers("OPEN").join(","),
    RELAY_KAFKA_SASL_MECHANISM: "PLAIN",
    RELAY_KAFKA_SASL_USERNAME: USER,
    RELAY_KAFKA_SASL_PASSWORD: PASSWORD,
  };
}

async function expectAllDelivered(more: Record<string, string>): Promise<void> {
  const relay = await fixture.streaming({ ...settings(), ...more });
  await fixture.insert("k");
  await fixture.insert("l");
  await fixture.caughtUp(relay);
  expect(await fixture.delivery()).toMatchObject({ ...ALL_DELIVERED, committed: 2 });
}

describe("the rights at Kafka that docs/security.md names", () => {
  it.each(["exactly-once", "at-least-once"])("are all that %s needs", async (delivery) => {
    await grant(documented());
    await expectAllDelivered({ RELAY_DELIVERY: delivery });
  });

  it("are enough to publish without DescribeConfigs", async () => {
    await grant(documented().filter(({ operation }) => operation !== DESCRIBE_CONFIGS));
    await expectAllDelivered({});
  });

  it("make a repair and a first snapshot possible with Read on the topics", async () => {
    await grant([...documented(), right(TOPIC, fixture.names.topicPrefix, READ)]);
    await expectAllDelivered({ RELAY_SNAPSHOT: "initial" });
  });

  it("are reported when they are missing, and enough as soon as they are granted", async () => {
    const relay = fixture.start(settings());
    const { hint } = await relay.reaches("failed", "KAFKA_TOPIC_AUTHORIZATION");
    expect(hint).toContain("Grant Write and Describe");
    await grant(documented());
    await relay.reaches("streaming");
  });
});
