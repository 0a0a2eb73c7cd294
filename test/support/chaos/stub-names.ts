/**
 * A preload (`NODE_OPTIONS=--import`): names that end in `.test` resolve to what the JSON file in CHAOS_NAMES_FILE says at
 * that moment, a list of addresses for each name, and not at all when it says nothing.
 */
import dns from "node:dns";
import { readFileSync } from "node:fs";

type Answer = (
  error: NodeJS.ErrnoException | null,
  addresses?: string | readonly dns.LookupAddress[],
  family?: number,
) => void;

const real = dns.lookup as unknown as (
  name: string,
  options: dns.LookupOptions,
  answer: Answer,
) => void;

function lookup(name: string, options: dns.LookupOptions, answer: Answer): void {
  if (!name.endsWith(".test")) return real(name, options, answer);
  const [first, ...others] = addressesOf(name);
  process.nextTick(() => {
    if (first === undefined) answer(notFound(name));
    else if (options.all !== true) answer(null, first, 4);
    else
      answer(
        null,
        [first, ...others].map((address) => ({ address, family: 4 })),
      );
  });
}

function addressesOf(name: string): readonly string[] {
  const file = process.env["CHAOS_NAMES_FILE"] ?? "";
  const names = JSON.parse(readFileSync(file, "utf8")) as Record<string, readonly string[]>;
  return names[name] ?? [];
}

function notFound(name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND" });
}

Object.assign(dns, { lookup });
