import type { Manifest } from "./chart.ts";

export interface SecretVolume {
  readonly secretName: string;
  readonly items?: readonly { readonly key: string; readonly path: string }[];
}

export interface Volume {
  readonly name: string;
  readonly secret?: SecretVolume;
  readonly emptyDir?: object;
}

export interface EnvVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly EnvVariable[];
  readonly envFrom?: readonly { readonly configMapRef?: { readonly name: string } }[];
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly privileged?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly livenessProbe?: Readonly<Record<string, unknown>>;
  readonly readinessProbe?: Readonly<Record<string, unknown>>;
  readonly startupProbe?: Readonly<Record<string, unknown>>;
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly enableServiceLinks: boolean;
  readonly securityContext: Readonly<Record<string, unknown>> & {
    readonly seccompProfile?: { readonly type: string };
  };
  readonly terminationGracePeriodSeconds?: number;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
  readonly [hostNamespace: `host${string}`]: unknown;
}

export interface Pod {
  /** Of the object that it comes from. */
  readonly kind: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

interface Workload {
  readonly template: {
    readonly metadata: { readonly labels: Record<string, string> };
    readonly spec: PodSpec;
  };
}

/** Every pod that the manifests describe, in a Pod or in the template of something that makes pods. */
export function podsOf(manifests: readonly Manifest[]): Pod[] {
  return manifests.flatMap(({ kind, metadata, spec }) => {
    if (kind === "Pod") return [{ kind, labels: metadata.labels, spec: spec as PodSpec }];
    if (kind !== "Deployment" && kind !== "Job") return [];
    const { template } = spec as Workload;
    return [{ kind, labels: template.metadata.labels, spec: template.spec }];
  });
}

export function containersOf({ initContainers = [], containers }: PodSpec): Container[] {
  return [...initContainers, ...containers];
}

/** The variables of a container that are no reference, with those of its ConfigMap. */
export function environmentOf(
  container: Container,
  manifests: readonly Manifest[],
): Record<string, string> {
  const named = (container.envFrom ?? []).flatMap(({ configMapRef }) =>
    configMapRef === undefined ? [] : [configMapRef.name],
  );
  const maps = manifests.filter(
    ({ kind, metadata }) => kind === "ConfigMap" && named.includes(metadata.name),
  );
  const own = (container.env ?? []).flatMap(({ name, value }) =>
    value === undefined ? [] : [[name, expanded(value)]],
  );
  return Object.assign({}, ...maps.map(({ data }) => data), Object.fromEntries(own)) as Record<
    string,
    string
  >;
}

/** Kubernetes reads `$$(` in a variable as a plain `$(`. */
function expanded(value: string): string {
  return value.replaceAll("$$(", "$(");
}
