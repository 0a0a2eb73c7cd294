import { beforeEach, describe, expect, it } from "@jest/globals";
import { endTxnV5Request, readEndTxnV5 } from "../../../../src/kafka/api/end-txn.ts";
import { fetchRequest, readFetch } from "../../../../src/kafka/api/fetch.ts";
import {
  findCoordinatorRequest,
  readCoordinator,
} from "../../../../src/kafka/api/find-coordinator.ts";
import { metadataRequest, readMetadata } from "../../../../src/kafka/api/metadata.ts";
import type { BrokerRequest } from "../../../../src/kafka/broker-channel.ts";
import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";
import type { Hostility } from "../../../chaos/hostile/plan/world-plan.ts";
import { Middle, Middles } from "../../../chaos/hostile/stage/middle.ts";
import { Dice } from "../../../chaos/prove/plan/dice.ts";
import { answerFrame, payloadOfAnswer, requestFrame } from "../../../support/kafka-frames.ts";
import type { Treatment } from "../../../support/kafka-proxy.ts";

const CORRELATION = 4_711;
const CODE = 15;
const HOSTILITY: Hostility = {
  apiKey: 10,
  kind: "code",
  code: CODE,
  isApplied: true,
  isEverywhere: true,
  share: 1,
  delayMs: 1,
};
const COORDINATOR = new ByteWriter().int32(0).int16(0).string(null).int32(1).done();
const END_TXN = endTxnV5Request("ids-0", { producerId: 7n, epoch: 3 });

let middle: Middle;

beforeEach(() => {
  middle = new Middle(new Dice(1, "test"));
});

const frameOf = (request: BrokerRequest, clientId: string): Buffer =>
  requestFrame(request, CORRELATION, clientId);

/** What becomes of the answer to a request: a frame, `"end"` of the connection, or null for nothing so far. */
function treat(
  hostility: Partial<Hostility>,
  request: BrokerRequest,
  truth: Buffer | null,
): { readonly brokerAfterMs: number | null; readonly said: Buffer | "end" | null } {
  middle.hostilities = [{ ...HOSTILITY, ...hostility }];
  const { brokerAfterMs, answer } = middle.judge(frameOf(request, "relay")) as Treatment;
  let said: Buffer | "end" | null = null;
  const reply = {
    send: (bytes: Buffer): void => void (said = bytes),
    hangUp: (): void => void (said = "end"),
  };
  answer(brokerAfterMs === null || truth === null ? null : answerFrame(CORRELATION, truth), reply);
  return { brokerAfterMs, said };
}

function payload(said: Buffer | "end" | null): Buffer {
  if (said === null || said === "end") throw new Error(`nothing was answered but ${String(said)}`);
  return payloadOfAnswer(said);
}

describe("what stands between relay and broker", () => {
  it("lets other requests, and other clients, through", () => {
    middle.hostilities = [HOSTILITY];
    const middles = new Middles();
    middles.add("relay", middle);
    expect(middles.judge(3, frameOf(metadataRequest([]), "relay"))).toBe("pass");
    expect(middles.judge(10, frameOf(findCoordinatorRequest("ids-0"), "other"))).toBe("pass");
    expect(middles.judge(10, frameOf(findCoordinatorRequest("ids-0"), "relay"))).not.toBe("pass");
    expect(middle.met).toBe(1);
  });

  it("puts a code into the broker's answer", () => {
    const { brokerAfterMs, said } = treat({}, findCoordinatorRequest("ids-0"), COORDINATOR);
    expect(brokerAfterMs).toBe(0);
    expect(readCoordinator(payload(said))).toEqual({ error: CODE, broker: 1 });
  });

  it("answers a request that changes something in the broker's place", () => {
    const { brokerAfterMs, said } = treat({ apiKey: 26, isApplied: false }, END_TXN, null);
    expect(brokerAfterMs).toBeNull();
    expect(readEndTxnV5(payload(said)).error).toBe(CODE);
  });

  it.each([true, false])(
    "hangs up, whether the broker has carried it out (%s) or not",
    (isApplied) => {
      const truth = new ByteWriter().tags().int32(0).int16(0).int64(7n).int16(4).tags().done();
      const treated = treat({ apiKey: 26, kind: "hang-up", isApplied }, END_TXN, truth);
      expect(treated).toEqual({ brokerAfterMs: isApplied ? 0 : null, said: "end" });
    },
  );

  it("says nothing", () => {
    const { said } = treat({ kind: "silence" }, findCoordinatorRequest("ids-0"), COORDINATOR);
    expect(said).toBeNull();
  });

  it("holds a request back", () => {
    const held = { kind: "held", delayMs: 300 } as const;
    const { brokerAfterMs } = treat(held, findCoordinatorRequest("ids-0"), COORDINATOR);
    expect(brokerAfterMs).toBe(300);
  });

  it("answers with less, in a frame that is whole", () => {
    const { said } = treat({ kind: "less" }, findCoordinatorRequest("ids-0"), COORDINATOR);
    expect(payload(said).length).toBeLessThan(COORDINATOR.length);
    expect((said as Buffer).readInt32BE(0)).toBe((said as Buffer).length - 4);
  });

  it("answers about nothing", () => {
    const metadata = treat({ apiKey: 3, kind: "empty" }, metadataRequest(["a"]), Buffer.alloc(8));
    expect(readMetadata(payload(metadata.said))).toMatchObject({ brokers: [], topics: [] });
    const fetched = treat({ apiKey: 1, kind: "empty" }, fetchRequest("a", 0, 0n), Buffer.alloc(8));
    expect(readFetch(payload(fetched.said))).toMatchObject({ error: CODE, batches: [] });
  });
});
