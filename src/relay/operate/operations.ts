import { announce } from "../announcement.ts";
import { pause } from "../clock.ts";
import { RelayError } from "../errors.ts";
import { preflightError } from "../finding.ts";
import { formatLsn } from "../lsn.ts";
import type { RelayOptions } from "../options.ts";
import type { RelayPorts } from "../ports.ts";
import type { Checkpoint, Pending } from "../settle/checkpoint.ts";
import { decodeStored, encodeCheckpoint } from "../settle/checkpoint.ts";
import { throwStrange } from "../settle/continuity.ts";
import { isAcceptable, isStrange } from "../settle/halt.ts";
import { withDecision } from "../settle/known-tables.ts";
import { isReadable } from "../settle/slot-state.ts";
import { bounded, remembered } from "../settle/tree-memory.ts";
import { slotReserved } from "../slot-preparation.ts";
import type { Watermark } from "../watermark.ts";
import { assertCauseIsGone } from "./cause.ts";
import type { Situation } from "./situation.ts";
import { isRepairable, repairSince, situation } from "./situation.ts";

/** How `slot adopt` goes about it. */
export interface Adoption {
  /** Takes the operator's word for the slot, rather than comparing the tables with Kafka. */
  readonly trustsSlot: boolean;
  /** Also from a relay of another server that seems to be at work. */
  readonly takesOver: boolean;
}

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

  /**
   * Has the rows published that are missing at Kafka after a gap on the server that the checkpoint is of. `allRows`:
   * compares each row of the tables with Kafka, also where no gap was found.
   */
  async repair(allRows: boolean, signal: AbortSignal): Promise<Outcome> {
    const found = await this.#fencedAtHome(signal);
    const { verdict } = found;
    if (verdict.kind === "backfill")
      return { message: allRows ? BEGUN_FIRST : BEGUN, backfills: true };
    const isHalted = verdict.kind === "halt";
    if (!isHalted && !(allRows && verdict.kind === "go-on")) {
      await this.#assertStreams(signal);
      return { message: NOTHING_TO_REPAIR, backfills: false };
    }
    if (isHalted && !isRepairable(found)) throw verdict.fault;
    await this.#ports.source.assertReadable(signal);
    await this.#announce("repair", "backfill", found, allRows ? null : repairSince(found));
    const what = isHalted ? verdict.fault.code : "whatever is missing";
    return { message: `repairing ${what}`, backfills: true };
  }

  /** What would halt a relay at its start is told in place of the news that all fits together. */
  async #assertStreams(signal: AbortSignal): Promise<void> {
    const findings = await this.#ports.database.preflight(signal);
    const halts = findings.filter(({ severity }) => severity === "halt");
    if (halts.length > 0) throw preflightError(halts);
  }

  /** Goes on with this server whatever it is: compares its tables with Kafka, or takes the operator's word for the slot. */
  async adopt({ trustsSlot, takesOver }: Adoption, signal: AbortSignal): Promise<Outcome> {
    if (!takesOver) await this.#assertAbandoned(signal);
    const found = await this.#fenced(signal);
    if (found.verdict.kind !== "halt" && !(isUnproved(found) && takesOver)) {
      const message = isUnproved(found) ? LATER_TIMELINE : NOTHING_TO_ADOPT;
      return { message, backfills: false };
    }
    if (!trustsSlot) {
      await this.#ports.source.assertReadable(signal);
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
    const command = "outbox-relay accept publication, or outbox-relay repair, which looks for rows";
    const { checkpoint, seen, verdict } = await this.#toAccept(command, signal);
    if (verdict.kind !== "halt" || checkpoint === null) {
      return {
        message: "publication and tables are those of the checkpoint: nothing to accept",
        backfills: false,
      };
    }
    if (!verdict.codes.every(isAcceptable)) throw verdict.fault;
    const { publication, catalog, databaseOid } = seen;
    const { halt, publication: former } = checkpoint;
    const tree = bounded(remembered(checkpoint.tree, seen.tree), seen.tree);
    const note = this.#note("accept", { former, publication, halt });
    const accepted = {
      ...{
        ...checkpoint,
        publication,
        catalog,
        tree,
        databaseOid,
        halt: null,
        decision: note.name,
      },
      ...{ instance: this.#options.instance, at: this.#now() },
    };
    const { notes } = note;
    await this.#ports.sink.publish({ records: [], checkpoint: encodeCheckpoint(accepted), notes });
    return {
      message: `accepted: ${verdict.fault.code}: ${verdict.fault.message}\nRows that this kept out of the stream stay missing at Kafka unless outbox-relay repair was run before. A relay that waits goes on by itself.`,
      backfills: false,
    };
  }

  /**
   * Decides about rows of a table that the catalog cannot explain, of transactions that are committed by now. Changes
   * nothing else.
   */
  async acceptTable(table: string, publish: boolean, signal: AbortSignal): Promise<Outcome> {
    const command = "the same command again, where the relay still halts";
    const { checkpoint, seen, verdict } = await this.#toAccept(command, signal);
    if (verdict.kind === "halt" && verdict.codes.some((code) => code !== "TABLE_UNKNOWN"))
      throw verdict.fault;
    if (checkpoint === null) {
      return { message: "there is no checkpoint: nothing to decide", backfills: false };
    }
    const at = this.#now();
    const decision = { table, publish, until: seen.watermark.lsn };
    const { notes, name } = this.#note("accept", {
      ...decision,
      until: formatLsn(decision.until),
    });
    const tables = withDecision(checkpoint.tables, decision);
    const { instance } = this.#options;
    const decided = { ...checkpoint, tables, decision: name, instance, at };
    await this.#ports.sink.publish({ records: [], checkpoint: encodeCheckpoint(decided), notes });
    const done = publish ? "published" : "passed over";
    const message = `rows of ${table} that were committed before ${formatLsn(decision.until)} are ${done}; a relay that waits goes on by itself`;
    return { message, backfills: false };
  }

  /** Makes the slot of a relay that has never published. */
  async createSlot(signal: AbortSignal): Promise<Outcome> {
    const found = await this.#fencedAtHome(signal);
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

  /** Nobody is fenced for a checkpoint of another server, or of a copy of this one. */
  async #fencedAtHome(signal: AbortSignal): Promise<Situation> {
    throwStrange((await this.look(signal)).verdict);
    return this.#fenced(signal);
  }

  /** `command`: what to run once a cause that is still there is gone. */
  async #toAccept(command: string, signal: AbortSignal): Promise<Situation> {
    throwStrange((await this.look(signal)).verdict);
    await assertCauseIsGone(this.#ports.database, command, signal);
    return this.#fenced(signal);
  }

  /**
   * Whether the relay that the checkpoint is of is gone, where it is not at home here: it has written nothing for a while,
   * by its clock and while we look.
   */
  async #assertAbandoned(signal: AbortSignal): Promise<void> {
    const { verdict, checkpoint } = await this.look(signal);
    if (checkpoint === null || verdict.kind !== "halt" || !verdict.codes.some(isStrange)) return;
    const silentMs = this.#ports.clock.wallMs() - Date.parse(checkpoint.at);
    if (silentMs < SILENCE_MS_MIN) throw stillAtWork(checkpoint, verdict.fault);
    await pause(this.#ports.clock, OBSERVE_MS, signal);
    const later = decodeStored(await this.#ports.sink.peek(signal));
    if (later?.at !== checkpoint.at) throw stillAtWork(later ?? checkpoint, verdict.fault);
  }

  async #fenced(signal: AbortSignal): Promise<Situation> {
    const { database, sink } = this.#ports;
    const slot = await database.slot(signal);
    if (slot?.active === true) throw inUse(this.#options.slot);
    if (!(await database.reserve(signal))) throw slotReserved(this.#options.slot);
    return situation(this.#ports, this.#options, await sink.open(signal), signal);
  }

  /** `watermark`: from where rows may be missing; null: any may. */
  #announce(
    command: string,
    pending: Pending,
    found: Situation,
    watermark: Watermark | null = null,
  ): Promise<void> {
    const { checkpoint, seen, verdict } = found;
    const codes = verdict.kind === "halt" ? verdict.codes : [];
    const former =
      checkpoint === null ? null : new TextDecoder().decode(encodeCheckpoint(checkpoint));
    const note = this.#note(command, {
      codes,
      systemId: seen.systemId,
      timeline: seen.timeline,
      former,
    });
    const { name: decision, notes } = note;
    const tables = checkpoint?.systemId === seen.systemId ? checkpoint.tables : null;
    const announced = { pending, watermark, decision, notes, tables };
    return announce(this.#ports, this.#options, seen, announced);
  }

  /** What is kept of a decision, and the name that the checkpoint knows it by. */
  #note(command: string, details: object): { name: string; notes: Map<string, Uint8Array> } {
    const note = { command, by: this.#options.instance, at: this.#now(), ...details };
    const name = `${command}:${note.at}`;
    return { name, notes: new Map([[name, new TextEncoder().encode(JSON.stringify(note))]]) };
  }

  #now(): string {
    return new Date(this.#ports.clock.wallMs()).toISOString();
  }
}

/** Whether a start may halt although nothing is wrong here: only a stream is told the history of a later timeline. */
function isUnproved({ checkpoint, seen }: Situation): boolean {
  return checkpoint !== null && checkpoint.pending === null && seen.timeline > checkpoint.timeline;
}

/** What the writer's clock must say at least, and for how long nothing may come while we look: checkpoints come every ten seconds. */
const SILENCE_MS_MIN = 60_000;
const OBSERVE_MS = 12_000;

const BEGUN = "going on with what was begun";
const BEGUN_FIRST = `${BEGUN}; where all rows are to be compared, run outbox-relay repair --all-rows again once that is complete`;
const NOTHING_TO_REPAIR =
  "checkpoint, slot and server fit together: nothing to repair. Where rows are missing all the same, outbox-relay repair --all-rows compares each row of the tables with Kafka";
const LATER_TIMELINE =
  "nothing was changed: the server is on a later timeline than the checkpoint, and the relay's next start decides whether it descends from it. If that start halts with LINEAGE_UNKNOWN or LINEAGE_REWOUND, and this server is the primary from now on: outbox-relay slot adopt --take-over";
const NOTHING_TO_ADOPT = "checkpoint, slot and server fit together: nothing to adopt";

function inUse(slot: string): RelayError {
  return new RelayError(`a relay reads from slot ${slot}`, {
    code: "SLOT_BUSY",
    remedy: "standby",
    hint: "While a relay streams there is nothing to decide: see outbox-relay status.",
  });
}

function stillAtWork({ instance, at }: Checkpoint, cause: RelayError): RelayError {
  return new RelayError(
    `relay ${instance} wrote this checkpoint at ${at} and seems to be at work: to adopt it would take that relay down. ${cause.message}`,
    {
      code: "LINEAGE_FOREIGN",
      remedy: "halt",
      hint: "If that relay is to go on, give this one its own RELAY_SLOT_NAME (or RELAY_CHECKPOINT_TOPIC and RELAY_TRANSACTIONAL_ID). If it is stopped for good: outbox-relay slot adopt --take-over, or wait for a minute and run slot adopt again.",
    },
  );
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
