/** Why no TLS connection came about, in words that need no more than the name of the far side before them. */
export interface TlsFault {
  readonly what: string;
  /** Which of the settings has to do with it. */
  readonly about: "authority" | "host" | "validity" | "own-certificate" | "protocol";
  /** A server that is starting or stopping looks the same. */
  readonly mayPass?: true;
}

const SERVER_FAULTS: ReadonlyMap<string, TlsFault> = new Map([
  ["CERT_HAS_EXPIRED", { what: "its certificate has expired", about: "validity" }],
  ["CERT_NOT_YET_VALID", { what: "its certificate is not valid yet", about: "validity" }],
  ["ERR_TLS_CERT_ALTNAME_INVALID", { what: "its certificate is for another host", about: "host" }],
]);

/** Node's codes for a chain that leads to no authority we trust. */
const UNTRUSTED =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|CERT_CHAIN_TOO_LONG|CERT_REVOKED|CERT_REJECTED)/;
/** An alert by which the far side tells that it does not like our certificate, or lacks one. */
const ALERT_ABOUT_US = /ALERT_(?:BAD_CERT|CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERT|ACCESS_DENIED)/;
/** What came was no TLS at all. */
const NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL|HTTP_REQUEST/;
const HANDSHAKE = /^(?:ERR_SSL_|ERR_TLS_|EPROTO$)/;

/** By Node's code and message; null for what has nothing to do with TLS. */
export function tlsFault(code: string, message: string): TlsFault | null {
  const known = SERVER_FAULTS.get(code);
  if (known !== undefined) return known;
  if (UNTRUSTED.test(code)) {
    return { what: "no trusted authority signed its certificate", about: "authority" };
  }
  if (ALERT_ABOUT_US.test(code)) {
    return { what: "it refuses the client's certificate, or wants one", about: "own-certificate" };
  }
  if (NO_TLS.test(code)) return { what: "it answers, but not with TLS", about: "protocol" };
  if (HANDSHAKE.test(code)) {
    return { what: "the TLS handshake failed", about: "protocol" };
  }
  if (/before secure TLS connection was established/.test(message)) {
    return { what: "it hung up on the TLS handshake", about: "protocol", mayPass: true };
  }
  return null;
}
