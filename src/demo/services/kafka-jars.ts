import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CACHE_FOLDER, removeLeftovers, renameUnlessThere, workFolder } from "./cache.ts";
import { ProcessGuard } from "./process-guard.ts";

/** 4.4.0 is incomplete on Maven Central. */
export const KAFKA_VERSION = "4.3.1";
/**
 * For clusters whose last broker is killed: from 4.3.0 on a coordinator that comes back may drop the markers of a transaction
 * whose partitions have no leader at that moment, which leaves it open for ever (KAFKA-20734; seen here with 4.3.1).
 */
export const KAFKA_VERSION_FOR_KILLS = "4.2.1";

const POM = fileURLToPath(new URL("./kafka/pom.xml", import.meta.url));
const INSTALL = "apt-get install --yes --no-install-recommends default-jre-headless maven";
const OUTPUT_CHARACTERS_MAX = 4_000;

/**
 * The folder with Kafka's jars (44 MB), fetched once from Maven Central through the machine's own Maven settings.
 * Two runs may do this at once: each fetches into a folder of its own, and renames it when it is complete.
 */
export async function kafkaLibraries(
  version: string = KAFKA_VERSION,
  stop?: AbortSignal,
): Promise<string> {
  const libraries = librariesFolder(version);
  if (existsSync(libraries)) return libraries;
  await assertRuns("mvn", "--version");
  await mkdir(CACHE_FOLDER, { recursive: true });
  await removeLeftovers();
  const partial = workFolder(libraries);
  const guard = new ProcessGuard(partial, stop);
  try {
    await fetchJars(version, partial, guard);
    await renameUnlessThere(partial, libraries);
  } finally {
    await guard.close();
  }
  return libraries;
}

/** Whether Kafka starts without Maven. */
export function kafkaIsCached(version: string = KAFKA_VERSION): boolean {
  return existsSync(librariesFolder(version));
}

function librariesFolder(version: string): string {
  return join(CACHE_FOLDER, `kafka-${version}`);
}

/** Throws with the command that installs it, when a program that Kafka needs is missing. */
export async function assertRuns(program: "java" | "mvn", flag: string): Promise<void> {
  if (await runs(program, flag)) return;
  throw new Error(
    `Kafka needs \`${program}\`, which does not run on this machine. Install it with \`${INSTALL}\`, ` +
      "start a Docker engine, or set TEST_KAFKA_BROKERS to brokers of your own.",
  );
}

export async function runs(program: string, ...flags: string[]): Promise<boolean> {
  return promisify(execFile)(program, flags).then(
    () => true,
    () => false,
  );
}

async function fetchJars(version: string, folder: string, guard: ProcessGuard): Promise<void> {
  const flags = [`-Dkafka.version=${version}`, `-DoutputDirectory=${folder}`];
  const child = spawn("mvn", ["-q", "-B", "-f", POM, "dependency:copy-dependencies", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  guard.watch(child, "KILL");
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
    });
  }
  await once(child, "exit");
  if (child.exitCode === 0) return;
  throw new Error(`Maven could not fetch Kafka ${version} (exit ${child.exitCode}):\n${output}`);
}
