import { API, walkProduceAnswer } from "../kafka-frames.ts";
import type { KafkaRig } from "./kafka-rig.ts";

/** Which error codes the brokers answer to Produce from now on, answer by answer; 0 is success. */
export class ProduceCodes {
  readonly answers: number[][] = [];

  constructor(rig: KafkaRig) {
    rig.edit((apiKey, answer) => {
      if (apiKey !== API.produce) return answer;
      const codes: number[] = [];
      walkProduceAnswer(answer, ({ error }) => void codes.push(error));
      this.answers.push(codes);
      return answer;
    });
  }

  has(code: number): boolean {
    return this.answers.some((codes) => codes.includes(code));
  }

  /** Whether one answer took some partitions and refused others with `code`. */
  hasPartial(code: number): boolean {
    return this.answers.some((codes) => codes.includes(code) && codes.includes(0));
  }
}
