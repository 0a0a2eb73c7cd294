import type { TlsFault } from "../relay/tls-fault.ts";
import { tlsFault } from "../relay/tls-fault.ts";
import { AuthRefusedError } from "./auth-rule.ts";
import { FrameError } from "./frame-length.ts";
import type { Explanation } from "./postgres-error.ts";
import type { ServerAddress } from "./session.ts";

/** Why the link itself cannot be trusted or understood; null where it can. `code` and `text` are those of `error`. */
export function linkFault(
  error: unknown,
  { code, text }: { readonly code: string; readonly text: string },
  address: ServerAddress,
): Explanation | null {
  if (error instanceof AuthRefusedError) return authRefused(error, address);
  if (error instanceof FrameError) return noMessage(address, text);
  if (text === NO_TLS_OFFERED) return noTls(address);
  const fault = tlsFault(code, text);
  if (fault !== null) return tls(address, fault);
  return /\bSSL\b/.test(text) ? tls(address, HANDSHAKE) : null;
}

const ASKS: Readonly<Record<AuthRefusedError["method"], string>> = {
  none: "asks for no proof of who we are",
  password: "asks for the password in clear text",
  md5: "asks for an MD5 hash of the password",
  "scram-sha-256": "asks for SCRAM-SHA-256",
};

function authRefused({ method, isByRule }: AuthRefusedError, address: ServerAddress): Explanation {
  const why = isByRule
    ? "which RELAY_DATABASE_REQUIRE_AUTH (require_auth in the URL) does not allow"
    : "and nobody has verified that it is the server: anybody on the way could ask";
  return {
    code: "POSTGRES_AUTHENTICATION",
    remedy: "halt",
    message: `what answers at ${where(address)} ${ASKS[method]}, ${why}; nothing was sent`,
    hint: isByRule
      ? `Have pg_hba.conf of the server ask otherwise, or add ${method} to RELAY_DATABASE_REQUIRE_AUTH.`
      : `Verify the server: RELAY_DATABASE_SSL_MODE=verify-full with RELAY_DATABASE_SSL_CA. Or have it ask for scram-sha-256 (password_encryption, a new password, pg_hba.conf). RELAY_DATABASE_REQUIRE_AUTH=scram-sha-256,${method} allows it all the same.`,
  };
}

function noMessage(address: ServerAddress, reason: string): Explanation {
  return {
    code: "POSTGRES_PROTOCOL",
    remedy: "retry",
    message: `what answers at ${where(address)} does not speak the protocol of Postgres: ${reason}`,
    hint: "Check that RELAY_DATABASE_URL and RELAY_REPLICATION_URL lead to Postgres itself, and what is in between: a proxy, a load balancer, another service at that port. The relay has hung up, and tries again.",
  };
}

/** What `pg` says when the server answers N to the question for TLS. */
export const NO_TLS_OFFERED = "The server does not support SSL connections";
const HANDSHAKE: TlsFault = { what: "the TLS handshake failed", about: "protocol" };

/** Each passes as soon as somebody corrects it: the relay looks again. */
const TLS_HINTS: Readonly<Record<TlsFault["about"], string>> = {
  authority:
    "Set RELAY_DATABASE_SSL_CA_FILE (or sslrootcert) to the certificate of the authority that signed the server's.",
  host: "Use a host name that is in the certificate in RELAY_DATABASE_URL, or have it issued for this one; RELAY_DATABASE_SSL_MODE=verify-ca checks no name.",
  validity: "Renew the server's certificate and reload Postgres; the relay goes on by itself.",
  "own-certificate":
    "Set RELAY_DATABASE_SSL_CERT_FILE and RELAY_DATABASE_SSL_KEY_FILE to a certificate that the server's ssl_ca_file has signed and that has not expired.",
  protocol:
    "Look at the server's log, and for something in between that ends TLS; RELAY_DATABASE_SSL_MODE says whether TLS is wanted.",
};

function tls(address: ServerAddress, { what, about, mayPass }: TlsFault): Explanation {
  return {
    code: "POSTGRES_TLS",
    remedy: mayPass === true ? "retry" : "halt",
    message: `no trusted TLS connection to Postgres at ${where(address)}: ${what}`,
    hint: `${TLS_HINTS[about]} To see it: openssl s_client -starttls postgres -connect ${where(address)}`,
  };
}

function noTls(address: ServerAddress): Explanation {
  return {
    code: "POSTGRES_TLS",
    remedy: "halt",
    message: `Postgres at ${where(address)} offers no TLS`,
    hint: "Set ssl = on in the server, or RELAY_DATABASE_SSL_MODE (sslmode in the URL) to prefer or disable.",
  };
}

function where({ host, port }: ServerAddress): string {
  return `${host}:${port}`;
}
