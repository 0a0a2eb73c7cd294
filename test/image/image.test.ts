import { describe, expect, it } from "@jest/globals";
import { docker, dockerOk, IMAGE, STRICT } from "../support/image/docker.ts";

const BASE = "gcr.io/distroless/nodejs26-debian13:nonroot";
const MB = 1e6;
const IMAGE_MB_MAX = 200;
const OWN_MB_MAX = 25;
const NODE = "/nodejs/bin/node";
/** The program's exit codes: what a command without settings may end with. */
const ORDERLY_ENDS = [0, 1, 2, 75, 78];

interface Inspected {
  readonly Size: number;
  readonly Config: {
    readonly User: string;
    readonly Entrypoint: readonly string[];
    readonly Cmd: readonly string[];
    readonly Env: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
    readonly StopSignal: string;
    readonly Healthcheck: { readonly Test: readonly string[] };
  };
}

async function inspected(image: string): Promise<Inspected> {
  const [first] = JSON.parse(await dockerOk("image", "inspect", image)) as Inspected[];
  if (first === undefined) throw new Error(`no image ${image}`);
  return first;
}

/** What `script` prints in the image's own Node. */
async function evaluated(script: string, ...options: readonly string[]): Promise<string> {
  const flags = ["--rm", "--entrypoint", NODE, ...options];
  return (await dockerOk("run", ...flags, IMAGE, "--print", script)).trim();
}

describe("the image", () => {
  it("is small: below 200 MB, of it below 25 MB ours", async () => {
    const { Size: base } = await inspected(BASE);
    const { Size: all } = await inspected(IMAGE);
    const ownMb = (all - base) / MB;
    process.stdout.write(`image ${(all / MB).toFixed(0)} MB, ours ${ownMb.toFixed(1)} MB\n`);
    expect(all / MB).toBeLessThan(IMAGE_MB_MAX);
    expect(ownMb).toBeLessThan(OWN_MB_MAX);
  });

  it("says what it is, is no root, and starts, stops and is asked without a shell", async () => {
    const { Config } = await inspected(IMAGE);
    expect(Config).toMatchObject({
      User: "65532:65532",
      Entrypoint: [NODE, "--enable-source-maps", "--disable-sigusr1", "/app/dist/main.js"],
      Cmd: ["run"],
      StopSignal: "SIGTERM",
      Healthcheck: { Test: ["CMD", NODE, "/app/dist/main.js", "health"] },
      Labels: {
        "org.opencontainers.image.title": "outbox-relay",
        "org.opencontainers.image.version": "9.8.7",
        "org.opencontainers.image.licenses": "Apache-2.0",
      },
    });
    expect(Config.Env).toContain("NODE_ENV=production");
  });

  it.each(["sh", "bash", "busybox", "npm", "apt-get"])("has no %s in it", async (program) => {
    const { code, stderr } = await docker("run", "--rm", "--entrypoint", program, IMAGE);
    expect([code, stderr]).toEqual([127, expect.stringContaining("not found")]);
  });

  it("holds the packages that its list of packages names, in these versions, and no others", async () => {
    const { packages } = JSON.parse(
      await evaluated('require("fs").readFileSync("/app/sbom.spdx.json", "utf8")'),
    ) as { packages: { name: string; versionInfo: string }[] };
    const listed = packages
      .filter(({ name }) => name !== "outbox-relay")
      .map(({ name, versionInfo }) => `${name}@${versionInfo}`);
    const script = `
      const { readdirSync, readFileSync } = require("fs");
      const files = readdirSync("/app/node_modules", { recursive: true });
      const own = files.filter((file) => /(?:^|node_modules\\/)(?:@[^/]+\\/)?[^/@]+\\/package\\.json$/.test(file));
      JSON.stringify(own.map((file) => JSON.parse(readFileSync("/app/node_modules/" + file, "utf8"))).map(({ name, version }) => name + "@" + version))`;
    const installed = JSON.parse(await evaluated(script)) as string[];
    expect(installed.length).toBeGreaterThan(10);
    expect(installed.toSorted()).toEqual(listed.toSorted());
  });

  it("gives the heap 70 % of a memory limit, and NODE_OPTIONS of the user go before", async () => {
    const heap = 'require("v8").getHeapStatistics().heap_size_limit / 2 ** 20';
    const limited = Number(await evaluated(heap, "--memory", "512m"));
    expect(limited).toBeGreaterThan(0.6 * 512);
    expect(limited).toBeLessThan(0.9 * 512);
    const options = ["--memory", "512m", "--env", "NODE_OPTIONS=--max-old-space-size=100"];
    expect(Number(await evaluated(heap, ...options))).toBeLessThan(200);
  });

  it("starts every command that its help names, with nothing to write to and as any user", async () => {
    const help = await dockerOk("run", "--rm", ...STRICT, IMAGE, "help");
    const commands = new Set(
      [...help.matchAll(/^ {2}([a-z]+) .*$/gm)].map(([, word = ""]) => word),
    );
    expect([...commands]).toEqual(
      expect.arrayContaining(["run", "migrate", "doctor", "status", "version"]),
    );
    for (const command of commands) {
      const { code, stderr } = await docker("run", "--rm", ...STRICT, IMAGE, command);
      expect({ command, code, isOrderly: ORDERLY_ENDS.includes(code) }).toMatchObject({
        isOrderly: true,
      });
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  });
});
