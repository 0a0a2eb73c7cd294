import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const CACHE = fileURLToPath(new URL("../../../.cache/tools", import.meta.url));
const BUILD_DEADLINE_MS = 15 * 60_000;
const run = promisify(execFile);

/** A program that the tests of the chart call, and the Go module that it is built from where there is none. */
interface Tool {
  readonly name: string;
  readonly module: string;
  readonly variable: string;
}

export const TOOLS: readonly Tool[] = [
  { name: "helm", module: "helm.sh/helm/v4/cmd/helm@v4.3.1", variable: "TEST_HELM" },
  {
    name: "kubeconform",
    module: "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0",
    variable: "TEST_KUBECONFORM",
  },
];

/** Where it is: in the variable, the path, Go's own folder or our cache; else it is built into the cache, once. */
export async function provide({ name, module, variable }: Tool): Promise<string> {
  const given = process.env[variable] ?? "";
  if (given !== "") return given;
  const path = (process.env["PATH"] ?? "").split(delimiter);
  const folders = [...path, join(homedir(), "go", "bin"), CACHE];
  const found = folders.map((folder) => join(folder, name)).find(isProgram);
  return found ?? build(name, module);
}

async function build(name: string, module: string): Promise<string> {
  process.stdout.write(`${name} is not here: building ${module} into .cache/tools\n`);
  await mkdir(CACHE, { recursive: true });
  const env = { ...process.env, GOBIN: CACHE, CGO_ENABLED: "0" };
  try {
    await run("go", ["install", module], { env, timeout: BUILD_DEADLINE_MS });
  } catch (cause) {
    throw new Error(
      `the tests of the chart need ${name}, and building it failed. Install Go 1.26 or newer, then: go install ${module}`,
      { cause },
    );
  }
  return join(CACHE, name);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
