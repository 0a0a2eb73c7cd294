import type { DestinationStream, Logger } from "pino";
import { destination, pino } from "pino";
import type { RelayError } from "../relay/errors.ts";
import { inert } from "../relay/inert-text.ts";
import { prettyLine } from "./pretty-line.ts";

/** Lines that wait for a place to be written; what comes on top of them is dropped. */
const UNWRITTEN_BYTES_MAX = 256 * 1024;

export interface LogForm {
  readonly format: "json" | "pretty";
  /** Of `pretty` only. */
  readonly hasColour: boolean;
}

/** Lines on stdout, written at once: nothing is lost at exit. Never a payload, never a secret. */
export function createLogger(level: string, instance: string, form: LogForm): Logger {
  const out = logDestination();
  const pretty = { write: (line: string) => out.write(prettyLine(line, form.hasColour)) };
  return pino(
    {
      level,
      base: { instance },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    form.format === "pretty" ? pretty : out,
  );
}

/** A log that cannot be written, on a full disk say, must not end a relay that has work to do. */
function logDestination(): DestinationStream {
  const out = destination({ dest: 1, sync: true, maxLength: UNWRITTEN_BYTES_MAX });
  out.on("error", () => undefined);
  return out;
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
  return cause instanceof Error ? [inert(cause.message), ...causeMessages(cause)] : [];
}
