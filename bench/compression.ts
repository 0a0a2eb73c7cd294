/**
 * What each codec costs and saves, without servers, over records of varied orders and by the number of records in a batch for one
 * partition: the ratio, and CPU of all threads for each event. `packUs` is the codec alone, whatever the size; `inPoolUs` the same
 * in Node's thread pool; `addedUs` what the encoder takes more in the end: the codec, less the checksum over what was saved.
 * Usage: npx node bench/compression.ts [MS]    (400 for each measurement unless given)
 */
import { promisify } from "node:util";
import { constants, gzip, gzipSync, zstdCompress, zstdCompressSync } from "node:zlib";
import { compressionOf } from "../src/kafka/wire/compress/batch-compression.ts";
import type { Codec, CodecName } from "../src/kafka/wire/compress/codec.ts";
import { loadCodec } from "../src/kafka/wire/compress/load-codec.ts";
import { BATCH_HEADER_BYTES, RecordBatchEncoder } from "../src/kafka/wire/record-batch.ts";
import type { OutboundRecord } from "../src/relay/record/outbound-record.ts";
import { packRecord } from "../src/relay/record/pack-record.ts";
import { recordBytesMax } from "../src/relay/record/record-bytes.ts";
import { OrderPayloads } from "../test/support/order-payloads.ts";
import { print } from "./rig.ts";

const forMs = Number(process.argv[2] ?? 400);
const SIZES = [5, 10, 25, 100, 333, 2_000];
/** Different ones of the same size, as many as a request has partitions. */
const BODIES = 12;
const STAMP = { producerId: 7n, epoch: 1, sequence: 0, isTransactional: true };
const NOWHERE = { compressed: () => undefined };

/** As the relay makes them: key, payload, and the headers id, type and position. */
function records(payloads: OrderPayloads, count: number): OutboundRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const lsn = (0x1_6b37_4d50 + i * 312).toString(16).toUpperCase().padStart(16, "0");
    const header = (name: string, value: string) => {
      return { name: Buffer.from(name), value: Buffer.from(value) };
    };
    return packRecord({
      topic: "outbox.event.order",
      key: Buffer.from(payloads.key()),
      value: Buffer.from(payloads.next()),
      headers: [
        header("id", payloads.uuid()),
        header("type", "OrderPlaced"),
        header("position", `00000001/${lsn}/${(1 + (i % 100)).toString(16).padStart(16, "0")}`),
      ],
      timestampMs: 1_790_000_000_000 + i,
    });
  });
}

interface Cost {
  readonly cpuUs: number;
  readonly bytes: number;
}

/** CPU of all threads for each event, and bytes of a round. */
async function cost(events: number, round: () => Promise<number> | number): Promise<Cost> {
  let bytes = 0;
  for (let warm = 0; warm < 5; warm++) bytes = await round();
  const before = process.cpuUsage();
  const endMs = performance.now() + forMs;
  let rounds = 0;
  for (; performance.now() < endMs; rounds++) await round();
  const { user, system } = process.cpuUsage(before);
  return { cpuUs: (user + system) / (rounds * events), bytes };
}

function encoded(batches: readonly OutboundRecord[][], codec: Codec | null, memory: Buffer) {
  const compression = compressionOf({ codec, checkpointTopic: "" }, NOWHERE);
  const encoder = new RecordBatchEncoder(compression);
  return (): number =>
    batches.reduce((sum, batch) => sum + encoder.write(memory, 0, batch, STAMP), 0);
}

/** Ours, and the levels that are Kafka's defaults. */
const CODECS: readonly (readonly [string, Codec])[] = [
  ...(["gzip", "snappy", "lz4", "zstd"] satisfies CodecName[]).map((name) => {
    return [name, loadCodec(name)] as const;
  }),
  ["gzip level 6", { id: 1, compress: (body) => gzipSync(body) }],
  ["zstd level 3", { id: 4, compress: (body) => zstdCompressSync(body) }],
];

const zstdLevel = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const IN_POOL: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  gzip: (body) => promisify(gzip)(body, { level: 1 }),
  zstd: (body) => promisify(zstdCompress)(body, zstdLevel),
};

async function pooled(bodies: readonly Buffer[], name: string): Promise<number> {
  const pack = IN_POOL[name];
  if (pack === undefined) throw new Error(`nothing packs ${name} in the pool`);
  const packed = await Promise.all(bodies.map(pack));
  return packed.reduce((sum, { length }) => sum + length, 0);
}

function packedBytes(bodies: readonly Buffer[], codec: Codec): number {
  return bodies.reduce((sum, body) => sum + codec.compress(body).length, 0);
}

function bodyOf(batch: OutboundRecord[], memory: Buffer): Buffer {
  const end = new RecordBatchEncoder().write(memory, 0, batch, STAMP);
  return Buffer.from(memory.subarray(BATCH_HEADER_BYTES, end));
}

for (const size of SIZES) {
  const payloads = new OrderPayloads(size);
  const batches = Array.from({ length: BODIES }, () => records(payloads, size));
  const room = Math.max(
    ...batches.map((batch) =>
      batch.reduce((sum, one) => sum + recordBytesMax(one), BATCH_HEADER_BYTES),
    ),
  );
  const memory = Buffer.allocUnsafe(room);
  const events = BODIES * size;
  const plain = await cost(events, encoded(batches, null, memory));
  const bodies = batches.map((batch) => bodyOf(batch, memory));
  const batchBytes = Math.round(plain.bytes / BODIES);
  print({ size, batchBytes, codec: "none", encodeUs: rounded(plain.cpuUs) });
  for (const [codec, own] of CODECS) {
    const packed = await cost(events, encoded(batches, own, memory));
    const alone = await cost(events, () => packedBytes(bodies, own));
    const inPool = codec in IN_POOL ? await cost(events, () => pooled(bodies, codec)) : null;
    print({
      size,
      batchBytes,
      codec,
      ratio: rounded(plain.bytes / packed.bytes),
      packUs: rounded(alone.cpuUs),
      addedUs: rounded(packed.cpuUs - plain.cpuUs),
      ...(inPool !== null && { inPoolUs: rounded(inPool.cpuUs) }),
    });
  }
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
