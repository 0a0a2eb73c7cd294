import type { Board, Row } from "./board.ts";
import { ofSlot, rate, select } from "./board.ts";
import { lines, spec, stat, timeline } from "./panels.ts";
import { LEFT_STEPS, NONE_STEPS, ONE_STEPS } from "./steps.ts";

const retained = ofSlot("relay_slot_retained_wal_bytes");
const unconfirmed = ofSlot("relay_slot_unconfirmed_wal_bytes");

const glance: Row = {
  title: "At a glance",
  panels: [
    stat(
      spec(["WAL retained", "bytes", 4], "Disk of the database server that the slot holds.", {
        WAL: `max(${retained})`,
      }),
    ),
    stat(
      spec(
        ["Of it held by a transaction", "bytes", 4],
        "Confirmed by the relay and retained all the same, for a transaction that is still open. Alert RelaySlotHeldBack.",
        { WAL: `max(${retained} - ${unconfirmed})` },
      ),
    ),
    stat(
      spec(
        ["Room left", "bytes", 4],
        "WAL that may still be written before the slot can be lost (max_slot_wal_keep_size).",
        { room: `min(${ofSlot("relay_slot_safe_wal_bytes")})` },
        { noValue: "no limit" },
      ),
    ),
    stat(
      spec(
        ["Time left", "s", 4],
        "Until the slot is lost, or RELAY_WAL_BUDGET used up, if WAL grows on as now.",
        { left: `min(${ofSlot("relay_slot_exhaustion_seconds")})` },
        { steps: LEFT_STEPS, noValue: "no end in sight" },
      ),
    ),
    stat(
      spec(
        ["Slot lost", "none", 4],
        "1 when the slot cannot be read any more. outbox-relay repair closes the gap. Alert RelaySlotInvalidated.",
        { lost: `max(${ofSlot("relay_slot_invalidated")})` },
        { steps: NONE_STEPS },
      ),
    ),
    stat(
      spec(
        ["Ready for a failover", "none", 4],
        "1 when the slot would outlive a failover, as far as the primary can tell. 0 is normal where there is no standby.",
        { ready: `min(${ofSlot("relay_slot_failover_ready")})` },
        { steps: ONE_STEPS },
      ),
    ),
  ],
};

const wal: Row = {
  title: "What holds WAL, and for how long that can go on",
  panels: [
    lines(
      spec(
        ["Retained and unconfirmed", "bytes", 12],
        "Unconfirmed WAL waits for the relay. What is retained beyond it waits for an open transaction.",
        {
          "retained {{slot}}": `max by (slot) (${retained})`,
          "unconfirmed {{slot}}": `max by (slot) (${unconfirmed})`,
        },
      ),
    ),
    lines(
      spec(["Growth", "Bps", 6], "How fast the retained WAL grows, over five minutes.", {
        "{{slot}}": `max by (slot) (${ofSlot("relay_slot_wal_growth_bytes_per_second")})`,
      }),
    ),
    lines(
      spec(
        ["Time left", "s", 6],
        "The forecast that the alert RelaySlotWalExhaustion goes by. Nothing where no end is in sight.",
        { "{{slot}}": `min by (slot) (${ofSlot("relay_slot_exhaustion_seconds")})` },
        { noValue: "no end in sight" },
      ),
    ),
    timeline(
      spec(
        ["What Postgres says of the WAL", "none", 12],
        "reserved is well; extended: beyond max_wal_size; unreserved: may go at the next checkpoint; lost: gone.",
        { "{{status}}": `max by (status) (${ofSlot("relay_slot_wal_status")})` },
      ),
      {
        "0": { text: "no", color: "transparent", index: 0 },
        "1": { text: "yes", color: "blue", index: 1 },
      },
    ),
    lines(
      spec(
        ["Oldest open transaction", "s", 6],
        "Age of the oldest transaction that has written something, in any database of the server.",
        { "{{slot}}": `max by (slot) (${ofSlot("relay_slot_oldest_transaction_seconds")})` },
        { noValue: "none" },
      ),
    ),
    lines(
      spec(
        ["Age of catalog_xmin", "none", 6],
        "Transactions that the slot holds vacuum of the catalogs back by. Alert RelayVacuumHeldBack.",
        { "{{slot}}": `max by (slot) (${ofSlot("relay_slot_catalog_xmin_age")})` },
      ),
    ),
  ],
};

const positions = (point: string): string => ofSlot("relay_position_lsn", `point="${point}"`);
const between = (ahead: string, behind: string): string =>
  `max by (slot) (${positions(ahead)} - ignoring (point) ${positions(behind)})`;

const stream: Row = {
  title: "Stream",
  panels: [
    lines(
      spec(
        ["Positions", "bytes", 12],
        "WAL between the end of the server's log and what the relay has read, delivered and confirmed.",
        {
          "to read": between("server_end", "received"),
          "to deliver": between("server_end", "delivered"),
          "to confirm": between("server_end", "confirmed"),
        },
      ),
    ),
    lines(
      spec(
        ["Messages", "cps", 6],
        "What comes over the stream, by type. Updates and deletes should be none.",
        { "{{type}}": `sum by (type) (${rate(ofSlot("relay_wal_messages_total"))})` },
      ),
      { isStacked: true },
    ),
    lines(
      spec(["Transactions", "cps", 6], "With outbox rows (committed) and without (empty).", {
        "{{outcome}}": `sum by (outcome) (${rate(ofSlot("relay_transactions_total"))})`,
      }),
      { isStacked: true },
    ),
    lines(
      spec(
        ["Outbox rows in a transaction", "none", 6],
        "99th percentile. Very large transactions come late and go to disk while they are decoded.",
        {
          p99: `histogram_quantile(0.99, sum by (le) (${rate(ofSlot("relay_transaction_events_bucket"))}))`,
        },
      ),
    ),
    lines(
      spec(
        ["Decoded transactions on disk", "Bps", 6],
        "What Postgres spills while decoding, because it is larger than logical_decoding_work_mem.",
        { "{{slot}}": `max by (slot) (${rate(ofSlot("relay_slot_spilled_bytes_total"))})` },
      ),
    ),
    lines(
      spec(
        ["Connection", "none", 6],
        "Whether Postgres sees a reader on the slot, and whether it answered the relays last.",
        {
          "slot in use {{slot}}": `max by (slot) (${ofSlot("relay_slot_active")})`,
          "stream up {{slot}}": `max by (slot) (${ofSlot("relay_source_connected")})`,
          "answers {{instance}}": select("relay_dependency_up", 'dependency="postgres"'),
        },
      ),
    ),
    lines(
      spec(
        ["Streams opened again, looks that failed", "cps", 6],
        "Why streams ended, and questions about the slot that Postgres did not answer.",
        {
          "{{reason}}": `sum by (reason) (${rate(ofSlot("relay_source_reconnects_total"))})`,
          "failed looks": `sum(${rate(ofSlot("relay_slot_scrape_errors_total"))})`,
        },
      ),
    ),
  ],
};

/** The database's side: what the slot holds there. */
export const database: Board = {
  name: "database",
  title: "outbox-relay / Database",
  description:
    "The slot on the database server: what holds WAL, for how long that can go on, and what comes over the stream.",
  hasSlot: true,
  rows: [glance, wal, stream],
};
