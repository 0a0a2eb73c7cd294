import type { Config } from "../config/schema.ts";
import { parseTableName } from "../postgres/table-name.ts";
import { RelayError } from "../relay/errors.ts";
import type { Operations, Outcome } from "../relay/operate/operations.ts";
import { EXIT } from "./exit-code.ts";
import { Operator } from "./operator.ts";
import type { Output } from "./output.ts";

export const ACCEPT_USAGE = `Usage: outbox-relay accept publication
       outbox-relay accept table SCHEMA.TABLE --publish | --pass-over

publication: after PUBLICATION_CHANGED, or another halt about publication and tables that stays (docs/continuity.md), takes
them as they are now for good, because you know that no row was written that did not come. It prints what it accepts. If
you do not know it, run outbox-relay repair instead: it looks.

table: after TABLE_UNKNOWN, decides about rows of a table that was dropped or detached: --publish where it was a child of an
outbox table when they were written, --pass-over where it was none. It counts for rows that are committed by now.

Exit codes: 0 done, or nothing to accept; 1 refused; 2 usage; 75 try again; 78 configuration.
`;

type Decision = (operations: Operations, stop: AbortSignal) => Promise<Outcome>;

/** `argv`: what follows `accept`. */
export async function runAccept(
  argv: readonly string[],
  config: Config,
  out: Output,
  stop: AbortSignal,
): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) {
    out.stdout(ACCEPT_USAGE);
    return EXIT.ok;
  }
  const decision = decisionOf(argv);
  if (decision === null) {
    out.stderr(`outbox-relay accept: the publication or a table is accepted\n\n${ACCEPT_USAGE}`);
    return EXIT.usage;
  }
  const operator = new Operator(config, out);
  const { operations } = operator;
  return operator.run(() => operator.decide(() => decision(operations, stop), stop), stop);
}

/** Null for anything that is not in the usage. */
function decisionOf(argv: readonly string[]): Decision | null {
  const [what, name, way, ...more] = argv;
  if (what === "publication" && name === undefined) {
    return (operations, stop) => operations.acceptPublication(stop);
  }
  const isDecided = way === "--publish" || way === "--pass-over";
  const table = name === undefined ? null : tableOf(name);
  if (what !== "table" || table === null || !isDecided || more.length > 0) return null;
  return (operations, stop) => operations.acceptTable(table, way === "--publish", stop);
}

/** As the stream names it. */
function tableOf(text: string): string | null {
  try {
    const { schema, name } = parseTableName(text);
    return `${schema}.${name}`;
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    return null;
  }
}
