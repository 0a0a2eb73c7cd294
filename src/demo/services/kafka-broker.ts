import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { createWriteStream, existsSync } from "node:fs";
import { join } from "node:path";
import { endProcess, hasEnded, untilReady } from "./child-process.ts";
import { JVM_FLAGS } from "./kafka-storage.ts";
import type { ProcessGuard } from "./process-guard.ts";

/** The port accepts connections earlier and closes them, so the log line counts. */
export const KAFKA_READY = /Kafka Server started/;
export const KAFKA_START_DEADLINE_MS = 120_000;

export interface KafkaBrokerParts {
  readonly libraries: string;
  readonly classArchive: string;
  readonly properties: string;
  readonly logFile: string;
  readonly guard: ProcessGuard;
  readonly java?: readonly string[];
}

/** One broker of Apache Kafka: a Java process on fixed ports and data. */
export class KafkaBroker {
  readonly #parts: KafkaBrokerParts;
  #child: ChildProcess | undefined;

  constructor(parts: KafkaBrokerParts) {
    this.#parts = parts;
  }

  /** Undefined while it is down. */
  get pid(): number | undefined {
    return this.#child === undefined || hasEnded(this.#child) ? undefined : this.#child.pid;
  }

  /** Resolves when the broker serves; at once when it runs. */
  async start(): Promise<void> {
    if (this.pid !== undefined) return;
    const { libraries, classArchive, properties, logFile, guard, java = [] } = this.#parts;
    const share = existsSync(classArchive) ? [`-XX:SharedArchiveFile=${classArchive}`] : [];
    const program = ["-cp", join(libraries, "*"), "kafka.Kafka", properties];
    this.#child = spawn("java", [...JVM_FLAGS, ...java, ...share, ...program], {
      stdio: ["ignore", "ignore", "pipe"],
      detached: true, // Ctrl-C is for our owner, who still needs the broker to put things away.
    });
    guard.watch(this.#child, "KILL");
    this.#child.stderr?.pipe(createWriteStream(logFile, { flags: "a" }));
    await untilReady(this.#child, "Kafka", KAFKA_READY, KAFKA_START_DEADLINE_MS);
  }

  /** SIGTERM is a controlled shutdown, SIGKILL the loss of the machine. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await endProcess(this.#child, signal);
  }

  /** Stops the process in its tracks: connections stay open and nothing answers. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }
}
