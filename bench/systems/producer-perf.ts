import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { benchJars, jdk } from "../servers/jars.ts";
import type { World } from "../servers/world.ts";
import { PARTITIONS } from "../servers/world.ts";

const CLASS = "org.apache.kafka.tools.ProducerPerformance";
const FLAGS = ["-Xmx512m", "-XX:+UseG1GC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"];
/** The payload, as bytes of JSON. */
export const RECORD_BYTES = 300;
const PRODUCER = [
  "acks=all",
  "enable.idempotence=true",
  "linger.ms=5",
  "batch.size=131072",
  "buffer.memory=67108864",
];

/** What Kafka's own producer benchmark says of itself; its latency is from send to acknowledgement. */
export interface Produced {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** `perSecond` -1: as fast as it can. */
export async function produce(world: World, records: number, perSecond: number): Promise<Produced> {
  const topic = `perf_${Date.now()}`;
  await world.kafka.createTopic(topic, PARTITIONS, []);
  const java = join(await jdk(), "bin", "java");
  const sizes = ["--num-records", String(records), "--record-size", String(RECORD_BYTES)];
  const words = ["--topic", topic, ...sizes, "--throughput", String(perSecond)];
  const producer = [...PRODUCER, `bootstrap.servers=${world.bootstrap}`];
  const classPath = ["-cp", join(await benchJars(), "*"), CLASS];
  const child = spawn(java, [...FLAGS, ...classPath, ...words, "--producer-props", ...producer], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  world.guard.watch(child, "KILL");
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, "close");
  await world.kafka.removeTopic(topic);
  return parseProduced(output);
}

/** Reads the last line: `N records sent, X records/sec (...), ..., A ms 50th, B ms 95th, C ms 99th, D ms 99.9th.` */
export function parseProduced(output: string): Produced {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  const number = (pattern: RegExp): number => Number(pattern.exec(line)?.[1]);
  const produced = {
    perSecond: number(/([\d.]+) records\/sec/),
    p50Ms: number(/(\d+) ms 50th/),
    p99Ms: number(/(\d+) ms 99th/),
    p999Ms: number(/(\d+) ms 99\.9th/),
  };
  if (Object.values(produced).some(Number.isNaN)) {
    throw new Error(`${CLASS} said something else than expected:\n${output.slice(-2_000)}`);
  }
  return produced;
}
