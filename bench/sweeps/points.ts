/** One place of a sweep: a backlog and how the relay meets it. */
export interface Point {
  readonly label: string;
  readonly rows: number;
  readonly perTransaction: number;
  readonly payloadBytes: number;
  readonly partitions: number;
  readonly topics: number;
  readonly settings: Readonly<Record<string, string>>;
}

export interface Sweep {
  /** What changes from point to point. */
  readonly title: string;
  readonly points: readonly Point[];
}

const ROWS = 400_000;
/** Of payload in one backlog, so that large rows do not fill the machine. */
const BACKLOG_BYTES = 400e6;

/** As in `npm run bench -- drain`. */
const USUAL: Omit<Point, "label"> = {
  rows: ROWS,
  perTransaction: 100,
  payloadBytes: 300,
  partitions: 12,
  topics: 1,
  settings: {},
};

const along = <T>(values: readonly T[], change: (value: T) => Partial<Point>): Point[] =>
  values.map((value) => ({ ...USUAL, label: String(value), ...change(value) }));

export const SWEEPS: Readonly<Record<string, Sweep>> = {
  "row-size": {
    title: "bytes of payload",
    points: along([100, 300, 1_000, 3_000, 10_000, 100_000], (payloadBytes) => ({
      payloadBytes,
      rows: Math.min(ROWS, Math.floor(BACKLOG_BYTES / payloadBytes)),
    })),
  },
  "transaction-size": {
    title: "rows in a transaction",
    points: along([1, 10, 100, 1_000, 100_000], (perTransaction) => ({ perTransaction })),
  },
  partitions: {
    title: "partitions",
    points: along([1, 3, 12, 48, 200], (partitions) => ({ partitions })),
  },
  topics: {
    title: "topics of 3 partitions",
    points: along([1, 4, 16, 64], (topics) => ({ topics, partitions: 3 })),
  },
  ids: {
    title: "RELAY_TRANSACTIONAL_IDS",
    points: along(["1", "2", "3", "5", "8"], (ids) => ({
      settings: { RELAY_TRANSACTIONAL_IDS: ids },
    })),
  },
};
