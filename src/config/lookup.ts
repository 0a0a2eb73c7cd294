import type { Environment } from "./environment.ts";
import { nearest } from "./nearest.ts";
import type { PlacedSetting, Setting } from "./setting.ts";

/** Reads a whole file as text, or throws. */
export type ReadFile = (path: string) => string;

export interface RawValue {
  readonly text: string;
  /** The variable that it came from. */
  readonly name: string;
}

export interface Lookup {
  readonly value: RawValue | undefined;
  readonly problems: readonly string[];
}

/** Kubernetes sets such names for a service called "relay"; they are not ours. */
const SERVICE_LINKS = /^RELAY_(?:SERVICE|PORT)(?:_.*)?$/;

/** What the environment says for one setting: its own name or `_FILE`, then its aliases in order. Empty means unset. */
export function lookUp(
  { env: ownName, aliases }: Setting<unknown>,
  env: Environment,
  readFile: ReadFile,
): Lookup {
  for (const name of [ownName, ...aliases]) {
    const found = lookUpName(name, env, readFile);
    if (found.value !== undefined || found.problems.length > 0) return found;
  }
  return { value: undefined, problems: [] };
}

/** One name, or the file that `NAME_FILE` points to, less one newline at its end. Both at once is a problem. */
export function lookUpName(name: string, env: Environment, readFile: ReadFile): Lookup {
  const direct = env[name] ?? "";
  const path = env[`${name}_FILE`] ?? "";
  if (path === "") {
    return { value: direct === "" ? undefined : { text: direct, name }, problems: [] };
  }
  if (direct !== "") {
    return none(`${name} and ${name}_FILE are both set; keep one of them`);
  }
  try {
    const text = readFile(path).replace(/\r?\n$/, "");
    return { value: text === "" ? undefined : { text, name: `${name}_FILE` }, problems: [] };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return none(`${name}_FILE: cannot read ${JSON.stringify(path)} (${code})`);
  }
}

function none(problem: string): Lookup {
  return { value: undefined, problems: [problem] };
}

/** One sentence for each `RELAY_*` name that no setting has, with the nearest name that exists. */
export function unknownNames(env: Environment, placed: readonly PlacedSetting[]): string[] {
  const names = placed.map(({ setting }) => setting.env);
  const known = new Set(names.flatMap((name) => [name, `${name}_FILE`]));
  const suggestible = placed.filter(({ setting }) => !setting.reserved).map((s) => s.setting.env);
  return Object.keys(env)
    .filter((name) => name.startsWith("RELAY_") && !known.has(name) && !SERVICE_LINKS.test(name))
    .toSorted()
    .map((name) => {
      const close = nearest(name, suggestible);
      return `${name} is no setting${close === undefined ? "" : `; did you mean ${close}?`}`;
    });
}
