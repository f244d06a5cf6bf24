#!/bin/sh
# An hourly ETL that reports its own rows; etl-rules.yml alerts when there are none. As a crontab line:
#   5 * * * *  pushmetrics run -j etl --schedule '5 * * * *' --grace 30m -- /usr/local/bin/etl.sh orders.csv orders.db
set -eu
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT

pushmetrics step extract -- grep -v '^#' "$1" >"$rows" || [ $? -eq 1 ] # 1: there is none
pushmetrics step load -- cp "$rows" "$2"

{
    echo '# HELP etl_rows_loaded Rows that the last run loaded.'
    echo '# TYPE etl_rows_loaded gauge'
    echo "etl_rows_loaded $(wc -l <"$rows")"
} >>"$PUSHMETRICS_FILE"
