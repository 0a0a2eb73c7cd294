import type { Container, Pod, Volume } from "./pods.ts";
import { containersOf } from "./pods.ts";

const VOLUMES = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** What Kubernetes' pod security standard "restricted" would refuse in a pod; an empty list when it would take it. */
export function restrictedBreaches({ kind, spec }: Pod): string[] {
  const { securityContext = {} } = spec as Partial<Pod["spec"]>;
  const breaches = [
    ...["hostNetwork", "hostPID", "hostIPC"].filter((name) => spec[name as "hostPID"] === true),
    ...spec.volumes.flatMap(volumeBreaches),
    ...containersOf(spec).flatMap((container) => containerBreaches(container)),
  ];
  if (securityContext["runAsNonRoot"] !== true) breaches.push("runAsNonRoot is not true");
  if (securityContext["runAsUser"] === 0) breaches.push("runAsUser is 0");
  const profile = (securityContext as Pod["spec"]["securityContext"]).seccompProfile?.type;
  if (profile !== "RuntimeDefault" && profile !== "Localhost") breaches.push("no seccompProfile");
  return breaches.map((breach) => `${kind}: ${breach}`);
}

function volumeBreaches(volume: Volume): string[] {
  const types = Object.keys(volume).filter((key) => key !== "name");
  return types.filter((type) => !VOLUMES.includes(type)).map((type) => `volume of type ${type}`);
}

function containerBreaches({ name, securityContext = {} }: Container): string[] {
  const { allowPrivilegeEscalation, privileged, capabilities = {} } = securityContext;
  const breaches: string[] = [];
  if (allowPrivilegeEscalation !== false) breaches.push("allowPrivilegeEscalation is not false");
  if (privileged === true) breaches.push("privileged");
  if (capabilities.drop?.includes("ALL") !== true) breaches.push("capabilities are not dropped");
  const added = (capabilities.add ?? []).filter((one) => one !== "NET_BIND_SERVICE");
  breaches.push(...added.map((one) => `adds ${one}`));
  return breaches.map((breach) => `container ${name}: ${breach}`);
}
