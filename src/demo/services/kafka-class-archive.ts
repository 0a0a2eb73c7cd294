import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { workFolder } from "./cache.ts";
import { endProcess, untilReady } from "./child-process.ts";
import { freePorts } from "./free-ports.ts";
import { KAFKA_READY, KAFKA_START_DEADLINE_MS } from "./kafka-broker.ts";
import { formatStorage, JVM_FLAGS, writeProperties } from "./kafka-storage.ts";
import { ProcessGuard } from "./process-guard.ts";

/**
 * The file with the classes that a broker loads, which halves its start. A first run writes it: a broker that is
 * stopped as soon as it is up. The JVM takes it only with the same jars, class path and Java, and ignores it otherwise.
 */
export async function kafkaClassArchive(libraries: string, stop?: AbortSignal): Promise<string> {
  const archive = join(libraries, "classes.jsa");
  if (existsSync(archive)) return archive;
  const work = workFolder(`${libraries}-classes`);
  await mkdir(work, { recursive: true });
  const guard = new ProcessGuard(work, stop);
  try {
    const properties = await writeProperties(work, await brokerProperties(work));
    const directory = join(work, "data");
    await formatStorage({ libraries, directory, properties, nodeId: 1, scram: [] });
    const partial = join(work, "classes.jsa");
    const flags = [`-XX:ArchiveClassesAtExit=${partial}`, "-cp", `${libraries}/*`, "kafka.Kafka"];
    const child = spawn("java", [...JVM_FLAGS, ...flags, properties], {
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    });
    guard.watch(child, "KILL");
    await untilReady(child, "Kafka", KAFKA_READY, KAFKA_START_DEADLINE_MS);
    await endProcess(child, "SIGTERM");
    if (existsSync(partial)) await rename(partial, archive); // A Java without this feature starts more slowly.
  } finally {
    await guard.close();
  }
  return archive;
}

async function brokerProperties(work: string): Promise<Record<string, string>> {
  const [broker = 0, controller = 0] = await freePorts(2);
  return {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
    "controller.listener.names": "CONTROLLER",
    "log.dirs": join(work, "data"),
  };
}
