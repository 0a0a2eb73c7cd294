import { once } from "node:events";
import { createServer } from "node:net";
import type { Listen } from "../../config/kinds-of-names.ts";
import type { Config } from "../../config/schema.ts";
import { formatBytes } from "../../ops/amounts.ts";
import { listenError } from "../../ops/http/listen-error.ts";
import { memoryLimitBytes } from "../../ops/memory-limit.ts";
import type { Check } from "../../relay/check.ts";
import type { Finding } from "../../relay/finding.ts";
import { findingOf } from "../../relay/finding.ts";
import { localUrl } from "../relay-address.ts";

const MIB = 1024 ** 2;
/** An idle process, and what each byte of the buffer costs while it drains (docs/operations.md). */
const IDLE_BYTES = 110 * MIB;
const BYTES_PER_BUFFER_BYTE = 4;
const ANSWER_MS_MAX = 2_000;

/** What can be told without Postgres and Kafka. `warnings`: of the settings. */
export async function hostChecks(
  config: Config,
  warnings: readonly string[],
): Promise<readonly Check[]> {
  return [
    {
      title: "settings",
      why: "a misspelt name is a setting that does nothing",
      seen: "all are valid",
      findings: warnings.map((message) => ({
        code: "CONFIG_UNKNOWN",
        severity: "warning",
        message,
        hint: "Correct the name or unset it; RELAY_STRICT_CONFIG=true makes this an error.",
      })),
    },
    await portCheck(config.http.listen),
    memoryCheck(await memoryLimitBytes(), config.bufferMaxBytes),
  ];
}

async function portCheck(listen: Listen): Promise<Check> {
  const place = `${listen.host}:${listen.port}`;
  const question = {
    title: "HTTP port",
    why: "probes, metrics and the status page are served there",
  };
  const refused = await listenOnce(listen);
  if (refused === null) return { ...question, seen: `${place} is free`, findings: [] };
  if (refused.code === "EADDRINUSE" && (await isRelay(listen))) {
    return { ...question, seen: `a running relay has ${place}`, findings: [] };
  }
  const finding = findingOf(listenError(listen.host, listen.port, refused));
  return { ...question, seen: `${place} is taken`, findings: [finding] };
}

async function listenOnce({ host, port }: Listen): Promise<NodeJS.ErrnoException | null> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
    return null;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  } finally {
    server.close();
  }
}

async function isRelay(listen: Listen): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const answer = await fetch(`${localUrl(listen)}/startupz`, { signal });
    return [200, 503].includes(answer.status);
  } catch {
    return false;
  }
}

export function memoryCheck(limitBytes: number | null, bufferBytes: number): Check {
  const question = {
    title: "memory",
    why: "a relay that is killed for memory begins again at its checkpoint",
  };
  const neededBytes = IDLE_BYTES + BYTES_PER_BUFFER_BYTE * bufferBytes;
  const needed = `a drain takes up to ${formatBytes(neededBytes)}`;
  if (limitBytes === null) return { ...question, seen: `no limit; ${needed}`, findings: [] };
  const seen = `${formatBytes(limitBytes)} allowed; ${needed}`;
  if (limitBytes >= neededBytes) return { ...question, seen, findings: [] };
  const finding: Finding = {
    code: "CONFIG_MEMORY",
    severity: "warning",
    message: `the container may use ${formatBytes(limitBytes)}, and a drain with this RELAY_BUFFER_MAX_BYTES takes up to ${formatBytes(neededBytes)}`,
    hint: "Raise the memory limit, or lower RELAY_BUFFER_MAX_BYTES.",
  };
  return { ...question, seen, findings: [finding] };
}
