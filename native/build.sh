#!/bin/sh
# Builds the native addon: native/build.sh OUTPUT.node NODE_INCLUDE_DIR
# CC and CFLAGS are taken from the environment.
set -eu

if [ $# -ne 2 ] || [ ! -f "$2/node_api.h" ]; then
  echo "usage: native/build.sh OUTPUT.node NODE_INCLUDE_DIR (the folder that holds node_api.h)" >&2
  exit 2
fi

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
# shellcheck disable=SC2086 # CFLAGS are several words
exec "${CC:-cc}" -shared -fPIC -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror ${CFLAGS:-} -DNAPI_VERSION=9 -isystem "$2" -o "$1" "$here"/*.c
