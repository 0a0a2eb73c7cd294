import type { Step } from "../plan/step.ts";
import { stepKind } from "../plan/step.ts";

/** The rules by which a world is judged, for people; check.ts carries them out. */
export const RULES: readonly string[] = [
  "A row is an event when it was inserted, its transaction committed, and at that moment its table was one of RELAY_TABLES or stood below one, was logged, and was published, while the relay's slot existed.",
  "An outbox table is known by its OID from the start of the world, or from the last decision of a person; another table under a name of RELAY_TABLES counts as one, too.",
  "An event is at Kafka exactly once, with the topic, key, value, headers, type and id that Postgres's own output functions write. At-least-once delivery may repeat it at the same position.",
  "A row of an outbox table that the stream cannot deliver (not published, unlogged, written while there was no slot) is a gap. The relay halts before a person decides: gaps are never passed over in silence.",
  "A repair, and a first start with RELAY_SNAPSHOT=initial, publishes each row that the tables hold by then and that is not at Kafka. Rows that are gone from the tables by then are lost with notice.",
  "A row that is read from its table is published as the table has it by then: without headers where their column was dropped meanwhile.",
  "Rows of a partition that is set unlogged and logged again, with no start of the relay and no look of its at the catalogs in between, leave no trace that anybody could notice (docs/continuity.md).",
  "The headers column is an optional one until a row has come with it: rows that are written before, while it is away, come without headers (docs/continuity.md).",
  "A person who accepts the publication gives up the rows of gaps, and of nothing else.",
  "A row that moves between partitions is the same event and published once where it holds the id of its transaction; without that it may come again with each move (docs/guarantees.md).",
  "UPDATE, DELETE and TRUNCATE are no events, and take none back.",
  "A row that was rolled back, to a savepoint or as a whole, is never published.",
  "A row of a table that is no outbox table when it is written (detached, not listed, before the first start without a snapshot) need not come; it comes once at most.",
  "Rows of a key come in commit order, as far as their transactions followed one another; rows that are read from the tables do where they hold the id of their transaction.",
  "While the relay is failed nothing is confirmed past an event that the stream has not brought to Kafka.",
  "Changes that cannot keep rows away (owner, rights, ANALYZE, VACUUM FULL, REINDEX, new columns, new logged partitions) halt nothing.",
  "What a failed relay says leads back to a relay that streams.",
  "A halt stays on show while its cause lasts.",
];

/** Halts that speak of rows that may be missing, and not of something that is wrong at this moment. */
export const HISTORY_CODES: ReadonlySet<string> = new Set([
  "PUBLICATION_CHANGED",
  "GAP_SLOT_MISSING",
  "GAP_SLOT_INVALID",
  "GAP_SLOT_ADVANCED",
  "TABLE_RENAMED",
  "COLUMN_MISSING",
  "CHECKPOINT_MISSING",
  "CONFIG_CHANGED_INSIDE_TRANSACTION",
]);

const INNOCENT: ReadonlySet<string> = new Set([
  "together",
  "delete",
  "truncate",
  "touch",
  "analyze",
  "vacuum-full",
  "reindex",
  "owner",
  "grant",
  "row-security",
  "add-column",
  "drop-column",
  "publication owner",
  "start",
  "stop",
  "kill",
  "settle",
  "look",
  "operate",
]);

/** Whether a step, once it is done, can keep no row out of the stream. */
export function isInnocent(step: Step): boolean {
  return step.do === "insert" || INNOCENT.has(stepKind(step));
}
