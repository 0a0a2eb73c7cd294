import { ConfigError } from "../config/config-error.ts";
import type { Output } from "./output.ts";
import { PROCESS_OUTPUT } from "./output.ts";

const EXIT_CONFIGURATION = 78;

/**
 * Runs `body` with what `load` gives; settings that are wrong, or that `body` finds to be none for this machine, go to
 * stderr, all of them, with exit code 78.
 */
export async function configured<T>(
  load: () => T,
  body: (loaded: T) => Promise<number>,
  out: Pick<Output, "stderr"> = PROCESS_OUTPUT,
): Promise<number> {
  try {
    return await body(load());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    out.stderr(`${error.message}\n`);
    return EXIT_CONFIGURATION;
  }
}
