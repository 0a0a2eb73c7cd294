import type { DatabaseTls } from "./database-tls.ts";
import { takeHosts } from "./host-list.ts";
import { wantsTls } from "./kafka-security.ts";
import { isLoopbackHost } from "./loopback.ts";
import type { SettingValues } from "./schema.ts";

/** Why the link to a database that is not on this machine can be read or taken over; null where it cannot. `name`: of the URL's setting. */
export function weakDatabaseLink(name: string, url: string, tls: DatabaseTls): string | null {
  if (databaseHosts(url).every(isLoopbackHost)) return null;
  const { mode, ca } = tls;
  if (mode.startsWith("verify") || (mode === "require" && ca !== null)) return null;
  return `the link of ${name} does not verify the server (sslmode ${mode}): anybody on the way can read it and take the server's place; set RELAY_DATABASE_SSL_MODE=verify-full and RELAY_DATABASE_SSL_CA`;
}

/** The same of the links to the brokers. */
export function weakKafkaLinks(kafka: SettingValues["kafka"]): string[] {
  const { brokers, tls, sasl } = kafka;
  const isEncrypted = wantsTls(kafka);
  if (isEncrypted && tls.insecure)
    return [
      "RELAY_KAFKA_TLS_INSECURE=true: brokers' certificates are NOT checked, anyone who answers at RELAY_KAFKA_BROKERS is trusted; set RELAY_KAFKA_TLS_CA instead",
    ];
  if (isEncrypted || (brokers ?? []).every((broker) => isLoopbackHost(broker.replace(/:\d+$/, ""))))
    return [];
  return [
    `${reason(sasl.mechanism)}; set RELAY_KAFKA_SECURITY_PROTOCOL=${sasl.mechanism === null ? "SSL" : "SASL_SSL"}`,
  ];
}

function reason(mechanism: SettingValues["kafka"]["sasl"]["mechanism"]): string {
  const without = `RELAY_KAFKA_SASL_MECHANISM=${mechanism} without TLS`;
  switch (mechanism) {
    case null:
      return "RELAY_KAFKA_BROKERS without TLS: anybody on the way can read and change events and checkpoints";
    case "PLAIN":
      return `${without} sends the password in clear text`;
    case "OAUTHBEARER":
      return `${without} sends the token in clear text`;
    default:
      return `${without}: anybody on the way can read and change events and checkpoints, and try passwords at leisure`;
  }
}

/** As `takeHosts`, without ports; those of `?host=` where there are some. */
function databaseHosts(url: string): string[] {
  const list = takeHosts(url);
  if (list === null) return [];
  const named = /[?&]host=([^&#]*)/.exec(list.behind)?.[1];
  const hosts = named === undefined ? list.hosts : decodeURIComponent(named).split(",");
  return hosts.map((host) => decodeURIComponent(host.replace(/:\d*$/, "")));
}
