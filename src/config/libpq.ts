import type { HostList } from "./host-list.ts";
import { putHosts, takeHosts, withHost } from "./host-list.ts";

/** The parts of a connection string that libpq's variables give; undefined where a variable is not set. */
export interface LibpqParts {
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

export const LIBPQ_NAMES: Readonly<Record<keyof LibpqParts, string>> = {
  host: "PGHOST",
  port: "PGPORT",
  database: "PGDATABASE",
  user: "PGUSER",
  password: "PGPASSWORD",
};

/** These name files. */
export const LIBPQ_TLS_NAMES = { ca: "PGSSLROOTCERT", cert: "PGSSLCERT", key: "PGSSLKEY" } as const;

const DEFAULT_PORT = "5432";

/** A URL made of the variables alone, or undefined without `PGHOST`. A path is the folder of a Unix socket. */
export function urlFromParts(parts: LibpqParts): string | undefined {
  return parts.host === undefined ? undefined : fillMissing("postgres:///", parts);
}

/** Adds what a URL leaves out. What it does say stays, as libpq does it. Each host of `url` must parse. */
export function fillMissing(url: string, parts: LibpqParts): string {
  const given = takeHosts(url);
  if (given === null) return url;
  const hosts = hostsOf(given, parts);
  const [first = ""] = hosts;
  if (first === "") return new URL(url).href; // No place for the other parts in such a URL.
  const filled = new URL(withHost({ ...given, hosts }, 0));
  if (filled.pathname.length <= 1 && parts.database !== undefined) {
    filled.pathname = `/${encodeURIComponent(parts.database)}`;
  }
  // The setters encode blanks and the like but leave "%" alone, so all of it is encoded first.
  if (filled.username === "") filled.username = encodeURIComponent(parts.user ?? "");
  if (filled.password === "") filled.password = encodeURIComponent(parts.password ?? "");
  const list = takeHosts(filled.href);
  return list === null ? filled.href : putHosts({ ...list, hosts });
}

/** Every host with its port. */
function hostsOf({ hosts, behind }: HostList, parts: LibpqParts): string[] {
  const isNamed = hosts[0] !== "" || /[?&]host=/.test(behind);
  const names = isNamed || parts.host === undefined ? hosts : parts.host.split(",").map(hostOf);
  const ports = parts.port?.split(",") ?? [DEFAULT_PORT];
  return names.map((name, index) => {
    if (name === "" || /:\d+$/.test(name.replace(/^\[.*\]/, ""))) return name;
    return `${name.replace(/:$/, "")}:${ports[index] ?? ports[0]}`;
  });
}

function hostOf(host: string): string {
  if (host.startsWith("/")) return encodeURIComponent(host);
  return host.includes(":") ? `[${host}]` : host;
}

/** Problems of the variables themselves; the URL setters would drop a bad value without a word. */
export function libpqProblems(parts: LibpqParts): string[] {
  const problems: string[] = [];
  const ports = parts.port?.split(",") ?? [];
  const hosts = parts.host?.split(",") ?? [];
  for (const port of ports) {
    if (/^\d{1,5}$/.test(port) && isPort(Number(port))) continue;
    problems.push(`PGPORT: ${JSON.stringify(port)} is no port; expected 1 to 65535`);
  }
  for (const host of hosts) {
    if (/^[A-Za-z0-9._:/-]+$/.test(host)) continue;
    problems.push(`PGHOST: ${JSON.stringify(host)} is no host; expected a name or an address`);
  }
  if (ports.length > 1 && hosts.length > 0 && ports.length !== hosts.length) {
    problems.push(
      `PGPORT: ${ports.length} ports for ${hosts.length} hosts; expected one for all, or one for each`,
    );
  }
  if (parts.database !== undefined && /^\.\.?$/.test(parts.database)) {
    problems.push(`PGDATABASE: a URL cannot hold the name ${JSON.stringify(parts.database)}`);
  }
  return problems;
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}
