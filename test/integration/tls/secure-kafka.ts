import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmbeddedKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../../src/demo/services/embedded-kafka.ts";
import type { ExtraListener } from "../../../src/demo/services/kafka-properties.ts";
import type { KafkaTlsOptions } from "../../../src/kafka/kafkajs-config.ts";
import type { KeyPair } from "../../support/tls/certificates.ts";
import { expiredPair, TestAuthority } from "../../support/tls/certificates.ts";

export const HOSTS = ["localhost", "127.0.0.1"];
export const USER = "relay";
export const PASSWORD = "pass,word=1 ä";
const LOGIN = "org.apache.kafka.common.security";

/** A broker with a listener for each way of speaking to it. Give it all away with `stop`. */
export interface SecureKafka {
  readonly kafka: EmbeddedKafka;
  readonly authority: TestAuthority;
  readonly folder: string;
  /** For connections that trust our authority. */
  readonly tls: KafkaTlsOptions;
  stop(): Promise<void>;
}

export interface SecureKafkaOptions {
  readonly listeners: (files: Files) => Promise<readonly ExtraListener[]>;
  readonly java?: (folder: string) => readonly string[];
  readonly properties?: Readonly<Record<string, string>>;
}

/** Makes the files that listeners name. */
export class Files {
  readonly folder: string;
  readonly authority: TestAuthority;

  constructor(folder: string, authority: TestAuthority) {
    this.folder = folder;
    this.authority = authority;
  }

  async write(name: string, text: string): Promise<string> {
    const file = join(this.folder, name);
    await writeFile(file, text);
    return file;
  }

  /** Settings of a listener that shows this certificate. */
  async keystore(name: string, { cert, key }: KeyPair): Promise<Record<string, string>> {
    const location = await this.write(`${name}.pem`, `${key}\n${cert}\n`);
    return { "ssl.keystore.type": "PEM", "ssl.keystore.location": location };
  }

  async right(): Promise<Record<string, string>> {
    return this.keystore(
      "right",
      await this.authority.issue({ commonName: "broker", hosts: HOSTS }),
    );
  }
}

export async function startSecureKafka(options: SecureKafkaOptions): Promise<SecureKafka> {
  const folder = await mkdtemp(join(tmpdir(), "outbox-relay-secure-kafka-"));
  const authority = await TestAuthority.create("Kafka Test Authority");
  try {
    const kafka = await startKafka({
      listeners: await options.listeners(new Files(folder, authority)),
      scram: ["SCRAM-SHA-256", "SCRAM-SHA-512"].map(
        (mechanism) => `${mechanism}=[name=${USER},password=${SCRAM_PASSWORD}]`,
      ),
      java: options.java?.(folder) ?? [],
      properties: options.properties ?? {},
    });
    const stop = async (): Promise<void> => {
      await kafka.stop();
      await rm(folder, { recursive: true });
    };
    return { kafka, authority, folder, tls: trusting(authority), stop };
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
}

/** The tool that makes users knows no commas in passwords. */
export const SCRAM_PASSWORD = "scram-secret-word";

export function trusting(authority: TestAuthority): KafkaTlsOptions {
  const own = { cert: null, key: null, keyPassphrase: null };
  return { ca: authority.cert, ...own, serverName: null, isInsecure: false };
}

export async function tlsListeners(files: Files): Promise<readonly ExtraListener[]> {
  const { authority } = files;
  const other = await authority.issue({ commonName: "other", hosts: ["kafka.example.com"] });
  const expired = await expiredPair(authority, HOSTS);
  const clients = {
    "ssl.client.auth": "required",
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": await files.write("clients-ca.pem", authority.cert),
  };
  const right = await files.right();
  return [
    { name: "RIGHT", protocol: "SSL", properties: right },
    { name: "OTHER", protocol: "SSL", properties: await files.keystore("other", other) },
    { name: "EXPIRED", protocol: "SSL", properties: await files.keystore("expired", expired) },
    { name: "MUTUAL", protocol: "SSL", properties: { ...right, ...clients } },
  ];
}

/** SASL_SSL with passwords. `sessionMs`: how long the broker lets a session go on; 0 is for ever. */
export async function passwordListener(
  files: Files,
  name: string,
  sessionMs = 0,
): Promise<ExtraListener> {
  const scram = `${LOGIN}.scram.ScramLoginModule required;`;
  return {
    name,
    protocol: "SASL_SSL",
    properties: {
      ...(await files.right()),
      "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
      "plain.sasl.jaas.config": plainLogin(),
      "scram-sha-256.sasl.jaas.config": scram,
      "scram-sha-512.sasl.jaas.config": scram,
      ...(sessionMs > 0 && { "scram-sha-512.connections.max.reauth.ms": String(sessionMs) }),
    },
  };
}

/** SASL without TLS. */
export function openPasswordListener(name: string): ExtraListener {
  const properties = {
    "sasl.enabled.mechanisms": "PLAIN",
    "plain.sasl.jaas.config": plainLogin(),
  };
  return { name, protocol: "SASL_PLAINTEXT", properties };
}

/** A properties file has Latin letters as they are and the others as numbers. */
function plainLogin(): string {
  const password = PASSWORD.replaceAll("ä", "\\u00e4");
  return `${LOGIN}.plain.PlainLoginModule required user_${USER}="${password}";`;
}
