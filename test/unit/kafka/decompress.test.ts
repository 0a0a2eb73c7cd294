import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { OutputTooLargeError } from "../../../src/kafka/wire/bounded-output.ts";
import { codecName, decompress } from "../../../src/kafka/wire/decompress.ts";
import { randomFrom } from "../../support/random.ts";

const [GZIP, SNAPPY, LZ4, ZSTD] = [1, 2, 3, 4] as const;
const ROOM = 1_000_000;

interface Golden {
  readonly codec: number;
  readonly name: string;
  readonly length: number;
  readonly hash: string;
  readonly body: Buffer;
}

/** What Kafka's own classes wrote; CodecGolden.java says how. */
const GOLDEN: readonly Golden[] = readFileSync(new URL("codec-golden.txt", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => {
    const [codec, name = "", length, hash = "", base64 = ""] = line.split(" ");
    const body = Buffer.from(base64, "base64");
    return { codec: Number(codec), name, length: Number(length), hash, body };
  });

function golden(name: string): Golden {
  const found = GOLDEN.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name} in codec-golden.txt`);
  return found;
}

describe("decompression", () => {
  it.each(GOLDEN.map((one) => [one.name, one] as const))(
    "gives back what Kafka's classes packed: %s",
    (_, { codec, body, length, hash }) => {
      const plain = decompress(codec, body, ROOM);
      expect(plain).toHaveLength(length);
      expect(createHash("sha256").update(plain).digest("hex")).toBe(hash);
    },
  );

  it("takes exactly as much as it may hold, and not one byte more", () => {
    for (const { codec, body, length } of GOLDEN.filter((one) => one.length > 1)) {
      expect(decompress(codec, body, length)).toHaveLength(length);
      expect(() => decompress(codec, body, length - 1)).toThrow(OutputTooLargeError);
    }
  });

  it("ends at the limit where a little holds a lot", () => {
    const zeros = Buffer.alloc(50_000_000);
    expect(() => decompress(GZIP, gzipSync(zeros), ROOM)).toThrow(OutputTooLargeError);
    expect(() => decompress(ZSTD, zstdCompressSync(zeros), ROOM)).toThrow(OutputTooLargeError);
    const claim = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]);
    expect(() => decompress(SNAPPY, claim, ROOM)).toThrow(OutputTooLargeError);
    // One literal, then a match that is told to be longer by 255 again and again.
    const block = Buffer.concat([
      Buffer.from([0x1f, 1, 1, 0]),
      Buffer.alloc(200_000, 255),
      Buffer.alloc(1),
    ]);
    const head = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0, 0, 0, 0]);
    head.writeUInt32LE(block.length, 7);
    const bomb = Buffer.concat([head, block, Buffer.alloc(4)]);
    expect(() => decompress(LZ4, bomb, ROOM)).toThrow(OutputTooLargeError);
  });

  it("reads streams one after the other as one", () => {
    for (const name of ["snappy-rows", "lz4-rows", "gzip-rows", "frame-noise"]) {
      const { codec, body, length } = golden(name);
      const once = decompress(codec, body, ROOM);
      const twice = decompress(codec, Buffer.concat([body, body]), ROOM);
      expect(twice).toHaveLength(2 * length);
      expect(twice.subarray(length).equals(once)).toBe(true);
    }
  });

  it("passes over frames of lz4 that hold data of somebody else's", () => {
    const { body, length } = golden("lz4-rows");
    const skipped = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9]);
    expect(decompress(LZ4, Buffer.concat([skipped, body]), ROOM)).toHaveLength(length);
  });

  it("throws at bytes that are cut off or no such thing, whatever they are, and never hangs", () => {
    const seed = Date.now() % 1_000_000;
    const random = randomFrom(seed);
    for (const { codec, name, body } of GOLDEN.filter(({ length }) => length < 100_000)) {
      for (let cut = 0; cut < body.length; cut += 1 + Math.floor(random() * 40)) {
        const left = outcome(codec, body.subarray(0, cut));
        expect({ seed, name, cut, left }).not.toMatchObject({ left: golden(name).hash });
      }
    }
    for (let i = 0; i < 500; i++) {
      const { codec, body } = GOLDEN[Math.floor(random() * GOLDEN.length)] as Golden;
      const broken = Buffer.from(body);
      for (let flips = 0; flips < 3; flips++) {
        broken[Math.floor(random() * broken.length)] = Math.floor(random() * 256);
      }
      expect(`${seed} ${outcome(codec, broken)}`).toMatch(/^\d+ (?:[0-9a-f]{64}|\w*Error\b.*)$/);
    }
  });

  it("knows its codecs by their names in compression.type", () => {
    expect([GZIP, SNAPPY, LZ4, ZSTD, 5].map(codecName)).toEqual([
      "gzip",
      "snappy",
      "lz4",
      "zstd",
      null,
    ]);
    expect(() => decompress(5, Buffer.alloc(1), ROOM)).toThrow(RangeError);
  });
});

/** The hash of what came out, or the error. */
function outcome(codec: number, body: Buffer): string {
  try {
    return createHash("sha256")
      .update(decompress(codec, body, ROOM))
      .digest("hex");
  } catch (error) {
    return String(error);
  }
}
