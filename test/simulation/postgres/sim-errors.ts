import { RelayError } from "../../../src/relay/errors.ts";

export function unreachable(): RelayError {
  const details = { code: "POSTGRES_UNREACHABLE", remedy: "retry", hint: "wait" } as const;
  return new RelayError("Postgres is away", details);
}

export function busy(): RelayError {
  return new RelayError("the slot is busy", { code: "SLOT_BUSY", remedy: "standby", hint: "wait" });
}

export function noSlot(): RelayError {
  const details = { code: "GAP_SLOT_MISSING", remedy: "halt", hint: "look" } as const;
  return new RelayError("there is no slot", details);
}

export function lostSlot(): RelayError {
  const details = { code: "GAP_SLOT_INVALID", remedy: "halt", hint: "look" } as const;
  return new RelayError("the slot has lost its WAL", details);
}
