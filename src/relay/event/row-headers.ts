import { copyOf } from "../copy-of.ts";
import type { RecordHeader } from "../record/outbound-record.ts";
import { ascii } from "./ascii.ts";
import type { OutboxEvent } from "./outbox-event.ts";
import { PoisonError } from "./poison.ts";

/** Headers that the relay itself writes: a second one of the same name would hide or fake it. */
export const OWN_HEADERS: readonly string[] = ["id", "type", "position"];

const NAMES_MAX = 1_000;

/** Reads the row's own headers: a JSON object whose values are strings or null. */
export class RowHeaders {
  readonly #names = new Map<string, Uint8Array>();
  readonly #encoder = new TextEncoder();

  /** Throws PoisonError `ROW_HEADERS` when the column holds anything else. */
  read(event: OutboxEvent): readonly RecordHeader[] {
    if (event.headers.isNull) return [];
    const object = parseObject(event.headers.view());
    if (object === undefined) throw refuse(event, "is no JSON object");
    if (object === null) return [];
    return Object.entries(object).map(([name, value]) => {
      if (OWN_HEADERS.includes(name))
        throw refuse(event, `uses the name "${name}", which is the relay's own`);
      if (value === null) return { name: this.#name(name), value: null };
      if (typeof value !== "string")
        throw refuse(event, `has a value that is no string, at "${name}"`);
      return { name: this.#name(name), value: this.#encoder.encode(value) };
    });
  }

  #name(name: string): Uint8Array {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    if (this.#names.size >= NAMES_MAX) this.#names.clear();
    const bytes = this.#encoder.encode(name);
    this.#names.set(name, bytes);
    return bytes;
  }
}

/** Null for a JSON null; undefined for what is no object. */
function parseObject(json: Uint8Array): Record<string, unknown> | null | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
    if (value === null) return null;
    return typeof value === "object" && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function refuse(event: OutboxEvent, problem: string): PoisonError {
  const { transaction, index } = event;
  const place = { id: copyOf(event.id.view()), commitLsn: transaction.commitLsn, index };
  return new PoisonError(place, {
    code: "ROW_HEADERS",
    message: `its headers column ${problem}`,
    hint: 'Write an object of strings into the headers column, such as {"correlation-id": "42"}; see docs/guarantees.md, "A row that cannot be published".',
  });
}

/** `OWN_HEADERS` as bytes. */
export const HEADER_NAMES = {
  id: ascii("id"),
  type: ascii("type"),
  position: ascii("position"),
} as const;
