import type { Config } from "../config/schema.ts";
import { failpoints } from "../ops/failpoints.ts";
import { History, SAMPLE_INTERVAL_MS } from "../ops/history.ts";
import type { Route } from "../ops/http/answer.ts";
import { BasicAuth } from "../ops/http/basic-auth.ts";
import { Health } from "../ops/http/health.ts";
import { HttpServer } from "../ops/http/http-server.ts";
import { pipelineSight, Watchdog } from "../ops/http/watchdog.ts";
import { CONTENT_TYPES, negotiate } from "../ops/metrics/exposition.ts";
import { Metrics } from "../ops/metrics/metrics.ts";
import { pageRoutes, statusRoutes } from "../ops/page/routes.ts";
import type { RecentErrors } from "../ops/recent-errors.ts";
import type { RelayLog } from "../ops/relay-log.ts";
import { RelayView } from "../ops/relay-view.ts";
import { SlotAlarms } from "../ops/slot-alarms.ts";
import { SlotMonitor } from "../ops/slot-monitor.ts";
import { systemClock } from "../ops/system-clock.ts";
import type { PgSourceDatabase } from "../postgres/source-database.ts";
import { pause } from "../relay/clock.ts";
import type { AnnounceMoment } from "../relay/observer.ts";
import { Relay } from "../relay/relay.ts";
import { metricsOptions, relayOptions, slotAlarmOptions, slotMonitorOptions } from "./adapters.ts";
import { relayPorts } from "./relay-ports.ts";

/** How often the watchdog looks. */
const WATCH_INTERVAL_MS = 5_000;

export interface Service {
  readonly relay: Relay;
  readonly slots: SlotMonitor;
  readonly server: HttpServer;
  /** Looks after itself, and remembers what the page shows, until `signal` is aborted; also while the relay drains. */
  watch(signal: AbortSignal): Promise<void>;
}

/** Builds every part of a running relay and ties them together; nothing connects yet. */
export function assemble(
  config: Config,
  version: string,
  log: RelayLog,
  errors: RecentErrors,
): Service {
  const moment = failpoints(config.failpoints) ?? silence;
  let view: RelayView | null = null;
  const metrics = new Metrics(moment, () => view, log, metricsOptions(config, version));
  const ports = relayPorts(config, metrics, metrics);
  const { database, sink } = ports;
  const relay = new Relay(ports, relayOptions(config), log);
  const slots = slotMonitor(config, database, relay, log);
  const identity = { instance: config.instanceId, version };
  const seen = new RelayView(relay, slots, () => sink.status(), metrics.tally, identity);
  view = seen;
  const history = new History(seen);
  const nowMs = performance.now();
  const watchdog = new Watchdog(config.livenessTimeoutMs, () => pipelineSight(seen), nowMs);
  const routes = new Map<string, Route>([
    ...new Health(seen, watchdog, config.readyGraceMs).routes(),
    ...statusRoutes(seen, history, errors),
    ...(config.metrics.isEnabled ? [metricsRoute(metrics)] : []),
    ...(config.ui.isEnabled ? pageRoutes(seen, history, errors, config.metrics.isEnabled) : []),
  ]);
  const server = new HttpServer(routes, authOf(config));
  return { relay, slots, server, watch: (signal) => watch(watchdog, history, signal) };
}

async function watch(watchdog: Watchdog, history: History, signal: AbortSignal): Promise<void> {
  let sampleDueMs = 0;
  while (!signal.aborted) {
    const nowMs = performance.now();
    watchdog.turn(nowMs);
    if (nowMs >= sampleDueMs) {
      history.take(Date.now());
      sampleDueMs = nowMs + SAMPLE_INTERVAL_MS - WATCH_INTERVAL_MS / 2;
    }
    await pause(systemClock, WATCH_INTERVAL_MS, signal);
  }
}

function metricsRoute({ meter }: Metrics): [string, Route] {
  const answer: Route["answer"] = async ({ headers }) => {
    const format = negotiate(headers.accept);
    return { status: 200, type: CONTENT_TYPES[format], body: await meter.render(format) };
  };
  return ["/metrics", { answer, isOpen: false }];
}

function authOf({ http }: Config): BasicAuth | null {
  const { username, password } = http.auth;
  return username === null || password === null ? null : new BasicAuth({ username, password });
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
