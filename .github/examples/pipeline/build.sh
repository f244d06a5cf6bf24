#!/bin/sh
# A build in stages; each is a step, so that the run's push, and the summary of a CI job, show which one takes the time:
#   pushmetrics run -j build --histogram -- ./build.sh
set -eu
cd "$(dirname "$0")"
mkdir -p out

pushmetrics step compile -- "${CC:-cc}" -O2 -Wall -o out/words words.c
pushmetrics step test -- ./test.sh out/words
pushmetrics step package -- tar -C out -czf out/words.tar.gz words

pushmetrics set build_package_bytes "$(wc -c <out/words.tar.gz)"
pushmetrics add build_packages_total 1
