#!/bin/sh
# Puts a backup into an empty stack (new volumes, an `.env` with the same SECRET_KEY) and starts the shop.
#   deploy/backup/restore.sh backups/shopsite-20261124T140000Z.tar
set -eu
cd "$(dirname "$0")/../.."
. deploy/backup/stack.sh

file=${1:?usage: deploy/backup/restore.sh FILE}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -C "$work" -xf "$file" about database.dump definitions.json
say() { echo >&2 "$@"; }

say "Restoring what was backed up: $(tr '\n' ' ' <"$work/about")"
docker compose --progress quiet up --detach --wait postgres rabbitmq redis
if [ -n "$(postgres psql -AtX -c "SELECT to_regclass('orders.orders')")" ] &&
    [ "$(postgres psql -AtX -c 'SELECT count(*) FROM orders.orders')" != 0 ]; then
    say "This shop has orders; a backup goes into an empty stack. To drop what is there: docker compose down --volumes"
    exit 1
fi
for service in $SERVICES; do
    docker compose --progress quiet stop "$service-api" "$service-worker"
done

# Roles, their settings, extensions, queues. The tables that this makes give way to those of the backup.
migrate() {
    for service in $SERVICES; do
        docker compose --progress quiet run --rm --no-deps -T "migrate-$service" >/dev/null
    done
}
say "Roles and queues"
migrate
say "Tables"
for service in $SERVICES; do
    postgres psql -qX -c "SET client_min_messages = warning; DROP SCHEMA $service CASCADE"
done
postgres pg_restore --dbname=shopsite --single-transaction --exit-on-error <"$work/database.dump"
# What lay in RabbitMQ is gone, so every event that an outbox still has goes out again; the inboxes, which are of the
# same moment, know what each consumer has had.
for service in $SERVICES; do
    postgres psql -qX -c "UPDATE $service.outbox SET sent_at = NULL WHERE sent_at IS NOT NULL"
done
say "Broker"
# The definitions bring the password of then; the one of now holds.
docker compose exec -T rabbitmq sh -ec 'cat >/tmp/definitions.json; rabbitmqctl -q import_definitions /tmp/definitions.json
    rm /tmp/definitions.json; rabbitmqctl -q change_password "$RABBITMQ_DEFAULT_USER" "$RABBITMQ_DEFAULT_PASS"' \
    <"$work/definitions.json" >/dev/null
migrate   # a backup of an earlier release is brought up to this one
say "Starting the shop"
docker compose --progress quiet up --detach
say "Restored. The gateway answers in a moment: docker compose ps"
