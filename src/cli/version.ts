import { readFile } from "node:fs/promises";

/** The version in package.json, which lies beside `src` and `dist` alike. */
export async function version(): Promise<string> {
  const file = new URL("../../package.json", import.meta.url);
  const { version: text } = JSON.parse(await readFile(file, "utf8")) as { version: string };
  return text;
}
