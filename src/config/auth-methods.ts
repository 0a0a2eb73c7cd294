import type { Kind } from "./kinds.ts";
import { FormatError } from "./kinds.ts";

/** How a server may ask for the password, by libpq's names for `require_auth`; `none`: it does not ask. */
const METHODS = ["none", "password", "md5", "scram-sha-256"] as const;
export type AuthMethod = (typeof METHODS)[number];

/** libpq's `require_auth`: methods separated by commas, or each with `!` before it for all but these. */
export function authMethods(): Kind<readonly AuthMethod[]> {
  const expected = `a comma-separated list of ${METHODS.join(", ")}, or of these with ! before each`;
  return {
    name: "list of str",
    expected,
    parse: (value) => {
      const words = value.split(",").map((word) => word.trim());
      const names = words.map((word) => word.replace(/^!/, ""));
      const isNegated = words.every((word) => word.startsWith("!"));
      const isMixed = !isNegated && words.some((word) => word.startsWith("!"));
      if (isMixed || new Set(names).size < names.length || !names.every(isMethod))
        throw new FormatError(`expected ${expected}`);
      return METHODS.filter((method) => names.includes(method) !== isNegated);
    },
    show: (methods) => methods.join(","),
  };
}

function isMethod(name: string): name is AuthMethod {
  return (METHODS as readonly string[]).includes(name);
}
