#!/bin/sh
# What is written by hand today: `script.sh URL COMMAND [ARG...]`
url=$1
shift
start=$(date +%s.%N)
"$@"
status=$?
end=$(date +%s.%N)
success=0
[ $status -eq 0 ] && success=1
cat <<EOF | curl -sS --max-time 10 --data-binary @- "$url/metrics/job/script"
# TYPE job_duration_seconds gauge
job_duration_seconds $(echo "$end - $start" | bc)
# TYPE job_success gauge
job_success $success
# TYPE job_last_completion_timestamp_seconds gauge
job_last_completion_timestamp_seconds $end
EOF
exit $status
