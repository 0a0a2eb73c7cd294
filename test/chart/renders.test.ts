import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import type { Manifest } from "../support/chart/chart.ts";
import {
  CHART,
  ciFile,
  ciFiles,
  helm,
  KUBERNETES,
  kubeconform,
  parsed,
  template,
} from "../support/chart/chart.ts";
import { containersOf, podsOf } from "../support/chart/pods.ts";
import { restrictedBreaches } from "../support/chart/restricted.ts";

const LABELS = ["name", "instance", "component", "version", "managed-by"];

describe.each(ciFiles())("the chart with ci/%s", (file) => {
  let text = "";
  let manifests: readonly Manifest[] = [];

  beforeAll(async () => {
    text = await template([ciFile(file)]);
    manifests = parsed(text);
  });

  it("passes helm lint --strict", async () => {
    expect(
      await helm("lint", "--strict", CHART, ...KUBERNETES, "--values", ciFile(file)),
    ).toMatchObject({
      code: 0,
    });
  });

  it("renders only what the schemas of Kubernetes take, unknown fields refused", async () => {
    const { code, stdout } = await kubeconform(text);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining(
        `Valid: ${manifests.length}, Invalid: 0, Errors: 0, Skipped: 0`,
      ),
    });
  });

  it("makes pods that pass restricted pod security", () => {
    expect(podsOf(manifests).flatMap(restrictedBreaches)).toEqual([]);
  });

  it("makes pods with a read-only root, a tmp of their own, no token and no service links", () => {
    for (const { spec } of podsOf(manifests)) {
      expect(spec).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
      });
      for (const { image, securityContext, volumeMounts = [] } of containersOf(spec)) {
        if (!image.includes("outbox-relay")) continue;
        expect(securityContext?.readOnlyRootFilesystem).toBe(true);
        expect(volumeMounts).toContainEqual({ name: "tmp", mountPath: "/tmp" });
      }
    }
  });

  it("labels every object and puts it into a namespace", () => {
    for (const { metadata } of manifests.filter(({ metadata: { name } }) => !isExtra(name))) {
      expect(metadata.namespace).toMatch(/^(?:orders|monitoring)$/);
      const names = Object.keys(metadata.labels);
      expect(names).toEqual(
        expect.arrayContaining(LABELS.map((one) => `app.kubernetes.io/${one}`)),
      );
    }
  });

  it("gives no pod but the relay's the labels that a selector looks for", () => {
    const components = podsOf(manifests).map(({ kind, labels }) => [
      kind,
      labels["app.kubernetes.io/component"],
    ]);
    for (const [kind, component] of components) {
      expect(component === "relay").toBe(kind === "Deployment");
    }
  });

  it("has names that Kubernetes takes, each once", () => {
    const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(
      names.filter((name) => !/^\w+\/[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)),
    ).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });
});

/** What a user added as text, in ci/everything-values.yaml. */
function isExtra(name: string): boolean {
  return /-(?:extra|text)$/.test(name);
}

describe("the checks on renders", () => {
  it("would show a misspelt field", async () => {
    const text = await template([ciFile("default-values.yaml")]);
    const { code, stdout } = await kubeconform(text.replace("replicas: 2", "replicaz: 2"));
    expect([code, stdout]).toEqual([1, expect.stringContaining("replicaz")]);
  });

  it("would show each breach of restricted pod security", () => {
    const planted = readFileSync(new URL("./unrestricted-pod.yaml", import.meta.url), "utf8");
    expect(podsOf([parse(planted) as Manifest]).flatMap(restrictedBreaches)).toEqual([
      "Pod: hostNetwork",
      "Pod: volume of type hostPath",
      "Pod: container bad: allowPrivilegeEscalation is not false",
      "Pod: container bad: privileged",
      "Pod: container bad: capabilities are not dropped",
      "Pod: container bad: adds SYS_ADMIN",
      "Pod: runAsNonRoot is not true",
      "Pod: runAsUser is 0",
      "Pod: no seccompProfile",
    ]);
  });
});

describe("the default render", () => {
  it("is as it was: look at every line of a difference before you take it with -u", async () => {
    const text = await template([ciFile("default-values.yaml")]);
    expect(text.replaceAll(/\n{2,}/g, "\n")).toMatchSnapshot();
  });
});
