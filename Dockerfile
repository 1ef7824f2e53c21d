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
RUN npm run setup \
 && npm prune --omit=dev --loglevel=error \
 && rm -rf e2e bench packages/testkit prisma scripts/demo* node_modules/.cache \
 && find packages apps examples -depth '(' -name src -o -name test -o -name .turbo -o -name scripts ')' \
      -not -path '*/node_modules/*' -not -path '*/dist/*' -exec rm -rf '{}' + \
 && find packages apps examples -name '*.test.*' -path '*/dist/*' -delete

FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    VOLTTRON_HOME=/var/lib/volttron \
    VOLTTRON_REGISTRY_HOME=/var/lib/volttron-registry
COPY --from=build /app /app
RUN ln -s /app/apps/platform/bin/volttron.js /usr/local/bin/volttron \
 && ln -s /app/apps/registry/bin/volttron-platform-lookup.js /usr/local/bin/volttron-platform-lookup \
 && ln -s /app/apps/cli/bin/vctl.js /usr/local/bin/vctl \
 && ln -s /app/scripts/docker/example-agent.sh /usr/local/bin/volttron-example-agent \
 && chmod 755 /app/apps/*/bin/*.js /app/scripts/docker/* \
 && install -d -m 0700 -o node -g node "$VOLTTRON_HOME" "$VOLTTRON_REGISTRY_HOME"
USER node
WORKDIR /var/lib/volttron
# VIP of a platform; HTTP of the registry.
EXPOSE 22916 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s --retries=3 CMD ["node", "/app/scripts/docker/health.mjs"]
CMD ["volttron"]
