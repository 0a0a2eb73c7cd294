import type { ErrorCode } from "../errors.ts";
import { RelayError } from "../errors.ts";
import type { Lsn } from "../lsn.ts";
import { formatLsn, parseLsn } from "../lsn.ts";
import type { Progress } from "../progress.ts";

/** The stored form's version; a record with a higher one is never read and never overwritten. */
const VERSION = 1;

/** What the checkpoint record tells beside the progress. */
export interface Checkpoint extends Progress {
  readonly systemId: string;
  readonly timeline: number;
  /** Fingerprint of the settings that give rows their index. */
  readonly config: string;
  /** Who wrote it and when, for people. */
  readonly instance: string;
  readonly at: string;
}

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const value = {
    v: VERSION,
    sysid: checkpoint.systemId,
    tli: checkpoint.timeline,
    commit: formatLsn(checkpoint.commitLsn),
    index: checkpoint.index,
    end: checkpoint.endLsn === null ? null : formatLsn(checkpoint.endLsn),
    keepalive: formatLsn(checkpoint.keepaliveLsn),
    snapshot: null,
    publication: null,
    config: checkpoint.config,
    instance: checkpoint.instance,
    at: checkpoint.at,
  };
  return new TextEncoder().encode(JSON.stringify(value));
}

/**
 * Reads a stored checkpoint. Throws RelayError, remedy `halt`: `CHECKPOINT_NEWER` for a later version,
 * `CHECKPOINT_UNREADABLE` for anything that is no checkpoint.
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const fields = new Fields(parse(bytes));
  const version = fields.integer("v");
  if (version > VERSION) throw refuse("CHECKPOINT_NEWER", `was written in version ${version}`);
  return {
    systemId: fields.text("sysid"),
    timeline: fields.integer("tli"),
    commitLsn: fields.lsn("commit"),
    index: fields.integer("index"),
    endLsn: fields.isNull("end") ? null : fields.lsn("end"),
    keepaliveLsn: fields.lsn("keepalive"),
    config: fields.text("config"),
    instance: fields.text("instance"),
    at: fields.text("at"),
  };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw refuse("CHECKPOINT_UNREADABLE", "is no JSON");
  }
  if (typeof value !== "object" || value === null) {
    throw refuse("CHECKPOINT_UNREADABLE", "is no JSON object");
  }
  return value as Record<string, unknown>;
}

class Fields {
  readonly #values: Record<string, unknown>;

  constructor(values: Record<string, unknown>) {
    this.#values = values;
  }

  isNull(name: string): boolean {
    return this.#values[name] === null;
  }

  text(name: string): string {
    const value = this.#values[name];
    if (typeof value !== "string") throw refuse("CHECKPOINT_UNREADABLE", `has no text "${name}"`);
    return value;
  }

  integer(name: string): number {
    const value = this.#values[name];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    throw refuse("CHECKPOINT_UNREADABLE", `has no whole number "${name}"`);
  }

  lsn(name: string): Lsn {
    try {
      return parseLsn(this.text(name));
    } catch {
      throw refuse("CHECKPOINT_UNREADABLE", `has no LSN "${name}"`);
    }
  }
}

function refuse(code: ErrorCode, problem: string): RelayError {
  const hint =
    code === "CHECKPOINT_NEWER"
      ? "Run the version of outbox-relay that wrote it, or a later one."
      : "Read the last record of the checkpoint topic (RELAY_CHECKPOINT_TOPIC) and find out who wrote it. The relay never overwrites it.";
  return new RelayError(`the stored checkpoint ${problem}`, { code, remedy: "halt", hint });
}
