import { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { ClientConfig } from "pg";
import { RelayError } from "../relay/errors.ts";
import { withAuthRule } from "./auth-rule.ts";
import type { SessionConfig } from "./session.ts";
import { sessionConfig } from "./session.ts";
import type { TlsOptions } from "./tls.ts";
import { PREFER_TLS, tlsWays } from "./tls.ts";

/** One of the hosts that a connection string names. */
export interface HostSession extends SessionConfig {
  /** A server in recovery is refused. */
  readonly needsPrimary: boolean;
  readonly auth: TlsOptions["auth"];
  /** The same host, encrypted or not, for when it refuses the first way (`isTlsRefusal`). */
  readonly otherwise: HostSession | null;
}

/** What the hosts of a URL are, and what stands before and behind them. */
const URL_PARTS = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/s;

/**
 * The session's configuration for each host, in order. libpq's `host1:5432,host2:5433`, `?host=a,b&port=1,2` and
 * `target_session_attrs` are read here, because `pg` knows none of them. Of several hosts the primary is wanted unless
 * `target_session_attrs=any` says otherwise.
 *
 * Throws RelayError `CONFIG_DATABASE_URL`; its message never repeats the connection string.
 */
export function hostSessions(
  connection: string | ClientConfig,
  applicationName: string,
  settings: Readonly<Record<string, string>> = {},
  tls: TlsOptions = PREFER_TLS,
): readonly HostSession[] {
  const connections = typeof connection === "string" ? eachHost(connection) : [connection];
  const needsPrimary = wantsPrimary(connection, connections.length > 1);
  return connections.map((one) => {
    const session = sessionConfig(one, applicationName, settings, tls.negotiation);
    return hostSession({ ...session, needsPrimary, auth: tls.auth }, tls);
  });
}

/** Each host is checked against its own name. */
function hostSession(plain: Omit<HostSession, "otherwise">, tls: TlsOptions): HostSession {
  const { first, second } = tlsWays(tls, plain.address.host);
  const way = (ssl: ConnectionOptions | false, otherwise: HostSession | null): HostSession => ({
    ...plain,
    client: { ...plain.client, ssl, stream: () => withAuthRule(new Socket(), tls.auth) },
    otherwise,
  });
  return way(first, second === null ? null : way(second, null));
}

/** The same connection string for one host at a time. */
function eachHost(connection: string): string[] {
  const [, before = "", hosts = "", behind = ""] = URL_PARTS.exec(connection) ?? [];
  if (!hosts.includes(",") && !OURS.test(behind)) return [connection];
  const urls = hosts.split(",").map((host) => URL.parse(`${before}${host}${behind}`));
  return urls.flatMap((url) => (url === null ? [connection] : eachNamedHost(url)));
}

/** `?host=` counts more than the URL's own host, as in libpq. One port stands for all. */
function eachNamedHost(url: URL): string[] {
  const parameters = url.searchParams;
  if (parameters.has(ATTRIBUTE)) parameters.delete(ATTRIBUTE);
  const hosts = parameters.get("host")?.split(",") ?? [];
  if (hosts.length < 2) return [url.href];
  const ports = parameters.get("port")?.split(",") ?? [];
  return hosts.map((host, index) => {
    const one = new URL(url);
    one.searchParams.set("host", host);
    const port = ports[index] ?? ports[0];
    if (port !== undefined) one.searchParams.set("port", port);
    return one.href;
  });
}

/** Parameters that mean something to us and not to `pg`. */
const OURS = /[?&](?:target_session_attrs=|host=[^&#]*(?:,|%2C))/i;
const ATTRIBUTE = "target_session_attrs";

/** The relay needs the primary itself, not the right to write, so `read-write` and `primary` are one. */
function wantsPrimary(connection: string | ClientConfig, isList: boolean): boolean {
  if (typeof connection !== "string") return false;
  const wanted = /[?&]target_session_attrs=([^&#]*)/.exec(connection)?.[1];
  if (wanted === undefined || wanted === "") return isList;
  if (wanted === "any") return false;
  if (wanted === "read-write" || wanted === "primary") return true;
  throw new RelayError("RELAY_DATABASE_URL asks for a server that is not the primary", {
    code: "CONFIG_DATABASE_URL",
    remedy: "halt",
    hint: "Set target_session_attrs to read-write, primary or any: the slot is read from the primary.",
  });
}
