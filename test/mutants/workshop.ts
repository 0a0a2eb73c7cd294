import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutant.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const COPIED = [
  "src",
  "test",
  "migrations",
  "config",
  "scripts",
  "docs",
  "package.json",
  "jest.config.json",
  "tsconfig.json",
];
const SHARED = ["node_modules", ".cache"];

/** A copy of the project in which bugs are planted; the project itself is never touched. */
export class Workshop {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Workshop> {
    const folder = await mkdtemp(join(tmpdir(), "outbox-relay-mutants-"));
    for (const name of COPIED) await cp(join(ROOT, name), join(folder, name), { recursive: true });
    for (const name of SHARED) await symlink(join(ROOT, name), join(folder, name));
    return new Workshop(folder);
  }

  /** Plants the bug while `work` runs. Throws when the source is no longer what the mutant was written for. */
  async with<T>({ name, file, edits }: Mutant, work: () => Promise<T>): Promise<T> {
    const sound = new Map<string, string>();
    for (const { file: other = file, find, replace } of edits) {
      const path = join(this.folder, other);
      const text = await readFile(path, "utf8");
      if (!sound.has(path)) sound.set(path, text);
      const parts = text.split(find);
      if (parts.length !== 2) {
        throw new Error(
          `mutant "${name}": ${other} holds ${parts.length - 1} times, not once:\n${find}`,
        );
      }
      await writeFile(path, parts.join(replace));
    }
    try {
      return await work();
    } finally {
      for (const [path, text] of sound) await writeFile(path, text);
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
