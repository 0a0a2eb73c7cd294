import type { SlotFacts } from "../capture/source-database.ts";
import type { ErrorCode } from "../errors.ts";
import { RelayError } from "../errors.ts";
import type { Lsn } from "../lsn.ts";
import { formatLsn } from "../lsn.ts";
import type { Halt } from "./halt.ts";
import { isAcceptable } from "./halt.ts";

// What each fault of continuity is called, why it matters, and the next command. All of them halt.

const REPAIR =
  "Run outbox-relay repair --plan: it tells how many rows are missing at Kafka and changes nothing; then outbox-relay repair.";

const DECIDE = `If rows may be missing: ${REPAIR} If you know that none are: outbox-relay accept publication.`;

/** Several faults in one: the first one's code, everybody's message and hint. */
export function allOf(faults: readonly RelayError[]): RelayError {
  const [first, ...others] = faults;
  if (first === undefined || others.length === 0) return first as RelayError;
  const hints = [...new Set(faults.map(({ hint }) => hint))];
  return fault(first.code, faults.map(({ message }) => message).join("; "), hints.join(" "));
}

/** The slot is gone although events were published from it. */
export function slotMissing(slot: string, covered: Lsn | null): RelayError {
  const at = covered === null ? "" : ` at ${formatLsn(covered)}`;
  return fault(
    "GAP_SLOT_MISSING",
    `slot ${slot} does not exist, but a checkpoint${at} does: what was committed since was not read, and a new slot would start after it`,
    `Find out who dropped it; after a failover it was not synchronised to the new primary. ${REPAIR}`,
  );
}

/** The WAL that the slot needs is gone. */
export function slotInvalid({ name, invalidationReason, confirmedLsn }: SlotFacts): RelayError {
  const at = confirmedLsn === null ? "its position" : formatLsn(confirmedLsn);
  return fault(
    "GAP_SLOT_INVALID",
    `slot ${name} is invalid (${invalidationReason ?? "its WAL was removed"}): what was committed after ${at} can no longer be read from it`,
    `${REPAIR} Then raise max_slot_wal_keep_size or idle_replication_slot_timeout, or it happens again.`,
  );
}

export function notPrimary({ name, temporary }: SlotFacts): RelayError {
  const what = temporary ? "is temporary" : "is a copy that is synchronised from another server";
  return fault(
    "NOT_PRIMARY",
    `slot ${name} ${what}: nobody may read from it`,
    "Point RELAY_DATABASE_URL at the primary: select pg_is_in_recovery(); answers f there.",
  );
}

/** A server or database, as the checkpoint and the look at the server name it. */
export interface Origin {
  readonly systemId: string;
  /** Object identifier of the database; null in records that do not tell. */
  readonly databaseOid: number | null;
}

function originText({ systemId, databaseOid }: Origin): string {
  const database = databaseOid === null ? "" : `, database ${databaseOid}`;
  return `system identifier ${systemId}${database}`;
}

/** `writer`: who wrote the checkpoint, and when. */
export function foreign(
  seen: Origin,
  known: Origin,
  slot: string,
  writer: { readonly instance: string; readonly at: string },
): RelayError {
  return fault(
    "LINEAGE_FOREIGN",
    `the server is another cluster or database (${originText(seen)}) than the one that the checkpoint of slot ${slot} is of (${originText(known)}), which relay ${writer.instance} wrote at ${writer.at}: checkpoint and transactional ids belong to that relay`,
    "Does another relay use the same Kafka with the same names? Set RELAY_SLOT_NAME to a name of this relay's own (or RELAY_CHECKPOINT_TOPIC and RELAY_TRANSACTIONAL_ID). Does the URL lead to the wrong server? Correct RELAY_DATABASE_URL. Only after pg_upgrade, or a restore into a new cluster, with the former relay stopped for good: outbox-relay slot adopt.",
  );
}

/** The control connection leads to another server than the one that streams. */
export function otherCluster(seen: string, known: string): RelayError {
  return fault(
    "LINEAGE_FOREIGN",
    `the control connection leads to another cluster (system identifier ${seen}) than the stream (${known})`,
    "Check RELAY_DATABASE_URL: nothing is published until it leads to the cluster of the checkpoint again.",
  );
}

/** A halt that was written down earlier, and that nobody has settled. */
export function storedHalt({ code, message, at, instance }: Halt): RelayError {
  const since = `[since ${at}, first met by relay ${instance}; it stays until a person has decided]`;
  const hint = isAcceptable(code) ? DECIDE : REPAIR;
  return new RelayError(`${message} ${since}`, { code, remedy: "halt", hint, lasts: true });
}

function lineageRewound(problem: string, hint: string): RelayError {
  const message = `the server has lost or never had what was published: ${problem}`;
  return fault("LINEAGE_REWOUND", message, hint);
}

const ADOPT =
  "If this server is to be the primary from now on, compare it with Kafka and run outbox-relay slot adopt.";

/** The ways in which a server is older than the checkpoint. */
export const rewound = {
  behind: (walEnd: Lsn, covered: Lsn): RelayError =>
    lineageRewound(
      `its WAL ends at ${formatLsn(walEnd)}, before the checkpoint ${formatLsn(covered)}: it was restored from an older copy`,
      `Point RELAY_DATABASE_URL at the current primary. ${ADOPT}`,
    ),
  oldPrimary: (timeline: number, known: number): RelayError =>
    lineageRewound(
      `it is on timeline ${timeline}, the checkpoint on ${known}: an old primary`,
      "Point RELAY_DATABASE_URL at the current primary, and stop this one: applications that still write to it lose their rows.",
    ),
  otherBranch: (timeline: number, known: number): RelayError =>
    lineageRewound(
      `its timeline ${timeline} does not descend from timeline ${known} of the checkpoint`,
      `Point RELAY_DATABASE_URL at the current primary. ${ADOPT}`,
    ),
  slot: (at: Lsn, made: Lsn): RelayError =>
    lineageRewound(
      `the slot stands at ${formatLsn(at)}, before ${formatLsn(made)}, where an interrupted backfill had made it: the server was restored from an older copy and has been written to since`,
      `Point RELAY_DATABASE_URL at the current primary. ${ADOPT}`,
    ),
  witness: (seen: number, known: number): RelayError =>
    lineageRewound(
      `its witness row stands at ${seen}, the checkpoint's at ${known}: it was restored from an older copy and has been written to since`,
      `Point RELAY_DATABASE_URL at the current primary. ${ADOPT}`,
    ),
};

/** The one file that tells whether a promoted server has what was published is not there. */
export function historyMissing(timeline: number, known: number): RelayError {
  const file = `${timeline.toString(16).toUpperCase().padStart(8, "0")}.history`;
  return fault(
    "LINEAGE_UNKNOWN",
    `the server is on timeline ${timeline}, the checkpoint on ${known}, and the server cannot show pg_wal/${file}: whether it has all that was published is not known`,
    `Copy ${file} into pg_wal of the server, readable for Postgres: it is in the WAL archive, or in pg_wal of another server that follows this one. The relay goes on by itself. If the file is lost for good and this server is the primary: outbox-relay slot adopt --take-over, which compares the tables with Kafka.`,
  );
}

export function slotAdvanced({ name }: SlotFacts, confirmed: Lsn, covered: Lsn): RelayError {
  return fault(
    "GAP_SLOT_ADVANCED",
    `slot ${name} stands at ${formatLsn(confirmed)}, past the checkpoint ${formatLsn(covered)}: somebody else advanced or recreated it, and events between the two were never published`,
    REPAIR,
  );
}

export function configChanged(commitLsn: Lsn): RelayError {
  return fault(
    "CONFIG_CHANGED_INSIDE_TRANSACTION",
    `the checkpoint lies inside the transaction at ${formatLsn(commitLsn)}, and the tables or the publication were set otherwise then, so its rows cannot be counted`,
    "Start once with the former RELAY_TABLES and RELAY_PUBLICATION_NAME until the relay is idle, then change them.",
  );
}

export function shardChanged(shard: string | null, known: string | null): RelayError {
  const [now, before] = [shard, known].map((one) => (one === null ? "all keys" : `shard ${one}`));
  return fault(
    "SHARD_CHANGED",
    `the relay is set to publish ${now}, and this slot's checkpoint is of ${before}: other keys were read up to other positions`,
    "Set RELAY_SHARD back, with the slot's name. To divide the keys again, or to go back to one relay, follow docs/scaling.md: each division has slots of its own.",
  );
}

/** `changes`: what differs; none when only that something does is known. `lasts`: the change may have been made behind the relay's back. */
export function publicationChanged(changes: readonly string[] = [], lasts = true): RelayError {
  const what =
    changes.length === 0
      ? "publication or outbox tables were changed since the checkpoint: dropped, made again, replaced, or set otherwise for a while"
      : `publication or outbox tables were changed since the checkpoint: ${changes.join("; ")}`;
  return new RelayError(
    `${what}; rows written meanwhile may not have come, without a word from Postgres`,
    { code: "PUBLICATION_CHANGED", remedy: "halt", hint: DECIDE, lasts },
  );
}

/** Only the name, the schema or the owner of a table can have been changed, and all three are what they were. */
export function tableMoved(tables: readonly string[]): RelayError {
  return new RelayError(
    `${tables.join(", ")} had another name or schema meanwhile (or another owner): rows that were inserted into another table of its name are not in the stream. Nothing that decides which rows come differs now: the only possible gap is a change that was taken back`,
    { code: "TABLE_RENAMED", remedy: "halt", hint: DECIDE, lasts: true },
  );
}

/** A slot, and nothing that tells what was published from it. */
export function checkpointMissing({ name, confirmedLsn }: SlotFacts): RelayError {
  const at = confirmedLsn === null ? "" : ` at ${formatLsn(confirmedLsn)}`;
  return fault(
    "CHECKPOINT_MISSING",
    `slot ${name} exists${at}, but there is no checkpoint: nobody knows whether all that was committed before it is at Kafka`,
    "Was the slot made for this relay and never read from, or was the checkpoint topic lost? Run outbox-relay slot adopt: it looks at Kafka and starts at the slot. RELAY_CHECKPOINT_TOPIC may also name the wrong topic.",
  );
}

export function slotNotThere(slot: string): RelayError {
  return fault(
    "CONFIG_SLOT_MISSING",
    `replication slot "${slot}" does not exist (RELAY_SLOT_NAME), and RELAY_SLOT_CREATE is never`,
    "Run outbox-relay slot create, or set RELAY_SLOT_CREATE=if-missing.",
  );
}

function fault(code: ErrorCode, message: string, hint: string): RelayError {
  return new RelayError(message, { code, remedy: "halt", hint });
}
