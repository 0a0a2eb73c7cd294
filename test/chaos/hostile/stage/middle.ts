import type { BrokerRequest } from "../../../../src/kafka/broker-channel.ts";
import { systemClock } from "../../../../src/ops/system-clock.ts";
import { CHANGES, disturbed, INT32_MAX } from "../../../support/brokers/hostile/hostility.ts";
import { refusal } from "../../../support/brokers/hostile/refusal.ts";
import {
  answerFrame,
  clientIdOfRequest,
  correlationIdOfRequest,
  payloadOfAnswer,
  requestOfFrame,
} from "../../../support/kafka-frames.ts";
import type { Judge, Reply, Treatment, Verdict } from "../../../support/kafka-proxy.ts";
import type { Dice } from "../../prove/plan/dice.ts";
import type { Hostility } from "../plan/world-plan.ts";
import { CREATE_TOPICS } from "../plan/world-plan.ts";
import { emptyAnswer } from "./empty-answer.ts";

/** What stands between brokers and the clients of one name: it knows every request of theirs, and may answer it. */
export class Middle {
  readonly #dice: Dice;
  hostilities: readonly Hostility[] = [];
  /** How many requests met hostility so far. */
  met = 0;
  /** How many requests came so far, by API key. */
  readonly asked = new Map<number, number>();
  #isToCut = false;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** The next request ends its connection. */
  cut(): void {
    this.#isToCut = true;
  }

  judge(frame: Buffer): Verdict | Treatment {
    const request = requestOfFrame(frame);
    this.asked.set(request.apiKey, (this.asked.get(request.apiKey) ?? 0) + 1);
    if (this.#isToCut) {
      this.#isToCut = false;
      return "cut-request";
    }
    const hostility = this.hostilities.find(({ apiKey }) => apiKey === request.apiKey);
    if (hostility === undefined || !this.#dice.chance(hostility.share)) return "pass";
    this.met += 1;
    return this.#treated(hostility, request, correlationIdOfRequest(frame));
  }

  #treated(hostility: Hostility, request: BrokerRequest, correlationId: number): Treatment {
    const { kind, delayMs } = hostility;
    const changes = CHANGES.has(request.apiKey) || request.apiKey === CREATE_TOPICS;
    const isKept = !hostility.isApplied && changes && isKeepable(hostility);
    return {
      brokerAfterMs: isKept ? null : kind === "held" ? delayMs : 0,
      answer: (truth, reply) => {
        const payload = truth === null ? null : payloadOfAnswer(truth);
        if (kind === "late") return void systemClock.after(delayMs, () => send(payload));
        if (kind === "torn") return tear(truth, reply, this.#dice);
        send(this.#answer(hostility, request, payload));

        function send(body: Buffer | null | undefined): void {
          if (body === null) reply.hangUp();
          else if (body !== undefined) reply.send(answerFrame(correlationId, body));
        }
      },
    };
  }

  /** Null ends the connection; undefined is silence. */
  #answer(
    hostility: Hostility,
    request: BrokerRequest,
    truth: Buffer | null,
  ): Buffer | null | undefined {
    const { kind, code, isEverywhere } = hostility;
    if (kind === "late" || kind === "held" || kind === "torn") return truth;
    if (kind === "empty")
      return emptyAnswer(request.apiKey, request.apiVersion, isEverywhere ? code : 0) ?? truth;
    if (kind === "code" && truth === null) return refusal(request, code);
    const below = (bound: number): number => Math.floor(this.#dice.next() * bound);
    return disturbed(
      { ...hostility, kind, throttleMs: INT32_MAX },
      request,
      truth ?? Buffer.alloc(0),
      below,
    );
  }
}

/** Whether there is an answer of this kind that does not come from the broker. */
function isKeepable({ kind, isEverywhere }: Hostility): boolean {
  return (kind === "code" && isEverywhere) || kind === "hang-up" || kind === "silence";
}

function tear(truth: Buffer | null, reply: Reply, dice: Dice): void {
  if (truth !== null) reply.send(truth.subarray(0, dice.whole(1, truth.length - 1)));
  reply.hangUp();
}

/** One for each client by its name; a client that is not known is let through. */
export class Middles {
  readonly #byClient = new Map<string, Middle>();

  readonly judge: Judge = (_apiKey, frame) =>
    this.#byClient.get(clientIdOfRequest(frame))?.judge(frame) ?? "pass";

  add(clientId: string, middle: Middle): void {
    this.#byClient.set(clientId, middle);
  }

  remove(clientId: string): void {
    this.#byClient.delete(clientId);
  }
}
