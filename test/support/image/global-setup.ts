import startServices from "../global-setup.ts";
import { docker, dockerOk, IMAGE, SHOP_IMAGE } from "./docker.ts";

/** Builds the images and starts the servers that the relay in them talks to. */
export default async function globalSetup(): Promise<void> {
  const { code, stderr } = await docker("info");
  if (code !== 0) {
    throw new Error(
      `the tests of the image need a Docker engine, and none answers. Install one (apt-get install docker.io) and start it (dockerd):\n${stderr}`,
    );
  }
  await dockerOk("build", "--build-arg", "VERSION=9.8.7", "--tag", IMAGE, ".");
  await dockerOk("build", "--target", "shop", "--tag", SHOP_IMAGE, ".");
  await startServices();
}
