import { gzipSync, zstdCompressSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { plainBytesMax } from "../../../../src/kafka/batch-bodies.ts";
import { EventsWorld, event, events, ids } from "./events-world.ts";

const HEADER_BYTES = 61;
const [GZIP, ZSTD, UNKNOWN] = [1, 4, 5] as const;
/** 32 times the model's max.message.bytes. */
const PLAIN_BYTES_MAX = 32 * 1_048_588;

let world: EventsWorld;

beforeEach(() => {
  world = new EventsWorld();
});

/** The same batch with another body, said to be of that codec. */
function repacked(codec: number, pack: (body: Buffer) => Buffer): (batch: Buffer) => Buffer {
  return (batch) => {
    const bytes = Buffer.concat([
      batch.subarray(0, HEADER_BYTES),
      pack(batch.subarray(HEADER_BYTES)),
    ]);
    bytes.writeInt32BE(bytes.length - 12, 8);
    bytes.writeInt16BE(bytes.readInt16BE(21) | codec, 21);
    return bytes;
  };
}

describe("compressed batches", () => {
  it("are read like others, several in one answer", async () => {
    const { writer } = world.partition("orders");
    writer.altered(
      events(1, 40),
      repacked(GZIP, (body) => gzipSync(body)),
    );
    writer.altered(
      events(41, 60),
      repacked(ZSTD, (body) => zstdCompressSync(body)),
    );
    writer.plain(events(61, 63));
    expect((await world.since(["orders"], 0)).ids).toEqual(ids(1, 63));
  });

  it("of a codec that is not known halt the reading, which names topic and codec", async () => {
    const { writer } = world.partition("orders");
    writer.altered(
      [event(1)],
      repacked(UNKNOWN, (body) => body),
    );
    const reading = world.since(["orders"], 0);
    await expect(reading).rejects.toMatchObject({ code: "TOPIC_COMPRESSED", remedy: "halt" });
    await expect(reading).rejects.toThrow(/codec 5.* topic orders, partition 0, offset 0$/);
  });

  it("that hold more than a topic of that max.message.bytes may are not unpacked", async () => {
    const { writer } = world.partition("orders");
    writer.altered(
      [event(1)],
      repacked(GZIP, () => gzipSync(Buffer.alloc(PLAIN_BYTES_MAX + 1))),
    );
    const reading = world.since(["orders"], 0);
    await expect(reading).rejects.toMatchObject({ code: "TOPIC_BATCH_TOO_LARGE", remedy: "halt" });
    await expect(reading).rejects.toThrow(/gzip holds more than 33554816 bytes/);
  });
});

describe("how much a batch may hold unpacked", () => {
  it("follows max.message.bytes, within what memory is there for, and never less than it", () => {
    const mib = 1024 * 1024;
    expect(plainBytesMax(mib)).toBe(32 * mib);
    expect(plainBytesMax(10 * mib)).toBe(128 * mib);
    expect(plainBytesMax(200 * mib)).toBe(200 * mib);
  });
});

describe("damaged batches", () => {
  it.each([
    ["whose packing is broken", repacked(GZIP, () => Buffer.from("no gzip"))],
    ["whose records end too early", repacked(0, (body) => body.subarray(0, body.length - 1))],
    ["whose records are noise", repacked(0, (body) => body.fill(0xff))],
  ])("%s halt the reading, which names the place", async (_, change) => {
    const { writer } = world.partition("orders");
    writer.plain(events(1, 3));
    writer.altered([event(4)], change);
    const reading = world.since(["orders"], 0);
    await expect(reading).rejects.toMatchObject({ code: "TOPIC_UNREADABLE", remedy: "halt" });
    await expect(reading).rejects.toThrow(/topic orders, partition 0, offset 3$/);
  });
});
