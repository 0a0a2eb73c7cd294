import { parseArgs } from "node:util";
import type { MigrationTarget, TargetShard } from "../postgres/migration-file.ts";
import { migrationsFor, renderMigration, WRITE_ORDER_FILE } from "../postgres/migration-file.ts";
import type { MigrationStatus } from "../postgres/migration-status.ts";
import { migrationStatus } from "../postgres/migration-status.ts";
import type { MigratorOptions } from "../postgres/migrator.ts";
import { Migrator } from "../postgres/migrator.ts";
import type { TlsOptions } from "../postgres/tls.ts";
import { RelayError } from "../relay/errors.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import type { Output } from "./output.ts";

export interface MigrateEnvironment {
  readonly connectionString: string;
  readonly tls?: TlsOptions;
  /** Unless `--publication` says otherwise. */
  readonly publication: string;
  /** RELAY_SHARD, with the column that it divides by. Default: none. */
  readonly shard?: TargetShard | null;
}

const PRINTED_LOCK_TIMEOUT_MS = 5_000;

export const MIGRATE_USAGE = `Usage: outbox-relay migrate <up|status|print> [options]

  up       creates the outbox table and the publication, or completes them
  status   tells what was applied and whether the database has what the relay needs;
           exit code 1 when something is missing
  print    writes the SQL to stdout, for your own migration tool; connects to nothing

Options:
  --schema S        schema of the outbox table (default: public)
  --table T         name of the outbox table (default: outbox)
  --publication P   name of the publication (default: RELAY_PUBLICATION_NAME)
  --write-order     up, print: adds the column write_order also to a table that has rows, or that you made yourself:
                    a repair and a first snapshot publish rows in the order of writing where it is there. The table is
                    locked for a moment and not rewritten; rows that are there stay without a number
  --json            status as JSON

With RELAY_SHARD=i/n the publication is that shard's: it has the rows of its part of the keys, by RELAY_COLUMN_KEY.
`;

interface MigrateCommand {
  readonly action: "up" | "status" | "print";
  readonly target: MigrationTarget;
  readonly isJson: boolean;
}

/** `argv`: what follows `migrate` on the command line. Answers the exit code. */
export async function runMigrate(
  argv: readonly string[],
  env: MigrateEnvironment,
  out: Output,
  limits: Pick<MigratorOptions, "connectTimeoutMs" | "lockTimeoutMs" | "lockTriesMax"> = {},
): Promise<number> {
  const command = parseCommand(argv, env, out);
  if (typeof command === "number") return command;
  try {
    if (command.action === "print") return await print(command, out);
    const { connectionString, tls } = env;
    const connection = { connectionString, ...(tls !== undefined && { tls }) };
    const migrator = new Migrator({ ...limits, ...command.target, ...connection });
    await migrator.connect();
    try {
      return await (command.action === "up"
        ? up(migrator, command, out)
        : status(migrator, command, out));
    } finally {
      await migrator.close();
    }
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    out.stderr(`${error.code}: ${error.message}\n${error.hint}\n`);
    return exitCodeOf(error);
  }
}

function parseCommand(
  argv: readonly string[],
  env: MigrateEnvironment,
  out: Output,
): MigrateCommand | number {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        schema: { type: "string", default: "public" },
        table: { type: "string", default: "outbox" },
        publication: { type: "string", default: env.publication },
        "write-order": { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      out.stdout(MIGRATE_USAGE);
      return EXIT.ok;
    }
    const [action, ...rest] = positionals;
    const { json: isJson, help: _, "write-order": addsWriteOrder, ...target } = values;
    if (rest.length > 0) return usage(`unexpected argument "${rest[0]}"`, out);
    if (action !== "up" && action !== "status" && action !== "print") {
      return usage(action === undefined ? "a command is missing" : `no command "${action}"`, out);
    }
    const empty = Object.entries(target).find(([, name]) => name === "");
    if (empty !== undefined) return usage(`--${empty[0]} must not be empty`, out);
    return { action, target: { ...target, shard: env.shard ?? null, addsWriteOrder }, isJson };
  } catch (error) {
    return usage((error as Partial<Error>).message ?? "the arguments cannot be read", out);
  }
}

function usage(problem: string, out: Output): number {
  out.stderr(`outbox-relay migrate: ${problem}\n\n${MIGRATE_USAGE}`);
  return EXIT.usage;
}

const UP_ANSWERS = {
  applied: "applied",
  repeated: "applied again, because something was missing",
  unchanged: "already applied",
} as const;

/** The files are idempotent: where something was dropped since, all of them run again. */
async function up(migrator: Migrator, { target }: MigrateCommand, out: Output): Promise<number> {
  const files = await migrationsFor(target);
  const { isReady } = await migrationStatus(migrator, files, target);
  for (const file of files) {
    const again = !isReady || (file.name === WRITE_ORDER_FILE && target.addsWriteOrder === true);
    const outcome = await migrator.apply(file, { again });
    out.stdout(`${file.fileName}: ${UP_ANSWERS[outcome]}\n`);
  }
  const { publication } = await migrationStatus(migrator, files, target);
  if (!publication.hasRows) throw otherRows(publication.name);
  return EXIT.ok;
}

/** A publication that is there is never changed: a relay may be reading from it. */
function otherRows(publication: string): RelayError {
  return new RelayError(`publication ${publication} has other rows than RELAY_SHARD wants`, {
    code: "CONFIG_SHARD",
    remedy: "halt",
    hint: "outbox-relay doctor --sql writes the statements that correct it. If no relay uses the publication, drop it and run this again.",
  });
}

async function status(
  migrator: Migrator,
  { target, isJson }: MigrateCommand,
  out: Output,
): Promise<number> {
  const result = await migrationStatus(migrator, await migrationsFor(target), target);
  out.stdout(isJson ? `${JSON.stringify(result, null, 2)}\n` : describe(result));
  return result.isReady ? EXIT.ok : EXIT.failure;
}

function describe(status: MigrationStatus): string {
  const { migrations, table, missingColumns, publication } = status;
  const lines = migrations.map(
    ({ version, name, state, appliedAt }) =>
      `${String(version).padStart(4, "0")} ${name}: ${state}${appliedAt === null ? "" : ` ${appliedAt}`}`,
  );
  const columns =
    missingColumns.length === 0 ? "all columns" : `without ${missingColumns.join(", ")}`;
  lines.push(`table ${table.name}: ${table.exists ? `exists, ${columns}` : "missing"}`);
  if (table.exists && !status.hasWriteOrder) lines.push(describeWriteOrder(status));
  lines.push(`publication ${publication.name}: ${describePublication(publication)}`);
  return `${lines.join("\n")}\n`;
}

function describeWriteOrder({ writeOrderFault }: MigrationStatus): string {
  const add =
    "outbox-relay migrate up --write-order adds it, so that a repair keeps the order of writing";
  if (writeOrderFault === null) return `column write_order: missing; ${add}`;
  return `column write_order: another one, which a repair does not order by: it ${writeOrderFault}; rename it, then ${add}`;
}

function describePublication(publication: MigrationStatus["publication"]): string {
  if (!publication.exists) return "missing";
  if (!publication.publishesInsert) return "exists, but does not publish inserts";
  if (!publication.hasTable) return "exists, without the table";
  return publication.hasRows
    ? "exists, with the table"
    : "exists, with other rows than RELAY_SHARD wants";
}

async function print({ target }: MigrateCommand, out: Output): Promise<number> {
  for (const file of await migrationsFor(target)) {
    const sql = renderMigration(file, target, PRINTED_LOCK_TIMEOUT_MS);
    out.stdout(`-- ${file.fileName}\n${sql}\n`);
  }
  return EXIT.ok;
}
