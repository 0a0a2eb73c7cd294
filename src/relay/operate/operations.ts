import { announce } from "../announcement.ts";
import { RelayError } from "../errors.ts";
import { formatLsn } from "../lsn.ts";
import type { RelayOptions } from "../options.ts";
import type { RelayPorts } from "../ports.ts";
import type { Pending } from "../settle/checkpoint.ts";
import { encodeCheckpoint } from "../settle/checkpoint.ts";
import { isReadable } from "../settle/continuity.ts";
import { withDecision } from "../settle/known-tables.ts";
import { slotReserved } from "../slot-preparation.ts";
import type { Situation } from "./situation.ts";
import { isRepairable, repairSince, situation } from "./situation.ts";

/** What came of a command: what to tell, and whether rows are to be published now. */
export interface Outcome {
  readonly message: string;
  readonly backfills: boolean;
}

/**
 * What an operator may decide about a slot. Each command fences first, so that nobody publishes while it looks and
 * writes, and leaves a note at `<slot>#<command>:<time>` in the checkpoint topic. Every rejection is a RelayError, and
 * nothing was changed then.
 */
export class Operations {
  readonly #ports: RelayPorts;
  readonly #options: RelayOptions;

  constructor(ports: RelayPorts, options: RelayOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Changes nothing and fences nobody. */
  async look(signal: AbortSignal): Promise<Situation> {
    return situation(this.#ports, this.#options, await this.#ports.sink.peek(signal), signal);
  }

  /** Has the rows published that are missing at Kafka after a gap on the server that the checkpoint is of. */
  async repair(signal: AbortSignal): Promise<Outcome> {
    const found = await this.#fenced(signal);
    const { verdict } = found;
    if (verdict.kind === "backfill")
      return { message: "going on with what was begun", backfills: true };
    if (verdict.kind !== "halt") return { message: NOTHING_TO_REPAIR, backfills: false };
    if (!isRepairable(found)) throw verdict.fault;
    await this.#announce("repair", "backfill", found);
    return { message: `repairing ${verdict.fault.code}`, backfills: true };
  }

  /** Goes on with this server whatever it is: compares its tables with Kafka, or takes the operator's word for the slot. */
  async adopt(trustsSlot: boolean, signal: AbortSignal): Promise<Outcome> {
    const found = await this.#fenced(signal);
    if (found.verdict.kind !== "halt") return { message: NOTHING_TO_ADOPT, backfills: false };
    if (!trustsSlot) {
      await this.#announce("adopt", "backfill", found);
      return { message: "comparing the tables with Kafka", backfills: true };
    }
    if (found.slot === null || !isReadable(found.slot)) throw noSlotToTrust(this.#options.slot);
    await this.#announce("adopt", "slot", found);
    return {
      message: `the relay starts where slot ${this.#options.slot} stands`,
      backfills: false,
    };
  }

  /** Takes publication and tables as they are now for what the checkpoint was written under. */
  async acceptPublication(signal: AbortSignal): Promise<Outcome> {
    const { checkpoint, seen, verdict } = await this.#fenced(signal);
    if (verdict.kind !== "halt" || checkpoint === null) {
      return {
        message: "publication and tables are those of the checkpoint: nothing to accept",
        backfills: false,
      };
    }
    if (verdict.codes.some((code) => code !== "PUBLICATION_CHANGED")) throw verdict.fault;
    const at = this.#now();
    const { publication } = seen;
    const notes = this.#notes("accept", { former: checkpoint.publication, publication });
    const accepted = { ...checkpoint, publication, instance: this.#options.instance, at };
    await this.#ports.sink.publish({ records: [], checkpoint: encodeCheckpoint(accepted), notes });
    return { message: "accepted; a relay that waits goes on by itself", backfills: false };
  }

  /**
   * Decides about rows of a table that the catalog cannot explain, of transactions that are committed by now. Changes
   * nothing else.
   */
  async acceptTable(table: string, publish: boolean, signal: AbortSignal): Promise<Outcome> {
    const { checkpoint, seen, verdict } = await this.#fenced(signal);
    if (verdict.kind === "halt" && verdict.codes.some((code) => code !== "TABLE_UNKNOWN"))
      throw verdict.fault;
    if (checkpoint === null) {
      return { message: "there is no checkpoint: nothing to decide", backfills: false };
    }
    const at = this.#now();
    const decision = { table, publish, until: seen.watermark.lsn };
    const notes = this.#notes("accept", { ...decision, until: formatLsn(decision.until) });
    const tables = withDecision(checkpoint.tables, decision);
    const decided = { ...checkpoint, tables, instance: this.#options.instance, at };
    await this.#ports.sink.publish({ records: [], checkpoint: encodeCheckpoint(decided), notes });
    const done = publish ? "published" : "passed over";
    const message = `rows of ${table} that were committed before ${formatLsn(decision.until)} are ${done}; a relay that waits goes on by itself`;
    return { message, backfills: false };
  }

  /** Makes the slot of a relay that has never published. */
  async createSlot(signal: AbortSignal): Promise<Outcome> {
    const found = await this.#fenced(signal);
    const { slot: name } = this.#options;
    const isFirst = found.checkpoint === null && found.slot === null;
    if (!isFirst && found.verdict.kind !== "create-slot") throw notTheFirst(name, found);
    await announce(this.#ports, this.#options, found.seen, { pending: "slot", watermark: null });
    await this.#ports.database.createSlot(signal);
    return {
      message: `slot ${name} is there; rows committed from now on are published`,
      backfills: false,
    };
  }

  async #fenced(signal: AbortSignal): Promise<Situation> {
    const { database, sink } = this.#ports;
    const slot = await database.slot(signal);
    if (slot?.active === true) throw inUse(this.#options.slot);
    if (!(await database.reserve(signal))) throw slotReserved(this.#options.slot);
    return situation(this.#ports, this.#options, await sink.open(signal), signal);
  }

  #announce(command: string, pending: Pending, found: Situation): Promise<void> {
    const { checkpoint, seen, verdict } = found;
    const codes = verdict.kind === "halt" ? verdict.codes : [];
    const former =
      checkpoint === null ? null : new TextDecoder().decode(encodeCheckpoint(checkpoint));
    const notes = this.#notes(command, {
      codes,
      systemId: seen.systemId,
      timeline: seen.timeline,
      former,
    });
    const watermark = command === "repair" ? repairSince(found) : null;
    const tables = checkpoint?.systemId === seen.systemId ? checkpoint.tables : null;
    return announce(this.#ports, this.#options, seen, { pending, watermark, notes, tables });
  }

  #notes(command: string, details: object): ReadonlyMap<string, Uint8Array> {
    const note = { command, by: this.#options.instance, at: this.#now(), ...details };
    return new Map([[`${command}:${note.at}`, new TextEncoder().encode(JSON.stringify(note))]]);
  }

  #now(): string {
    return new Date(this.#ports.clock.wallMs()).toISOString();
  }
}

const NOTHING_TO_REPAIR = "checkpoint, slot and server fit together: nothing to repair";
const NOTHING_TO_ADOPT = "checkpoint, slot and server fit together: nothing to adopt";

function inUse(slot: string): RelayError {
  return new RelayError(`a relay reads from slot ${slot}`, {
    code: "SLOT_BUSY",
    remedy: "standby",
    hint: "While a relay streams there is nothing to decide: see outbox-relay status.",
  });
}

function noSlotToTrust(slot: string): RelayError {
  return new RelayError(`there is no slot ${slot} that could be read from`, {
    code: "GAP_SLOT_MISSING",
    remedy: "halt",
    hint: "Run outbox-relay slot adopt without --trust-slot: it compares the tables with Kafka.",
  });
}

function notTheFirst(slot: string, { verdict }: Situation): RelayError {
  if (verdict.kind === "halt") return verdict.fault;
  return new RelayError(`slot ${slot} is there already`, {
    code: "CONFIG_SLOT",
    remedy: "halt",
    hint: "Nothing to do: start the relay.",
  });
}
