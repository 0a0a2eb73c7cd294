import type { Shard } from "../relay/shard.ts";
import { formatShard } from "../relay/shard.ts";
import { takeHosts, withHost } from "./host-list.ts";
import type { Kind } from "./kinds.ts";
import { FormatError, text } from "./kinds.ts";

export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** Each has a slot and decodes the whole WAL. */
const SHARDS_MAX = 32;

const HOST_PORT = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):(\d{1,5})$/;
const TOPIC_LENGTH_MAX = 249;
const NAME_BYTES_MAX = 63;

/** Postgres allows a slot lower-case letters, digits and underscore, below NAMEDATALEN (`ReplicationSlotValidateName`). */
export function slotName(): Kind<string> {
  return text(
    "slot name",
    /^[a-z0-9_]{1,63}$/,
    "lower-case letters, digits and underscores, at most 63",
  );
}

/** `i/n` with i from 0 to n-1: which of n relays this one is. */
export function shard(): Kind<Shard> {
  const expected = `i/n, for example 0/2 and 1/2 for two relays: i from 0 to n-1, n from 2 to ${SHARDS_MAX}`;
  return {
    name: "shard",
    expected,
    parse: (value) => {
      const [, index, count] = /^(0|[1-9]\d?)\/([1-9]\d?)$/.exec(value)?.map(Number) ?? [];
      if (index === undefined || count === undefined || count < 2 || count > SHARDS_MAX) {
        throw new FormatError(`expected ${expected}`);
      }
      if (index >= count) {
        throw new FormatError(
          `the first shard is 0 and the last of ${count} is ${count - 1}; expected ${expected}`,
        );
      }
      return { index, count };
    },
    show: formatShard,
  };
}

/** One name of Postgres as the catalog holds it, case and all: no quotes, no dot. */
export function identifier(): Kind<string> {
  return text(
    "identifier",
    /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/,
    "a name of letters, digits, _ and $, at most 63",
  );
}

export function tableName(): Kind<string> {
  const expected = `schema.table as the catalog holds it, each name at most ${NAME_BYTES_MAX} bytes`;
  return text(
    "schema.table",
    /^[A-Za-z_][A-Za-z0-9_$]{0,62}\.[A-Za-z_][A-Za-z0-9_$]{0,62}$/,
    expected,
  );
}

/** Kafka's own rule (`org.apache.kafka.common.internals.Topic`), with `placeholder` allowed in it if given. */
export function topicName(placeholder?: string): Kind<string> {
  const expected =
    `a topic name of letters, digits, dot, dash and underscore, at most ${TOPIC_LENGTH_MAX}` +
    (placeholder === undefined ? "" : `, with ${placeholder} where the routing value goes`);
  return {
    name: placeholder === undefined ? "topic" : "topic template",
    expected,
    parse: (value) => {
      const plain = placeholder === undefined ? value : value.replaceAll(placeholder, "");
      const hasPlaceholder = plain !== value;
      const valid = /^[A-Za-z0-9._-]*$/.test(plain) && plain.length <= TOPIC_LENGTH_MAX;
      if (!valid || (!hasPlaceholder && /^\.{0,2}$/.test(plain))) {
        throw new FormatError(`expected ${expected}`);
      }
      return value;
    },
    show: (value) => value,
  };
}

/** Printable ASCII without blanks: what goes into a client id, a transactional id or an application name. */
export function token(lengthMax: number): Kind<string> {
  return text(
    "str",
    new RegExp(`^[!-~]{1,${lengthMax}}$`),
    `printable ASCII without blanks, at most ${lengthMax} characters`,
  );
}

export function hostPort(): Kind<string> {
  return {
    name: "host:port",
    expected: "host:port, for example kafka-1:9092 or [::1]:9092",
    parse: (value) => {
      parseHostPort(value, 1);
      return value;
    },
    show: (value) => value,
  };
}

/** Where a server listens; port 0 lets the system choose one. */
export function listenAddress(): Kind<Listen> {
  return {
    name: "host:port",
    expected: "host:port, for example 0.0.0.0:9464 or [::]:9464",
    parse: (value) => parseHostPort(value, 0),
    show: ({ host, port }) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`),
  };
}

function parseHostPort(value: string, portMin: number): Listen {
  const [, host, digits] = HOST_PORT.exec(value) ?? [];
  const port = Number(digits);
  if (host === undefined || !(port >= portMin && port <= 65_535)) {
    throw new FormatError(`expected host:port with a port from ${portMin} to 65535`);
  }
  return { host: host.replace(/^\[|\]$/g, ""), port };
}

/** What `target_session_attrs` may ask for; libpq's other values lead to a standby. */
const TARGETS = ["read-write", "primary", "any"];

/** A connection string with one host, or several that are tried in turn as libpq does it. */
export function postgresUrl(): Kind<string> {
  const expected =
    "a URL such as postgres://user:password@host:5432/database, or with several hosts host1:5432,host2:5432";
  return {
    name: "Postgres URL",
    expected,
    parse: (value) => {
      const list = takeHosts(value);
      const urls = list?.hosts.map((_, index) => URL.parse(withHost(list, index))) ?? [null];
      if (urls.includes(null) || (urls.length > 1 && list?.hosts.includes("") === true)) {
        throw new FormatError(`expected ${expected}`);
      }
      for (const url of urls) if (url !== null) checkParameters(url.searchParams);
      return value;
    },
    show: (value) => value,
  };
}

function checkParameters(parameters: URLSearchParams): void {
  const target = parameters.get("target_session_attrs") ?? "any";
  if (!TARGETS.includes(target)) {
    throw new FormatError(`expected target_session_attrs to be one of ${TARGETS.join(", ")}`);
  }
  const hosts = parameters.get("host")?.split(",").length ?? 1;
  const ports = parameters.get("port")?.split(",").length ?? 1;
  if (ports !== 1 && ports !== hosts) {
    throw new FormatError("expected one port for all hosts, or one for each");
  }
}

/** `point=action` or `point=action@hit`, for example `produce-acked=kill@3` or `status-sent=hang:5s`. */
export function failpoint(): Kind<string> {
  return text(
    "failpoint",
    /^[a-z][a-z-]*=(?:kill|throw|hang(?::[1-9]\d{0,5}m?s)?)(?:@[1-9]\d{0,8})?$/,
    "point=action or point=action@hit with an action kill, throw, hang or hang:5s, for example produce-acked=kill@3",
  );
}
