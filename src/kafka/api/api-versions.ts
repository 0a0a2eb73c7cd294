import type { BrokerRequest } from "../broker-channel.ts";
import { ERROR } from "../error-code.ts";
import { kafkaError } from "../kafka-error.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { readAnswer } from "./answer.ts";

const TAG_FINALIZED_FEATURES = 2;
const OLD: ReadonlyMap<number, number> = new Map([[0, 0]]);

export interface BrokerVersions {
  /** Highest version that the broker offers, by API key. */
  readonly maxVersions: ReadonlyMap<number, number>;
  /** Finalized level of the feature `transaction.version`; 2 is the protocol of KIP-890. 0 where there is none. */
  readonly transactionVersion: number;
}

/** Codes in the answer of a broker that knows older versions of ApiVersions only (KIP-511). */
const UNSUPPORTED_VERSION = 35;

/** ApiVersions v3 (KIP-511, KIP-584). */
export function apiVersionsRequest(): BrokerRequest {
  const payload = new ByteWriter()
    .tags()
    .compactString("outbox-relay")
    .compactString("1")
    .tags()
    .done();
  return { apiKey: 18, apiVersion: 3, payload };
}

/** The response header has no tag section, unlike all other flexible ones. */
export function readApiVersions(response: Buffer): BrokerVersions {
  return readAnswer("ApiVersions", response, (reader) => {
    const error = reader.int16();
    // Such an answer has the format of version 0, and names versions of ApiVersions alone.
    if (error === UNSUPPORTED_VERSION) return { maxVersions: OLD, transactionVersion: 0 };
    if (error !== ERROR.none) throw kafkaError("ApiVersions", error, "retry");
    const versions = reader.compactArray(() => {
      const key = reader.int16();
      reader.int16();
      const max = reader.int16();
      reader.tags();
      return [key, max] as const;
    });
    reader.int32();
    let transactionVersion = 0;
    reader.tags((tag, field) => {
      if (tag !== TAG_FINALIZED_FEATURES) return;
      field.compactArray(() => {
        const name = field.compactString();
        const max = field.int16();
        field.int16();
        field.tags();
        if (name === "transaction.version") transactionVersion = max;
      });
    });
    return { maxVersions: new Map(versions), transactionVersion };
  });
}
