#!/bin/sh
# Renews the containers of services without losing a request: a new one first, of the image and the settings that are
# there now; when it is healthy, an old one lets go of its connections and leaves. So a restart and a new release alike.
#   deploy/compose/roll.sh                     everything of ours behind the gateway
#   deploy/compose/roll.sh orders-api authz    these
set -eu
cd "$(dirname "$0")/../.."

HEALTHY_SECONDS=240
services=${*:-$(docker compose config --services | grep -E -e '-(api|worker)$|^authz$|^portal$' | sort)}

containers() { docker compose ps --quiet "$1"; }

# Waits for the newcomer, the one container that was not there before ($2).
newcomer() {
    deadline=$(($(date +%s) + HEALTHY_SECONDS))
    while [ "$(date +%s)" -lt "$deadline" ]; do
        for candidate in $(containers "$1"); do
            case $2 in *"$candidate"*) continue ;; esac
            [ "$(docker inspect --format '{{.State.Health.Status}}' "$candidate")" != healthy ] || return 0
        done
        sleep 1
    done
    echo >&2 "$1: the new container is not healthy after $HEALTHY_SECONDS s; the old ones are still there." \
        "See: docker compose logs $1"
    return 1
}

roll() {
    old=$(containers "$1")
    [ -n "$old" ] || { echo >&2 "$1 does not run."; return 1; }
    count=$(echo "$old" | wc -l)
    for container in $old; do
        docker compose --progress quiet up --detach --no-deps --no-recreate --no-build \
            --scale "$1=$((count + 1))" "$1"
        newcomer "$1" "$old$seen"
        seen="$seen $(containers "$1")"
        docker stop "$container" >/dev/null
        docker rm "$container" >/dev/null
    done
    echo "$1: renewed"
}

for service in $services; do
    seen=""
    roll "$service"
done
