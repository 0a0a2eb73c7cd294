import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertRuns, kafkaLibraries } from "../../../src/demo/services/kafka-jars.ts";
import { kafkaBrokers } from "../../support/services.ts";

const PROGRAM = fileURLToPath(new URL("ReadTopics.java", import.meta.url));
const TIME_MS_MAX = 60_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface JavaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  /** SHA-256 in hex. */
  readonly valueHash: string;
  readonly headers: number;
}

/** What Kafka's own consumer reads in these topics, in the order in which it hands it out. */
export async function readWithJava(topics: readonly string[]): Promise<JavaRecord[]> {
  await assertRuns("java", "-version");
  const jars = `${await kafkaLibraries()}/*`;
  const args = ["-cp", jars, PROGRAM, kafkaBrokers().join(","), ...topics];
  const { stdout } = await promisify(execFile)("java", args, {
    maxBuffer: OUTPUT_BYTES_MAX,
    timeout: TIME_MS_MAX,
  });
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [topic = "", partition, key = "", valueHash = "", headers] = line.split(" ");
    return { topic, partition: Number(partition), key, valueHash, headers: Number(headers) };
  });
}
