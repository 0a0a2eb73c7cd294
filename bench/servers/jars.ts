import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  CACHE_FOLDER,
  removeLeftovers,
  renameUnlessThere,
  workFolder,
} from "../../src/demo/services/cache.ts";
import { KAFKA_VERSION } from "../../src/demo/services/kafka-jars.ts";

export const DEBEZIUM_VERSION = "3.7.0.Final";
/** What Kafka's and Debezium's classes are compiled for. */
const JAVA_MIN = 17;
const JVM_FOLDER = "/usr/lib/jvm";
const POM = fileURLToPath(new URL("../java/pom.xml", import.meta.url));
const run = promisify(execFile);

/** Why a column of the table is empty, with the command that fills it. */
export class Unavailable extends Error {}

/** The folder with Kafka Connect, Kafka's tools and a consumer's jars; fetched once from Maven Central. */
export function benchJars(): Promise<string> {
  return fetched(`bench-${KAFKA_VERSION}`, async (folder) => {
    const flags = [`-Dkafka.version=${KAFKA_VERSION}`, `-DoutputDirectory=${folder}`];
    await maven("-f", POM, "dependency:copy-dependencies", "-DincludeScope=runtime", ...flags);
  });
}

/** The folder to name in `plugin.path`; fetched once from Maven Central. */
export function debeziumPlugins(): Promise<string> {
  return fetched(`debezium-${DEBEZIUM_VERSION}`, async (folder) => {
    const name = "debezium-connector-postgres";
    const artifact = `-Dartifact=io.debezium:${name}:${DEBEZIUM_VERSION}:tar.gz:plugin`;
    await mkdir(folder, { recursive: true });
    await maven("dependency:copy", artifact, `-DoutputDirectory=${folder}`);
    const archive = join(folder, `${name}-${DEBEZIUM_VERSION}-plugin.tar.gz`);
    await run("tar", ["-xzf", archive, "-C", folder]);
  });
}

async function fetched(name: string, fetch: (folder: string) => Promise<void>): Promise<string> {
  const target = join(CACHE_FOLDER, name);
  if (existsSync(target)) return target;
  await mkdir(CACHE_FOLDER, { recursive: true });
  await removeLeftovers();
  const partial = workFolder(target);
  await fetch(partial);
  await renameUnlessThere(partial, target);
  return target;
}

async function maven(...words: string[]): Promise<void> {
  const command = ["-q", "-B", ...words];
  await run("mvn", command).catch((cause: unknown) => {
    const hint = `get Maven (\`apt-get install --yes maven\`) and reach Maven Central, then try \`mvn ${command.join(" ")}\``;
    throw new Unavailable(`its jars could not be fetched: ${hint}`, { cause });
  });
}

/** The folder of the newest JDK of this machine; `BENCH_JAVA_HOME` wins. */
export async function jdk(): Promise<string> {
  const named = process.env["BENCH_JAVA_HOME"];
  const names = existsSync(JVM_FOLDER) ? await readdir(JVM_FOLDER) : [];
  const homes = named === undefined ? names.map((name) => join(JVM_FOLDER, name)) : [named];
  const found: { home: string; major: number }[] = [];
  for (const home of homes) {
    if (!existsSync(join(home, "bin", "javac"))) continue;
    const release = await readFile(join(home, "release"), "utf8").catch(() => "");
    found.push({ home, major: Number(/^JAVA_VERSION="(\d+)/m.exec(release)?.[1] ?? 0) });
  }
  const newest = found.toSorted((a, b) => b.major - a.major)[0];
  if (newest !== undefined && newest.major >= JAVA_MIN) return newest.home;
  throw new Unavailable(
    `there is no JDK ${JAVA_MIN} or newer in ${named ?? JVM_FOLDER}: ` +
      `\`apt-get install --yes openjdk-${JAVA_MIN}-jdk-headless\`, or set BENCH_JAVA_HOME to one`,
  );
}
