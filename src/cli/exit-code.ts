import type { RelayError } from "../relay/errors.ts";

export const EXIT = { ok: 0, failure: 1, usage: 2, temporary: 75, configuration: 78 } as const;

/** Errors that a person settles in the settings or in the rights of a role. */
const CONFIGURATION_CODES = new Set<string>([
  "KAFKA_AUTHENTICATION",
  "KAFKA_SASL_MECHANISM",
  "KAFKA_TLS",
  "KAFKA_TOKEN_REFUSED",
  "POSTGRES_AUTHENTICATION",
  "POSTGRES_DATABASE_MISSING",
  "POSTGRES_PERMISSION",
  "POSTGRES_SESSION",
  "POSTGRES_TLS",
]);

export function exitCodeOf({ code, remedy }: RelayError): number {
  if (remedy !== "halt") return EXIT.temporary;
  const isConfiguration = code.startsWith("CONFIG_") || CONFIGURATION_CODES.has(code);
  return isConfiguration ? EXIT.configuration : EXIT.failure;
}
