import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import pg from "pg";
import { InvariantError } from "../relay/errors.ts";
import type { Shard } from "../relay/shard.ts";
import { shardBounds } from "./shard-filter.ts";

/** What the placeholders of the files stand for. */
export interface MigrationTarget {
  readonly schema: string;
  readonly table: string;
  readonly publication: string;
  /** The publication is to have only the rows whose keys are this shard's. Default: all rows. */
  readonly shard?: TargetShard | null;
  /** Add the column `write_order` also to a table that has rows, or is not ours. Default: no. */
  readonly addsWriteOrder?: boolean;
}

export interface TargetShard extends Shard {
  readonly keyColumn: string;
}

/** Of these two each target needs one. */
const WHOLE_PUBLICATION = "publication";
const SHARD_PUBLICATION = "shard_publication";
/** The one that does something again when it is asked to. */
export const WRITE_ORDER_FILE = "write_order";

/** One file of `migrations/`, with its placeholders. */
export interface MigrationFile {
  readonly version: number;
  /** Of the file, without number and extension. */
  readonly name: string;
  readonly fileName: string;
  readonly template: string;
  /** SHA-256 of the template in hex, so that it is the same for every target. */
  readonly checksum: string;
}

/** As far from `src/postgres` as from `dist/postgres`. */
const FOLDER = new URL("../../migrations/", import.meta.url);
const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.sql$/;
const PLACEHOLDER = /\{\{(\w+)(:literal)?\}\}/g;

/** All migrations in the order of their numbers. */
export async function readMigrations(folder: URL = FOLDER): Promise<MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => FILE_NAME.test(name)).sort();
  return Promise.all(
    names.map(async (fileName) => {
      const [, version = "", name = ""] = FILE_NAME.exec(fileName) ?? [];
      const template = await readFile(new URL(fileName, folder), "utf8");
      const checksum = createHash("sha256").update(template).digest("hex");
      return { version: Number(version), name, fileName, template, checksum };
    }),
  );
}

/** The files that the target needs, in their order. */
export async function migrationsFor({ shard = null }: MigrationTarget): Promise<MigrationFile[]> {
  const other = shard === null ? SHARD_PUBLICATION : WHOLE_PUBLICATION;
  return (await readMigrations()).filter(({ name }) => name !== other);
}

/** The SQL of one file for one target; `{{x}}` becomes an identifier, `{{x:literal}}` a string. */
export function renderMigration(
  file: MigrationFile,
  target: MigrationTarget,
  lockTimeoutMs: number,
): string {
  const { schema, table, publication } = target;
  const identifiers = new Map([
    ["schema", pg.escapeIdentifier(schema)],
    ["table", pg.escapeIdentifier(table)],
    ["publication", pg.escapeIdentifier(publication)],
    ["qualified_table", qualifiedTable(target)],
  ]);
  const texts = new Map([
    ...Object.entries({ schema, table, publication, ...shardTexts(target) }),
    ["qualified_table", qualifiedTable(target)],
    ["lock_timeout", `${lockTimeoutMs}ms`],
    ["write_order", target.addsWriteOrder === true ? "always" : "if-new"],
  ] as [string, string][]);
  return file.template.replaceAll(PLACEHOLDER, (placeholder, name: string, literal?: string) => {
    const text = literal === undefined ? identifiers.get(name) : texts.get(name);
    if (text === undefined) throw new InvariantError(`${file.fileName} uses ${placeholder}`);
    return literal === undefined ? text : pg.escapeLiteral(text);
  });
}

function shardTexts({ shard = null }: MigrationTarget): Record<string, string> {
  if (shard === null) return {};
  const { from, below } = shardBounds(shard);
  return { key_column: shard.keyColumn, shard_from: from ?? "", shard_below: below ?? "" };
}

export function qualifiedTable({ schema, table }: MigrationTarget): string {
  return `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`;
}
