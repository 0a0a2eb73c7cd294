import { webcrypto } from "node:crypto";
import type { X509Certificate } from "@peculiar/x509";
import "./reflect-metadata.ts";

// Not before the line above has run: a plain import may be loaded first.
const x509 = await import("@peculiar/x509");

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 3_600_000;
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

/** A certificate and its private key (PKCS#8), as PEM texts. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateWish {
  readonly commonName: string;
  /** Names and addresses that it is for; none for a client. */
  readonly hosts?: readonly string[];
  /** When it ends; in a day unless given. */
  readonly notAfter?: Date;
}

/** A certificate authority of a test's own. */
export class TestAuthority {
  /** PEM text of its own certificate. */
  readonly cert: string;
  readonly #certificate: X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.cert = certificate.toString("pem");
    this.#certificate = certificate;
    this.#keys = keys;
  }

  static async create(commonName: string): Promise<TestAuthority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned(
      {
        name: `CN=${commonName}`,
        notBefore: new Date(Date.now() - 30 * DAY_MS),
        notAfter: new Date(Date.now() + DAY_MS),
        signingAlgorithm: ALGORITHM,
        keys,
        extensions: [
          new x509.BasicConstraintsExtension(true, 1, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        ],
      },
      webcrypto,
    );
    return new TestAuthority(certificate, keys);
  }

  async issue({ commonName, hosts = [], notAfter }: CertificateWish): Promise<KeyPair> {
    const keys = await newKeys();
    const names = hosts.map((host) => ({
      type: /^[\d.]+$|:/.test(host) ? ("ip" as const) : ("dns" as const),
      value: host,
    }));
    const usage = hosts.length === 0 ? CLIENT_AUTH : SERVER_AUTH;
    const certificate = await x509.X509CertificateGenerator.create(
      {
        subject: `CN=${commonName}`,
        issuer: this.#certificate.subject,
        notBefore: new Date(Date.now() - 10 * DAY_MS),
        notAfter: notAfter ?? new Date(Date.now() + DAY_MS),
        signingAlgorithm: ALGORITHM,
        publicKey: keys.publicKey,
        signingKey: this.#keys.privateKey,
        extensions: [
          new x509.BasicConstraintsExtension(false),
          new x509.ExtendedKeyUsageExtension([usage]),
          ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
        ],
      },
      webcrypto,
    );
    const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
    return {
      cert: certificate.toString("pem"),
      key: x509.PemConverter.encode(key, "PRIVATE KEY"),
    };
  }
}

/** A pair that ended yesterday. */
export function expiredPair(authority: TestAuthority, hosts: readonly string[]): Promise<KeyPair> {
  const notAfter = new Date(Date.now() - DAY_MS);
  return authority.issue({ commonName: "expired", hosts, notAfter });
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}
