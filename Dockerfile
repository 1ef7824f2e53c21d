# One image for the whole product: volttron, volttron-platform-lookup, vctl and the example agents.
#
#   docker build -t volttron-ts .
#   docker run --rm volttron-ts vctl --help

# The manifests alone, so that the layer of `npm ci` is built again only when one of them changes.
FROM node:20-bookworm-slim AS manifests
WORKDIR /source
COPY . .
RUN mkdir /manifests \
 && find . -name package.json -not -path '*/node_modules/*' -exec cp --parents '{}' /manifests/ ';' \
 && cp package-lock.json .npmrc /manifests/

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY --from=manifests /manifests ./
RUN npm ci --loglevel=error
COPY . .
# Prisma's command line (200 MB with what it needs) is an optional peer of its client, so it stays unless optional packages
# go. The one of them that we need is the binary of libsql for this machine.
RUN npm run setup \
 && mkdir /keep && cp -a node_modules/@libsql/linux-* /keep/ \
 && npm prune --omit=dev --omit=optional --loglevel=error \
 && cp -a /keep/* node_modules/@libsql/

# What runs, and nothing else: no sources, no tests, no tools.
RUN mkdir /release \
 && find packages/* apps/* examples -mindepth 1 -maxdepth 1 -not -path 'packages/testkit/*' \
      '(' -name package.json -o -name bin -o -name dist -o -name node_modules ')' -exec cp -a --parents '{}' /release/ ';' \
 && find /release -name '*.test.*' -path '*/dist/*' -delete \
 && cp -a --parents node_modules scripts/docker LICENSE /release/ \
 && rm -rf /release/node_modules/.cache

FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    VOLTTRON_HOME=/var/lib/volttron \
    VOLTTRON_REGISTRY_HOME=/var/lib/volttron-registry
COPY --from=build /release /app
RUN ln -s /app/apps/platform/bin/volttron.js /usr/local/bin/volttron \
 && ln -s /app/apps/registry/bin/volttron-platform-lookup.js /usr/local/bin/volttron-platform-lookup \
 && ln -s /app/apps/cli/bin/vctl.js /usr/local/bin/vctl \
 && ln -s /app/scripts/docker/example-agent.sh /usr/local/bin/volttron-example-agent \
 && chmod 755 /app/apps/*/bin/*.js /app/scripts/docker/*.sh \
 && install -d -m 0700 -o node -g node "$VOLTTRON_HOME" "$VOLTTRON_REGISTRY_HOME"
USER node
WORKDIR /var/lib/volttron
# VIP of a platform; HTTP of the registry.
EXPOSE 22916 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s --retries=3 CMD ["node", "/app/scripts/docker/health.mjs"]
CMD ["volttron"]
