import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CACHE_FOLDER, removeLeftovers, renameUnlessThere, workFolder } from "./cache.ts";
import type { Account, PostgresMajor } from "./postgres-binaries.ts";

export const PASSWORD = "postgres";

export interface DataOptions {
  readonly binaries: string;
  readonly data: string;
  readonly account: Account | undefined;
  readonly major: PostgresMajor;
  readonly isCopy?: boolean;
  readonly stop?: AbortSignal;
}

/**
 * Makes the data folder of a new server: with initdb, or with `isCopy` from the cache, where the first run leaves it.
 * All copies have one system identifier, by which the relay tells clusters apart: good for the demo, which makes new
 * names in each run, and wrong for tests with several servers.
 */
export async function provideData(options: DataOptions): Promise<void> {
  const template = templateFolder(options);
  if (options.isCopy !== true) return initialise(options);
  if (existsSync(template)) return copyFolder(template, options.data);
  await initialise(options);
  await keep(options.data, template);
}

/** The server accepts only files of its own user, so each user has a template. */
function templateFolder({ major, account }: DataOptions): string {
  return join(CACHE_FOLDER, `postgres-${major}-user-${account?.uid ?? process.getuid?.()}`);
}

async function keep(data: string, template: string): Promise<void> {
  const partial = workFolder(template);
  try {
    await mkdir(CACHE_FOLDER, { recursive: true });
    await removeLeftovers();
    await copyFolder(data, partial);
    await renameUnlessThere(partial, template);
  } catch {
    // A cache that belongs to somebody else: the next run formats again, and nothing else differs.
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** With owners and modes, about which the server is strict and `fs.cp` is not. */
async function copyFolder(from: string, to: string): Promise<void> {
  await promisify(execFile)("cp", ["-a", from, to]);
}

async function initialise({ binaries, data, account, stop }: DataOptions): Promise<void> {
  await mkdir(data, { mode: 0o700 });
  const passwordFile = `${data}.password`;
  await writeFile(passwordFile, PASSWORD, { mode: 0o600 });
  if (account !== undefined) {
    await chown(data, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  const flags = ["--username=postgres", `--pwfile=${passwordFile}`, "--auth=scram-sha-256"];
  const format = ["--locale=C.UTF-8", "--encoding=UTF8", "--no-sync"];
  await promisify(execFile)(join(binaries, "bin", "initdb"), ["-D", data, ...flags, ...format], {
    ...surroundings(binaries, account),
    ...(stop && { signal: stop }),
  });
}

/** What the server's programs run with. */
export function surroundings(
  binaries: string,
  account?: Account,
): { env: NodeJS.ProcessEnv; cwd: string } {
  return {
    cwd: "/",
    env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8", LD_LIBRARY_PATH: join(binaries, "lib") },
    ...account,
  };
}
