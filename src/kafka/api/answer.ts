import { RelayError } from "../../relay/errors.ts";
import { ByteReader } from "../wire/byte-reader.ts";

/** Reads an answer; one that ends too early, or makes no sense, is an error that names the request. */
export function readAnswer<T>(
  request: string,
  response: Buffer,
  read: (reader: ByteReader) => T,
): T {
  try {
    return read(new ByteReader(response));
  } catch (error) {
    if (error instanceof RelayError) throw error;
    throw brokenAnswer(`the answer to ${request} cannot be read`, error);
  }
}

/** What came is less than what was asked for, or no answer at all. */
export function brokenAnswer(what: string, cause?: unknown): RelayError {
  const details = cause instanceof Error ? `: ${cause.message}` : "";
  return new RelayError(`Kafka answered with less than was asked for: ${what}${details}`, {
    code: "KAFKA_INCOMPLETE_ANSWER",
    remedy: "retry",
    hint: "The relay goes on by itself; if it lasts, look at what stands between relay and broker.",
    cause,
  });
}
