import type { Kind } from "./kinds.ts";

/** One setting as the schema declares it. A leaf of convict's schema that carries what our documentation needs. */
export interface Setting<T> {
  readonly env: string;
  readonly kind: Kind<T>;
  /** Null: required, or worked out from other settings as `derived` says. */
  readonly default: T | null;
  readonly doc: string;
  readonly example: string;
  /** The example where a value is too long for a line: what `<env>_FILE` would say. */
  readonly exampleFile: string | null;
  /** Well-known names that are read when neither `env` nor its `_FILE` is set; the first one set wins. */
  readonly aliases: readonly string[];
  /** Where the value comes from when nobody sets it. */
  readonly derived: string | null;
  /** Never shown: not in a message, not in a log line, not in `/status`. */
  readonly sensitive: boolean;
  /** For tests of the relay itself; not part of what we promise. */
  readonly reserved: boolean;
  /** convict's check: throws when the final value, a default included, is not of the kind. */
  readonly format: (value: unknown) => void;
}

export interface SettingDeclaration<T> {
  readonly kind: Kind<T>;
  readonly default?: NoInfer<T>;
  readonly doc: string;
  readonly example?: string;
  readonly exampleFile?: string;
  readonly aliases?: readonly string[];
  readonly derived?: string;
  readonly sensitive?: true;
  readonly reserved?: true;
}

/** The values of a tree of settings, by the names the code uses. */
export type Values<S> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : Values<S[K]>;
};

export function setting<T>(env: string, declaration: SettingDeclaration<T>): Setting<T> {
  const { kind, doc, derived = null, aliases = [] } = declaration;
  const preset = declaration.default ?? null;
  return {
    env,
    kind,
    doc,
    derived,
    aliases,
    default: preset,
    exampleFile: declaration.exampleFile ?? null,
    example: declaration.example ?? (preset === null ? "" : kind.show(preset)),
    sensitive: declaration.sensitive ?? false,
    reserved: declaration.reserved ?? false,
    format: (value) => {
      if (value === null || value === undefined) throw new Error(`${env} has no value`);
      kind.parse(kind.show(value as T));
    },
  };
}

/** A setting that may stay without a value: then it is null. `derived` says what that means. */
export function optionalSetting<T>(
  env: string,
  declaration: Omit<SettingDeclaration<T>, "default"> & { readonly derived: string },
): Setting<T | null> {
  const required = setting<T>(env, declaration);
  const { kind } = required;
  return {
    ...required,
    kind: { ...kind, show: (value) => (value === null ? "" : kind.show(value)) },
    default: null,
    format: (value) => {
      if (value !== null) required.format(value);
    },
  };
}

export interface PlacedSetting {
  /** Where the value goes in the config: `["batch", "maxEvents"]`. */
  readonly path: readonly string[];
  readonly setting: Setting<unknown>;
}

/** All settings in the order of their declaration. */
export function allSettings(tree: object, path: readonly string[] = []): PlacedSetting[] {
  return Object.entries(tree).flatMap(([name, node]: [string, object]) =>
    isSetting(node)
      ? [{ path: [...path, name], setting: node }]
      : allSettings(node, [...path, name]),
  );
}

function isSetting(node: object): node is Setting<unknown> {
  return "kind" in node && "env" in node;
}
