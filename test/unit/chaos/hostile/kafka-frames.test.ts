import { describe, expect, it } from "@jest/globals";
import { endTxnV5Request } from "../../../../src/kafka/api/end-txn.ts";
import { findCoordinatorRequest } from "../../../../src/kafka/api/find-coordinator.ts";
import {
  answerFrame,
  clientIdOfRequest,
  correlationIdOfAnswer,
  correlationIdOfRequest,
  payloadOfAnswer,
  requestFrame,
  requestOfFrame,
} from "../../../support/kafka-frames.ts";

const IDENTITY = { producerId: 7n, epoch: 3 };

describe("a frame of Kafka's protocol", () => {
  it.each([
    ["a plain version", findCoordinatorRequest("ids-0")],
    ["a flexible version", endTxnV5Request("ids-0", IDENTITY)],
  ])("tells what is asked for, in %s", (_, request) => {
    const frame = requestFrame(request, 4_711, "größe");
    expect(requestOfFrame(frame)).toEqual(request);
    expect(clientIdOfRequest(frame)).toBe("größe");
    expect(correlationIdOfRequest(frame)).toBe(4_711);
  });

  it("may come from a client without a name", () => {
    const frame = requestFrame(findCoordinatorRequest("ids-0"), 4_711, null);
    expect(clientIdOfRequest(frame)).toBe("");
    expect(requestOfFrame(frame)).toEqual(findCoordinatorRequest("ids-0"));
  });

  it("answers with the size and the correlation id in front", () => {
    const frame = answerFrame(4_711, Buffer.from("body"));
    expect(frame.readInt32BE(0)).toBe(frame.length - 4);
    expect(correlationIdOfAnswer(frame)).toBe(4_711);
    expect(payloadOfAnswer(frame).toString()).toBe("body");
  });
});
