#!/bin/sh
# Writes everything that cannot be made again into one file, while the shop goes on: the six schemas as they were at one
# moment, and what RabbitMQ declares. Prints the file's name. Secrets are not in it: keep `.env` in another safe place.
#   deploy/backup/backup.sh [FOLDER]    (default: backups)
set -eu
cd "$(dirname "$0")/../.."
. deploy/backup/stack.sh
umask 077   # customers' addresses and the hashes of passwords are in it

folder=${1:-backups}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"

schemas=$(for service in $SERVICES; do printf ' --schema=%s' "$service"; done)
# shellcheck disable=SC2086
postgres pg_dump --format=custom $schemas >"$work/database.dump"
docker compose exec -T rabbitmq rabbitmqctl --quiet export_definitions - >"$work/definitions.json"
{ echo "made=$(date -u +%Y-%m-%dT%H:%M:%SZ)"; echo "version=${SHOPSITE_VERSION:-dev}"; } >"$work/about"

file=$folder/shopsite-$(date -u +%Y%m%dT%H%M%SZ).tar
tar -C "$work" -cf "$file.part" about database.dump definitions.json
mv "$file.part" "$file"
echo "$file"
