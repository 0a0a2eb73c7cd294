import { startPostgres } from "../../../../src/demo/services/embedded-postgres.ts";
import { KafkaRig } from "../../../support/chaos/kafka-rig.ts";
import { Middles } from "./middle.ts";

/** Servers that worlds share; each has a database, slot, client id and topics of its own. */
export interface HostileServers {
  readonly postgresUrl: string;
  /** Addresses of the brokers through which every request goes by `middles`. */
  readonly hostile: readonly string[];
  /** Addresses of the same brokers that lead past them. */
  readonly clean: readonly string[];
  readonly middles: Middles;
  stop(): Promise<void>;
}

/** A broker behind `middles`, and a Postgres unless there is one at `postgresUrl`. */
export async function startServers(
  stop: AbortSignal,
  postgresUrl: string | null = null,
): Promise<HostileServers> {
  const middles = new Middles();
  const [rig, postgres] = await Promise.all([
    KafkaRig.start({ stop }),
    postgresUrl === null ? startPostgres({ stop }) : null,
  ]);
  rig.judge(middles.judge);
  return {
    postgresUrl: postgres?.url ?? postgresUrl ?? "",
    hostile: rig.wires.map(({ port }) => `127.0.0.1:${port}`),
    clean: rig.kafka.brokers,
    middles,
    stop: async () => void (await Promise.all([rig.stop(), postgres?.stop()])),
  };
}
