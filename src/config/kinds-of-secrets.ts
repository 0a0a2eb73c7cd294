import type { Kind } from "./kinds.ts";
import { FormatError, text } from "./kinds.ts";

/** Any text in one line: a user, a password, a token. Nothing in it means anything to us. */
export function opaque(): Kind<string> {
  return text("str", /^[^\r\n\0]+$/, "text in one line");
}

/** A DNS name, or an IP address. */
export function hostName(): Kind<string> {
  const rule = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45})$/;
  return text("host", rule, "a host name such as kafka.example.com");
}

export function httpUrl(): Kind<string> {
  const expected = "a URL with https or http, without user and password";
  return {
    name: "URL",
    expected,
    parse: (value) => {
      const url = URL.parse(value);
      const isHttp = url?.protocol === "https:" || url?.protocol === "http:";
      if (url === null || !isHttp || url.username !== "" || url.password !== "") {
        throw new FormatError(`expected ${expected}`);
      }
      return value;
    },
    show: (value) => value,
  };
}

const RESERVED = "auth";

/** `name=value,name=value`: SASL extensions as RFC 7628 allows them. */
export function pairs(): Kind<Readonly<Record<string, string>>> {
  const expected = "name=value pairs separated by commas";
  return {
    name: "map",
    expected,
    parse: (value) => {
      const entries = value.split(",").map((entry) => /^([A-Za-z]+)=([!-~]+)$/.exec(entry.trim()));
      const found = entries.flatMap((entry) => (entry === null ? [] : [[entry[1], entry[2]]]));
      const result = Object.fromEntries(found) as Record<string, string>;
      const isWhole = found.length === entries.length;
      if (!isWhole || Object.keys(result).length < found.length || RESERVED in result) {
        throw new FormatError(`expected ${expected}, each name once and of letters, without auth`);
      }
      return result;
    },
    show: (value) =>
      Object.entries(value)
        .map(([name, one]) => `${name}=${one}`)
        .join(","),
  };
}
