#!/bin/bash
# A replica that begins as a copy of the primary and follows it from then on, by a slot: what it has not had yet
# stays there for it. A copy that was cut off is begun anew.
set -euo pipefail
if [ ! -e "$PGDATA/PG_VERSION" ] || [ -e "$PGDATA/copying" ]; then
  find "$PGDATA" -mindepth 1 -delete
  install --owner postgres --group postgres --mode 0700 --directory "$PGDATA"
  export PGPASSWORD="$REPLICATION_PASSWORD"
  copy=$(mktemp --directory "$PGDATA/copy-XXXXXX")
  pg_basebackup --host primary --username replication --slot replica --wal-method stream \
    --checkpoint fast --write-recovery-conf --pgdata "$copy"
  touch "$PGDATA/copying" # a folder that is filled is one only when this is gone
  find "$copy" -mindepth 1 -maxdepth 1 -exec mv --target-directory "$PGDATA" {} +
  rmdir "$copy"
  rm "$PGDATA/copying"
  chown -R postgres:postgres "$PGDATA"
  unset PGPASSWORD
fi
exec gosu postgres "$@"
