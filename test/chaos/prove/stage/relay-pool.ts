import { systemClock } from "../../../../src/ops/system-clock.ts";
import type { RelayFixture } from "../../../support/relay/fixture.ts";
import type { RelayProcess } from "../../../support/relay/relay-process.ts";
import { until } from "../../../support/until.ts";
import type { Recovery } from "../check/history.ts";
import { relaySettings } from "../plan/plan.ts";
import type { RunLog } from "./run-log.ts";
import type { Seat, Servers } from "./servers.ts";
import { SEATS } from "./servers.ts";

const RECOVERY_DEADLINE_MS = 90_000;

export interface RelayPoolParts {
  readonly fixture: RelayFixture;
  readonly servers: Servers;
  readonly seed: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: RunLog;
  /** Called with each relay that is started. */
  readonly started: (relay: RelayProcess) => void;
  /** Whether something else than the relays is or was broken since `sinceMs`. */
  readonly isDisturbedSince: (sinceMs: number) => boolean;
}

interface Seated {
  readonly relay: RelayProcess;
  readonly name: string;
  /** A failpoint is planted in it, so it may end by a signal of its own. */
  readonly isDoomed: boolean;
  /** We end it ourselves, and replace it. */
  isEnding: boolean;
}

/** Two relays, always: one that ends is replaced at once. */
export class RelayPool {
  readonly #parts: RelayPoolParts;
  readonly #seats = new Map<Seat, Seated>();
  #ordinal = 0;
  kills = 0;
  /** With a take-over. */
  freezes = 0;
  readonly recoveries: Recovery[] = [];
  readonly troubles: string[] = [];

  constructor(parts: RelayPoolParts) {
    this.#parts = parts;
  }

  get relays(): RelayProcess[] {
    return [...this.#seats.values()].map(({ relay }) => relay);
  }

  relayAt(seat: Seat): RelayProcess {
    return this.#at(seat).relay;
  }

  /** `extra` settings win over those that the seed gives. */
  start(seat: Seat, extra: Readonly<Record<string, string>> = {}): RelayProcess {
    const { fixture, servers, seed, settings, log, started } = this.#parts;
    const ordinal = ++this.#ordinal;
    const url = new URL(fixture.database.url);
    url.port = String(servers.postgresProxies[seat]?.port);
    const relay = fixture.start({
      RELAY_DATABASE_URL: url.href,
      RELAY_KAFKA_BROKERS: servers.kafkaProxies.map(({ port }) => `127.0.0.1:${port}`).join(","),
      ...settings,
      ...relaySettings(seed, ordinal),
      ...extra,
    });
    started(relay);
    const name = `relay-${ordinal}`;
    log.note(`start ${name} seat=${seat} pid=${relay.pid} ${JSON.stringify(extra)}`);
    this.#seats.set(seat, { relay, name, isDoomed: "RELAY_FAILPOINTS" in extra, isEnding: false });
    return relay;
  }

  /** Null while nobody leads, or who leads cannot answer. */
  async leader(): Promise<Seat | null> {
    for (const seat of SEATS) {
      const answer = await ask(this.relayAt(seat), "/leader");
      if (answer?.status === 200) return seat;
    }
    return null;
  }

  /** The leader's seat, or that of any relay when nobody leads for long. */
  async leaderWithin(deadlineMs: number): Promise<Seat> {
    const endMs = systemClock.monotonicMs() + deadlineMs;
    let seat: Seat | null = null;
    await until(
      async () => (seat = await this.leader()) !== null || systemClock.monotonicMs() > endMs,
      deadlineMs + 10_000,
      "a leader",
    );
    return seat ?? 0;
  }

  /** SIGKILL, and a new relay in its place. */
  async kill(seat: Seat, extra: Readonly<Record<string, string>> = {}): Promise<void> {
    const seated = this.#at(seat);
    seated.isEnding = true;
    const sinceMs = systemClock.monotonicMs();
    this.kills += 1;
    await seated.relay.kill();
    this.#keepOutput(seated);
    this.#parts.log.note(`killed ${seated.name} in ${ms(systemClock.monotonicMs() - sinceMs)}`);
    this.start(seat, extra);
  }

  /** Waits until a relay streams, and books how long that took since `sinceMs`. */
  async recovered(sinceMs: number, isMeasured: boolean): Promise<void> {
    const wasDisturbed = this.#parts.isDisturbedSince(sinceMs - 1_500);
    await until(
      async () => (await this.streaming()) !== null,
      RECOVERY_DEADLINE_MS,
      () => `a relay to stream again\n${this.relays.map(({ output }) => output).join("\n\n")}`,
    );
    const tookMs = systemClock.monotonicMs() - sinceMs;
    const isClear = !wasDisturbed && !this.#parts.isDisturbedSince(sinceMs);
    if (isMeasured) this.recoveries.push({ ms: tookMs, isClear });
    this.#parts.log.note(`streaming again after ${ms(tookMs)}${isClear ? "" : " (disturbed)"}`);
  }

  /** A relay in state `streaming` with nothing wrong. */
  async streaming(except?: Seat): Promise<Seat | null> {
    const answers = SEATS.filter((seat) => seat !== except).map(async (seat) => {
      const status = (await (await ask(this.relayAt(seat), "/status"))?.json()) as
        | { state: string; code: string | null }
        | undefined;
      return status?.state === "streaming" && status.code === null ? seat : null;
    });
    return (await Promise.all(answers)).find((seat) => seat !== null) ?? null;
  }

  /** Replaces relays that ended; those that nobody killed are trouble. */
  supervise(): void {
    for (const [seat, seated] of this.#seats) {
      if (!seated.relay.hasEnded || seated.isEnding) continue;
      const isKilledByFailpoint = seated.isDoomed && seated.relay.exitCode === null;
      if (isKilledByFailpoint) this.kills += 1;
      else this.#trouble(`${seated.name} ended by itself, exit code ${seated.relay.exitCode}`);
      this.#keepOutput(seated);
      this.start(seat);
    }
  }

  /** SIGTERM to both; a relay that does not end in good order is trouble. */
  async stop(): Promise<void> {
    for (const seated of this.#seats.values()) {
      seated.isEnding = true;
      // One that was only just started does not listen to signals yet: it would end like any process, by the signal.
      await seated.relay.port().catch(() => undefined);
      const code = await seated.relay.stop().catch(() => "no exit in time");
      if (code !== 0) this.#trouble(`${seated.name} was asked to stop: ${code}`);
      this.#keepOutput(seated);
    }
  }

  #at(seat: Seat): Seated {
    const seated = this.#seats.get(seat);
    if (seated === undefined) throw new RangeError(`no relay was started in seat ${seat}`);
    return seated;
  }

  #keepOutput({ relay, name }: Seated): void {
    this.#parts.log.keep(`${name}.log`, relay.output);
    const failed = relay.lines.find(({ state, level }) => state === "failed" || level === "fatal");
    if (failed !== undefined) this.#trouble(`${name} failed: ${JSON.stringify(failed)}`);
  }

  #trouble(what: string): void {
    this.troubles.push(what);
    this.#parts.log.note(`TROUBLE ${what}`);
  }
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

/** Null for one that is frozen, starting or gone. */
async function ask(relay: RelayProcess, path: string): Promise<Response | null> {
  try {
    return await relay.ask(path, 500);
  } catch {
    return null;
  }
}
