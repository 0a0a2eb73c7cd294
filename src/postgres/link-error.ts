import type { RelayErrorDetails } from "../relay/errors.ts";
import { RelayError } from "../relay/errors.ts";
import type { LinkEnd } from "./capture-link.ts";
import { LinkEndedError } from "./capture-link.ts";
import type { ErrorContext } from "./postgres-error.ts";
import { postgresError, unreachable } from "./postgres-error.ts";

type Explanation = Omit<RelayErrorDetails, "cause"> & { readonly message: string };

/** Why a running stream ended. */
export function endedError(cause: unknown, context: ErrorContext): RelayError {
  if (!(cause instanceof LinkEndedError)) return postgresError(cause, "stream", context);
  const { message, ...details } = explain(cause.end, context);
  return new RelayError(message, details);
}

function explain(end: LinkEnd, { address, publications }: ErrorContext): Explanation {
  switch (end) {
    case "connection-ended":
      return unreachable(address, "the connection was cut");
    case "silence":
      return unreachable(address, "the server has fallen silent");
    case "copy-ended":
      return {
        code: "POSTGRES_UNAVAILABLE",
        remedy: "retry",
        message: "Postgres ended the stream, as it does when it shuts down",
        hint: "The relay comes back by itself; look at the server's log if this lasts.",
      };
    case "publication-skipped":
      return {
        code: "PUBLICATION_SKIPPED",
        remedy: "halt",
        message: `Postgres skipped rows: publication ${publications.map((name) => `"${name}"`).join(", ")} did not exist when they were written`,
        hint: "The publication was dropped, or created after the slot, and rows of that time are not in the stream. Make it again (outbox-relay migrate up), then run outbox-relay repair: it publishes the rows from the tables and goes on from a new slot.",
      };
    case "unknown-message":
      return {
        code: "POSTGRES_PROTOCOL",
        remedy: "halt",
        message: "the server sent a kind of replication message that this version does not know",
        hint: "Check that this version of outbox-relay supports the server's version.",
      };
  }
}
