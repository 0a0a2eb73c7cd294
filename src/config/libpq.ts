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

const DEFAULT_PORT = "5432";

/** A URL made of the variables alone, or undefined without `PGHOST`. A path is the folder of a Unix socket. */
export function urlFromParts(parts: LibpqParts): string | undefined {
  return parts.host === undefined ? undefined : fillMissing("postgres:///", parts);
}

/** Adds what a URL leaves out. What it does say stays, as libpq does it. `url` must parse. */
export function fillMissing(url: string, parts: LibpqParts): string {
  const filled = new URL(url);
  const names = filled.searchParams;
  if (filled.hostname === "" && parts.host !== undefined && !names.has("host")) {
    filled.hostname = hostOf(parts.host);
  }
  if (filled.hostname === "") return filled.href; // No place for the other parts in such a URL.
  if (filled.port === "") filled.port = parts.port ?? DEFAULT_PORT;
  if (filled.pathname.length <= 1 && parts.database !== undefined) {
    filled.pathname = `/${encodeURIComponent(parts.database)}`;
  }
  // The setters encode blanks and the like but leave "%" alone, so all of it is encoded first.
  if (filled.username === "") filled.username = encodeURIComponent(parts.user ?? "");
  if (filled.password === "") filled.password = encodeURIComponent(parts.password ?? "");
  return filled.href;
}

function hostOf(host: string): string {
  if (host.startsWith("/")) return encodeURIComponent(host);
  return host.includes(":") ? `[${host}]` : host;
}

/** Problems of the variables themselves; the URL setters would drop a bad value without a word. */
export function libpqProblems(parts: LibpqParts): string[] {
  const problems: string[] = [];
  if (parts.port !== undefined && !(/^\d{1,5}$/.test(parts.port) && isPort(Number(parts.port)))) {
    problems.push(`PGPORT: ${JSON.stringify(parts.port)} is no port; expected 1 to 65535`);
  }
  if (parts.host !== undefined && !/^[A-Za-z0-9._:/-]+$/.test(parts.host)) {
    problems.push(`PGHOST: ${JSON.stringify(parts.host)} is no host; expected one name or address`);
  }
  if (parts.database !== undefined && /^\.\.?$/.test(parts.database)) {
    problems.push(`PGDATABASE: a URL cannot hold the name ${JSON.stringify(parts.database)}`);
  }
  return problems;
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}
