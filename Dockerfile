# Builds Greenloop with its page, then an image with what runs need: Node, Python with pytest, git, bubblewrap.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm pack --pack-destination /package

FROM node:24-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends bubblewrap ca-certificates git python3 python3-venv util-linux \
  && rm -rf /var/lib/apt/lists/* \
  && python3 -m venv /opt/python \
  && /opt/python/bin/pip install --no-cache-dir pytest pytest-cov pytest-benchmark
COPY --from=build /package/*.tgz /tmp/
RUN npm install --global --no-audit --no-fund /tmp/greenloop-*.tgz && rm /tmp/greenloop-*.tgz && npm cache clean --force
ENV PATH=/opt/python/bin:$PATH NODE_ENV=production
# The project that is served lies in /project; what Greenloop keeps lies below it, or in the database.
RUN mkdir /project && chown node:node /project
USER node
WORKDIR /project
EXPOSE 4747
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4747/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["greenloop"]
# Something in front of it speaks TLS; its name goes behind --allow-host.
CMD ["serve", "--host", "0.0.0.0", "--insecure-http", "--log", "info"]
