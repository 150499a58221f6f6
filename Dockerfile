# One image for all processes: the API (its default), the worker, the simulated fleet and the command line.
# docs/operations.md says how each is run. Nothing is written outside /tmp and PATCHTIDE_DATA.
ARG NODE=24.11.1-bookworm-slim

FROM node:${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:${NODE}
# The authorities by which Temporal Cloud and PostgreSQL are known; the slim image has none.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && install --directory --owner=node --group=node --mode=700 /var/lib/patchtide
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/examples ./examples
COPY deploy/healthcheck.mjs ./deploy/
# In a container all addresses are its own; what is published is said where it is run.
ENV NODE_ENV=production \
  PATCHTIDE_HOST=0.0.0.0 \
  PATCHTIDE_WORKER_HOST=0.0.0.0 \
  PATCHTIDE_WORKER_PORT=8081 \
  PATCHTIDE_FLEET_HOST=0.0.0.0 \
  PATCHTIDE_DATA=/var/lib/patchtide
USER node
EXPOSE 8080 8081 4599
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "deploy/healthcheck.mjs", "api"]
ENTRYPOINT ["node", "--enable-source-maps"]
CMD ["dist/api/server.js"]
