# Herald's image: controller and speaker. Build it with docker, podman or buildah:
#
#   buildah bud --isolation chroot -t herald:0.1.0 .
#
# BUILD_IMAGE needs npm, a C compiler and Node's headers; NODE_IMAGE needs `node` and nothing else, not even a shell.
# Both must hold the same architecture, and BUILD_IMAGE no newer C library than NODE_IMAGE.
ARG BUILD_IMAGE=node:24-bookworm
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${BUILD_IMAGE} AS packages
WORKDIR /source
COPY package.json package-lock.json ./
# No package that the bundles need has an install script of its own.
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM ${BUILD_IMAGE} AS native
WORKDIR /source
COPY native/*.c native/*.h native/build.sh native/
RUN sh native/build.sh /source/herald.node "$(node -p 'require("node:path").resolve(process.execPath, "../../include/node")')"

FROM packages AS bundles
COPY src src
RUN node src/bin/build.ts --out /source/build

FROM ${NODE_IMAGE}
WORKDIR /herald
COPY LICENSE ./
COPY --from=native /source/herald.node ./
COPY --from=bundles /source/build/*.js ./
# The controller needs no privilege. The speaker needs NET_RAW for its packet sockets, and a container runtime gives the
# capabilities that a pod adds to root's processes alone (none are ambient), so the chart runs the speaker, and only the
# speaker, as user 0 with every other capability dropped.
USER 65532:65532
ENTRYPOINT ["node"]
CMD ["/herald/controller.js"]
