import type { DatabaseTls } from "./database-tls.ts";
import type { KafkaSecurity } from "./kafka-security.ts";
import { serviceSettings } from "./service-settings.ts";
import type { Values } from "./setting.ts";
import { sinkSettings } from "./sink-settings.ts";
import { sourceSettings } from "./source-settings.ts";

/**
 * Every setting of the relay: name, kind, bounds, default, secrecy and meaning, as convict's schema.
 * docs/configuration.md and config/outbox-relay.env.example are generated from here (`npm run generate`).
 * Times are in ms and sizes in bytes, with the unit in the property's name.
 */
export const settings = { ...sourceSettings, ...sinkSettings, ...serviceSettings };

/** All settings with their values. */
export type SettingValues = Values<typeof settings>;

/** What settings, URLs and libpq's variables say together about secure connections. */
export interface Security {
  /** For each of the three URLs. */
  readonly database: DatabaseTls;
  readonly replication: DatabaseTls;
  readonly migration: DatabaseTls;
  readonly kafka: KafkaSecurity;
}

/** All settings with their values: checked, complete and frozen. */
export type Config = SettingValues & { readonly security: Security };
