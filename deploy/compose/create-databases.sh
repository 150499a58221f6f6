#!/bin/sh
# Run once by PostgreSQL's image on an empty volume: Temporal gets a role and databases of its own beside Patchtide's.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 --set password="$TEMPORAL_DB_PASSWORD" <<'END'
create role temporal login password :'password';
create database temporal owner temporal;
create database temporal_visibility owner temporal;
END
