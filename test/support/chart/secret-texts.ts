import { execFile } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { promisify } from "node:util";

const run = promisify(execFile);
const TEXT = "canary";
const MAKE = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=chart -days 2";

/** What the Secrets of a user would hold: connection strings, certificates that fit their keys, and plain texts. */
export class SecretTexts {
  readonly #cert: string;
  readonly #key: string;

  private constructor(cert: string, key: string) {
    this.#cert = cert;
    this.#key = key;
  }

  static async make(): Promise<SecretTexts> {
    const argv = [...MAKE.split(" "), "-keyout", "-", "-out", "-"];
    const { stdout } = await run("openssl", argv).catch((cause: unknown) => {
      throw new Error("the tests of the chart need openssl: apt-get install openssl", { cause });
    });
    return new SecretTexts(part(stdout, "CERTIFICATE"), part(stdout, "PRIVATE KEY"));
  }

  /** The text of the file at `path`, by the variable that names it. */
  at(path: string, env: Readonly<Record<string, string>>): string {
    const [variable = ""] = Object.entries(env).find(([, value]) => value === path) ?? [];
    if (variable.endsWith("_URL_FILE")) return "postgres://relay:canary@db.example.com:5432/shop\n";
    if (/_(?:CA|CERT)_FILE$/.test(variable)) return this.#cert;
    if (!variable.endsWith("_KEY_FILE")) return `${TEXT}\n`;
    const hasPassphrase = env[variable.replace(/_FILE$/, "_PASSPHRASE_FILE")] !== undefined;
    return hasPassphrase ? encrypted(this.#key) : this.#key;
  }
}

function part(pem: string, label: string): string {
  const found = new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----\n`).exec(pem)?.[0];
  if (found === undefined) throw new Error(`openssl wrote no ${label}`);
  return found;
}

function encrypted(key: string): string {
  const form = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: TEXT } as const;
  return createPrivateKey(key).export(form).toString();
}
