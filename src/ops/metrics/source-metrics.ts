import type { StreamTally } from "../../relay/capture/stream-tally.ts";
import { MESSAGE_TYPES } from "../../relay/capture/stream-tally.ts";
import type { LeaderTransition } from "../../relay/leadership.ts";
import type { RelayView } from "../relay-view.ts";
import { LabelCap } from "./label-cap.ts";
import type { Meter } from "./meter.ts";

export interface SourceCounters {
  transaction(rows: number): void;
  skipped(rows: number): void;
  /** The stream is open again; `reason` is why it ended the last time. */
  reconnected(reason: LeaderTransition): void;
}

const DEPARTURES: readonly LeaderTransition[] = ["released", "lost", "fenced", "sink_stall"];

/** What comes from Postgres. */
export function addSourceMetrics(
  meter: Meter,
  view: () => RelayView | null,
  tally: StreamTally,
  seriesMax: number,
): SourceCounters {
  meter.section("Source");
  addConnected(meter, view);
  const reconnected = meter.counter(
    {
      name: "relay_source_reconnects_total",
      help: "Times the stream was opened again, by what ended it before",
      labels: ["reason"],
      isPerSlot: true,
    },
    DEPARTURES.map((reason) => ({ reason })),
  );
  addTally(meter, tally, seriesMax);
  addPassedOver(meter, tally, seriesMax);
  const transactions = addTransactions(meter);
  const skipped = meter.counter(
    {
      name: "relay_events_skipped_total",
      help: "Rows that were not sent again, because a checkpoint covers them (duplicate)",
      labels: ["reason"],
      isPerSlot: true,
      exporter: "leader",
    },
    [{ reason: "duplicate" }],
  );
  meter.tallied(
    {
      name: "relay_rows_moved_total",
      help: "Rows that moved to another partition of an outbox table and are no new events",
      isPerSlot: true,
      exporter: "leader",
    },
    (put) => put({}, tally.moved),
  );
  addPositions(meter, view);
  return {
    transaction: transactions,
    skipped: (rows) => skipped({ reason: "duplicate" }, rows),
    reconnected: (reason) => reconnected({ reason }),
  };
}

function addConnected(meter: Meter, view: () => RelayView | null): void {
  meter.gauge(
    {
      name: "relay_source_connected",
      help: "1 while the replication stream is up; absent on a relay that does not hold the slot",
      isPerSlot: true,
      exporter: "leader",
    },
    (put) => {
      const session = view()?.relay.session ?? null;
      if (session !== null) put({}, session.isConnected ? 1 : 0);
    },
  );
}

function addTally(meter: Meter, tally: StreamTally, seriesMax: number): void {
  meter.tallied(
    {
      name: "relay_wal_received_bytes_total",
      help: "Bytes of the messages that came over the stream",
      isPerSlot: true,
      exporter: "leader",
    },
    (put) => put({}, tally.bytes),
  );
  meter.tallied(
    {
      name: "relay_wal_messages_total",
      help: "Messages that came over the stream, by type",
      labels: ["type"],
      isPerSlot: true,
      exporter: "leader",
    },
    (put) => {
      for (const type of MESSAGE_TYPES) put({ type }, tally.messages(type));
    },
  );
  const cap = new LabelCap(seriesMax);
  meter.tallied(
    {
      name: "relay_events_received_total",
      help: "Outbox rows read, from the stream (wal) or from before the slot (backfill); those included that a checkpoint covers",
      labels: ["table", "origin"],
      isPerSlot: true,
      exporter: "leader",
    },
    (put) => {
      for (const [name, rows] of tally.tables) {
        const table = cap.of(name);
        put({ table, origin: "wal" }, rows.wal);
        put({ table, origin: "backfill" }, rows.backfill);
      }
    },
  );
}

/** Of tables that a publication lists by name and RELAY_TABLES does not. */
function addPassedOver(meter: Meter, tally: StreamTally, seriesMax: number): void {
  const cap = new LabelCap(seriesMax);
  meter.tallied(
    {
      name: "relay_rows_passed_over_total",
      help: "Rows that were read and not published, because their table is in the publication by name and not in RELAY_TABLES",
      labels: ["table"],
      isPerSlot: true,
      exporter: "leader",
    },
    (put) => {
      for (const [name, { rows }] of tally.passedTables) put({ table: cap.of(name) }, rows);
    },
  );
}

function addTransactions(meter: Meter): (rows: number) => void {
  const transactions = meter.counter(
    {
      name: "relay_transactions_total",
      help: "Transactions that came over the stream: with outbox rows (committed) or without (empty). Postgres does not send those that were rolled back",
      labels: ["outcome"],
      isPerSlot: true,
      exporter: "leader",
    },
    [{ outcome: "committed" }, { outcome: "empty" }],
  );
  const events = meter.histogram(
    {
      name: "relay_transaction_events",
      help: "Outbox rows of a transaction that has any",
      isPerSlot: true,
      exporter: "leader",
    },
    [1, 2, 5, 10, 25, 50, 100, 250, 1_000, 10_000, 100_000, 1_000_000],
    [{}],
  );
  const [committed, empty] = [{ outcome: "committed" }, { outcome: "empty" }] as const;
  return (rows) => {
    transactions(rows > 0 ? committed : empty);
    if (rows > 0) events({}, rows);
  };
}

function addPositions(meter: Meter, view: () => RelayView | null): void {
  meter.gauge(
    {
      name: "relay_position_lsn",
      help: "WAL positions as integers: the server's end, received, delivered (durable at Kafka), confirmed to Postgres",
      labels: ["point"],
      isPerSlot: true,
      exporter: "leader",
    },
    (put) => {
      const positions = view()?.positions ?? null;
      if (positions === null) return;
      for (const [point, lsn] of Object.entries(positions)) put({ point }, Number(lsn));
    },
  );
}
