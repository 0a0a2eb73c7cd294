import type { Origin } from "./gathered.ts";
import { takeHosts } from "./host-list.ts";
import { postgresUrl } from "./kinds-of-names.ts";
import type { LoadedConfig } from "./load.ts";
import { settings } from "./schema.ts";
import type { PlacedSetting, Setting } from "./setting.ts";
import { allSettings } from "./setting.ts";

/** One setting as it is in force. Holds no secret. */
export interface EffectiveSetting {
  readonly name: string;
  /** As one would write it; null where it has no value. */
  readonly value: string | null;
  readonly from: Origin["from"];
  /** The variable it came from, where there was one. */
  readonly variable: string | null;
}

const HIDDEN = "(hidden)";

/** Every setting that users may set, in the order of the documentation. */
export function effectiveSettings(loaded: LoadedConfig): readonly EffectiveSetting[] {
  return allSettings(settings)
    .filter(({ setting }) => !setting.reserved)
    .map((placed) => effective(placed, loaded));
}

/** Text for people: a value and where it is from in each line. */
export function effectiveText(found: readonly EffectiveSetting[]): string {
  const lines = found.map(({ name, value, from, variable }) => {
    const origin = variable === null || variable === name ? from : `${from} ${variable}`;
    return `${name}=${value ?? ""}  # ${origin}`;
  });
  return `${lines.join("\n")}\n`;
}

function effective({ path, setting }: PlacedSetting, loaded: LoadedConfig): EffectiveSetting {
  const place = path.join(".");
  const { from, name: variable } = loaded.originOf(place);
  const own = valueAt(loaded.config, path);
  // What the URLs say of TLS is in force as well, and worked out where nobody said anything.
  const mode = place === "database.ssl.mode" ? loaded.config.security.database.mode : null;
  const protocol =
    place === "kafka.securityProtocol" ? loaded.config.security.kafka.protocol : null;
  const value = mode ?? protocol ?? own;
  const isOwn = value === own;
  return {
    name: setting.env,
    value: value === null ? null : shown(setting, setting.kind.show(value)),
    from: isOwn ? from : "derived",
    variable: isOwn ? variable : null,
  };
}

function valueAt(config: object, path: readonly string[]): unknown {
  return path.reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], config);
}

function shown({ sensitive, kind }: Setting<unknown>, text: string): string {
  if (sensitive) return kind.name === postgresUrl().name ? withoutPassword(text) : HIDDEN;
  return text.includes("-----BEGIN") ? "(PEM)" : text;
}

/** A connection string tells more than its password; what it says in its parameters may be one, too. */
function withoutPassword(url: string): string {
  const list = takeHosts(url);
  if (list === null) return HIDDEN;
  const before = list.before.replace(/^(\w+:\/\/[^:/]*):.*@$/s, `$1:${HIDDEN}@`);
  const behind = list.behind.replace(/([?&])(password|sslpassword)=[^&#]*/gi, `$1$2=${HIDDEN}`);
  return `${before}${list.hosts.join(",")}${behind}`;
}
