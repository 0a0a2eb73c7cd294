import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { PG_CONNECTION } from "../../../src/postgres/frame-guard.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import { FakeListener } from "../../support/brokers/fake-listener.ts";
import { serverAt } from "./server-at.ts";

/** A message of a server: type, length, body. */
function message(type: string, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

function length(type: string, bytes: number): Buffer {
  const head = message(type);
  head.writeInt32BE(bytes, 1);
  return head;
}

const WELCOME = Buffer.concat([
  message("R", Buffer.alloc(4)),
  message("S", Buffer.from("server_version\x0018.0\0")),
  message("Z", Buffer.from("I")),
]);

let server: FakeListener;
let garbage: Buffer;
let isWelcoming: boolean;

beforeEach(async () => {
  isWelcoming = true;
  server = await FakeListener.start((socket) => {
    socket.once("data", () => {
      if (!isWelcoming) return void socket.end(garbage);
      socket.write(WELCOME);
      socket.once("data", () => socket.end(garbage));
    });
  });
});

afterEach(async () => {
  await server.close();
});

/** What a question to a server comes to that answers with `bytes`, in the welcome or after it. */
async function answerTo(bytes: Buffer): Promise<unknown> {
  garbage = bytes;
  const database = serverAt(server.address);
  try {
    return await database.slot(new AbortController().signal);
  } catch (error) {
    return error;
  } finally {
    await database.close();
  }
}

const PROTOCOL = expect.objectContaining({ code: "POSTGRES_PROTOCOL", remedy: "retry" });

describe("a server that sends what is no message", () => {
  it("has the members of pg's connection that we wrap", () => {
    expect(PG_CONNECTION.attachListeners.name).toBe("attachGuarded");
    expect(typeof PG_CONNECTION.emit).toBe("function");
  });

  it.each([0, 3, -1, -5, -2_147_483_648, 2_147_483_647])(
    "is hung up on at a length of %i, before it let us in and after",
    async (bytes) => {
      for (isWelcoming of [false, true])
        expect(await answerTo(Buffer.concat([length("N", bytes), Buffer.alloc(20)]))).toEqual(
          PROTOCOL,
        );
    },
  );

  it.each([
    ["a row of more columns than it has", message("D", Buffer.from([0x7f, 0xff, 0, 0, 0, 9]))],
    ["a column longer than its message", message("D", Buffer.from([0, 1, 0x7f, 0xff, 0xff, 0xff]))],
    ["a description without an end", message("T", Buffer.from([0, 9, 0x61]))],
    ["an unknown authentication", message("R", Buffer.from([0, 0, 0, 99]))],
    ["an error without an end", message("E", Buffer.from("SERROR"))],
  ])("does not end the process with %s", async (_, bytes) => {
    for (isWelcoming of [false, true]) expect(await answerTo(bytes)).toBeInstanceOf(RelayError);
  });

  it("does not end the process, nor hang it, whatever it sends", async () => {
    const broken = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc
        .tuple(
          fc.constantFrom(...Array.from("RSKZTDCEN1234GHWdcnsvAtI")),
          fc.uint8Array({ maxLength: 60 }),
        )
        .map(([type, body]) => message(type, Buffer.from(body))),
    );
    const pieces = fc.array(broken, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.boolean(), async (bytes, welcomes) => {
        isWelcoming = welcomes;
        const answer = await answerTo(Buffer.concat([...bytes, length("Z", -1)]));
        expect(answer).toBeInstanceOf(RelayError);
      }),
      { numRuns: 150 },
    );
  });
});
