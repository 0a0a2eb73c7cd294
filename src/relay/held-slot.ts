import type { ServerIdentity } from "./capture/replication-stream.ts";
import type { SlotFacts } from "./capture/source-database.ts";
import { RelayError } from "./errors.ts";
import type { RelayPorts } from "./ports.ts";
import { slotMissing } from "./settle/continuity-faults.ts";

/**
 * The slot, proven to be ours at this moment. Asked each time before anybody is fenced at Kafka: a relay whose stream died
 * without a word would otherwise take the transactional ids from its successor, again and again.
 *
 * Rejects with `SLOT_LOST` (remedy `standby`) when another walsender has it, `GAP_SLOT_MISSING` (halt) when it is gone, and
 * `SERVER_MISMATCH` (retry) when the question went to another server than the stream.
 */
export async function heldSlot(
  { database }: RelayPorts,
  name: string,
  { walSenderPid, serverStart }: ServerIdentity,
  signal: AbortSignal,
): Promise<SlotFacts> {
  const slot = await database.slot(signal);
  if (slot === null) throw slotMissing(name, null);
  if (slot.serverStart !== serverStart) throw otherServer(name);
  if (slot.activePid === walSenderPid) return slot;
  throw new RelayError(`the stream of slot ${name} ended without a word`, {
    code: "SLOT_LOST",
    remedy: "standby",
    hint: "Nothing to do: the relay asks for the slot again.",
  });
}

/** Two addresses, or a list of hosts during a failover, may lead to two servers; what one says of the slot is nothing to the other. */
export function otherServer(name: string): RelayError {
  return new RelayError(
    `the stream of slot ${name} and the control connection lead to different servers`,
    {
      code: "SERVER_MISMATCH",
      remedy: "retry",
      hint: "Nothing to do during a failover: the relay connects both again. If it lasts, RELAY_DATABASE_URL and RELAY_REPLICATION_URL must lead to one primary.",
    },
  );
}
