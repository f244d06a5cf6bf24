#!/bin/sh
# backup.sh FOLDER DESTINATION: an archive of the folder, verified before it replaces the previous one. As a crontab line:
#   15 3 * * *  pushmetrics run -j backup --expect-every 1d --timeout 4h -- /usr/local/bin/backup.sh /srv /mnt/backup
set -eu
archive=$2/$(basename "$1").tar.gz

pushmetrics step archive -- tar -czf "$archive.new" -C "$1" .
pushmetrics step verify -- gzip --test "$archive.new"
mv "$archive.new" "$archive"

# Part of the same push: a backup that suddenly is empty can be alerted on.
pushmetrics set --help-text 'Size of the archive.' backup_bytes "$(stat -c %s "$archive")"
