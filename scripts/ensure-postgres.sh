#!/bin/sh
# Sees to it that PostgreSQL's server program is there for the tests of the store. Installs Debian's package where it is
# missing and we are root; creates and starts no cluster of the system's own (the tests make theirs). Says what it found.
set -eu

found() {
  for program in /usr/lib/postgresql/*/bin/postgres "$(command -v postgres || true)"; do
    if [ -x "$program" ]; then
      "$program" --version
      return 0
    fi
  done
  return 1
}

found && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "PostgreSQL's server program was not found, and only root on Debian can install it here: its tests will be skipped." >&2
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
settings=/etc/postgresql-common/createcluster.conf
if grep -q '^#*create_main_cluster' "$settings" 2>/dev/null; then
  sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' "$settings"
else
  echo 'create_main_cluster = false' >>"$settings"
fi
apt-get install -y -qq --no-install-recommends postgresql >/dev/null
found
