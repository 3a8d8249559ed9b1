# docker build -t afterimage .
# docker run --read-only -v afterimage:/data -p 8774:8774 -p 9292:9292 -p 5000:5000 afterimage
# Every option is a variable: -e AFTERIMAGE_WORKERS=auto (docs/configuration.md).

FROM node:26-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY bin ./bin
COPY src ./src
RUN npm run build && npm prune --omit=dev --no-audit --no-fund
# Made here, since the last stage runs nothing: a new volume takes its owner from it.
RUN mkdir /data && chown 1000:1000 /data && chmod 0700 /data

FROM node:26-slim
ENV NODE_ENV=production AFTERIMAGE_DATA=/data AFTERIMAGE_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/bin ./bin
COPY --from=build /build/dist ./dist
COPY examples ./examples
COPY --from=build --chown=1000:1000 /data /data
# "node" of the base image, as a number, so that Kubernetes can see that it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 8774 9292 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.AFTERIMAGE_COMPUTE_PORT || 8774) + '/healthcheck').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/bin/afterimage"]
CMD ["serve"]
