import { once } from "node:events";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { FakeListener } from "../../../support/brokers/fake-listener.ts";
import { answerFrame, Frames, requestFrame } from "../../../support/kafka-frames.ts";
import { KafkaProxy } from "../../../support/kafka-proxy.ts";
import { until } from "../../../support/until.ts";

const API = 3;
const DEADLINE_MS = 5_000;

let broker: FakeListener;
/** Correlation ids of requests in the order in which the broker got them. */
let arrived: number[];
let proxy: KafkaProxy;
let client: Socket;
let answers: string[];

beforeEach(async () => {
  arrived = [];
  answers = [];
  broker = await FakeListener.start((socket) => {
    new Frames(socket, (frame) => {
      arrived.push(frame.readInt32BE(8));
      socket.write(answerFrame(frame.readInt32BE(8), Buffer.from("truth")));
    });
  });
  proxy = new KafkaProxy();
  const port = await proxy.start();
  proxy.forwardTo(broker.port);
  client = connect(port, "127.0.0.1");
  new Frames(client, (frame) =>
    answers.push(`${frame.readInt32BE(4)} ${frame.toString("utf8", 8)}`),
  );
  await once(client, "connect");
});

afterEach(async () => {
  client.destroy();
  await proxy.stop();
  await broker.close();
});

function ask(correlationId: number): void {
  const request = { apiKey: API, apiVersion: 0, payload: Buffer.alloc(0) };
  client.write(requestFrame(request, correlationId, null));
}

function answered(count: number): Promise<void> {
  return until(() => answers.length === count, DEADLINE_MS, `${count} answers`);
}

describe("a proxy that treats a request", () => {
  it("answers in the broker's place, and the broker never sees it", async () => {
    proxy.judge = () => ({
      brokerAfterMs: null,
      answer: (truth, reply) => reply.send(answerFrame(1, Buffer.from(String(truth)))),
    });
    ask(1);
    await answered(1);
    proxy.reset();
    ask(2);
    await answered(2);
    expect(answers).toEqual(["1 null", "2 truth"]);
    expect(arrived).toEqual([2]);
  });

  it("changes what the broker answers", async () => {
    proxy.judge = () => ({
      brokerAfterMs: 0,
      answer: (truth, reply) => {
        const changed = Buffer.from(truth ?? "");
        changed.write("false", 8);
        reply.send(changed);
      },
    });
    ask(1);
    await answered(1);
    expect(answers).toEqual(["1 false"]);
    expect(arrived).toEqual([1]);
  });

  it("hangs up after the broker has carried it out", async () => {
    proxy.judge = () => ({ brokerAfterMs: 0, answer: (_, reply) => reply.hangUp() });
    ask(1);
    await once(client, "close");
    expect(arrived).toEqual([1]);
    expect(answers).toEqual([]);
  });

  it("holds it back for the broker with all that comes after it, also once the client is gone", async () => {
    proxy.judge = (_, frame) =>
      frame.readInt32BE(8) === 1 ? { brokerAfterMs: 100, answer: () => undefined } : "pass";
    ask(1);
    ask(2);
    client.destroySoon();
    await until(() => arrived.length === 2, DEADLINE_MS, "both requests");
    expect(arrived).toEqual([1, 2]);
  });
});
