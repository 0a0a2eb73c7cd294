import type { Environment } from "../config/environment.ts";
import type { LoadedConfig } from "../config/load.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { LogForm } from "../ops/logger.ts";
import { createLogger } from "../ops/logger.ts";
import { logNodeWarnings } from "../ops/node-warnings.ts";
import { RecentErrors } from "../ops/recent-errors.ts";
import { RelayLog } from "../ops/relay-log.ts";
import { keepHeapSmall } from "../ops/small-heap.ts";
import { RelayError } from "../relay/errors.ts";
import { configured } from "./configured.ts";
import { EXIT } from "./exit-code.ts";
import { hasColour } from "./output.ts";
import { assemble } from "./service.ts";
import { StopSignal } from "./stop-signal.ts";
import { version } from "./version.ts";

/** `outbox-relay run`: publishes until SIGTERM. Exit codes: 0 stopped cleanly, 1 a bug of ours, 2 usage, 78 settings. */
export async function runRelay(argv: readonly string[], env: Environment): Promise<number> {
  if (argv.length > 0) {
    process.stderr.write(`outbox-relay run takes no arguments, got: ${argv.join(" ")}\n`);
    return 2;
  }
  return configured(
    () => loadConfig(env),
    (loaded) => serve(loaded, logForm(loaded.config, env)),
  );
}

/** People at a terminal get lines for people. */
function logForm({ log }: Config, env: Environment): LogForm {
  const isTerminal = process.stdout.isTTY === true;
  const format = log.format ?? (isTerminal ? "pretty" : "json");
  return { format, hasColour: hasColour(isTerminal, env) };
}

async function serve({ config, warnings, cautions }: LoadedConfig, form: LogForm): Promise<number> {
  keepHeapSmall();
  const logger = createLogger(config.log.level, config.instanceId, form);
  logNodeWarnings(logger);
  for (const warning of warnings) logger.warn({ code: "CONFIG_UNKNOWN" }, warning);
  for (const caution of cautions) logger.warn({ code: "CONFIG_INSECURE" }, caution);
  const stop = new StopSignal();
  stop.listen();
  const running = await version();
  const errors = new RecentErrors(() => Date.now());
  const service = assemble(config, running, new RelayLog(logger, errors), errors);
  const { relay, slots, server } = service;
  const { host, port } = config.http.listen;
  const watching = new AbortController();
  try {
    const bound = await server.start(host, port);
    logger.info({ slot: config.slot.name, version: running, port: bound }, "started");
    const monitoring = slots.run(stop.signal);
    const watched = service.watch(watching.signal);
    await relay.run(stop.signal);
    watching.abort();
    await Promise.all([monitoring, watched]);
    logger.info("stopped");
    return 0;
  } catch (error) {
    if (error instanceof RelayError && error.code === "CONFIG_HTTP_LISTEN") {
      logger.fatal({ code: error.code, hint: error.hint }, error.message);
      return EXIT.configuration;
    }
    logger.fatal(
      { err: error, code: "RELAY_BROKEN" },
      "the relay stopped itself: nothing unconfirmed is lost, the slot keeps it",
    );
    return 1;
  } finally {
    watching.abort();
    await server.stop();
  }
}
