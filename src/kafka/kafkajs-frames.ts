import { createRequire } from "node:module";
import type { Socket } from "node:net";

const FETCH = 1;
const SIZE_BYTES = 4;
/** Of the correlation id, with which every answer begins. */
const ANSWER_BYTES_MIN = 4;
/** Metadata of a hundred thousand partitions has some ten. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** A Fetch brings a whole batch however large it is, and the largest topics take one of a gigabyte. */
const FETCHED_BYTES_MAX = 1024 * 1024 * 1024 + ANSWER_BYTES_MAX;

/** What the error says that a connection ends with where what comes is no answer; kafkajs keeps nothing else of it in places. */
export const NO_ANSWER = "no answer of Kafka's: ";

/** The part of kafkajs 2.2.4's connections that takes what the socket brings. */
interface KafkajsConnection {
  readonly socket?: Socket;
  /** There while SASL tokens come bare: without a correlation id, and empty at times. */
  readonly authHandlers: object | null;
  readonly requestQueue: { readonly inflight: ReadonlyMap<unknown, InFlight> };
  processData: (this: KafkajsConnection, bytes: Buffer) => void;
}

interface InFlight {
  readonly entry: { readonly apiKey: number };
}

/** Follows the answers in what a broker sends, by the size before each. */
export class AnswerSizes {
  readonly #size = Buffer.alloc(SIZE_BYTES);
  #sizeBytes = 0;
  /** Of the answer under way that are still to come. */
  #left = 0;

  /** Throws an error that begins with `NO_ANSWER` for a size below `min` or above `max`. */
  check(bytes: Buffer, min: number, max: number): void {
    for (let at = this.#pass(bytes, 0); at < bytes.length; at = this.#pass(bytes, at)) {
      const copied = bytes.copy(this.#size, this.#sizeBytes, at, at + SIZE_BYTES - this.#sizeBytes);
      this.#sizeBytes += copied;
      at += copied;
      if (this.#sizeBytes < SIZE_BYTES) return;
      this.#sizeBytes = 0;
      this.#left = this.#size.readInt32BE(0);
      if (this.#left < min || this.#left > max)
        throw noAnswer(`an answer says that it has ${this.#left} bytes`);
    }
  }

  #pass(bytes: Buffer, at: number): number {
    const passed = Math.min(this.#left, bytes.length - at);
    this.#left -= passed;
    return at + passed;
  }
}

/** The class of kafkajs's connections: of ours, and of its admin client's. */
export const { prototype: CONNECTION } = createRequire(import.meta.url)(
  "kafkajs/src/network/connection",
) as { readonly prototype: KafkajsConnection };

const take = CONNECTION.processData;
const sizes = new WeakMap<Socket, AnswerSizes>();

/**
 * From the import of this file on every connection of the process ends with an error where what comes is no answer.
 * kafkajs would wait for as many bytes as a size says, and throw into the socket's event, which ends the process, where
 * it says too few.
 */
CONNECTION.processData = function takeAnswers(this: KafkajsConnection, bytes: Buffer): void {
  const { socket, authHandlers, requestQueue } = this;
  if (socket === undefined || socket.destroyed) return;
  const known = sizes.get(socket) ?? new AnswerSizes();
  sizes.set(socket, known);
  const isFetching = [...requestQueue.inflight.values()].some(
    ({ entry }) => entry.apiKey === FETCH,
  );
  try {
    known.check(
      bytes,
      authHandlers === null || authHandlers === undefined ? ANSWER_BYTES_MIN : 0,
      isFetching ? FETCHED_BYTES_MAX : ANSWER_BYTES_MAX,
    );
    take.call(this, bytes);
  } catch (error) {
    socket.destroy(isNoAnswer(error) ? error : noAnswer("an answer has a broken inside", error));
  }
};

function noAnswer(message: string, cause?: unknown): Error {
  return new Error(`${NO_ANSWER}${message}`, { cause });
}

function isNoAnswer(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith(NO_ANSWER);
}
