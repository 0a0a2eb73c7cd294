import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const DEADLINE_MS = 15 * 60_000;

export const IMAGE = "outbox-relay:image-test";
export const SHOP_IMAGE = "outbox-relay-shop:image-test";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function docker(...argv: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd: ROOT, maxBuffer: 2 ** 26, timeout: DEADLINE_MS };
    execFile("docker", [...argv], options, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : error === null ? 0 : 1;
      resolve({ code, stdout, stderr: error !== null && stderr === "" ? error.message : stderr });
    });
  });
}

/** As `docker`, but rejects with what docker says when it fails. */
export async function dockerOk(...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await docker(...argv);
  if (code !== 0) throw new Error(`docker ${argv.join(" ")} failed:\n${stderr}${stdout}`);
  return stdout;
}

/** How a strict platform runs it: any user, nothing to write but tmp, no privileges; the host's network leads to the tests' servers. */
export const STRICT: readonly string[] = [
  "--user",
  "12345:23456",
  "--cap-drop",
  "ALL",
  "--security-opt",
  "no-new-privileges",
  "--read-only",
  "--tmpfs",
  "/tmp",
  "--network",
  "host",
];

/** Arguments of `docker run` for variables. */
export function variables(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
}
