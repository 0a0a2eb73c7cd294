import { errorLabel } from "../../../../src/kafka/error-code.ts";
import type { Episode, Hostility, WorldPlan } from "./world-plan.ts";
import { REQUEST_NAMES } from "./world-plan.ts";

/** Request and hostility in few words, to count by. */
export function hostileName({ apiKey, kind, code }: Hostility): string {
  return `${REQUEST_NAMES[apiKey]} ${kind === "code" ? errorLabel(code) : kind}`;
}

function hostilityText(hostility: Hostility): string {
  const { kind, code, isApplied, isEverywhere, share, delayMs } = hostility;
  const what = kind === "code" || kind === "empty" ? ` (${code})` : "";
  const when = kind === "late" || kind === "held" ? ` by ${delayMs} ms` : "";
  const applied = isApplied ? "carried out" : "not carried out";
  const where = isEverywhere ? "everywhere" : "in one place";
  return `${hostileName(hostility)}${what}${when} ${where}, ${applied}, ${share * 100} %`;
}

export function episodeText(episode: Episode): string {
  const { hostilities, duration, forMs, unsettling, ending, isSettled } = episode;
  const how = duration === "a-while" ? `for ${forMs} ms` : duration;
  const asked = duration === "lasting" ? `, asked: ${ending}` : "";
  const settled = isSettled ? ", then all is awaited" : "";
  const what = hostilities.map(hostilityText).join(" AND ");
  return `hostile ${how}: ${what}; relay: ${unsettling}${asked}${settled}`;
}

/** The plan for people. */
export function planText(plan: WorldPlan): string {
  const { isApart, isHostileFirst, createsTopics } = plan;
  const how = [
    plan.delivery,
    `protocol ${plan.protocol}, ${plan.transactionalIds} ids`,
    `batches of ${plan.batchEvents}`,
    `answers within ${plan.requestTimeoutMs} ms`,
    isApart ? "a process of its own" : "in this process",
    ...(isHostileFirst ? ["hostile before the first start"] : []),
    ...(createsTopics ? ["the relay makes the topics"] : []),
  ].join(", ");
  const lines = [how, ...plan.episodes.map((one, place) => `${place}. ${episodeText(one)}`)];
  return lines.map((line) => `  ${line}\n`).join("");
}
