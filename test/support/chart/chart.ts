import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";

export const CHART = fileURLToPath(new URL("../../../charts/outbox-relay", import.meta.url));
const SCHEMAS = fileURLToPath(new URL("./schemas", import.meta.url));
export const RELEASE = "shop";
export const NAMESPACE = "orders";
/** Else each build of helm takes another one for its default. */
export const KUBERNETES = ["--kube-version", "1.36.0"];

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the tests look at in an object of Kubernetes; the rest is held by its schema. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
}

/** The values files of charts/outbox-relay/ci. */
export function ciFiles(): string[] {
  return readdirSync(join(CHART, "ci")).toSorted();
}

export function ciFile(name: string): string {
  return join(CHART, "ci", name);
}

export function helm(...argv: readonly string[]): Promise<Outcome> {
  return call("TEST_HELM", argv);
}

/** What `helm template` writes for values files and further arguments; rejects with helm's message. */
export async function template(
  files: readonly string[],
  more: readonly string[] = [],
  chart: string = CHART,
): Promise<string> {
  const values = files.flatMap((file) => ["--values", file]);
  const place = [RELEASE, chart, "--namespace", NAMESPACE, ...KUBERNETES];
  const { code, stdout, stderr } = await helm("template", ...place, ...values, ...more);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

export async function manifests(
  files: readonly string[],
  more: readonly string[] = [],
  chart: string = CHART,
): Promise<Manifest[]> {
  return parsed(await template(files, more, chart));
}

/** Arguments for `--set`. */
export function set(...values: readonly string[]): string[] {
  return values.flatMap((one) => ["--set", one]);
}

/** The one object of a kind, or the one whose name ends so. */
export function only(all: readonly Manifest[], kind: string, end = ""): Manifest {
  const found = all.filter((one) => one.kind === kind && one.metadata.name.endsWith(end));
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(`${found.length} objects of kind ${kind} with a name that ends in "${end}"`);
  }
  return first;
}

export function parsed(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** Holds rendered text against the schemas of Kubernetes; its output names every finding. */
export async function kubeconform(text: string): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "outbox-relay-chart-"));
  const file = join(folder, "rendered.yaml");
  try {
    await writeFile(file, text);
    const schemas = `${SCHEMAS}/{{.ResourceKind}}{{.KindSuffix}}.json`;
    return await call("TEST_KUBECONFORM", [
      "-strict",
      "-summary",
      "-schema-location",
      schemas,
      file,
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function call(variable: string, argv: readonly string[]): Promise<Outcome> {
  const program = process.env[variable] ?? "";
  if (program === "") throw new Error(`${variable} is not set: run this in the project "chart"`);
  return new Promise((resolve) => {
    execFile(program, [...argv], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : error === null ? 0 : 1;
      resolve({ code, stdout, stderr });
    });
  });
}
