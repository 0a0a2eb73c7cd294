# The relay's image. A release gives both bases by digest, so that a build can be repeated:
#   docker build --build-arg NODE_BUILD_IMAGE=node:26-trixie-slim@sha256:... \
#     --build-arg NODE_RUNTIME_IMAGE=gcr.io/distroless/nodejs26-debian13:nonroot@sha256:... .
# --target shop builds the sample shop of docker-compose.yaml on top of it.
ARG NODE_BUILD_IMAGE=node:26-trixie-slim
ARG NODE_RUNTIME_IMAGE=gcr.io/distroless/nodejs26-debian13:nonroot

FROM ${NODE_BUILD_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Node itself is an optional package, for development; native parts of dependencies are optional, too.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm -rf node_modules/node-linux-* node_modules/node-bin-*

FROM ${NODE_BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# With the optional packages: the compiler is one of them, a binary for each platform.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/sbom.ts scripts/
COPY src src
RUN npm run build && node scripts/sbom.ts > sbom.spdx.json

FROM ${NODE_RUNTIME_IMAGE} AS runtime
ARG VERSION=0.0.0-dev
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="outbox-relay" \
      org.opencontainers.image.description="Publishes committed Postgres outbox rows to Kafka exactly once, in commit order." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
# The heap may take 70 % of the container's memory limit; the rest is for buffers outside it. NODE_OPTIONS of your own
# replaces this. The semi-space and growth of the heap are set by the program itself.
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-old-space-size-percentage=70
WORKDIR /app
COPY --from=packages /app/package.json ./
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/sbom.spdx.json ./
COPY migrations migrations
COPY LICENSE ./
USER 65532:65532
EXPOSE 9464
STOPSIGNAL SIGTERM
ENTRYPOINT ["/nodejs/bin/node", "--enable-source-maps", "--disable-sigusr1", "/app/dist/main.js"]
CMD ["run"]
# No shell here and no curl: the program asks itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["/nodejs/bin/node", "/app/dist/main.js", "health"]

FROM runtime AS shop
COPY src/demo/shop.ts src/demo/connection.ts src/demo/shop-service.ts demo/
ENTRYPOINT ["/nodejs/bin/node", "/app/demo/shop-service.ts"]
CMD []
HEALTHCHECK NONE

FROM runtime AS relay
