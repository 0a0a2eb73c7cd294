import type { RelayError } from "../../relay/errors.ts";
import type { Finding } from "../../relay/finding.ts";
import { findingOf } from "../../relay/finding.ts";
import type { BrokerAddress } from "../broker-channel.ts";

export function bootstrapFinding(address: string, error: RelayError): Finding {
  const found = findingOf(error);
  const { message } = found;
  return { ...found, message: message.includes(address) ? message : `${address}: ${message}` };
}

export function advertisedFinding({ id, host, port }: BrokerAddress, error: RelayError): Finding {
  if (error.code === "KAFKA_ADVERTISED") return findingOf(error);
  return {
    code: "KAFKA_ADVERTISED",
    severity: "retry",
    message: `broker ${id} tells clients to come to ${host}:${port}, and nobody answers us there (${error.message})`,
    hint: "Start the broker; or set its advertised.listeners to an address that can be reached from here.",
  };
}

export function timeoutFinding(transactionTimeoutMs: number, limit: string): Finding {
  return {
    code: "CONFIG_TRANSACTION_TIMEOUT",
    severity: "halt",
    message: `RELAY_TRANSACTION_TIMEOUT is ${transactionTimeoutMs} ms, and the brokers allow at most ${limit} (transaction.max.timeout.ms)`,
    hint: "Lower RELAY_TRANSACTION_TIMEOUT, or raise transaction.max.timeout.ms on the brokers.",
  };
}

/** Loopback is not the way of anybody else. */
const LOCAL = /^(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?):\d+$/;

/** `tls`: null in plain text. */
export function tlsFinding(
  bootstrap: readonly string[],
  tls: { readonly isInsecure: boolean } | null,
): Finding | null {
  if (tls?.isInsecure === true) {
    return {
      code: "TLS_WEAK",
      severity: "warning",
      message: "RELAY_KAFKA_TLS_INSECURE takes anyone who answers for a broker",
      hint: "Set RELAY_KAFKA_TLS_CA_FILE to the CA of the brokers' certificates, and unset RELAY_KAFKA_TLS_INSECURE.",
    };
  }
  if (tls !== null || bootstrap.every((address) => LOCAL.test(address))) return null;
  return {
    code: "TLS_WEAK",
    severity: "warning",
    message: "connections to Kafka are in plain text: anyone on the way reads the events",
    hint: "Give the brokers a TLS listener and set RELAY_KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL; see docs/security.md.",
  };
}
