/** What is asked of a relay while brokers are hostile; `none`: nothing. */
export const ENDINGS = ["stop", "shutdown", "stall", "none"] as const;

/** What happened in worlds with hostile brokers. */
export interface HostileTally {
  episodes: number;
  /** Of them those that lasted until something was asked of the relays. */
  lasting: number;
  /** Requests that met a hostile answer. */
  met: number;
  readonly endings: Record<(typeof ENDINGS)[number], number>;
}

export function emptyTally(): HostileTally {
  return { episodes: 0, lasting: 0, met: 0, endings: { stop: 0, shutdown: 0, stall: 0, none: 0 } };
}

export function addTally(sum: HostileTally | null, more: HostileTally): HostileTally {
  const total = sum ?? emptyTally();
  total.episodes += more.episodes;
  total.lasting += more.lasting;
  total.met += more.met;
  for (const ending of ENDINGS) total.endings[ending] += more.endings[ending];
  return total;
}

export function tallyText({ episodes, lasting, met, endings }: HostileTally): string {
  const { stop, shutdown, stall } = endings;
  return (
    `${episodes} times brokers were hostile, ${lasting} of them lastingly; ${met} requests met it; ` +
    `asked to end: SIGTERM ${stop}, shutdown of Postgres ${shutdown}, stall ${stall}`
  );
}
