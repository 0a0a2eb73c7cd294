import type { FaultProxy } from "../../../support/chaos/fault-proxy.ts";
import type { BrokerChoice, Fault } from "../plan/fault.ts";
import type { Battlefield } from "./battlefield.ts";
import { during, slowDown } from "./battlefield.ts";
import {
  postgresProxies,
  strikeBlackholePostgres,
  strikeCrashPostgres,
  strikeCutAfter,
  strikeRestartPostgres,
  strikeSlowPostgres,
  strikeWalsender,
} from "./strike-postgres.ts";
import { strikeFailpoint, strikeFreeze, strikeKill } from "./strike-relay.ts";

/** Does what the plan says and undoes it; resolves when it is over. `calm` is the nemesis's own. */
export async function strike(field: Battlefield, fault: Fault): Promise<void> {
  const { kafka } = field.servers;
  switch (fault.name) {
    case "kill":
      return strikeKill(field);
    case "failpoint":
      return strikeFailpoint(field, fault);
    case "freeze":
      return strikeFreeze(field, fault);
    case "cut-postgres":
      return cutAll(await postgresProxies(field, fault.reach));
    case "blackhole-postgres":
      return strikeBlackholePostgres(field, fault);
    case "slow-postgres":
      return strikeSlowPostgres(field, fault);
    case "terminate-walsender":
      return strikeWalsender(field);
    case "restart-postgres":
      return strikeRestartPostgres(field, fault);
    case "crash-postgres":
      return strikeCrashPostgres(field, fault);
    case "cut-after":
      return strikeCutAfter(field, fault);
    case "cut-kafka":
      return cutAll(kafkaProxies(field, fault.broker));
    case "blackhole-kafka":
      return strikeKafka(field, fault, (proxy) => proxy.blackhole());
    case "slow-kafka":
      return strikeKafka(field, fault, slowDown(fault));
    case "drop-kafka-answers":
      return strikeKafka(field, fault, (proxy) => proxy.silence("to-client"));
    case "kill-broker":
      await kafka.kill(fault.broker);
      await field.hold(fault.holdMs);
      return kafka.start(fault.broker);
    case "restart-broker":
      await kafka.shutDown(fault.broker);
      return kafka.start(fault.broker);
    case "freeze-broker":
      kafka.freeze(fault.broker);
      await field.hold(fault.holdMs);
      return kafka.thaw(fault.broker);
    case "calm":
      return field.hold(fault.holdMs);
  }
}

function kafkaProxies({ servers }: Battlefield, broker: BrokerChoice): readonly FaultProxy[] {
  return servers.kafkaProxies.filter((_, index) => broker === "all" || index === broker);
}

function cutAll(proxies: readonly FaultProxy[]): void {
  for (const proxy of proxies) proxy.cut();
}

async function strikeKafka(
  field: Battlefield,
  { broker, holdMs }: { readonly broker: BrokerChoice; readonly holdMs: number },
  fault: (proxy: FaultProxy) => void,
): Promise<void> {
  await during(kafkaProxies(field, broker), fault, () => field.hold(holdMs));
}
