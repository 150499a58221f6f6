#!/bin/sh
# Brings Temporal's two databases to the schema of this release of its server; running it again does no harm.
set -eu
for database in temporal temporal_visibility; do
  case $database in temporal) schema=temporal ;; *) schema=visibility ;; esac
  tool() { temporal-sql-tool --plugin postgres12 --ep postgresql --port 5432 --user temporal --db "$database" "$@"; }
  tool setup-schema --version 0.0
  tool update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$schema/versioned"
done
