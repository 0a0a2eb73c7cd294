import { withoutTlsParameters } from "../config/database-tls.ts";
import type { Environment } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import { configured } from "./configured.ts";
import { runMigrate } from "./migrate.ts";
import { PROCESS_OUTPUT } from "./output.ts";

/** `outbox-relay migrate`: knows the database and the publication from the settings, and needs no others. */
export async function migrate(argv: readonly string[], env: Environment): Promise<number> {
  const isOffline = argv[0] !== "up" && argv[0] !== "status";
  // Required for running the relay, without use here: a migration does not need to know the brokers, or for printing the database.
  const unused = {
    KAFKA_BROKERS: "localhost:9092",
    ...(isOffline && { DATABASE_URL: "postgres://localhost/none" }),
  };
  return configured(
    () => loadConfig({ ...unused, ...env }),
    ({ config }) => {
      const connectionString = withoutTlsParameters(config.database.migrationUrl);
      const tls = config.security.migration;
      const { name: publication } = config.publication;
      const keyColumn = config.outbox.columns.key;
      const shard = config.shard === null ? null : { ...config.shard, keyColumn };
      return runMigrate(argv, { connectionString, tls, publication, shard }, PROCESS_OUTPUT);
    },
  );
}
