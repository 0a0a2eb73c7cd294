import { parsePosition } from "../../prove/check/position-text.ts";
import type {
  DecisionMade,
  DecodedInsert,
  Failure,
  PublishedRecord,
  RowContent,
  UnseenRows,
  WorldHistory,
  WrittenRow,
} from "./history.ts";
import { HISTORY_CODES } from "./rules.ts";

/** Compares what was written with what is published, by the rules of rules.ts. Pure: the same history, the same failures. */
export function checkWorld(history: WorldHistory): Failure[] {
  return [
    ...checkMissing(history),
    ...checkTwice(history),
    ...checkInvented(history),
    ...checkContent(history),
    ...checkOrder(history),
    ...checkConfirmed(history),
    ...checkAlarms(history),
  ];
}

function describe({ id, step, where, class: kind }: WrittenRow): string {
  return `row ${id} of step ${step} (${kind}: ${where})`;
}

/** Why a row may be missing; null: it may not. */
export function excuseOf(
  row: WrittenRow,
  decisions: readonly DecisionMade[],
  unseen: UnseenRows,
): string | null {
  if (row.class === "other") return "no row of an outbox table";
  if (unseen.has(row.id)) return "its table was unlogged, and logged again before anybody looked";
  const later = decisions.slice(row.decisions);
  if (row.class === "gap" && later.some(({ kind }) => kind === "accept")) {
    return "a person accepted the gap";
  }
  const reading = later.find(({ kind }) => kind !== "accept");
  if (reading !== undefined && !reading.held.has(row.id)) {
    return "the tables did not hold it any more when they were read";
  }
  return null;
}

function checkMissing({ rows, records, decisions, unseen }: WorldHistory): Failure[] {
  const published = new Set(records.map(({ id }) => id));
  return rows
    .filter((row) => !published.has(row.id) && excuseOf(row, decisions, unseen) === null)
    .map((row) => {
      const isUndecided = row.class === "gap" && row.decisions === decisions.length;
      return isUndecided
        ? { kind: "silent", what: `${describe(row)} did not come, and no halt led to a decision` }
        : { kind: "lost", what: `${describe(row)} is not at Kafka` };
    });
}

function checkTwice({ rows, records, decoded, delivery }: WorldHistory): Failure[] {
  const first = new Map<string, PublishedRecord>();
  const unknown = new Set(rows.filter(({ hasTxid }) => !hasTxid).map(({ id }) => id));
  const movesOf = new Map(
    decoded.map(({ id, inserts }) => [id, unknown.has(id) ? inserts - 1 : 0]),
  );
  const failures: Failure[] = [];
  for (const record of records) {
    const former = first.get(record.id);
    if (former === undefined) {
      first.set(record.id, record);
    } else if (delivery === "exactly-once" || former.position !== record.position) {
      const moves = movesOf.get(record.id) ?? 0;
      movesOf.set(record.id, moves - 1);
      if (moves > 0) continue;
      const places = `${former.position} and ${record.position}`;
      failures.push({ kind: "twice", what: `row ${record.id} is published twice, at ${places}` });
    }
  }
  return failures;
}

function checkInvented({ rows, undone, records }: WorldHistory): Failure[] {
  const written = new Set(rows.map(({ id }) => id));
  const gone = new Set(undone);
  return records
    .filter(({ id }) => !written.has(id))
    .map(({ id, topic }) => ({
      kind: "invented",
      what: `${topic} has ${id}, which ${gone.has(id) ? "was rolled back" : "nobody wrote"}`,
    }));
}

function checkContent(history: WorldHistory): Failure[] {
  const { rows, records, decoded, hasDroppedHeaders } = history;
  const insertOf = new Map(decoded.map((insert) => [insert.id, insert]));
  const byId = new Map(rows.map((row) => [row.id, row]));
  return records.flatMap((record): Failure[] => {
    const row = byId.get(record.id);
    const difference = row === undefined ? null : differenceOf(row.content, record);
    if (row === undefined || difference === null) return [];
    const isRead = !isStreamed(record, insertOf.get(record.id));
    const mayLackHeaders = isRead
      ? hasDroppedHeaders
      : row.areHeadersAway && !hasShownHeaders(row, history);
    const bare = { ...row.content, headers: [] };
    if (mayLackHeaders && differenceOf(bare, record) === null) return [];
    return [{ kind: "altered", what: `${describe(row)}: ${difference}` }];
  });
}

/** Whether a row of its table had come with headers before it: from then on the relay knows that there is such a column. */
function hasShownHeaders(
  { id, table }: WrittenRow,
  { rows, records, decoded }: WorldHistory,
): boolean {
  const rank = decoded.find((insert) => insert.id === id)?.rank ?? 0;
  const before = new Set(decoded.filter((insert) => insert.rank < rank).map((one) => one.id));
  const ofTable = new Set(rows.filter((row) => row.table === table).map((row) => row.id));
  return records.some(
    (record) => record.headers.length > 0 && before.has(record.id) && ofTable.has(record.id),
  );
}

function differenceOf(wanted: RowContent, found: RowContent): string | null {
  const say = (part: string, one: unknown, other: unknown): string =>
    `${part} is ${JSON.stringify(other)}, not ${JSON.stringify(one)}`;
  if (wanted.topic !== found.topic) return say("topic", wanted.topic, found.topic);
  if (wanted.key !== found.key) return say("key", wanted.key, found.key);
  if (wanted.type !== found.type) return say("type", wanted.type, found.type);
  const [value, other] = [shown(wanted.value), shown(found.value)];
  if (value !== other) return say("value", value, other);
  const [headers, others] = [JSON.stringify(wanted.headers), JSON.stringify(found.headers)];
  return headers === others ? null : say("headers", headers, others);
}

function shown(value: Uint8Array | null): string | null {
  return value === null ? null : Buffer.from(value).toString("latin1");
}

/** Of rows whose transactions followed one another, and that stream or repair had to bring. */
function checkOrder({ rows, records, decoded }: WorldHistory): Failure[] {
  const insertOf = new Map(decoded.map((insert) => [insert.id, insert]));
  const rankOf = new Map(decoded.map(({ id, rank }) => [id, rank]));
  const recordOf = new Map(records.toReversed().map((record) => [record.id, record]));
  const failures: Failure[] = [];
  const lastByKey = new Map<string, { readonly row: WrittenRow; readonly rank: number }>();
  const ordered = rows
    .filter((row) => row.class === "event" && rankOf.has(row.id))
    .toSorted((a, b) => (rankOf.get(a.id) ?? 0) - (rankOf.get(b.id) ?? 0));
  for (const row of ordered) {
    const record = recordOf.get(row.id);
    if (record === undefined) continue;
    if (!row.hasTxid && !isStreamed(record, insertOf.get(row.id))) continue;
    const scope = `${record.topic}/${record.partition}/${record.key}`;
    const last = lastByKey.get(scope);
    if (last !== undefined && last.row.step < row.step && last.rank > record.rank) {
      failures.push({
        kind: "disordered",
        what: `${describe(row)} comes before ${describe(last.row)}`,
      });
    }
    if (last === undefined || record.rank > last.rank)
      lastByKey.set(scope, { row, rank: record.rank });
  }
  return failures;
}

/** While the relay is failed nothing may be confirmed past a row that the stream has not brought. */
function checkConfirmed({ rows, halts, records, decoded }: WorldHistory): Failure[] {
  const insertOf = new Map(decoded.map((insert) => [insert.id, insert]));
  const recordOf = new Map(records.map((record) => [record.id, record]));
  const failures: Failure[] = [];
  for (const row of rows) {
    const insert = insertOf.get(row.id);
    if (row.class !== "event" || insert === undefined || isStreamed(recordOf.get(row.id), insert))
      continue;
    const past = halts.find(
      ({ step, confirmed, decisions }) =>
        step >= row.step &&
        decisions === row.decisions &&
        confirmed !== null &&
        confirmed >= insert.end,
    );
    if (past === undefined) continue;
    failures.push({
      kind: "confirmed",
      what: `${describe(row)} was confirmed, unpublished, under ${past.code}`,
    });
  }
  return failures;
}

/** Whether the record has the position of the row's own transaction, which no repair gives it. */
function isStreamed(
  record: PublishedRecord | undefined,
  insert: DecodedInsert | undefined,
): boolean {
  const position = record === undefined ? null : parsePosition(record.position);
  if (position === null || insert === undefined) return false;
  return position.commitLsn >= insert.after && position.commitLsn < insert.end;
}

function checkAlarms({ isInnocent, halts }: WorldHistory): Failure[] {
  const alarms = isInnocent ? halts.filter(({ code }) => HISTORY_CODES.has(code)) : [];
  return alarms.map(({ code, step }) => ({
    kind: "false-alarm",
    what: `${code} after step ${step}, and nothing was done that keeps rows away`,
  }));
}
