import type { TreeMark, TreePart } from "../capture/tree.ts";
import { SCHEMA_KEY } from "../capture/tree.ts";
import type { RelayError } from "../errors.ts";
import type { Finding } from "../finding.ts";
import { publicationChanged, tableMoved } from "./continuity-faults.ts";
import type { TreeMemory } from "./tree-memory.ts";
import { isNew, isTable } from "./tree-memory.ts";

/** Changes that the text of a halt names; the others are counted. */
const CHANGES_NAMED_MAX = 5;
/** Tables that one warning names; there are as many warnings as it takes to name all. */
const TABLES_NAMED_MAX = 20;

const FIND_ROWS =
  "outbox-relay repair --all-rows --plan counts the rows that are not at Kafka and changes nothing, outbox-relay repair --all-rows publishes them.";

/**
 * What was changed on the way from the outbox tables to the tables below and above them since `former`, and keeps rows
 * out of the stream. A table that is new is none of it, nor one that is gone; one that is back is. `isSetOtherwise`: RELAY_TABLES or
 * the publication's name was changed as well, which is told by the other catalog rows.
 */
export function treeFaults(
  former: TreeMemory | null,
  now: readonly TreePart[],
  isSetOtherwise: boolean,
): RelayError[] {
  const both = compared(former, now).filter(([, { key }]) => !key.startsWith(SCHEMA_KEY));
  const changes = both.flatMap(([was, is]) => [
    ...linkChanges(was, is),
    ...listingChanges(was, is, isSetOtherwise),
  ]);
  changes.push(...overlookedChanges(former, now));
  const moved = both.filter(([was, is]) => wasAway(was, is)).map(([, { name }]) => `table ${name}`);
  return [
    ...(changes.length === 0 ? [] : [publicationChanged(some(changes))]),
    ...(moved.length === 0 ? [] : [tableMoved(some(moved))]),
  ];
}

function linkChanges({ link }: TreeMark, now: TreePart): string[] {
  if (link === "" || now.link === "" || link === now.link) return [];
  return [`${now.name} was taken from the table above it, and may be back`];
}

function listingChanges(was: TreeMark, now: TreePart, isSetOtherwise: boolean): string[] {
  if (was.listed === "" || now.listed === "" || was.listed === now.listed) return [];
  const isAsBefore = was.listing === now.listing;
  if (!isAsBefore && isSetOtherwise) return [];
  return [
    isAsBefore
      ? `${now.name} was taken out of the publication, and is back`
      : `${now.name} is published otherwise`,
  ];
}

function overlookedChanges(former: TreeMemory | null, now: readonly TreePart[]): string[] {
  return newlyOverlooked(former, now)
    .filter(({ overlooked }) => overlooked === "already")
    .map(
      ({ name }) =>
        `${name} seems to have held rows when it became a part of an outbox table, and this version of Postgres leaves all rows of such a table out of a stream that has read earlier ones`,
    );
}

/** Tables that became a part since `former`, and whose rows the stream at hand may leave out. */
export function newlyOverlooked(
  former: TreeMemory | null,
  now: readonly TreePart[],
): readonly TreePart[] {
  if (former === null) return [];
  return now.filter((part) => part.overlooked !== "no" && isNew(former, part));
}

/** The name is as before and the row was changed, which a new owner does not explain. */
function wasAway(was: TreeMark, { version, owner, name }: TreePart): boolean {
  return (
    was.version !== "" &&
    version !== "" &&
    was.version !== version &&
    was.owner === owner &&
    was.name === name
  );
}

/** What happened since `former` and does not stop the stream, because the catalogs cannot tell whether rows are missing. */
export function treeWarnings(former: TreeMemory | null, now: readonly TreePart[]): Finding[] {
  return [...attachedFindings(former, now), ...rewrittenFindings(former, now)];
}

/**
 * Tables that ALTER TABLE has rewritten, as SET UNLOGGED and SET LOGGED do. VACUUM FULL, CLUSTER and TRUNCATE keep the TOAST
 * table.
 */
function rewrittenFindings(former: TreeMemory | null, now: readonly TreePart[]): Finding[] {
  const rewritten = compared(former, now)
    .filter(([was, is]) => was.toast !== "" && is.toast !== "" && was.toast !== is.toast)
    .map(([, part]) => part);
  return inLists(rewritten, (names, isOne) => ({
    code: "TABLE_REWRITTEN",
    severity: "warning",
    message: `${names} ${isOne ? "was" : "were"} rewritten by ALTER TABLE: if ${isOne ? "it was" : "one was"} unlogged for a while, rows that were inserted meanwhile are not in the stream (RELAY_TABLES)`,
    hint: `Was a column's type changed, or the table packed again: nothing to do. Was it SET UNLOGGED and SET LOGGED, or do you not know: ${FIND_ROWS}`,
  }));
}

/**
 * Tables that became a part of an outbox table since `former`, and hold rows. Whether these are from before nobody can tell: a
 * transaction takes its id before it writes, so that `xmin` of a row and of the link do not say which came first.
 */
function attachedFindings(former: TreeMemory | null, now: readonly TreePart[]): Finding[] {
  if (former === null) return [];
  const attached = now.filter(
    (part) => isTable(part) && part.isLate && part.hasRows && isNew(former, part),
  );
  return inLists(attached, (names, isOne) => ({
    code: "PARTITION_ATTACHED",
    severity: "warning",
    message: `${names} ${isOne ? "became a part of an outbox table" : "became parts of outbox tables"} after creation and ${isOne ? "holds" : "hold"} rows: those from before are not in the stream, those since are, and the catalogs do not tell them apart (RELAY_TABLES)`,
    hint: `Attached empty, and filled since: nothing to do. If rows may be from before and consumers need them: ${FIND_ROWS}`,
  }));
}

/** Lines for the log about schemas that may have had another name meanwhile. */
export function schemaNotes(former: TreeMemory | null, now: readonly TreePart[]): string[] {
  return compared(former, now)
    .filter(([was, is]) => is.key.startsWith(SCHEMA_KEY) && wasAway(was, is))
    .map(
      ([, { name }]) =>
        `the ${name} was altered and is as before: a GRANT that changes nothing does that, and so does a rename that was taken back. If it had another name meanwhile, rows that were inserted into another table of the same name are not in the stream`,
    );
}

function compared(former: TreeMemory | null, now: readonly TreePart[]): [TreeMark, TreePart][] {
  return now.flatMap((part): [TreeMark, TreePart][] => {
    const was = former?.marks[part.key];
    return was === undefined ? [] : [[was, part]];
  });
}

function some(all: readonly string[]): string[] {
  const others = all.length - CHANGES_NAMED_MAX;
  return others <= 0 ? [...all] : [...all.toSpliced(CHANGES_NAMED_MAX), `and ${others} more`];
}

function inLists(
  parts: readonly TreePart[],
  finding: (names: string, isOne: boolean) => Finding,
): Finding[] {
  const lists = Object.groupBy(parts.keys(), (at) => Math.floor(at / TABLES_NAMED_MAX));
  return Object.values(lists).map((list = []) =>
    finding(list.map((at) => parts[at]?.name).join(", "), list.length === 1),
  );
}
