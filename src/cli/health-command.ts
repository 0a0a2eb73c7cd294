import { parseArgs } from "node:util";
import { ConfigError } from "../config/config-error.ts";
import type { Environment } from "../config/environment.ts";
import type { Fetch } from "./ask-relay.ts";
import { askRelay, reasonOf } from "./ask-relay.ts";
import { EXIT } from "./exit-code.ts";
import type { Output } from "./output.ts";
import { PROCESS_OUTPUT } from "./output.ts";
import { relayAddress } from "./relay-address.ts";

const USAGE = `Usage: outbox-relay health [--ready]

Asks the relay of this container whether it lives (/livez), or whether it is ready (/readyz). Made for
HEALTHCHECK: it needs no shell and no curl.

Exit codes: 0 yes, 1 no.
`;

/** `outbox-relay health`. Where settings are wrong the relay itself has told all about it. */
export async function health(
  argv: readonly string[],
  env: Environment,
  out: Output = PROCESS_OUTPUT,
  ask: Fetch = fetch,
): Promise<number> {
  const path = parse(argv, out);
  if (typeof path === "number") return path;
  try {
    const answer = await askRelay(relayAddress(env, undefined), path, ask);
    const body = await answer.text();
    if (answer.ok) return EXIT.ok;
    out.stderr(body);
  } catch (error) {
    const isConfig = error instanceof ConfigError;
    const reason = isConfig ? "its settings cannot be read" : reasonOf(error);
    out.stderr(`the relay does not answer (${reason})\n`);
  }
  return EXIT.failure;
}

function parse(argv: readonly string[], out: Output): string | number {
  try {
    const options = {
      ready: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    } as const;
    const { values } = parseArgs({ args: [...argv], options });
    if (!values.help) return values.ready ? "/readyz" : "/livez";
    out.stdout(USAGE);
    return EXIT.ok;
  } catch (error) {
    out.stderr(`outbox-relay health: ${(error as Error).message}\n\n${USAGE}`);
    return EXIT.usage;
  }
}
