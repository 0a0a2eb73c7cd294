import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { assertRuns, kafkaLibraries } from "../../../src/demo/services/kafka-jars.ts";
import type { PartitionBatch } from "../../../src/kafka/api/produce.ts";
import { produceRequest, requestBytesMax } from "../../../src/kafka/api/produce.ts";
import { RecordBatchEncoder } from "../../../src/kafka/wire/record-batch.ts";
import type { OutboundRecord } from "../../../src/relay/record/outbound-record.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { writeLength } from "../../../src/relay/record/packing.ts";

const PROGRAM = fileURLToPath(new URL("ReadProduce.java", import.meta.url));
const BASE_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const SEQUENCE_MAX = 2 ** 31 - 1;
const IDENTITY = { producerId: 2n ** 63n - 1n, epoch: 2 ** 15 - 1 };
const OPTIONS = {
  apiVersion: 12,
  transactionalId: "id",
  identity: IDENTITY,
  timeoutMs: 1,
} as const;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "produce-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** What Kafka's own classes read in a Produce with these batches. */
async function readByKafka(batches: readonly PartitionBatch[]): Promise<string[]> {
  await assertRuns("java", "-version");
  const memory = Buffer.allocUnsafeSlow(requestBytesMax(batches));
  const { payload } = produceRequest(new RecordBatchEncoder(), batches, OPTIONS, memory);
  const file = join(folder, "request");
  // The first byte belongs to the request's header.
  await writeFile(file, payload.subarray(1));
  const args = ["-cp", `${await kafkaLibraries()}/*`, PROGRAM, file, String(OPTIONS.apiVersion)];
  const { stdout } = await promisify(execFile)("java", args, { timeout: 120_000 });
  return stdout.trim().split("\n");
}

function record(timestampMs: number, headers = 0): OutboundRecord {
  const header = { name: Buffer.from("n"), value: null };
  return packRecord({
    topic: "t",
    key: Buffer.from("k"),
    value: Buffer.from("value"),
    headers: Array.from({ length: headers }, () => header),
    timestampMs,
  });
}

/** With nothing but zeros for a value, and written once. */
function largeRecord(valueBytes: number): OutboundRecord {
  const memory = new Uint8Array(valueBytes + 16);
  const at = writeLength(memory, writeLength(memory, 0, 0), valueBytes);
  const to = writeLength(memory, at + valueBytes, 0);
  return { topic: "t", timestampMs: BASE_MS, memory, from: 0, to };
}

describe("a Produce request at the limits of its format", () => {
  it("has the times of its records, whatever lies between them, for Kafka's own reader", async () => {
    const days = [0, 24, 25, 49, 50, 40_000, -24, -25, -49, -50, -20_000];
    const times = days.map((day) => BASE_MS + day * DAY_MS);
    const records = times.map((timestampMs) => record(timestampMs));
    const lines = await readByKafka([{ topic: "t", partition: 0, records, sequence: 0 }]);
    const seen = lines.filter((line) => line.startsWith("record")).map((line) => line.split(" "));
    expect(seen.map(([, , timestampMs]) => Number(timestampMs))).toEqual(times);
  });

  it("has identity, sequences across their end and headers as they are for Kafka's own reader", async () => {
    const records = [record(BASE_MS), record(BASE_MS, 64), record(BASE_MS, 8_192)];
    const batches = [
      { topic: "t", partition: SEQUENCE_MAX, records, sequence: SEQUENCE_MAX - 1 },
      { topic: "u".repeat(249), partition: 0, records: [record(BASE_MS)], sequence: SEQUENCE_MAX },
    ];
    expect(await readByKafka(batches)).toEqual([
      `batch t-${SEQUENCE_MAX} ${IDENTITY.producerId} ${IDENTITY.epoch} ${SEQUENCE_MAX - 1} 0`,
      `record 0 ${BASE_MS} 1 5 0`,
      `record 1 ${BASE_MS} 1 5 64`,
      `record 2 ${BASE_MS} 1 5 8192`,
      `batch ${"u".repeat(249)}-0 ${IDENTITY.producerId} ${IDENTITY.epoch} ${SEQUENCE_MAX} ${SEQUENCE_MAX}`,
      `record 0 ${BASE_MS} 1 5 0`,
      "left 0",
    ]);
  });

  it("has a batch above 256 MiB and the one behind it for Kafka's own reader", async () => {
    const bytes = 2 ** 28;
    const batches = [
      { topic: "t", partition: 0, records: [largeRecord(bytes)], sequence: 1 },
      { topic: "t", partition: 1, records: [record(BASE_MS)], sequence: 2 },
    ];
    const { producerId, epoch } = IDENTITY;
    expect(await readByKafka(batches)).toEqual([
      `batch t-0 ${producerId} ${epoch} 1 1`,
      `record 0 ${BASE_MS} 0 ${bytes} 0`,
      `batch t-1 ${producerId} ${epoch} 2 2`,
      `record 0 ${BASE_MS} 1 5 0`,
      "left 0",
    ]);
  });
});
