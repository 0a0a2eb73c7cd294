import { zstdDecompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { CompressionCodecs, CompressionTypes } from "kafkajs";
import { OrderPayloads } from "../../support/order-payloads.ts";
import { ALL_DELIVERED } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";

const ROWS = 4_000;
/** Batches of several KiB for each partition, so that they are compressed. */
const COMPRESSED = { RELAY_PRODUCER_COMPRESSION: "zstd", RELAY_BATCH_MAX_EVENTS: "400" };

let fixture: RelayFixture;
let seed = 1;

beforeAll(async () => {
  // kafkajs, which reads the topics here, knows this codec by its number only.
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: () => Promise.reject(new Error("nothing is written with it here")),
    decompress: (bytes: Buffer) => Promise.resolve(zstdDecompressSync(bytes)),
  });
  fixture = await RelayFixture.create("crash_compressed");
  await fixture.begin();
});

afterAll(async () => {
  await fixture.close();
});

/** In one transaction. */
async function insertOrders(): Promise<void> {
  const payloads = new OrderPayloads(++seed);
  const rows = Array.from({ length: ROWS }, () => [payloads.key(), payloads.next()] as const);
  await fixture.client.query(
    "insert into outbox (aggregatetype, aggregateid, type, payload) select 'order', * from unnest($1::text[], array_fill('Placed'::text, array[$3::int]), $2::jsonb[])",
    [rows.map(([key]) => key), rows.map(([, payload]) => payload), ROWS],
  );
}

describe("a relay that compresses and is killed", () => {
  it.each([
    ["when a Produce request is written", "produce-sent=kill@4"],
    ["when the broker has answered it", "produce-answered=kill@4"],
    ["before EndTxn", "produce-acked=kill@4"],
    ["after EndTxn was answered", "end-acked=kill@4"],
  ])("%s leaves nothing lost, doubled or out of order", async (_when, failpoint) => {
    const doomed = fixture.start({ ...COMPRESSED, RELAY_FAILPOINTS: failpoint });
    await insertOrders();
    expect(await doomed.ended(60_000)).toBeNull();
    const survivor = await fixture.streaming(COMPRESSED);
    await fixture.caughtUp(survivor);
    expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
    const [plain, sent] = await compressedBytes(survivor);
    expect(plain).toBeGreaterThan(100_000);
    expect(sent).toBeLessThan(plain / 2);
    await survivor.kill();
  });
});

async function compressedBytes(
  relay: RelayProcess,
): Promise<readonly [plain: number, sent: number]> {
  const text = await (await relay.get("/metrics")).text();
  const value = (name: string): number =>
    Number(new RegExp(`^${name} (\\d+)`, "m").exec(text)?.[1] ?? Number.NaN);
  return [
    value("relay_compression_plain_bytes_total"),
    value("relay_compression_sent_bytes_total"),
  ];
}
