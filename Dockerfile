# The bot, the worker and the command line in one image: `docker run … syncbot list`. It writes no file.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
COPY demo/package.json demo/
RUN npm ci --ignore-scripts --workspaces=false
COPY scripts/build.mjs scripts/bundled-packages.mjs scripts/copy-lua.mjs scripts/sbom.mjs scripts/
COPY src src/
RUN npm run build

FROM node:${NODE_VERSION}-bookworm-slim
LABEL org.opencontainers.image.title="syncbot" \
      org.opencontainers.image.description="List, start, pause and restore data synchronization projects (BullMQ queues) from Slack." \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    ADMIN_PORT=9090
WORKDIR /app
COPY --from=build /build/dist dist/
COPY package.json ./
# The user `node`. As a number, since Kubernetes checks runAsNonRoot by number.
USER 1000:1000
# 3000: Slack in HTTP mode. 9090: /healthz, /readyz and /metrics.
EXPOSE 3000 9090
# Without ADMIN_PORT, or with port 0, there is nothing to ask: the container is healthy while the program runs.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "const { ADMIN_HOST, ADMIN_PORT } = process.env; if (Number(ADMIN_PORT) > 0) http.get({ host: ADMIN_HOST?.trim() || '127.0.0.1', port: Number(ADMIN_PORT), path: '/healthz' }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["run"]
