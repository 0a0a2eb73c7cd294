import type { Logger } from "pino";
import { destination, pino } from "pino";
import type { RelayError } from "../relay/errors.ts";

/** JSON lines on stdout, written at once: nothing is lost at exit. Never a payload, never a secret. */
export function createLogger(level: string, instance: string): Logger {
  return pino(
    {
      level,
      base: { instance },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination({ dest: 1, sync: true }),
  );
}

/** What a log line says of an error: code, what happened, what to do, and the causes' messages. */
export function errorFields(error: RelayError): Record<string, string> {
  const causes = causeMessages(error);
  return {
    code: error.code,
    hint: error.hint,
    ...(causes.length > 0 && { cause: causes.join(": ") }),
  };
}

function causeMessages(error: Error): string[] {
  const { cause } = error;
  return cause instanceof Error ? [cause.message, ...causeMessages(cause)] : [];
}
