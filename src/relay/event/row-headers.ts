import { copyOf } from "../copy-of.ts";
import type { RecordHeader } from "../record/outbound-record.ts";
import { ascii } from "./ascii.ts";
import { HeaderFault, HeaderScan, shown } from "./header-scan.ts";
import type { OutboxEvent } from "./outbox-event.ts";
import { PoisonError } from "./poison.ts";

/** Headers that the relay itself writes: a second one of the same name would hide or fake it. */
export const OWN_HEADERS: readonly string[] = ["id", "type", "position"];

/** `OWN_HEADERS` as bytes. */
export const HEADER_NAMES = {
  id: ascii("id"),
  type: ascii("type"),
  position: ascii("position"),
} as const;

const OWN_NAMES = Object.values(HEADER_NAMES);
const NONE: readonly RecordHeader[] = [];

/**
 * Reads the row's own headers, in their order: a JSON object whose values are strings or null. They hold no longer than the
 * event. Throws PoisonError `ROW_HEADERS` when the column holds anything else.
 */
export function rowHeaders(event: OutboxEvent): readonly RecordHeader[] {
  if (event.headers.isNull) return NONE;
  try {
    const headers = new HeaderScan(event.headers.view()).headers();
    for (const { name } of headers) {
      if (isOwn(name))
        throw new HeaderFault(`uses the name ${shown(name)}, which is the relay's own`);
    }
    return headers;
  } catch (error) {
    if (!(error instanceof HeaderFault)) throw error;
    throw refuse(event, error.message);
  }
}

function isOwn(name: Uint8Array): boolean {
  return OWN_NAMES.some(
    (own) => own.length === name.length && own.every((byte, at) => byte === name[at]),
  );
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
