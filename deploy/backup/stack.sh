# How backup and restore reach the shop of `docker compose`; sourced by both.
SERVICES="identity catalog cart orders payments notifications"

# Runs one of PostgreSQL's programs beside the server, as the owner of the shop's database.
postgres() {
    docker compose exec -T -e PGUSER=shopsite -e PGDATABASE=shopsite postgres "$@"
}
