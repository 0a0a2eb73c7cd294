import { readFileSync } from "node:fs";
import { parse } from "yaml";

export type Condition = "service_started" | "service_healthy" | "service_completed_successfully";

export interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly hostname?: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: Condition }>>;
  readonly healthcheck?: {
    readonly test: readonly string[];
    readonly interval: string;
    readonly timeout: string;
    readonly retries: number;
  };
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly stop_grace_period?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, object>>;
}

/** docker-compose.yaml with its anchors merged, as compose reads it. */
export function composeFile(): ComposeFile {
  const text = readFileSync(new URL("../../../docker-compose.yaml", import.meta.url), "utf8");
  return parse(text, { merge: true }) as ComposeFile;
}
