import { formatBytes, formatSeconds } from "../ops/amounts.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What `/status` answered, for people. A relay of another version may leave parts out, and they are left out here. */
export function statusPage(status: Fields, nowMs: number): string {
  const lines: (readonly [string, string | null])[] = [
    ["state", state(status, nowMs)],
    ["problem", problem(status)],
    ["next", text(status["hint"])],
    ["attempt", attempt(fields(status["attempt"]))],
    ["slot", slot(fields(status["slot"]))],
    ["WAL", wal(fields(status["slot"]))],
    ["open", openTransaction(fields(fields(status["slot"])?.["oldestTransaction"]))],
    ["failover", failover(fields(fields(status["slot"])?.["failover"]))],
    ["lag", lag(fields(status["lag"]))],
    ["position", position(fields(status["position"]))],
    ["checkpoint", checkpoint(fields(status["checkpoint"]))],
    ["kafka", kafka(fields(status["kafka"]))],
    ["events", events(fields(status["events"]))],
    ["relay", join([text(status["instance"]), text(status["version"])])],
  ];
  const told = lines.filter(([, value]) => value !== null);
  return told.map(([name, value]) => `${name.padEnd(12)}${value}\n`).join("");
}

function state(status: Fields, nowMs: number): string | null {
  const since = Date.parse(text(status["since"]) ?? "");
  const lasting = Number.isNaN(since) ? null : `for ${formatSeconds((nowMs - since) / 1_000)}`;
  return join([text(status["state"]), lasting]);
}

function problem(status: Fields): string | null {
  const code = text(status["code"]);
  return code === null ? null : `${code}: ${text(status["message"]) ?? ""}`;
}

/** What the relay meets just now while an earlier halt is on show. */
function attempt(facts: Fields | null): string | null {
  if (facts === null) return null;
  return join([text(facts["state"]), text(facts["code"])]);
}

function slot(facts: Fields | null): string | null {
  if (facts === null) return null;
  const confirmed = text(facts["confirmedLsn"]);
  if (confirmed === null) return join([text(facts["name"]), "not seen yet"]);
  return join([
    text(facts["name"]),
    facts["active"] === true ? inUse(text(facts["holder"])) : "not in use",
    `confirmed ${confirmed}`,
    text(facts["walStatus"]),
  ]);
}

/** Relays give their connections the name `relay:<instance>`. */
function inUse(holder: string | null): string {
  return holder === null ? "in use" : `in use by ${holder.replace(/^relay:/, "")}`;
}

function wal(facts: Fields | null): string | null {
  const retained = number(facts?.["retainedBytes"]);
  if (facts === null || retained === null) return null;
  const [unconfirmed, safe] = [number(facts["unconfirmedBytes"]), number(facts["safeWalBytes"])];
  const growth = number(facts["growthBytesPerSecond"]);
  const left = number(facts["exhaustionSeconds"]);
  return join([
    `${formatBytes(retained)} retained`,
    unconfirmed === null ? null : `${formatBytes(unconfirmed)} unconfirmed`,
    growth === null ? null : `growth ${formatBytes(growth)}/s`,
    safe === null ? null : `${formatBytes(safe)} safe`,
    left === null ? null : `used up in about ${formatSeconds(left)}`,
  ]);
}

function openTransaction(oldest: Fields | null): string | null {
  const seconds = number(oldest?.["seconds"]);
  if (oldest === null || seconds === null) return null;
  const pid = number(oldest["pid"]);
  const who = pid === null ? `prepared ${text(oldest["prepared"]) ?? ""}` : `pid ${pid}`;
  return `the oldest transaction is ${who}, ${formatSeconds(seconds)} old`;
}

function failover(facts: Fields | null): string | null {
  if (facts === null) return null;
  return facts["ready"] === true ? "ready" : `not ready: ${text(facts["reason"]) ?? ""}`;
}

function lag(facts: Fields | null): string | null {
  const [seconds, bytes] = [number(facts?.["seconds"]), number(facts?.["bytes"])];
  if (seconds === null || bytes === null) return null;
  return join([formatSeconds(seconds), `${formatBytes(bytes)} of WAL`]);
}

function position(facts: Fields | null): string | null {
  if (facts === null) return null;
  return join([
    text(facts["commitLsn"]),
    `row ${number(facts["index"]) ?? 0}`,
    `timeline ${number(facts["timeline"]) ?? 0}`,
  ]);
}

function checkpoint(facts: Fields | null): string | null {
  if (facts === null) return null;
  const keepalive = text(facts["keepalive"]);
  return join([
    text(facts["commit"]),
    `row ${number(facts["index"]) ?? 0}`,
    keepalive === null ? null : `idle up to ${keepalive}`,
  ]);
}

function kafka(facts: Fields | null): string | null {
  if (facts === null) return null;
  if (facts["reachable"] !== true) return "not reachable";
  const brokers = number(facts["brokers"]) ?? 0;
  return `reachable, ${brokers} ${brokers === 1 ? "broker" : "brokers"}`;
}

function events(facts: Fields | null): string | null {
  if (facts === null) return null;
  return `${number(facts["published"]) ?? 0} published, ${number(facts["deadLettered"]) ?? 0} dead-lettered since the start`;
}

function fields(value: unknown): Fields | null {
  return typeof value === "object" && value !== null ? (value as Fields) : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function join(parts: readonly (string | null)[]): string | null {
  const told = parts.filter((part) => part !== null);
  return told.length === 0 ? null : told.join(", ");
}
