import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const CLUSTER_ID = "4L6g3nShT-eMCtK--X86sw";

/** First compiler tier and serial collector start fastest on few cores; the class archive's warnings are not wanted. */
export const JVM_FLAGS: readonly string[] = [
  "-Xmx256m",
  "-XX:TieredStopAtLevel=1",
  "-XX:+UseSerialGC",
  "-Xlog:disable",
  "-Xlog:all=error:stderr",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
];

export async function writeProperties(
  folder: string,
  properties: Readonly<Record<string, string>>,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, "server.properties");
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  await writeFile(file, `${lines.join("\n")}\n`);
  return file;
}

/** What the storage tool of a broker is told. */
export interface StorageOptions {
  readonly libraries: string;
  /** The broker's `log.dirs`. */
  readonly directory: string;
  readonly properties: string;
  readonly nodeId: number;
  /** In the form of `--add-scram`; the users of a SASL listener. */
  readonly scram: readonly string[];
}

/**
 * Formats a broker's storage. The tool needs a JVM of its own (0.6 s), so its result is kept beside the jars and
 * later brokers get a copy of it with an identity of their own.
 */
export async function formatStorage(options: StorageOptions): Promise<void> {
  const { libraries, directory, nodeId, scram } = options;
  const users = Buffer.from(scram.join()).toString("base64url");
  const template = join(libraries, `bootstrap-${users === "" ? "plain" : users}`);
  const checkpoint = join(directory, "bootstrap.checkpoint");
  if (!existsSync(template)) {
    await runStorageTool(options);
    // Renamed when complete: another run may look for it at this moment.
    await copyFile(checkpoint, `${template}.${process.pid}`);
    await rename(`${template}.${process.pid}`, template);
    return;
  }
  await mkdir(directory, { recursive: true });
  await copyFile(template, checkpoint);
  const identity = [
    "version=1",
    `cluster.id=${CLUSTER_ID}`,
    `node.id=${nodeId}`,
    `directory.id=${randomBytes(16).toString("base64url")}`,
  ];
  await writeFile(join(directory, "meta.properties"), `${identity.join("\n")}\n`);
}

async function runStorageTool({ libraries, properties, scram }: StorageOptions): Promise<void> {
  const tool = ["-cp", `${libraries}/*`, "kafka.tools.StorageTool", "format"];
  const users = scram.flatMap((user) => ["--add-scram", user]);
  const flags = ["--cluster-id", CLUSTER_ID, "--config", properties, ...users];
  await promisify(execFile)("java", [...JVM_FLAGS, ...tool, ...flags]);
}
