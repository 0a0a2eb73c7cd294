import type { Lsn } from "../../../../src/relay/lsn.ts";
import { parseLsn } from "../../../../src/relay/lsn.ts";
import type { RelayFixture } from "../../../support/relay/fixture.ts";
import { SlotProgress } from "../../../support/relay/slot-progress.ts";
import { until } from "../../../support/until.ts";
import type { RelaySight, RunningRelay } from "./relay-here.ts";
import { RelayApart, RelayHere } from "./relay-here.ts";

/** How long a halt must last to count: a few tries of a relay that looks again every half second. */
const LASTING_MS = 2_000;
/** A relay that stands does so for ever; one on a machine that does other work only takes longer. */
const DEADLINE_MS = 120_000;
const LOOK_DEADLINE_MS = 12_000;

export type Settled =
  | { readonly kind: "caught-up" | "down" }
  | { readonly kind: "failed"; readonly status: RelaySight; readonly flaps: string | null };

/** Starts, stops and watches the one relay of a world. */
export class RelayHand {
  readonly #fixture: RelayFixture;
  readonly #settings: () => Readonly<Record<string, string>>;
  #relay: RunningRelay | null = null;
  /** What relays that are gone wrote. */
  readonly #former: RunningRelay[] = [];

  constructor(fixture: RelayFixture, settings: () => Readonly<Record<string, string>>) {
    this.#fixture = fixture;
    this.#settings = settings;
  }

  get isRunning(): boolean {
    return this.#relay !== null;
  }

  /** Codes of all halts that the log tells of, each as often as it began. */
  get haltCodes(): readonly string[] {
    return [...this.#former, ...(this.#relay === null ? [] : [this.#relay])].flatMap(
      ({ haltCodes }) => haltCodes,
    );
  }

  get output(): string {
    return this.#relay?.output ?? this.#former.at(-1)?.output ?? "";
  }

  /** Resolves when it streams or has failed. One that is to be killed is a process of its own. */
  async start(isToBeKilled: boolean): Promise<boolean> {
    if (this.#relay !== null) return false;
    const settings = this.#settings();
    const relay = isToBeKilled
      ? new RelayApart(this.#fixture.start(settings))
      : new RelayHere(settings);
    this.#relay = relay;
    let status: RelaySight | null = null;
    await untilOr(
      async () => {
        this.#assertAlive(relay);
        status = await relay.status();
        return status?.state === "streaming" || status?.state === "failed";
      },
      () => `the relay to stream or to fail, last seen ${JSON.stringify(status)}`,
    );
    return true;
  }

  async stop(): Promise<boolean> {
    const relay = this.#leave();
    await relay?.stop();
    return relay !== null;
  }

  async kill(): Promise<boolean> {
    const relay = this.#leave();
    if (relay instanceof RelayApart) await relay.kill();
    else await relay?.stop();
    return relay !== null;
  }

  /** Waits until all that is committed now is confirmed, or until a halt has lasted. */
  async settle(): Promise<Settled> {
    const relay = this.#relay;
    if (relay === null) return { kind: "down" };
    const progress = new SlotProgress(await this.#walEnd());
    const sight = new Sight();
    await untilOr(
      async () => {
        this.#assertAlive(relay);
        sight.add(await relay.status());
        const isStreaming = sight.last?.state === "streaming";
        progress.add(isStreaming ? await this.#confirmed() : null, relay.haltCodes.length);
        return progress.isPast || sight.hasLasted;
      },
      () => `the relay to publish all or to fail, last seen ${JSON.stringify(sight.last)}`,
    );
    if (progress.isPast || sight.failed === null) return { kind: "caught-up" };
    return { kind: "failed", status: sight.failed, flaps: sight.flaps };
  }

  /** Until it has looked at the catalogs once more, or has failed meanwhile. */
  async look(): Promise<boolean> {
    const relay = this.#relay;
    if (relay === null) return false;
    const { client } = this.#fixture;
    const { rows: now } = await client.query<{ now: string }>(
      "select clock_timestamp()::text as now",
    );
    const begunMs = performance.now();
    await until(
      async () => {
        this.#assertAlive(relay);
        if ((await relay.status())?.state === "failed") return true;
        const { rows } = await client.query(
          `select from pg_stat_activity where datname = current_database() and application_name like 'relay:%'
              and query like '%pg_current_wal_insert_lsn%' and query_start > $1::timestamptz and state = 'idle'`,
          [now[0]?.now],
        );
        return rows.length > 0 || performance.now() - begunMs > LOOK_DEADLINE_MS;
      },
      DEADLINE_MS,
      "the relay to look at the catalogs",
    );
    return true;
  }

  async confirmed(): Promise<Lsn | null> {
    const { rows } = await this.#fixture.client.query<{ lsn: string | null }>(
      "select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1",
      [this.#fixture.names.slot],
    );
    const lsn = rows[0]?.lsn ?? null;
    return lsn === null ? null : parseLsn(lsn);
  }

  async #walEnd(): Promise<Lsn> {
    const { rows } = await this.#fixture.client.query<{ lsn: string }>(
      "select pg_current_wal_insert_lsn()::text as lsn",
    );
    return parseLsn(rows[0]?.lsn ?? "0/0");
  }

  /** Writes a little WAL before it asks, so that the server tells of its end. */
  async #confirmed(): Promise<Lsn | null> {
    await this.#fixture.client.query("select pg_logical_emit_message(true, 'schemas', '')");
    return this.confirmed();
  }

  #leave(): RunningRelay | null {
    const relay = this.#relay;
    if (relay !== null) this.#former.push(relay);
    this.#relay = null;
    return relay;
  }

  #assertAlive(relay: RunningRelay): void {
    if (relay.end === null) return;
    this.#leave();
    throw new RelayCrash(`the relay ended by itself: ${relay.end}`);
  }
}

/** The relay ended by itself. */
export class RelayCrash extends Error {}

/** The relay neither gets on nor says why. */
export class RelayStands extends Error {}

async function untilOr(holds: () => Promise<boolean>, what: () => string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  let hasHeld = false;
  await until(
    async () => {
      hasHeld = await holds();
      return hasHeld || performance.now() > deadline;
    },
    2 * DEADLINE_MS,
    what,
  );
  if (!hasHeld) throw new RelayStands(`waited in vain for ${what()}`);
}

/** States that a relay shows one after another while it is waited for. */
class Sight {
  #failedSinceMs: number | null = null;
  readonly #states: string[] = [];
  last: RelaySight | null = null;
  failed: RelaySight | null = null;

  add(status: RelaySight | null): void {
    if (status === null) return;
    this.last = status;
    const { state, code } = status;
    const shown = `${state} ${code ?? ""}`;
    if (this.#states.at(-1) !== shown) this.#states.push(shown);
    if (state !== "failed") return;
    this.failed = status;
    this.#failedSinceMs ??= performance.now();
  }

  /** A relay that comes back from a halt is streaming for good by then, or has caught up. */
  get hasLasted(): boolean {
    if (this.#failedSinceMs === null) return false;
    return this.last?.state === "failed" && performance.now() - this.#failedSinceMs > LASTING_MS;
  }

  /** What was shown in place of the halt while it lasted; null: nothing else. */
  get flaps(): string | null {
    const first = this.#states.findIndex((shown) => shown.startsWith("failed"));
    const since = this.#states.slice(first);
    const isSteady = since.every((shown) => shown.startsWith("failed"));
    return isSteady ? null : since.slice(0, 8).join(", ");
  }
}
