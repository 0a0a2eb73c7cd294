import type { Environment } from "../config/environment.ts";
import type { LoadedConfig } from "../config/load.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { failpoints } from "../ops/failpoints.ts";
import { Health } from "../ops/health.ts";
import type { Route } from "../ops/http-server.ts";
import { HttpServer } from "../ops/http-server.ts";
import { createLogger } from "../ops/logger.ts";
import { Metrics } from "../ops/metrics.ts";
import { logNodeWarnings } from "../ops/node-warnings.ts";
import { RelayLog } from "../ops/relay-log.ts";
import { RelayView } from "../ops/relay-view.ts";
import { SlotAlarms } from "../ops/slot-alarms.ts";
import { SlotMonitor } from "../ops/slot-monitor.ts";
import { keepHeapSmall } from "../ops/small-heap.ts";
import { systemClock } from "../ops/system-clock.ts";
import type { PgSourceDatabase } from "../postgres/source-database.ts";
import type { AnnounceMoment } from "../relay/observer.ts";
import { Relay } from "../relay/relay.ts";
import { relayOptions, slotAlarmOptions, slotMonitorOptions } from "./adapters.ts";
import { configured } from "./configured.ts";
import { relayPorts } from "./relay-ports.ts";
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
    (loaded) => serve(loaded),
  );
}

async function serve({ config, warnings, cautions }: LoadedConfig): Promise<number> {
  keepHeapSmall();
  const logger = createLogger(config.log.level, config.instanceId);
  logNodeWarnings(logger);
  for (const warning of warnings) logger.warn({ code: "CONFIG_UNKNOWN" }, warning);
  for (const caution of cautions) logger.warn({ code: "CONFIG_INSECURE" }, caution);
  const stop = new StopSignal();
  stop.listen();
  const parts = await assemble(config, new RelayLog(logger));
  const server = new HttpServer(parts.routes);
  const { host, port } = config.http.listen;
  try {
    const bound = await server.start(host, port);
    logger.info({ slot: config.slot.name, version: parts.version, port: bound }, "started");
    const monitoring = parts.slots.run(stop.signal);
    await parts.relay.run(stop.signal);
    await monitoring;
    logger.info("stopped");
    return 0;
  } catch (error) {
    logger.fatal(
      { err: error, code: "RELAY_BROKEN" },
      "the relay stopped itself: nothing unconfirmed is lost, the slot keeps it",
    );
    return 1;
  } finally {
    await server.stop();
  }
}

interface Parts {
  readonly relay: Relay;
  readonly slots: SlotMonitor;
  readonly routes: ReadonlyMap<string, Route>;
  readonly version: string;
}

/** Builds every part and ties them together; nothing connects yet. */
async function assemble(config: Config, log: RelayLog): Promise<Parts> {
  const build = { version: await version(), slot: config.slot.name };
  const moment = failpoints(config.failpoints) ?? silence;
  let view: RelayView | null = null;
  const metrics = new Metrics(moment, () => view, log, build);
  const ports = relayPorts(config, metrics);
  const { database, sink } = ports;
  const relay = new Relay(ports, relayOptions(config), log);
  const slots = slotMonitor(config, database, relay, log);
  const identity = { instance: config.instanceId, version: build.version };
  view = new RelayView(relay, slots, () => sink.status(), identity);
  const metricsRoute: Route = async () => ({
    status: 200,
    type: metrics.registry.contentType,
    body: await metrics.registry.metrics(),
  });
  const health = new Health(view, config.readyGraceMs);
  const routes = new Map<string, Route>([...health.routes(), ["/metrics", metricsRoute]]);
  return { relay, slots, routes, version: build.version };
}

/** Of relays that share a slot only the one that has it warns, or each while nobody has it. */
function slotMonitor(
  config: Config,
  database: PgSourceDatabase,
  relay: Relay,
  log: RelayLog,
): SlotMonitor {
  const alarms = new SlotAlarms(slotAlarmOptions(config), log);
  return new SlotMonitor(slotMonitorOptions(config), database, systemClock, (sight, nowMs) => {
    if (!sight.facts.active || relay.session !== null) alarms.look(sight, nowMs);
  });
}

const silence: AnnounceMoment = () => undefined;
