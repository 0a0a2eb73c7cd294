/**
 * How a setting is written. `parse` is strict: it takes the whole text or throws FormatError; nothing is guessed,
 * rounded or trimmed. `show` writes a value back in the form that `parse` takes.
 */
export interface Kind<T> {
  /** For the documentation: "duration", "list of host:port", ... */
  readonly name: string;
  /** The values that are taken, in words; part of an error message. */
  readonly expected: string;
  /** All values, where there are only these. */
  readonly choices?: readonly string[];
  readonly parse: (text: string) => T;
  readonly show: (value: T) => string;
}

/** A text that is not of its kind. The message is the rule that was broken; it never holds the text itself. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

type Units = Readonly<Record<string, number>>;

const DURATION_UNITS: Units = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
const SIZE_UNITS: Units = { GiB: 1024 ** 3, MiB: 1024 ** 2, KiB: 1024, "": 1 };

/** The word for "nothing of it". */
export const NONE = "none";

/** The same, or nothing of it. */
export function orNone(kind: Kind<string>): Kind<string> {
  return {
    name: kind.name,
    expected: `${kind.expected}, or ${NONE}`,
    parse: (value) => (value === NONE ? NONE : kind.parse(value)),
    show: (value) => (value === NONE ? NONE : kind.show(value)),
  };
}

/** A text that matches `rule` as a whole. */
export function text(name: string, rule: RegExp, expected: string): Kind<string> {
  return {
    name,
    expected,
    parse: (value) => {
      if (!rule.test(value)) throw new FormatError(`expected ${expected}`);
      return value;
    },
    show: (value) => value,
  };
}

export function boolean(): Kind<boolean> {
  return {
    name: "bool",
    expected: "true or false",
    parse: (value) => {
      if (value !== "true" && value !== "false") throw new FormatError("expected true or false");
      return value === "true";
    },
    show: String,
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): Kind<T> {
  const expected = `one of ${values.join(", ")}`;
  return {
    name: "enum",
    expected,
    choices: values,
    parse: (value) => {
      const found = values.find((candidate) => candidate === value);
      if (found === undefined) throw new FormatError(`expected ${expected}`);
      return found;
    },
    show: (value) => value,
  };
}

export function integer({ min, max }: Bounds): Kind<number> {
  return numeric("int", `a whole number from ${min} to ${max}`, /^(?:0|-?[1-9]\d{0,14})$/, {
    min,
    max,
  });
}

/** -1 leaves the number of replicas to the broker. */
export function replicationFactor(): Kind<number> {
  const expected = "-1 (the broker's default) or a whole number from 1 to 15";
  return numeric("int", expected, /^(?:-1|[1-9]\d?)$/, { min: -1, max: 15 });
}

export function ratio(): Kind<number> {
  return numeric("ratio", "a number from 0 to 1", /^(?:0|1|0\.\d{1,6})$/, { min: 0, max: 1 });
}

function numeric(name: string, expected: string, rule: RegExp, bounds: Bounds): Kind<number> {
  return {
    name,
    expected,
    parse: (value) => {
      const number = rule.test(value) ? Number(value) : Number.NaN;
      if (!(number >= bounds.min && number <= bounds.max)) {
        throw new FormatError(`expected ${expected}`);
      }
      return number;
    },
    show: String,
  };
}

export interface DurationBounds {
  readonly minMs: number;
  readonly maxMs: number;
  /** Adds 0 to the values below `minMs`, with this meaning. */
  readonly zero?: string;
}

/** Milliseconds, written as a whole number with its unit: `500ms`, `5s`, `10m`, `1h`. */
export function duration({ minMs, maxMs, zero }: DurationBounds): Kind<number> {
  return quantity("duration", "a whole number with ms, s, m or h", DURATION_UNITS, {
    min: minMs,
    max: maxMs,
    ...(zero !== undefined && { zero }),
  });
}

/** Bytes, written as a whole number, alone or with its unit: `4096`, `64KiB`, `16MiB`. */
export function size(bounds: Bounds & { readonly zero?: string }): Kind<number> {
  const form = "a whole number of bytes, or with KiB, MiB or GiB";
  return quantity("size", form, SIZE_UNITS, bounds);
}

function quantity(
  name: string,
  form: string,
  units: Units,
  { min, max, zero }: Bounds & { zero?: string },
): Kind<number> {
  const show = (value: number): string => {
    const [unit = "", factor = 1] =
      Object.entries(units).find(([, by]) => value !== 0 && value % by === 0) ??
      Object.entries(units).at(-1) ??
      [];
    return value === 0 ? "0" : `${value / factor}${unit}`;
  };
  const expected = `${form}, from ${show(min)} to ${show(max)}${zero === undefined ? "" : `, or 0 (${zero})`}`;
  return {
    name,
    expected,
    parse: (value) => {
      const [, digits = "", unit = ""] = /^(0|[1-9]\d{0,14})([A-Za-z]*)$/.exec(value) ?? [];
      const factor = digits === "0" && unit === "" ? 1 : units[unit];
      const number = digits === "" || factor === undefined ? Number.NaN : Number(digits) * factor;
      const allowed = (zero !== undefined && number === 0) || (number >= min && number <= max);
      if (!allowed) throw new FormatError(`expected ${expected}`);
      return number;
    },
    show,
  };
}

/** Upper bounds of a histogram: numbers above 0 that rise. */
export function risingNumbers(countMax: number): Kind<readonly number[]> {
  const expected = `at most ${countMax} numbers above 0, each larger than the one before`;
  return {
    name: "list of numbers",
    expected,
    parse: (value) => {
      const parts = value.split(",").map((entry) => entry.trim());
      const numbers = parts.map((entry) =>
        /^\d{1,6}(?:\.\d{1,6})?$/.test(entry) ? Number(entry) : 0,
      );
      const isRising = numbers.every((number, at) => number > (numbers[at - 1] ?? 0));
      if (!isRising || numbers.length > countMax) throw new FormatError(`expected ${expected}`);
      return numbers;
    },
    show: (values) => values.join(","),
  };
}

/** Entries separated by commas; blanks around an entry are dropped, empty or repeated ones refused. */
export function listOf<T>(kind: Kind<T>): Kind<readonly T[]> {
  const expected = `a comma-separated list, each ${kind.expected}`;
  return {
    name: `list of ${kind.name}`,
    expected,
    parse: (value) => {
      if (value === "") return [];
      const entries = value.split(",").map((entry) => entry.trim());
      if (new Set(entries).size < entries.length) {
        throw new FormatError("an entry stands in the list twice");
      }
      return entries.map((entry) => kind.parse(entry));
    },
    show: (values) => values.map((value) => kind.show(value)).join(","),
  };
}
