import { afterEach, describe, expect, it } from "@jest/globals";
import type { Manifest } from "../support/chart/chart.ts";
import { ciFile, manifests, only, set } from "../support/chart/chart.ts";
import { CopiedChart } from "../support/chart/copied-chart.ts";
import { podsOf } from "../support/chart/pods.ts";

const PARENT_VALUES = `
global: { team: shop, imageRegistry: registry.example.com }
outbox-relay:
  enabled: true
  database: { existingSecret: { name: shop-database } }
  kafka: { brokers: ["kafka:9092"] }
  commonLabels: { team: "{{ .Values.global.team }}" }
`;

let chart: CopiedChart | undefined;

afterEach(async () => {
  await chart?.remove();
  chart = undefined;
});

interface Deployment {
  readonly replicas: number;
  readonly selector: object;
  readonly strategy: object;
  readonly template: { readonly metadata: { readonly annotations: Record<string, string> } };
}

function deploymentOf(all: readonly Manifest[]): Deployment {
  return only(all, "Deployment").spec as Deployment;
}

function render(...values: readonly string[]): Promise<Manifest[]> {
  return manifests([ciFile("default-values.yaml")], set(...values));
}

describe("an upgrade", () => {
  it("keeps names and selectors, whatever version, labels and settings change", async () => {
    const meta = "apiVersion: v2\nname: outbox-relay\nversion: 7.0.0\nappVersion: 7.0.0\n";
    chart = await CopiedChart.with({ "Chart.yaml": meta });
    const before = await render();
    const changes = set(
      "commonLabels.team=other",
      "podLabels.app=x",
      "replicaCount=4",
      "config.LOG_LEVEL=debug",
      "image.tag=v7",
    );
    const after = await manifests([ciFile("default-values.yaml")], changes, chart.path);
    expect(deploymentOf(after).selector).toEqual(deploymentOf(before).selector);
    expect(namesOf(after)).toEqual(namesOf(before));
  });

  it("makes new pods for new settings, and none for a new version of the chart alone", async () => {
    const meta = "apiVersion: v2\nname: outbox-relay\nversion: 0.1.1\nappVersion: 0.1.0\n";
    chart = await CopiedChart.with({ "Chart.yaml": meta });
    const { template } = deploymentOf(await render());
    const files = [ciFile("default-values.yaml")];
    expect(deploymentOf(await manifests(files, [], chart.path)).template).toEqual(template);
    const changed = deploymentOf(await render("config.LOG_LEVEL=debug")).template;
    expect(changed.metadata.annotations["checksum/config"]).not.toBe(
      template.metadata.annotations["checksum/config"],
    );
  });

  it("starts a new pod before it stops an old one, and stops it with time to finish", async () => {
    const all = await render();
    expect(deploymentOf(all).strategy).toEqual({
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
    const [pod] = podsOf(all).filter(({ kind }) => kind === "Deployment");
    expect(pod?.spec.terminationGracePeriodSeconds).toBe(45);
  });
});

describe("a cluster before Kubernetes 1.27", () => {
  it("gets no field that it does not know", async () => {
    const args = ["--kube-version", "1.25.0"];
    const all = await manifests([ciFile("default-values.yaml")], args);
    expect(JSON.stringify(all)).not.toMatch(/unhealthyPodEvictionPolicy|matchLabelKeys/);
    expect(JSON.stringify(await render())).toMatch(/unhealthyPodEvictionPolicy.*matchLabelKeys/);
  });
});

describe("the number of relays", () => {
  it("decides about the disruption budget: one relay may always be moved", async () => {
    expect((await render()).map(({ kind }) => kind)).toContain("PodDisruptionBudget");
    expect((await render("replicaCount=1")).map(({ kind }) => kind)).not.toContain(
      "PodDisruptionBudget",
    );
  });
});

describe("the chart below another chart", () => {
  it("takes global values and its condition, and can be switched off", async () => {
    chart = await CopiedChart.parent(PARENT_VALUES);
    const all = await manifests([], [], chart.path);
    expect(only(all, "Deployment").metadata.labels["team"]).toBe("shop");
    expect(await manifests([], set("outbox-relay.enabled=false"), chart.path)).toEqual([]);
  });
});

describe("OpenShift", () => {
  it("chooses the ids of users and groups itself where ours are null", async () => {
    const all = await manifests([ciFile("openshift-values.yaml")]);
    for (const { spec } of podsOf(all)) {
      expect(spec.securityContext).toEqual({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
    }
  });
});

describe("probes", () => {
  it("merge what is given over the default; another kind of check takes its place, and null takes it away", async () => {
    const [pod] = podsOf(await manifests([ciFile("minimal-values.yaml")]));
    const [{ livenessProbe, readinessProbe, startupProbe } = { livenessProbe: {} }] =
      pod?.spec.containers ?? [];
    expect(livenessProbe).toMatchObject({ exec: {}, periodSeconds: 10, failureThreshold: 6 });
    expect(livenessProbe).not.toHaveProperty("httpGet");
    expect(readinessProbe).toMatchObject({ httpGet: { path: "/readyz" }, periodSeconds: 5 });
    expect(startupProbe).toBeUndefined();
  });
});

function namesOf(all: readonly Manifest[]): string[] {
  return all.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}
