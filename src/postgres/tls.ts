import type { ConnectionOptions, SecureVersion } from "node:tls";
import { RelayError } from "../relay/errors.ts";
import type { AuthMethod } from "./auth-rule.ts";
import { NO_TLS_OFFERED } from "./link-fault.ts";
import { hasSqlState } from "./postgres-error.ts";

/** libpq's modes, with libpq's meaning. */
export type SslMode = "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full";

/** PEM texts; null where there is none. */
export interface TlsOptions {
  readonly mode: SslMode;
  /** `system`: those that Node trusts. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly keyPassphrase: string | null;
  readonly negotiation: "postgres" | "direct";
  /** How the server may ask for the password, whatever the link; null: not in a way that gives it away where nobody verified the server. */
  readonly auth: readonly AuthMethod[] | null;
  /** Of TLS, as Node names them; null: Node's own. */
  readonly minVersion: SecureVersion | null;
  readonly maxVersion: SecureVersion | null;
}

/** `ssl` as `pg` takes it; false is plain. */
type Way = ConnectionOptions | false;

export const PREFER_TLS: TlsOptions = {
  mode: "prefer",
  ca: null,
  cert: null,
  key: null,
  keyPassphrase: null,
  negotiation: "postgres",
  auth: null,
  minVersion: null,
  maxVersion: null,
};

/** How a host is connected to, and what is tried after a refusal (`isTlsRefusal`), if anything. */
export function tlsWays(tls: TlsOptions, host: string): { first: Way; second: Way | null } {
  // As in libpq, nobody listens in on a Unix socket.
  if (host.startsWith("/")) return { first: false, second: null };
  switch (tls.mode) {
    case "disable":
      return { first: false, second: null };
    case "allow":
      return { first: false, second: encrypted(tls) };
    case "prefer":
      return { first: encrypted(tls), second: false };
    case "require":
    case "verify-ca":
    case "verify-full":
      return { first: encrypted(tls), second: null };
  }
}

function encrypted({ mode, ca, cert, key, keyPassphrase, ...tls }: TlsOptions): ConnectionOptions {
  return {
    // Any mode checks the chain when there is an authority to check it with; without one only verify-full does.
    rejectUnauthorized: ca !== null || mode.startsWith("verify"),
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
    ...(ca !== null && ca !== "system" && { ca }),
    ...(cert !== null && { cert }),
    ...(key !== null && { key }),
    ...(keyPassphrase !== null && { passphrase: keyPassphrase }),
    ...(tls.minVersion !== null && { minVersion: tls.minVersion }),
    ...(tls.maxVersion !== null && { maxVersion: tls.maxVersion }),
  };
}

/**
 * The server does not take this connection because it is, or is not, encrypted: it offers no TLS, or no line of
 * pg_hba.conf lets it in. A handshake that fails is no refusal: anyone in between could cause that.
 */
export function isTlsRefusal(error: unknown): boolean {
  if (!(error instanceof RelayError)) return false;
  const { cause } = error;
  return isTlsMissing(error) || hasSqlState(cause, "28000") || hasSqlState(cause, "28P01");
}

/** The server offers no TLS at all. */
export function isTlsMissing(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly message?: unknown } };
  return cause?.message === NO_TLS_OFFERED;
}
