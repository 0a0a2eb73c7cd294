import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Codec, CodecName } from "../../../src/kafka/wire/compress/codec.ts";
import { CodecMissingError, loadCodec } from "../../../src/kafka/wire/compress/load-codec.ts";
import { codecName, decompress } from "../../../src/kafka/wire/decompress.ts";
import { OrderPayloads } from "../../support/order-payloads.ts";
import { randomFrom } from "../../support/random.ts";

const NAMES: readonly CodecName[] = ["gzip", "snappy", "lz4", "zstd"];
const ROOM = 4 * 1024 * 1024;
const KIB = 1024;

function unpacked(codec: Codec, packed: Uint8Array): Buffer {
  return decompress(codec.id, Buffer.from(packed), ROOM);
}

function noise(bytes: number): Buffer {
  const random = randomFrom(bytes);
  return Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 256)));
}

function orders(count: number): Buffer {
  const payloads = new OrderPayloads(count);
  return Buffer.from(Array.from({ length: count }, () => payloads.next()).join("\n"));
}

describe.each(NAMES)("%s", (name) => {
  const codec = loadCodec(name);

  it("has the number that consumers know it by", () => {
    expect(codecName(codec.id)).toBe(name);
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["one byte", Buffer.from("x")],
    ["one byte repeated", Buffer.alloc(300_000, "x")],
    ["rows", orders(2_000)],
    ["noise, which gets no smaller", noise(200_000)],
    ["exactly one block of each", orders(400).subarray(0, 64 * KIB)],
    ["a byte more than a block of each", orders(400).subarray(0, 64 * KIB + 1)],
  ])("gives back what it packed: %s", (_, body) => {
    expect(unpacked(codec, codec.compress(body)).equals(body)).toBe(true);
  });

  it("gives back any bytes, also where they are a part of something larger", () => {
    const any = fc.tuple(fc.uint8Array({ maxLength: 3_000 }), fc.nat(60), fc.nat(20));
    fc.assert(
      fc.property(any, ([bytes, times, skipped]) => {
        const whole = Buffer.concat(Array.from({ length: times + 1 }, () => bytes));
        const body = whole.subarray(Math.min(skipped, whole.length));
        expect(unpacked(codec, codec.compress(body)).equals(body)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("makes less than half of rows that differ from each other", () => {
    const body = orders(500);
    expect(codec.compress(body).length).toBeLessThan(body.length / 2);
  });

  it("leaves what it packs as it was", () => {
    const body = orders(100);
    const before = Buffer.from(body);
    codec.compress(body);
    expect(body.equals(before)).toBe(true);
  });
});

describe("the codecs that are packages", () => {
  it.each(["snappy", "lz4"] as const)("say so where their binary is missing: %s", (name) => {
    const missing = (): never => {
      throw new Error("Cannot find native binding");
    };
    expect(() => loadCodec(name, missing)).toThrow(CodecMissingError);
  });

  it("are not needed for gzip and zstd", () => {
    const untouched = (): never => {
      throw new Error("loaded");
    };
    expect([loadCodec("gzip", untouched).id, loadCodec("zstd", untouched).id]).toEqual([1, 4]);
  });
});
