import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { murmur2, partitionOf } from "../../../src/kafka/partitioner.ts";

/** Made by the real Java client: see Murmur2Golden.java. */
const GOLDEN = new URL("./murmur2-golden.txt", import.meta.url);

function golden(): { key: Buffer; hash: number }[] {
  const lines = readFileSync(GOLDEN, "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const [hex, hash] = line.split(" ") as [string, string];
    return { key: Buffer.from(hex, "hex"), hash: Number(hash) };
  });
}

describe("murmur2", () => {
  // org.apache.kafka.common.utils.UtilsTest.testMurmur2
  it.each([
    ["21", -973932308],
    ["foobar", -790332482],
    ["a-little-bit-long-string", -985981536],
    ["a-little-bit-longer-string", -1486304829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
    ["abc", 479470107],
  ])("hashes %j as Kafka's own test expects", (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash);
  });

  it("hashes thousands of keys, empty, multi-byte and long ones too, as the Java client does", () => {
    const samples = golden();
    expect(samples.length).toBeGreaterThan(2_000);
    expect(samples.some(({ key }) => key.length === 0)).toBe(true);
    expect(samples.filter(({ key, hash }) => murmur2(key) !== hash)).toEqual([]);
  });
});

describe("the partition of a key", () => {
  it("masks the sign of the hash, as the Java client does, instead of taking its absolute value", () => {
    const negative = golden().filter(({ hash }) => hash < 0);
    const differing = negative.filter(
      ({ hash }) => (hash & 0x7fffffff) % 12 !== Math.abs(hash) % 12,
    );
    expect(differing.length).toBeGreaterThan(500);
    for (const { key, hash } of differing)
      expect(partitionOf(key, 12)).toBe((hash & 0x7fffffff) % 12);
  });
});
