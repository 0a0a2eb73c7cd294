import { describe, expect, it } from "@jest/globals";
import type { Kind } from "../../../src/config/kinds.ts";
import {
  failpoint,
  hostPort,
  identifier,
  listenAddress,
  postgresUrl,
  slotName,
  tableName,
  token,
  topicName,
} from "../../../src/config/kinds-of-names.ts";

interface Case {
  readonly name: string;
  readonly kind: Kind<string>;
  readonly taken: readonly string[];
  readonly refused: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: "a slot name",
    kind: slotName(),
    taken: ["outbox_relay", "9", "a".repeat(63)],
    refused: ["Outbox", "out-box", "out box", "a".repeat(64), "ö", "a;drop"],
  },
  {
    name: "an identifier",
    kind: identifier(),
    taken: ["id", "aggregateId", "_x", "a$1"],
    refused: ["1a", "a.b", 'a"b', "a b", "a".repeat(64), "a'b"],
  },
  {
    name: "a table",
    kind: tableName(),
    taken: ["public.outbox", "Shop.Outbox"],
    refused: ["outbox", "a.b.c", '"a"."b"', "public. outbox", ".outbox"],
  },
  {
    name: "a topic",
    kind: topicName(),
    taken: ["outbox-relay.checkpoint.x", "a", "a".repeat(249)],
    refused: ["a b", "a/b", ".", "..", "a".repeat(250), "${routedByValue}"],
  },
  {
    name: "a topic template",
    kind: topicName("${routedByValue}"),
    taken: ["outbox.event.${routedByValue}", "${routedByValue}", "all-events"],
    refused: ["outbox.${routedByValu}", "a b${routedByValue}", "$routedByValue", "."],
  },
  {
    name: "a broker",
    kind: hostPort(),
    taken: ["kafka-1:9092", "10.0.0.1:9092", "[::1]:9092", "a_b.svc:1"],
    refused: [
      "kafka",
      "kafka:",
      ":9092",
      "kafka:0",
      "kafka:65536",
      "kafka:9092/",
      "a b:1",
      "http://kafka:9092",
    ],
  },
  {
    name: "a client id",
    kind: token(5),
    taken: ["a-b_1", "!"],
    refused: ["a b", "abcdef", "ä", "a\nb"],
  },
  {
    name: "a database URL",
    kind: postgresUrl(),
    taken: [
      "postgres://u:p@h:5432/d",
      "postgresql://h",
      "postgres:///d",
      "postgres://u@[::1]/d?sslmode=require",
      "postgres://u:p,@h1:1,h2:2/d?target_session_attrs=read-write",
      "postgres://h1,[::1]:2/d?target_session_attrs=any",
      "postgres:///d?host=h1,h2&port=1,2",
    ],
    refused: [
      "mysql://h/d",
      "h:5432",
      "postgres://h1:1,h2:x/d",
      "postgres://h1,,h2/d",
      "postgres://h1,/d",
      "postgres://u:p@h:port/d",
      "postgres://h1,h2/d?target_session_attrs=standby",
      "postgres:///d?host=h1,h2,h3&port=1,2",
    ],
  },
  {
    name: "a failpoint",
    kind: failpoint(),
    taken: ["produce-acked=kill@3", "a=hang", "a=hang:5s", "a=hang:200ms@2", "a=throw"],
    refused: [
      "a",
      "=kill",
      "a=kill@0",
      "A=kill",
      "a=explode",
      "a=kill:5s",
      "a=hang:5",
      "a=hang:0s",
    ],
  },
];

describe("names and addresses", () => {
  it.each(CASES.flatMap(({ name, kind, taken }) => taken.map((text) => ({ name, kind, text }))))(
    "$name may be $text",
    ({ kind, text }) => {
      expect(kind.show(kind.parse(text))).toBe(text);
    },
  );

  it.each(
    CASES.flatMap(({ name, kind, refused }) => refused.map((text) => ({ name, kind, text }))),
  )("$name may not be $text", ({ kind, text }) => {
    expect(() => kind.parse(text)).toThrow(/^expected /);
  });

  it("reads a listen address into host and port, with port 0 for one that the system chooses", () => {
    expect(listenAddress().parse("[::]:9464")).toEqual({ host: "::", port: 9464 });
    expect(listenAddress().parse("127.0.0.1:0")).toEqual({ host: "127.0.0.1", port: 0 });
    expect(listenAddress().show({ host: "::", port: 1 })).toBe("[::]:1");
    expect(() => listenAddress().parse("9464")).toThrow(/^expected /);
  });
});
