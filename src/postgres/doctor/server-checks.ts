import type { Check } from "../../relay/check.ts";
import type { ServerFacts } from "../preflight/facts.ts";
import type { ServerExpectations } from "../preflight/server-findings.ts";
import {
  encodingFinding,
  roleFinding,
  slotLimitFinding,
  standbyFinding,
  synchronousFinding,
  timeoutFinding,
  versionFinding,
  walLevelFinding,
  walSenderLimitFinding,
} from "../preflight/server-findings.ts";
import type { SlotRow } from "../slot-row.ts";
import { check } from "./question.ts";

/** Server, limits and role. */
export function serverChecks(
  server: ServerFacts,
  slot: SlotRow | null,
  expected: ServerExpectations,
): Check[] {
  const { slotsUsed, slotsMax, walSendersUsed, walSendersMax } = server;
  return [
    check("server version", "older servers lack what the stream needs", {
      seen: `Postgres ${versionText(server.version)}, database ${server.database}`,
      findings: [versionFinding(server)],
    }),
    check("primary", "a slot is read where it is written", {
      seen: server.isInRecovery ? "a standby" : "the primary",
      findings: [standbyFinding(server, slot)],
    }),
    check("WAL level", "without it the WAL does not hold the rows", {
      seen: `wal_level is ${server.walLevel}`,
      findings: [walLevelFinding(server)],
    }),
    check("role", "only a role with REPLICATION may read a slot", {
      seen: `${server.role}${server.mayReplicate ? " may replicate" : ""}`,
      findings: [roleFinding(server)],
    }),
    check("encoding", "text goes to Kafka as UTF-8", {
      seen: server.encoding,
      findings: [encodingFinding(server)],
    }),
    check("slots", "the relay needs one, and Postgres has a fixed number", {
      seen: `${slotsUsed} of ${slotsMax} in use`,
      findings: [slot === null ? slotLimitFinding(server) : null],
    }),
    check("walsenders", "the relay needs one while it streams", {
      seen: `${walSendersUsed} of ${walSendersMax} in use`,
      findings: [walSenderLimitFinding(server, slot)],
    }),
    check("wal_sender_timeout", "it bounds how long a vanished relay holds the slot", {
      seen: `${server.walSenderTimeoutMs} ms on the server`,
      findings: [timeoutFinding(server)],
    }),
    check("synchronous standbys", "commits must never wait for Kafka", {
      seen: server.synchronousStandbyNames === "" ? "none" : server.synchronousStandbyNames,
      findings: [synchronousFinding(server, expected)],
    }),
  ];
}

function versionText(version: number): string {
  return `${Math.trunc(version / 10_000)}.${version % 10_000}`;
}
