#!/bin/sh
# deploy.sh ENVIRONMENT APP VERSION: each app in each environment is a group of its own on the gateway, and its version a
# label of a metric, so that a new one replaces the last instead of adding a group.
#   deploy.sh production shop 1.4.2
set -eu
environment=$1 app=$2 version=$3

exec pushmetrics run -j deploy -l environment="$environment" -l app="$app" \
    -m "deploy_version_info{version=\"$version\"}=1" \
    -- cp -R "${RELEASES:-/srv/releases}/$app-$version/." "${SITES:-/srv/www}/$environment/$app/"
