import { expect } from "@jest/globals";
import { runMigrate } from "../../../src/cli/migrate.ts";
import { shardCondition } from "../../../src/postgres/shard-filter.ts";
import type { Shard } from "../../../src/relay/shard.ts";
import { shardSuffix } from "../../../src/relay/shard.ts";
import { CapturedOutput } from "../../support/captured-output.ts";
import type { Options, OutboxDatabase } from "./outbox-database.ts";
import { NEVER, RecordingHandlers } from "./outbox-database.ts";
import type { Result } from "./run-migrate.ts";

/** Rows that `fill` writes, with as many keys. */
export const KEYS = 300;
/** Their ids. */
export const ALL = Array.from({ length: KEYS }, (_, i) => i + 1);
export const KEY_TYPES = [
  "text",
  "varchar(80)",
  "char(40)",
  "bytea",
  "uuid",
  "smallint",
  "int",
  "bigint",
];

/** An outbox whose keys are divided among streams. */
export class DividedOutbox {
  readonly base: OutboxDatabase;

  constructor(base: OutboxDatabase) {
    this.base = base;
  }

  /** Names of a shard, as the settings derive them from a base. */
  named(shard: Shard): Partial<Options> & { publication: string; slot: string } {
    const name = this.base.slot + shardSuffix(shard);
    return { shard, slot: name, publications: [name], publication: name };
  }

  async migrate(shard: Shard): Promise<Result> {
    const output = new CapturedOutput();
    const { publication } = this.named(shard);
    const exitCode = await runMigrate(
      ["up"],
      {
        connectionString: this.base.url,
        publication,
        shard: { ...shard, keyColumn: "aggregateid" },
      },
      output,
    );
    return { exitCode, ...output.written };
  }

  /** What preflight finds: `severity CODE`. */
  async codes(options: Partial<Options>): Promise<string[]> {
    const database = this.base.database(options);
    const findings = await database.preflight(NEVER);
    await database.close();
    return findings.map(({ severity, code }) => `${severity} ${code}`);
  }

  /** Publications and slots of all shards, each with preflight content. */
  async divide(count: number): Promise<Shard[]> {
    const shards = Array.from({ length: count }, (_, index) => ({ index, count }));
    for (const shard of shards) {
      expect(await this.migrate(shard)).toMatchObject({ exitCode: 0, stderr: "" });
      await this.createSlot(shard);
    }
    for (const shard of shards) expect(await this.codes(this.named(shard))).toEqual([]);
    return shards;
  }

  async createSlot(shard: Shard): Promise<void> {
    const { slot } = this.named(shard);
    await this.base.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
  }

  /** The ids of the rows that the stream of each shard brings; every key once more tells where its end is. */
  async streamed(shards: readonly Shard[]): Promise<number[][]> {
    await this.base.query(
      "insert into outbox (aggregatetype, aggregateid, type) select 'end', aggregateid, 'end' from outbox",
    );
    return Promise.all(
      shards.map(async (shard) => {
        const own = await this.base.query(
          `select from outbox where ${await this.conditionOf(shard)}`,
        );
        const handlers = new RecordingHandlers();
        const stream = await this.base.source(this.named(shard)).open(handlers, NEVER);
        stream.resume();
        await handlers.untilInserts(own.length);
        await stream.close();
        return handlers.rows.filter((row) => !row.includes("end")).map(([id]) => Number(id));
      }),
    );
  }

  async conditionOf(shard: Shard): Promise<string> {
    const [column] = await this.base.query<{ type: string }>(
      `select t.typname::text as type from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = 'outbox'::regclass and a.attname = 'aggregateid'`,
    );
    return `(${shardCondition(shard, "aggregateid", column?.type ?? "") ?? "false"})`;
  }

  async retypeKey(type: string): Promise<void> {
    await this.base.query("alter table outbox drop column aggregateid");
    await this.base.query(`alter table outbox add aggregateid ${type}`);
  }

  async fill(type: string): Promise<void> {
    await this.base.query(
      `insert into outbox (aggregatetype, aggregateid, type)
       select 'order', ${keyOfType(type)}, 'placed' from generate_series(1, ${KEYS}) g`,
    );
  }
}

function keyOfType(type: string): string {
  if (type === "uuid") return "md5(g::text)::uuid";
  if (type === "bytea") return "decode(md5(g::text), 'hex')";
  return type.includes("int") ? "g" : "('key-' || g)";
}

export function sorted(ids: readonly number[][]): number[] {
  return ids.flat().toSorted((a, b) => a - b);
}
