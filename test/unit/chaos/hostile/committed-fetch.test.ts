import { describe, expect, it } from "@jest/globals";
import type { FetchedBatch } from "../../../../src/kafka/wire/record-batch-reader.ts";
import { decided } from "../../../support/relay/committed-fetch.ts";

/** Length, attributes, timestamp and offset deltas, then a key of four bytes: version 0 and the type. */
function marker(baseOffset: bigint, producerId: bigint, type: "abort" | "commit"): FetchedBatch {
  const key = [0, 0, 0, type === "commit" ? 1 : 0];
  const body = Buffer.from([20, 0, 0, 0, 8, ...key, 1, 0]);
  return { ...data(baseOffset, producerId), isControl: true, body };
}

function data(baseOffset: bigint, producerId: bigint, isTransactional = true): FetchedBatch {
  return {
    baseOffset,
    lastOffset: baseOffset,
    producerId,
    isTransactional,
    isControl: false,
    codec: 0,
    baseTimestampMs: 0,
    appendTimeMs: null,
    count: 1,
    body: Buffer.alloc(0),
  };
}

describe("the committed batches of a log", () => {
  it("are those whose marker says so, in the order of their offsets, also where transactions overlap", () => {
    const log = [
      data(0n, 1n),
      data(1n, 2n),
      data(2n, 3n),
      marker(3n, 2n, "commit"),
      marker(4n, 1n, "abort"),
      data(5n, 1n),
      marker(6n, 3n, "commit"),
      marker(7n, 1n, "commit"),
    ];
    expect(decided(log).map(({ baseOffset }) => baseOffset)).toEqual([1n, 2n, 5n]);
  });

  it("include those of no transaction, and leave out one that is open", () => {
    const log = [data(0n, -1n, false), data(1n, 1n)];
    expect(decided(log).map(({ baseOffset }) => baseOffset)).toEqual([0n]);
  });
});
