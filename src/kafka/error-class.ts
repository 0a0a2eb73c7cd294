/** Whether an answer of a broker may change by itself, and what it is about. */
export type ErrorClass =
  | "none"
  /** Brokers move, are busy or away, or lack replicas: the same request may be served in a moment. */
  | "passing"
  /** What the broker knows of our producer does not fit: fence, read the checkpoint and go on. */
  | "transaction"
  /** The topic is gone, or is another one of the same name: look at it again. */
  | "missing"
  /** More bytes than the topic or the broker takes: look at the limits again, and send less at once. */
  | "size"
  /** This record, in this topic, never as things stand. */
  | "record"
  /** This topic, never as things stand. */
  | "topic"
  /** The relay's principal lacks a right. */
  | "rights"
  /** Listener and credentials do not fit. */
  | "security"
  /** This request, never as things stand, whatever it is about. */
  | "request"
  /** Belongs to requests that the relay never sends, or nobody knows what it means. */
  | "unknown";

/** Numbers as in `error-names.ts`. What is in no list is `unknown`. */
const CODES: Readonly<Record<Exclude<ErrorClass, "none">, readonly number[]>> = {
  passing: [
    2, 5, 6, 7, 8, 9, 11, 13, 14, 15, 16, 19, 20, 41, 51, 56, 57, 60, 70, 71, 72, 74, 75, 77, 78,
    80, 83, 89, 102, 106, 107, 108, 109, 116, 129,
  ],
  transaction: [1, 45, 46, 47, 48, 49, 52, 55, 59, 90, 105, 120],
  missing: [3, 100, 103],
  size: [10, 18],
  record: [32, 44, 87],
  topic: [17, 36, 37, 38, 39, 40],
  rights: [29, 30, 31, 53, 65],
  security: [33, 34, 54, 58, 61, 62, 63, 64, 66, 67, 93, 97],
  request: [4, 21, 35, 42, 43, 50, 76, 104, 114, 115],
  unknown: [
    -1, 12, 22, 23, 24, 25, 26, 27, 28, 68, 69, 73, 79, 81, 82, 84, 85, 86, 88, 91, 92, 94, 95, 96,
    98, 99, 101, 110, 111, 112, 113, 117, 118, 119, 121, 122, 123, 124, 125, 126, 127, 128, 130,
    131, 132, 133,
  ],
};

const CLASSES: ReadonlyMap<number, ErrorClass> = new Map([
  [0, "none"],
  ...Object.entries(CODES).flatMap(([kind, codes]) =>
    codes.map((code): [number, ErrorClass] => [code, kind as ErrorClass]),
  ),
]);

/** The class of a code, also of one that no version of Kafka has yet. */
export function errorClass(code: number): ErrorClass {
  return CLASSES.get(code) ?? "unknown";
}

/** Whether somebody has looked at this code and put it where it is. */
export function isClassified(code: number): boolean {
  return CLASSES.has(code);
}
