import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { CopyFrames } from "../../../src/postgres/copy-frames.ts";
import { FrameError } from "../../../src/postgres/frame-length.ts";

const COPY_DATA = "d".charCodeAt(0);

interface Message {
  readonly type: number;
  readonly body: Uint8Array;
}

function encode({ type, body }: Message): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(type, 0);
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

/** What comes out when `bytes` comes in pieces of these sizes, by turns; each piece is wiped once it was pushed. */
function cut(bytes: Buffer, sizes: readonly number[], seen: Message[] = []): Message[] {
  const frames = new CopyFrames({
    copyData: (chunk, from, to) =>
      seen.push({ type: COPY_DATA, body: Uint8Array.from(chunk.subarray(from, to)) }),
    other: (message) =>
      seen.push({ type: message[0] ?? 0, body: Uint8Array.from(message.subarray(5)) }),
  });
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const end = Math.min(bytes.length, at + (sizes[turn % sizes.length] ?? 1));
    const piece = Buffer.from(bytes.subarray(at, end));
    frames.push(piece);
    piece.fill(0xee);
    at = end;
  }
  return seen;
}

describe("the messages of a server", () => {
  it("come out whole and in order, however the bytes arrive", () => {
    const message = fc.record({
      type: fc.constantFrom(COPY_DATA, ..."WcCEZN".split("").map((letter) => letter.charCodeAt(0))),
      body: fc.uint8Array({ maxLength: 60 }),
    });
    const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 30 }), sizes, (messages, pieces) => {
        expect(cut(Buffer.concat(messages.map(encode)), pieces)).toEqual(messages);
      }),
      { numRuns: 500 },
    );
  });

  it("gives the memory of a large one back as soon as it was read", () => {
    const lent: Buffer[] = [];
    const frames = new CopyFrames({
      copyData: (bytes) => lent.push(bytes),
      other: (message) => lent.push(message),
    });
    const sent = [COPY_DATA, "N".charCodeAt(0)].map((type) =>
      encode({ type, body: new Uint8Array(2_000_000) }),
    );
    for (const message of sent) {
      frames.push(message.subarray(0, 9));
      frames.push(message.subarray(9));
    }
    expect(lent.map(({ length }) => length)).toEqual([0, 0]);
    expect(sent.map(({ length }) => length)).toEqual([2_000_005, 2_000_005]);
  });

  it("come out whole when one is larger than any piece", () => {
    const large = {
      type: COPY_DATA,
      body: Uint8Array.from({ length: 300_000 }, (_, i) => i % 251),
    };
    const small = { type: COPY_DATA, body: Uint8Array.of(1) };
    const seen = cut(Buffer.concat([small, large, small].map(encode)), [65_536]);
    expect(seen).toEqual([small, large, small]);
  });
});

describe("bytes that are no message", () => {
  const lengths = fc.oneof(
    fc.integer({ min: -2_147_483_648, max: 3 }),
    fc.integer({ min: 0x4000_0004, max: 2_147_483_647 }),
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 });

  it("are refused at their length, after what was whole before them, however they arrive", () => {
    fc.assert(
      fc.property(lengths, cuts, (length, sizes) => {
        const bad = encode({ type: COPY_DATA, body: Uint8Array.of(1, 2, 3) });
        bad.writeInt32BE(length, 1);
        const good = { type: COPY_DATA, body: Uint8Array.of(7) };
        const seen: Message[] = [];
        expect(() => cut(Buffer.concat([encode(good), bad]), sizes, seen)).toThrow(FrameError);
        expect(seen).toEqual([good]);
      }),
      { numRuns: 1_000 },
    );
  });

  it("take no memory by their length alone", () => {
    const frames = new CopyFrames({ copyData: () => undefined, other: () => undefined });
    const before = process.memoryUsage().arrayBuffers;
    const head = Buffer.from([COPY_DATA, 0x3f, 0xff, 0xff, 0xff]);
    frames.push(head);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2_000_000);
  });
});
