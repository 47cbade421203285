# Herald's image: controller, speaker and command line. Build it with docker, podman or buildah:
#
#   buildah bud --isolation chroot --timestamp 0 -t herald:0.1.0 .
#
# BUILD_IMAGE needs npm, a C compiler and Node's headers; NODE_IMAGE needs `node` and nothing else, not even a shell.
# Both must hold the same architecture, and BUILD_IMAGE no newer C library than NODE_IMAGE. They are pinned, as package-lock.json pins the
# packages, so that the same sources make the same image: docs/security.md says how to check that, and how to move the pins.
ARG BUILD_IMAGE=node:24.21.0-bookworm@sha256:64af3819f9275802414d7cdc38c27e9d82bd564dec4d4da87d008255d36c63b4
ARG NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6

FROM ${NODE_IMAGE} AS runtime
# What the bill of materials says of Node comes from the Node that the image gets.
RUN ["node", "-e", "require('node:fs').writeFileSync('/tmp/node-versions.json', JSON.stringify(process.versions))"]

FROM ${BUILD_IMAGE} AS packages
WORKDIR /source
COPY package.json package-lock.json ./
# No package that the bundles need has an install script of its own.
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM ${BUILD_IMAGE} AS native
WORKDIR /source
COPY native/*.c native/*.h native/build.sh native/
RUN sh native/build.sh /source/herald.node "$(node -p 'require("node:path").resolve(process.execPath, "../../include/node")')"

FROM packages AS files
COPY src src
COPY --from=native /source/herald.node build/
COPY --from=runtime /tmp/node-versions.json ./
COPY LICENSE build/
RUN node src/bin/build.ts --out build --runtime node-versions.json
# Modes and times are the same whoever builds it, from whichever checkout, whenever.
ARG SOURCE_DATE_EPOCH=0
RUN chmod 0644 build/* && chmod 0755 build build/herald.js && find build -exec touch -d "@$SOURCE_DATE_EPOCH" {} +

FROM ${NODE_IMAGE}
COPY --from=files /source/build /herald
WORKDIR /herald
# The controller needs no privilege. The speaker needs NET_RAW for its packet sockets, and a container runtime gives the
# capabilities that a pod adds to root's processes alone (none are ambient), so the chart runs the speaker, and only the
# speaker, as user 0 with every other capability dropped.
USER 65532:65532
ENTRYPOINT ["node"]
CMD ["/herald/controller.js"]
