import { afterEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { apiVersionsRequest } from "../../../src/kafka/api/api-versions.ts";
import { KafkajsChannel } from "../../../src/kafka/kafkajs-channel.ts";
import { AnswerSizes, CONNECTION } from "../../../src/kafka/kafkajs-frames.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import { FakeListener, KAFKA_4_BROKER, offering } from "../../support/brokers/fake-listener.ts";

const NOT_A_BROKER: unknown = expect.objectContaining({
  code: "KAFKA_NOT_A_BROKER",
  remedy: "retry",
});

let listener: FakeListener;

afterEach(async () => {
  await listener.close();
});

/** What a request to what listens comes to. */
async function answer(requests = 1): Promise<unknown> {
  const channel = new KafkajsChannel({
    brokers: [listener.address],
    clientId: "test",
    connectTimeoutMs: 2_000,
    requestTimeoutMs: 2_000,
  });
  try {
    for (let i = 1; i < requests; i++) await channel.request("any", "data", apiVersionsRequest());
    return await channel.request("any", "data", apiVersionsRequest());
  } catch (error) {
    return error;
  } finally {
    channel.close();
  }
}

function size(bytes: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt32BE(bytes);
  return head;
}

describe("what answers at a broker's address", () => {
  it("goes through the member of kafkajs that we wrap", async () => {
    listener = await FakeListener.kafka(offering(KAFKA_4_BROKER));
    expect(CONNECTION.processData.name).toBe("takeAnswers");
    expect(await answer()).toBeInstanceOf(Buffer);
  });

  it.each([-2_147_483_648, -4, -1, 0, 2, 3, 64 * 1024 * 1024 + 1, 2_147_483_647])(
    "is hung up on at a size of %i, at the first answer and at a later one",
    async (bytes) => {
      for (const good of [0, 2]) {
        let connections = 0;
        const honest = offering(KAFKA_4_BROKER);
        listener = await FakeListener.start((socket) => {
          connections += 1;
          let requests = 0;
          FakeListener.serve(socket, (...asked) => {
            requests += 1;
            if (requests <= good) return honest(...asked);
            socket.write(Buffer.concat([size(bytes), Buffer.alloc(20)]));
            return undefined;
          });
        });
        expect(await answer(good + 1)).toEqual(NOT_A_BROKER);
        expect(connections).toBe(1);
        await listener.close();
      }
    },
  );

  it("does not end the process, nor hang it, whatever it sends", async () => {
    const garbage = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(garbage, async (pieces) => {
        listener = await FakeListener.start((socket) => {
          socket.once("data", () => socket.end(Buffer.concat([...pieces, size(-1)])));
        });
        expect(await answer()).toBeInstanceOf(RelayError);
        await listener.close();
      }),
      { numRuns: 150 },
    );
  });
});

describe("the sizes of answers", () => {
  it("are followed however the bytes arrive, and refused at the first that none has", () => {
    const answers = fc.array(fc.integer({ min: 4, max: 40 }), { maxLength: 10 });
    const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 });
    const bad = fc.oneof(fc.integer({ max: 3 }), fc.integer({ min: 101 }));
    fc.assert(
      fc.property(answers, cuts, bad, (lengths, pieces, last) => {
        const good = Buffer.concat(lengths.flatMap((bytes) => [size(bytes), Buffer.alloc(bytes)]));
        const sizes = new AnswerSizes();
        const take = (bytes: Buffer): void => {
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const end = at + (pieces[turn % pieces.length] ?? 1);
            sizes.check(bytes.subarray(at, end), 4, 100);
            at = end;
          }
        };
        take(good);
        expect(() => take(size(last))).toThrow("no answer");
      }),
      { numRuns: 1_000 },
    );
  });
});
