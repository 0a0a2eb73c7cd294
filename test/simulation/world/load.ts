import { MODEL_TABLE_OID } from "../../support/model/model-catalog.ts";
import type { SimClock } from "../engine/sim-clock.ts";
import type { SimPostgres } from "../postgres/sim-postgres.ts";
import type { SimRow, SimTransaction } from "../postgres/sim-wal.ts";
import type { WorldPlan } from "./plan.ts";
import { ROUTES } from "./plan.ts";

const WRITERS = 4;

type OpenTransaction = Pick<SimRow, "xid" | "createdMs">;

/** Writers whose transactions overlap: pauses between rows, roll-backs, big ones, ones without rows, other tables' WAL. */
export class Load {
  readonly #clock: SimClock;
  readonly #postgres: SimPostgres;
  readonly #plan: WorldPlan;
  readonly #committed: (transaction: SimTransaction) => void;
  #isOn = true;
  #ids = 0;
  #layout = 0;
  readonly #children: number[] = [];
  readonly #routes = [...ROUTES];
  /** Open transactions end with the server. */
  #incarnation = 0;

  constructor(
    parts: { clock: SimClock; postgres: SimPostgres; plan: WorldPlan },
    committed: (transaction: SimTransaction) => void,
  ) {
    this.#clock = parts.clock;
    this.#postgres = parts.postgres;
    this.#plan = parts.plan;
    this.#committed = committed;
    for (let writer = 0; writer < WRITERS; writer++) this.#next();
  }

  stop(): void {
    this.#isOn = false;
  }

  /** Whether rows may be deleted in the transaction that inserts them: where the slot is sure to bring them. */
  mayDelete: () => boolean = () => false;

  /** Nobody writes for a while; the writers stay. */
  isPaused = false;

  /** The server went away. */
  interrupt(): void {
    this.#incarnation += 1;
    this.#postgres.xids.interrupt();
  }

  /** From now on some rows go to a topic that nobody has created. */
  addRoute(): void {
    this.#routes.push(`r${String(this.#routes.length).padStart(4, "0")}`);
  }

  get newestRoute(): string {
    return this.#routes.at(-1) ?? "";
  }

  /** ALTER TABLE. */
  changeLayout(): void {
    this.#layout += 1;
  }

  /** CREATE TABLE ... INHERITS, below the outbox table or below a child of it, and into the publication. */
  addChild(): void {
    const parent = this.#clock.pick([MODEL_TABLE_OID, ...this.#children]);
    const name = `outbox_${this.#children.length}`;
    this.#children.push(this.#postgres.tables.create(name, { parent }));
  }

  /**
   * DROP TABLE of the youngest child, which has no children itself; open transactions are rolled back for it. Only once a
   * checkpoint covers a row of it: nobody can know whose rows they were otherwise, and a person would have to decide.
   */
  dropChild(covered: bigint): void {
    const oid = this.#children.at(-1);
    const { transactions } = this.#postgres.wal;
    const isKnown = transactions.some(
      ({ endLsn, rows }) => endLsn <= covered && rows.some(({ table }) => table.oid === oid),
    );
    if (oid === undefined || !isKnown) return;
    this.interrupt();
    this.#children.pop();
    this.#postgres.tables.drop(oid);
  }

  #next(): void {
    this.#clock.after(this.#clock.random() * 2 * this.#plan.transactionPauseMs, () =>
      this.#begin(),
    );
  }

  #begin(): void {
    if (!this.#isOn) return;
    if (this.isPaused || !this.#postgres.isOpen) return this.#next();
    const draw = this.#clock.random();
    const count =
      draw < 0.03 ? 30 + this.#clock.below(60) : draw < 0.15 ? 0 : 1 + this.#clock.below(5);
    const { xids, wal } = this.#postgres;
    const transaction = { xid: xids.begin(), createdMs: wal.wallMs };
    this.#row([], count, this.#incarnation, transaction);
  }

  #row(rows: SimRow[], left: number, incarnation: number, of: OpenTransaction): void {
    if (incarnation !== this.#incarnation) return this.#next();
    this.#postgres.wal.write(16 + this.#clock.below(200));
    if (left === 0) return this.#end(rows, of);
    rows.push({ ...this.#newRow(), ...of, written: this.#postgres.wal.nextMoment() });
    const pauseMs = left > 10 ? 0 : this.#plan.rowPauseMs * this.#clock.random();
    this.#clock.after(pauseMs, () => this.#row(rows, left - 1, incarnation, of));
  }

  #end(rows: readonly SimRow[], { xid }: OpenTransaction): void {
    this.#postgres.xids.end(xid);
    if (!this.#clock.chance(0.1)) {
      // What is committed while it is not published is in no stream.
      const streamed = this.#postgres.catalog.isPublishing ? rows : [];
      this.#committed(this.#postgres.wal.commit(streamed));
      if (this.mayDelete() && this.#clock.chance(0.5)) this.#postgres.remove(streamed);
      this.#postgres.changed();
    }
    this.#next();
  }

  #newRow(): Omit<SimRow, keyof OpenTransaction | "written"> {
    this.#ids += 1;
    const id = `r${this.#ids}`;
    const payload = this.#clock.chance(0.1) ? null : `{"id":"${id}","text":"Grüße 世界"}`;
    const key = `k${this.#clock.below(this.#plan.keys)}`;
    const table = this.#postgres.tables.version(this.#table());
    return { id, route: this.#clock.pick(this.#routes), key, payload, table, layout: this.#layout };
  }

  /** The outbox table under whatever name it has now, or one of its children. */
  #table(): number {
    return this.#clock.chance(0.8)
      ? MODEL_TABLE_OID
      : this.#clock.pick([MODEL_TABLE_OID, ...this.#children]);
  }
}
