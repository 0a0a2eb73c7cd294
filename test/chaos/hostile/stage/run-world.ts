import { runMigrate } from "../../../../src/cli/migrate.ts";
import { fetchCommitted } from "../../../support/relay/committed-fetch.ts";
import { RelayFixture } from "../../../support/relay/fixture.ts";
import { kafkaClient, withAdmin } from "../../../support/services.ts";
import { Dice } from "../../prove/plan/dice.ts";
import { checkRecords } from "../check/check-records.ts";
import type { Failure } from "../check/failure.ts";
import type { Ending, WorldPlan } from "../plan/world-plan.ts";
import { Middle } from "./middle.ts";
import type { HostileServers } from "./servers.ts";
import { World } from "./world.ts";
import { ROUTES } from "./writers.ts";

export interface WorldOutcome {
  readonly failures: readonly Failure[];
  /** What was done, for people. */
  readonly lines: readonly string[];
  /** What relays wrote. */
  readonly output: string;
  readonly rows: number;
  readonly records: number;
  /** Requests that met hostility. */
  readonly met: number;
  readonly halts: readonly string[];
  readonly named: readonly string[];
  readonly endings: readonly Ending[];
}

/** Runs a plan from an empty database to its verdict, and leaves nothing behind. */
export async function runWorld(
  plan: WorldPlan,
  servers: HostileServers,
  cutShort: AbortSignal,
): Promise<WorldOutcome> {
  const { clean, middles } = servers;
  const fixture = await RelayFixture.create("hostile", {
    postgresUrl: servers.postgresUrl,
    brokers: clean,
    routes: plan.createsTopics ? [] : ROUTES,
    migrate: false,
  });
  await migrate(fixture);
  const clientId = fixture.names.slot;
  const middle = new Middle(new Dice(plan.seed, "middle", plan.number));
  middles.add(clientId, middle);
  const world = new World(plan, fixture, middle, servers, cutShort);
  const topics = (): string[] => world.routes.map((route) => fixture.names.topicPrefix + route);
  try {
    const failures = await world.run();
    const records = failures.length === 0 ? await fetchCommitted(clean, topics()) : [];
    const found = failures.length === 0 ? await checkRecords(fixture.client, plan, records) : [];
    const { seat, journal, named, endings } = world;
    const { rows } = await fixture.client.query("select from outbox");
    return {
      failures: [...failures, ...found],
      lines: journal.lines,
      output: seat.output,
      rows: rows.length,
      records: records.length,
      met: middle.met,
      halts: seat.allHalts,
      named,
      endings,
    };
  } finally {
    middles.remove(clientId);
    await fixture.close();
    await dropTopics(clean, [...topics(), fixture.names.checkpointTopic]);
  }
}

/** Without the second that a process takes to start. */
async function migrate({ database, names }: RelayFixture): Promise<void> {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const target = { connectionString: database.url, publication: names.publication };
  const code = await runMigrate(["up"], target, { stdout: say, stderr: say });
  if (code !== 0) throw new Error(`migrate up ended with ${code}: ${said.join("")}`);
}

/** Thousands of worlds would otherwise leave the broker with as many topics. */
async function dropTopics(brokers: readonly string[], topics: readonly string[]): Promise<void> {
  await withAdmin(
    async (admin) => {
      const existing = new Set(await admin.listTopics());
      await admin.deleteTopics({ topics: topics.filter((topic) => existing.has(topic)) });
    },
    kafkaClient([...brokers]),
  );
}
