import type { Socket } from "node:net";
import type { BrokerRequest } from "../../src/kafka/broker-channel.ts";
import { ByteWriter } from "../../src/kafka/wire/byte-writer.ts";
import { Cursor } from "./kafka-cursor.ts";

const SIZE_BYTES = 4;
/** Size, API key, version, correlation id and the length of the client id. */
const REQUEST_HEAD_BYTES = 14;
/** Size and correlation id. */
const ANSWER_HEAD_BYTES = 8;
/** Where the body of an answer begins: size, correlation id, and the empty tags of a flexible header. */
const FLEXIBLE_BODY_AT = 9;
/** EndTxn speaks in flexible versions from here on: its last byte is an empty tag section. */
const END_TXN_FLEXIBLE = 3;

export const API = { produce: 0, initProducerId: 22, endTxn: 26 } as const;

/** Cuts a stream of bytes into the protocol's frames: four bytes of size, then as many bytes. */
export class Frames {
  #bytes = Buffer.alloc(0);

  constructor(socket: Socket, handle: (frame: Buffer) => void) {
    socket.on("data", (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      for (let frame = this.#take(); frame !== null; frame = this.#take()) handle(frame);
    });
  }

  #take(): Buffer | null {
    if (this.#bytes.length < SIZE_BYTES) return null;
    const end = SIZE_BYTES + this.#bytes.readInt32BE(0);
    if (this.#bytes.length < end) return null;
    const frame = this.#bytes.subarray(0, end);
    this.#bytes = this.#bytes.subarray(end);
    return frame;
  }
}

export function correlationIdOfRequest(frame: Buffer): number {
  return frame.readInt32BE(SIZE_BYTES + 4);
}

export function correlationIdOfAnswer(frame: Buffer): number {
  return frame.readInt32BE(SIZE_BYTES);
}

export function clientIdOfRequest(frame: Buffer): string {
  return frame.toString("utf8", REQUEST_HEAD_BYTES, endOfClientId(frame));
}

/** A client without a name has the length -1. */
function endOfClientId(frame: Buffer): number {
  return REQUEST_HEAD_BYTES + Math.max(0, frame.readInt16BE(REQUEST_HEAD_BYTES - 2));
}

/** The frame of a request. */
export function requestFrame(
  { apiKey, apiVersion, payload }: BrokerRequest,
  correlationId: number,
  clientId: string | null,
): Buffer {
  const head = new ByteWriter().int32(0).int16(apiKey).int16(apiVersion);
  const frame = Buffer.concat([head.int32(correlationId).string(clientId).done(), payload]);
  frame.writeInt32BE(frame.length - SIZE_BYTES, 0);
  return frame;
}

/** What a frame asks for; the payload of a flexible version begins with the tags of its header. */
export function requestOfFrame(frame: Buffer): BrokerRequest {
  return {
    apiKey: frame.readInt16BE(SIZE_BYTES),
    apiVersion: frame.readInt16BE(SIZE_BYTES + 2),
    payload: frame.subarray(endOfClientId(frame)),
  };
}

/** What a frame answers, behind the correlation id; of a flexible version it begins with the tags of its header. */
export function payloadOfAnswer(frame: Buffer): Buffer {
  return frame.subarray(ANSWER_HEAD_BYTES);
}

/** The frame that answers the request with this correlation id. */
export function answerFrame(correlationId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(ANSWER_HEAD_BYTES);
  head.writeInt32BE(ANSWER_HEAD_BYTES - SIZE_BYTES + payload.length, 0);
  head.writeInt32BE(correlationId, SIZE_BYTES);
  return Buffer.concat([head, payload]);
}

/** Producer id and epoch of an EndTxn request: two transactions of one id differ in it, a repetition does not. */
export function identityOfEndTxn(frame: Buffer): string {
  const end = frame.length - (frame.readInt16BE(6) >= END_TXN_FLEXIBLE ? 1 : 0) - 1;
  return `${frame.readBigInt64BE(end - 10)}/${frame.readInt16BE(end - 2)}`;
}

export function errorOfEndTxn(answer: Buffer, isFlexible: boolean): number {
  return answer.readInt16BE((isFlexible ? FLEXIBLE_BODY_AT : SIZE_BYTES + 4) + 4);
}

/** The answer for one partition, in place: setting `error` changes the frame. */
export interface ProduceVerdict {
  readonly topic: string;
  readonly partition: number;
  error: number;
}

/** Shows every partition of an answer to Produce v9 to v12 to `see`, and returns how long the client is to wait, ms. */
export function walkProduceAnswer(answer: Buffer, see: (one: ProduceVerdict) => void): number {
  const cursor = new Cursor(answer, FLEXIBLE_BODY_AT);
  for (let topics = cursor.uvarint() - 1; topics > 0; topics--) {
    const topic = cursor.text();
    for (let partitions = cursor.uvarint() - 1; partitions > 0; partitions--) {
      const at = cursor.at;
      const one = { topic, partition: answer.readInt32BE(at), error: answer.readInt16BE(at + 4) };
      see(one);
      answer.writeInt16BE(one.error, at + 4);
      cursor.at += 4 + 2 + 3 * 8;
      for (let refused = cursor.uvarint() - 1; refused > 0; refused--) {
        cursor.at += 4;
        cursor.text();
        cursor.tags();
      }
      cursor.text();
      cursor.tags();
    }
    cursor.tags();
  }
  return answer.readInt32BE(cursor.at);
}
