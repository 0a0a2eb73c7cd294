/**
 * CPU of the relay's own stages for each event, without servers, each alone over the same rows: pgoutput bytes to records
 * (`intake`), records into batches (`backlog`), shared out by key (`share`), written as record batches with their
 * checksum (`encode`). What is left to the whole, which `npm run bench -- drain` shows, is sockets and waiting.
 * Usage: npx node bench/stages.ts [EVENTS]    (1000000 unless given)
 */
import { shareOut } from "../src/kafka/partition-share.ts";
import { BATCH_HEADER_BYTES, RecordBatchEncoder } from "../src/kafka/wire/record-batch.ts";
import { StreamTally } from "../src/relay/capture/stream-tally.ts";
import { TYPE_OID } from "../src/relay/decode/type-oid.ts";
import type { OutboxRecord } from "../src/relay/event/outbox-record.ts";
import { Intake } from "../src/relay/intake.ts";
import { lsn } from "../src/relay/lsn.ts";
import { Backlog } from "../src/relay/publish/backlog.ts";
import { recordBytesMax } from "../src/relay/record/record-bytes.ts";
import { TimelineHistory } from "../src/relay/timeline-history.ts";
import { MODEL_OUTBOX, modelRelations } from "../test/support/model/model-relay.ts";
import {
  beginBytes,
  commitBytes,
  insertBytes,
  relationBytes,
} from "../test/support/model/pgoutput-bytes.ts";
import { print } from "./rig.ts";

const events = Number(process.argv[2] ?? 1_000_000);
const PER_TRANSACTION = 100;
const BATCH_EVENTS = 4_000;
const PARTITIONS = 12;
const OID = 16_384;
const LIMITS = { partitions: () => PARTITIONS, batchBytesMax: () => 1_048_588 };
const REQUEST_BYTES = 512 * 1024;
const STAMP = { producerId: 7n, epoch: 1, sequence: 0, isTransactional: true };

/** One transaction's rows, as the stream of a table with jsonb payloads of about 300 bytes carries them. */
const rows = Array.from({ length: PER_TRANSACTION }, (_, n) =>
  insertBytes(OID, [
    `01a1ffea-4ebd-7678-a90d-${String(n).padStart(12, "0")}`,
    "order",
    `order-${(n * 7919) % 50_000}`,
    "OrderPlaced",
    JSON.stringify({ seq: n, text: "0123456789abcdef".repeat(17) }),
    null,
    "2026-01-01 00:00:00+00",
    "12345",
  ]),
);

class Stages {
  readonly #encoder = new RecordBatchEncoder();
  readonly #memory = Buffer.allocUnsafe(8 * 1024 * 1024);
  readonly records: OutboxRecord[] = [];
  readonly #intake = new Intake(
    MODEL_OUTBOX,
    new TimelineHistory(1, null),
    {
      begin: () => undefined,
      record: (record) => void this.records.push(record),
      commit: () => undefined,
    },
    { tally: new StreamTally(), backfillUntil: null },
    modelRelations(),
  );
  #lsn = 1_000n;

  constructor() {
    const text = Object.values(MODEL_OUTBOX.columns).map((name) => ({
      name,
      typeOid: name === "payload" || name === "headers" ? TYPE_OID.jsonb : TYPE_OID.text,
    }));
    const others = ["created_at", "txid"].map((name) => ({ name, typeOid: TYPE_OID.text }));
    this.#intake.message(relationBytes(OID, "public", "outbox", [...text, ...others]));
  }

  /** A batch's worth of transactions. */
  intake(): void {
    this.records.length = 0;
    for (let t = 0; t < BATCH_EVENTS / PER_TRANSACTION; t++) {
      this.#lsn += 1_000n;
      this.#intake.message(beginBytes(lsn(this.#lsn), 1_790_000_000_000));
      for (const row of rows) this.#intake.message(row);
      this.#intake.message(commitBytes(lsn(this.#lsn), lsn(this.#lsn + 100n)));
    }
  }

  backlog(): void {
    const backlog = new Backlog({ eventsMax: BATCH_EVENTS, bytesMax: 8 * 1024 * 1024 });
    for (const record of this.records) backlog.add(record, 1);
    const batch = backlog.take();
    if (batch !== null) backlog.settle(batch);
  }

  share(): ReturnType<typeof shareOut> {
    return shareOut(this.records, LIMITS, REQUEST_BYTES);
  }

  encode(shares: ReturnType<typeof shareOut>): void {
    for (const { records } of shares.flat()) {
      let bytesMax = BATCH_HEADER_BYTES;
      for (const record of records) bytesMax += recordBytesMax(record);
      if (bytesMax > this.#memory.length) throw new Error("the memory is too small");
      this.#encoder.write(this.#memory, 0, records, STAMP);
    }
  }
}

const stages = new Stages();
const batches = Math.ceil(events / BATCH_EVENTS);
const spentMs = { intake: 0, backlog: 0, share: 0, encode: 0 };

function timed<T>(stage: keyof typeof spentMs, work: () => T): T {
  const startedMs = performance.now();
  const result = work();
  spentMs[stage] += performance.now() - startedMs;
  return result;
}

for (let i = 0; i < batches; i++) {
  timed("intake", () => stages.intake());
  timed("backlog", () => stages.backlog());
  const shares = timed("share", () => stages.share());
  timed("encode", () => stages.encode(shares));
}
const perEvent = (ms: number): number =>
  Number(((ms * 1000) / (batches * BATCH_EVENTS)).toFixed(2));
const microseconds = Object.fromEntries(
  Object.entries(spentMs).map(([stage, ms]) => [stage, perEvent(ms)]),
);
const all = perEvent(Object.values(spentMs).reduce((sum, ms) => sum + ms, 0));
print({ events: batches * BATCH_EVENTS, unit: "us of CPU for each event", ...microseconds, all });
