import type { SlotFacts } from "../../../src/relay/capture/source-database.ts";
import type { ModelPostgres } from "./model-postgres.ts";
import type { ModelStream } from "./model-stream.ts";

/** The one slot of a model server; `stream`: of who holds it, null while nobody does. */
export function modelSlot(postgres: ModelPostgres, stream: ModelStream | null): SlotFacts {
  return {
    name: "slot",
    plugin: "pgoutput",
    database: "db",
    temporary: false,
    isSynced: false,
    active: stream !== null,
    activePid: stream?.identity.walSenderPid ?? null,
    confirmedLsn: postgres.confirmed,
    restartLsn: postgres.confirmed,
    walStatus: "reserved",
    invalidationReason: null,
    retainedBytes: 0,
    unconfirmedBytes: 0,
    safeWalBytes: null,
    catalogXminAge: null,
    walEnd: postgres.walEnd,
    serverStart: postgres.askedServer,
  };
}
