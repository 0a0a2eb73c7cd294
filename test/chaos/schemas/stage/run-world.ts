import pg from "pg";
import type { PostgresMajor } from "../../../../src/demo/services/postgres-binaries.ts";
import { RelayFixture } from "../../../support/relay/fixture.ts";
import { kafkaClient, withAdmin } from "../../../support/services.ts";
import type { WorldPlan } from "../plan/world-plan.ts";
import type { WorldOutcome } from "./world.ts";
import { World } from "./world.ts";

/** Servers that worlds share; each has a database, slot, roles and topics of its own. */
export interface SharedServers {
  readonly postgresUrl: (major: PostgresMajor) => string;
  readonly brokers: readonly string[];
}

/** Runs a plan from an empty database to its verdict, and leaves nothing behind. */
export async function runWorld(plan: WorldPlan, servers: SharedServers): Promise<WorldOutcome> {
  const { brokers } = servers;
  const postgresUrl = servers.postgresUrl(plan.major);
  const fixture = await RelayFixture.create("schemas", {
    postgresUrl,
    brokers,
    routes: ["order", "invoice"],
    partitions: 2,
    migrate: false,
  });
  const other = new pg.Client({ connectionString: fixture.database.url });
  other.on("error", () => undefined);
  await other.connect();
  const world = new World(plan, fixture, other);
  try {
    return await world.run();
  } finally {
    await other.end().catch(() => undefined);
    await fixture.close();
    await dropRoles(world, postgresUrl);
    await dropTopics(fixture);
  }
}

async function dropRoles(world: World, url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await world.dropRoles(client);
  } finally {
    await client.end();
  }
}

/** Thousands of worlds would otherwise leave the broker with as many topics. */
async function dropTopics({ topics, names, brokers }: RelayFixture): Promise<void> {
  await withAdmin(
    async (admin) => {
      const existing = new Set(await admin.listTopics());
      const own = [...topics, names.checkpointTopic].filter((topic) => existing.has(topic));
      await admin.deleteTopics({ topics: own });
    },
    kafkaClient([...brokers]),
  );
}
