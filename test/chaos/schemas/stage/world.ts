import type pg from "pg";
import type { RelayFixture } from "../../../support/relay/fixture.ts";
import { checkWorld } from "../check/check.ts";
import type { Failure } from "../check/history.ts";
import { isInnocent } from "../check/rules.ts";
import { createDecodingSlot, decodedInserts } from "../evidence/decoded-inserts.ts";
import { publishedRecord } from "../evidence/published-records.ts";
import { roleNames } from "../plan/draw-world.ts";
import { lastWrites, restoringSteps } from "../plan/ending.ts";
import type { Step } from "../plan/step.ts";
import type { WorldPlan } from "../plan/world-plan.ts";
import { Changer } from "./changer.ts";
import type { WorldNames } from "./create-schema.ts";
import { schemaStatements, UNLISTED_TABLE } from "./create-schema.ts";
import { Journal } from "./journal.ts";
import { OperatorHand } from "./operator.ts";
import { OutboxFacts } from "./outbox-facts.ts";
import { Relations } from "./relations.ts";
import type { Settled } from "./relay-hand.ts";
import { RelayCrash, RelayHand, RelayStands } from "./relay-hand.ts";
import { relaySettings } from "./settings.ts";
import { Writer } from "./writer.ts";

export interface WorldOutcome {
  readonly failures: readonly Failure[];
  readonly journal: Journal;
  readonly haltCodes: readonly string[];
  readonly records: number;
  /** What the relay wrote last, for a world that failed. */
  readonly output: string;
}

/** One world: its schema, its relay, and those who write, change and decide. */
export class World {
  readonly #plan: WorldPlan;
  readonly #fixture: RelayFixture;
  readonly #names: WorldNames;
  readonly #other: pg.Client;
  readonly #journal = new Journal();
  readonly #relations: Relations;
  readonly #hand: RelayHand;
  readonly #operator: OperatorHand;
  readonly #writer: Writer;
  readonly #changer: Changer;
  readonly #facts: OutboxFacts;
  #columns: Readonly<Record<string, string>> | null = null;
  #isInnocent = true;

  constructor(plan: WorldPlan, fixture: RelayFixture, other: pg.Client) {
    this.#plan = plan;
    this.#fixture = fixture;
    this.#other = other;
    const { slot, publication, topicPrefix } = fixture.names;
    this.#names = { publication, relayRole: `${slot}_r`, ownerRole: `${slot}_o` };
    const { client } = fixture;
    this.#relations = new Relations(client, plan.tables);
    this.#facts = new OutboxFacts(client, plan, { slot, publication });
    const settings = (): Record<string, string> =>
      relaySettings(plan, fixture, this.#columns ?? {});
    const journal = this.#journal;
    this.#hand = new RelayHand(fixture, settings);
    this.#operator = new OperatorHand({
      fixture,
      plan,
      hand: this.#hand,
      journal,
      settings,
      held: () => this.#facts.held(),
      otherColumns: () => this.#otherColumns(),
      useColumns: (columns) => {
        this.#columns = columns;
      },
      decided: () => this.#facts.learn(),
    });
    this.#writer = new Writer({
      relations: this.#relations,
      journal,
      topicPrefix,
      outbox: () => this.#facts.outbox,
      preparedName: slot,
    });
    this.#changer = new Changer({
      client,
      plan,
      names: this.#names,
      relations: this.#relations,
      journal,
    });
  }

  async run(): Promise<WorldOutcome> {
    try {
      await this.#prepare();
      for (const [number, step] of this.#plan.steps.entries()) {
        this.#journal.begin(number, step);
        await this.#carryOut(step);
        await this.#noticeSnapshot();
      }
      await this.#end();
    } catch (error) {
      if (error instanceof RelayCrash) this.#journal.fail("crashed", error.message);
      else if (error instanceof RelayStands) this.#journal.fail("stuck", error.message);
      else throw error;
    }
    return this.#judge();
  }

  /** Ends the relay, and removes what does not go away with the database. */
  async dropRoles(client: pg.Client): Promise<void> {
    const { relayRole, ownerRole } = this.#names;
    await client.query(`drop role if exists ${relayRole}, ${ownerRole}`);
  }

  async #prepare(): Promise<void> {
    const { client } = this.#fixture;
    await client.query("set search_path = pg_catalog");
    await this.#other.query("set search_path = pg_catalog");
    for (const statement of schemaStatements(this.#plan, this.#names)) {
      this.#journal.note(statement);
      await client.query(statement);
    }
    await this.#relations.learnAll();
    if (this.#plan.publication.hasUnlisted) await this.#relations.learn("x0", UNLISTED_TABLE);
    await this.#facts.learn();
    await createDecodingSlot(client, this.#decodingSlot);
  }

  get #decodingSlot(): string {
    return `${this.#fixture.names.slot}_d`;
  }

  async #carryOut(step: Step): Promise<void> {
    try {
      const isDone = await this.#execute(step);
      this.#journal.count(step, isDone ? "done" : "skipped");
      if (isDone && (step.do === "start" || step.do === "look")) {
        this.#journal.lookedAt = this.#journal.step;
      }
      if (isDone && !isInnocent(step)) this.#isInnocent = false;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#journal.note(`Postgres refuses: ${String(error)}`);
      this.#journal.count(step, "refused");
    }
    await this.#facts.noticeSlot();
  }

  async #execute(step: Step): Promise<boolean> {
    const { client } = this.#fixture;
    switch (step.do) {
      case "insert":
        return this.#writer.insert(client, step);
      case "together":
        return this.#writer.together(client, this.#other, step);
      case "retype":
        return this.#changer.retype(step);
      case "move":
        return this.#changer.move(step);
      case "publication":
        return this.#changer.publication(step);
      case "start":
        return this.#hand.start(this.#isKilledNext);
      case "stop":
        return this.#hand.stop();
      case "kill":
        return this.#hand.kill();
      case "look":
        return this.#hand.look();
      case "settle":
        return (await this.#settle()).kind !== "down";
      case "operate":
        return (await this.#operator.operate(await this.#settle())).kind !== "down";
      case "drop-slot":
        return this.#dropSlot();
      default:
        return this.#changer.relation(step);
    }
  }

  /** Whether the relay that starts now is ended by a kill. */
  get #isKilledNext(): boolean {
    const next = this.#plan.steps
      .slice(this.#journal.step + 1)
      .find((step) => step.do === "kill" || step.do === "stop");
    return next?.do === "kill";
  }

  async #dropSlot(): Promise<boolean> {
    const { rows } = await this.#fixture.client.query(
      "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1",
      [this.#fixture.names.slot],
    );
    return rows.length > 0;
  }

  async #settle(): Promise<Settled> {
    const settled = await this.#hand.settle();
    if (settled.kind !== "failed") return settled;
    const { status, flaps } = settled;
    const { journal, decisions } = {
      journal: this.#journal,
      decisions: this.#journal.decisions.length,
    };
    const code = status.code ?? "";
    journal.halts.push({
      step: journal.step,
      code,
      confirmed: await this.#hand.confirmed(),
      decisions,
    });
    journal.note(`the relay is failed: ${code}: ${status.message ?? ""} | ${status.hint ?? ""}`);
    if (flaps !== null) journal.fail("flaps", `${code} shows as ${flaps}`);
    return settled;
  }

  /** The first start with a snapshot reads the tables, as a repair does. */
  async #noticeSnapshot(): Promise<void> {
    const { decisions, step } = this.#journal;
    const isDue = this.#plan.snapshot === "initial" && this.#facts.hasBegun;
    if (!isDue || decisions.some(({ kind }) => kind === "snapshot")) return;
    decisions.push({ step, kind: "snapshot", held: await this.#facts.held() });
  }

  /** The person who tried something puts it back, starts the relay, and reads what it says. */
  async #end(): Promise<void> {
    await this.#inOrder(restoringSteps(this.#plan));
    await this.#inOrder([{ do: "start" }]);
    await this.#inOrder(
      this.#hasOpenGap ? [{ do: "look" }, { do: "operate" }] : [{ do: "operate" }],
    );
    await this.#noticeSnapshot();
    await this.#inOrder(lastWrites(this.#plan));
    const settled = await this.#operator.operate(await this.#settle());
    await this.#noticeSnapshot();
    if (settled.kind === "failed") {
      this.#journal.fail("stuck", `${settled.status.code ?? ""}: ${settled.status.message ?? ""}`);
    }
    await this.#hand.stop();
  }

  async #inOrder(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      this.#journal.begin(this.#journal.step + 1, step);
      await this.#carryOut(step);
    }
  }

  /** Rows that only a look at the catalogs can tell of. */
  get #hasOpenGap(): boolean {
    const { rows, decisions } = this.#journal;
    return rows.some((row) => row.class === "gap" && row.decisions === decisions.length);
  }

  #otherColumns(): Readonly<Record<string, string>> | null {
    const names = roleNames(this.#plan);
    const renames = this.#journal.done;
    const settings = {
      ...((renames.get("rename-key") ?? 0) > 0 && { RELAY_COLUMN_KEY: "other_key" }),
      ...((renames.get("rename-headers") ?? 0) > 0 && { RELAY_COLUMN_HEADERS: "meta2" }),
    };
    return Object.keys(settings).length > 0 ? { ...columnDefaults(names), ...settings } : null;
  }

  async #judge(): Promise<WorldOutcome> {
    const journal = this.#journal;
    const ids = new Set(journal.rows.map(({ id }) => id));
    const idName = roleNames(this.#plan).id;
    const read = await this.#fixture.read();
    const history = {
      delivery: this.#plan.delivery,
      rows: journal.rows,
      undone: journal.undone,
      decoded: await decodedInserts(this.#fixture.client, this.#decodingSlot, ids, [idName]),
      halts: journal.halts,
      decisions: journal.decisions,
      records: read.map(publishedRecord),
      unseen: journal.unseen,
      hasDroppedHeaders: journal.done.has("drop-headers"),
      isInnocent: this.#isInnocent,
    };
    const unseen = journal.rows.filter(
      ({ id, class: kind }) => kind === "event" && !history.decoded.some((one) => one.id === id),
    );
    if (unseen.length > 0) throw new Error(`Postgres's decoder did not show ${unseen[0]?.id}`);
    const failures = [...journal.failures, ...checkWorld(history)];
    const { haltCodes, output } = this.#hand;
    return { failures, journal, haltCodes, records: history.records.length, output };
  }
}

function columnDefaults(names: ReturnType<typeof roleNames>): Record<string, string> {
  return { RELAY_COLUMN_KEY: names.key, RELAY_COLUMN_HEADERS: names.headers };
}

/** Postgres's own answer to a statement, as against a lost connection or a bug. */
function isRefusal(error: unknown): boolean {
  const code = (error as { readonly code?: unknown }).code;
  return typeof code === "string" && /^(?!08|57P)[0-9A-Z]{5}$/.test(code);
}
