import type { Config } from "../config/schema.ts";
import { EXIT } from "./exit-code.ts";
import { Operator } from "./operator.ts";
import type { Output } from "./output.ts";

export const ACCEPT_USAGE = `Usage: outbox-relay accept publication

After PUBLICATION_CHANGED: takes publication and outbox tables as they are now for good, because you know that no row was
written that did not come. If you do not know it, run outbox-relay repair instead: it looks.
Exit codes: 0 done, or nothing to accept; 1 refused; 2 usage; 75 try again; 78 configuration.
`;

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
  if (argv.length !== 1 || argv[0] !== "publication") {
    out.stderr(`outbox-relay accept: what is accepted is the publication\n\n${ACCEPT_USAGE}`);
    return EXIT.usage;
  }
  const operator = new Operator(config, out);
  const { operations } = operator;
  return operator.run(() => operator.decide(() => operations.acceptPublication(stop), stop), stop);
}
