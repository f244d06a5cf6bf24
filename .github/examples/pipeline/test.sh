#!/bin/sh
# test.sh PROGRAM: two tests at the same time. Under build.sh, they are the steps test/small and test/large.
set -eu
program=$1

# shellcheck disable=SC2016 # the inner shell expands these
pushmetrics step small -- sh -euc '[ "$(printf "one  two\nthree" | "$0")" = 3 ]' "$program" &
small=$!
# shellcheck disable=SC2016
pushmetrics step large -- sh -euc '[ "$(seq 100000 | "$0")" = 100000 ]' "$program" &
wait $! && wait $small
