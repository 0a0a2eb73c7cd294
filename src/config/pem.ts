import type { KeyObject } from "node:crypto";
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Kind } from "./kinds.ts";
import { FormatError } from "./kinds.ts";

/** The word for the certificate authorities that Node itself trusts. */
export const SYSTEM_CAS = "system";

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;

/** One certificate or several, such as a chain or a bundle of authorities. */
export function pemCertificates(): Kind<string> {
  const expected = "PEM text of one certificate or several";
  return {
    name: "PEM",
    expected,
    parse: (value) => {
      const found = value.match(CERTIFICATES);
      if (found === null) throw new FormatError(`expected ${expected}${pathAdvice(value)}`);
      found.forEach((one, index) => {
        if (readCertificate(one) !== null) return;
        throw new FormatError(`certificate ${index + 1} of ${found.length} cannot be read`);
      });
      return value;
    },
    show: (value) => value,
  };
}

/** The same, or the word for Node's own list. */
export function pemAuthorities(): Kind<string> {
  const certificates = pemCertificates();
  return {
    ...certificates,
    expected: `${certificates.expected}, or ${SYSTEM_CAS}`,
    parse: (value) => (value === SYSTEM_CAS ? value : certificates.parse(value)),
  };
}

/** A private key. Whether its passphrase opens it is looked at where both are known. */
export function pemPrivateKey(): Kind<string> {
  const expected = "PEM text of a private key";
  return {
    name: "PEM",
    expected,
    parse: (value) => {
      if (PRIVATE_KEY.test(value)) return value;
      throw new FormatError(`expected ${expected}${pathAdvice(value)}`);
    },
    show: (value) => value,
  };
}

/** What is wrong with a client's certificate and its key, in words without either; null when they fit. */
export function pairProblem(
  certificates: string,
  key: string,
  passphrase: string | null,
): string | null {
  const [first = ""] = certificates.match(CERTIFICATES) ?? [];
  const certificate = readCertificate(first);
  const opened = openKey(key, passphrase);
  if (opened === null) {
    return passphrase === null
      ? "the private key cannot be read; does it want a passphrase?"
      : "the private key cannot be read with its passphrase";
  }
  if (certificate?.checkPrivateKey(opened) === true) return null;
  return "the certificate does not belong to the private key";
}

/** When the first certificate ends, if that has been. */
export function expiredSince(certificates: string, nowMs: number): Date | null {
  const [first = ""] = certificates.match(CERTIFICATES) ?? [];
  const end = readCertificate(first)?.validToDate;
  return end !== undefined && end.getTime() < nowMs ? end : null;
}

function readCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

function openKey(key: string, passphrase: string | null): KeyObject | null {
  try {
    return createPrivateKey({ key, ...(passphrase !== null && { passphrase }) });
  } catch {
    return null;
  }
}

function pathAdvice(value: string): string {
  return /^[./~\w-][\w./~-]*$/.test(value) ? "; for a path use the variable with _FILE" : "";
}
