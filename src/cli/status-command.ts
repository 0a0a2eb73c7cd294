import type { Environment } from "../config/environment.ts";
import { systemClock } from "../ops/system-clock.ts";
import { pause } from "../relay/clock.ts";
import { configured } from "./configured.ts";
import { hasColour, PROCESS_OUTPUT as OUTPUT } from "./output.ts";
import { relayAddress } from "./relay-address.ts";
import { parseStatus, showStatus } from "./status.ts";
import { StatusWatch } from "./status-watch.ts";
import { StopSignal } from "./stop-signal.ts";

const WATCH_INTERVAL_MS = 2_000;

/** `outbox-relay status`: needs the settings about HTTP at most, wherever it runs. */
export async function status(argv: readonly string[], env: Environment): Promise<number> {
  const command = parseStatus(argv, OUTPUT);
  if (typeof command === "number") return command;
  const { url, isJson, isWatching } = command;
  return configured(
    () => relayAddress(env, url),
    (address) => {
      if (!isWatching) return showStatus(address, isJson, OUTPUT);
      const form = { isJson, hasColour: hasColour(OUTPUT.isTerminal === true, env) };
      return watch(new StatusWatch(address, form, OUTPUT));
    },
  );
}

/** Until somebody interrupts it, with the exit code of the last answer. */
async function watch(watching: StatusWatch): Promise<number> {
  const stop = new StopSignal();
  stop.listen();
  let exitCode = 0;
  while (!stop.signal.aborted) {
    exitCode = await watching.look();
    // The clock of the relay does not keep a process alive; somebody who watches wants it to live.
    const alive = setInterval(() => undefined, WATCH_INTERVAL_MS);
    await pause(systemClock, WATCH_INTERVAL_MS, stop.signal);
    clearInterval(alive);
  }
  return exitCode;
}
