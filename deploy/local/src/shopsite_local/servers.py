"""Private PostgreSQL, Redis and RabbitMQ: own data, own ports, own node name, never the machine's."""

import os
import platform
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from shopsite_local import binaries, ports
from shopsite_local.commands import run
from shopsite_local.keys import secret
from shopsite_local.layout import Instance
from shopsite_local.parts import Part, Stage, amqp_ready, postgres_ready, redis_ready
from shopsite_local.problems import RunnerError
from shopsite_local.users import as_user, own, servers_home

OWNER = "shopsite"
DATABASE = "shopsite"
SETUP_SECONDS = 120


@dataclass(frozen=True)
class Addresses:
    """Where the servers of an instance answer, with the credentials."""

    database: str
    redis: str
    amqp: str


def addresses(instance: Instance) -> Addresses:
    """The owner's URLs; the passwords are made at the first call."""
    postgres, redis, rabbitmq = (quote(secret(instance.home, name)) for name in ("postgres", "redis", "rabbitmq"))
    return Addresses(
        database=f"postgresql://{OWNER}:{postgres}@127.0.0.1:{instance.port('postgres')}/{DATABASE}",
        redis=f"redis://:{redis}@127.0.0.1:{instance.port('redis')}/0",
        amqp=f"amqp://{OWNER}:{rabbitmq}@127.0.0.1:{instance.port('amqp')}/",
    )


def server_parts(instance: Instance) -> list[Part]:
    """The three servers, each independent of all others."""
    where = servers_home(instance.home)
    return [
        postgres(instance, where / "postgres"),
        redis(instance, where / "redis"),
        rabbitmq(instance, where / "rabbitmq"),
    ]


def _present(program: Path | None, name: str) -> Path:
    if program is None:
        raise RunnerError(f"{name} is not installed.", "make up installs it where apt-get or brew is at hand.")
    return program


def _environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the caller's environment but the way to programs: PGDATA and RABBITMQ_* of a machine stay out."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8", **more}


def _server_folder(path: Path, user: str) -> Path:
    path.mkdir(exist_ok=True)
    return own(path, user)


def _private_file(path: Path, content: str, user: str) -> None:
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")
    own(path, user)


# --- PostgreSQL

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # TCP alone: no path that could be too long for a socket
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "log_min_messages": "warning",
    # neither statements with their values nor the rows that a refusal quotes: they tell of persons
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "timezone": "UTC",
}
# Safe when the server is killed, not when the machine loses power: right for the data of tests alone.
UNSAFE_BUT_FAST = {"fsync": "off", "full_page_writes": "off"}
# Counts statements, for the figure of statements a request; BEGIN and COMMIT are none.
COUNTING = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_utility": "off"}


def postgres(instance: Instance, home: Path) -> Part:
    """PostgreSQL as a part."""
    program = _present(binaries.find_postgres(), "PostgreSQL")
    settings = POSTGRES_SETTINGS | {"port": str(instance.port("postgres"))}
    if instance.kind == "servers":
        settings |= UNSAFE_BUT_FAST
    if instance.kind == "bench":
        settings |= COUNTING
    options = (option for name, value in settings.items() for option in ("-c", f"{name}={value}"))
    return Part(
        name="postgres",
        argv=as_user("postgres", (str(program), "-D", str(home / "data"), *options)),
        env=_environment(home),
        ready=postgres_ready(addresses(instance).database),
        prepare=lambda: _prepare_postgres(program, instance, home),
        stop_signal=signal.SIGINT,  # the fast shutdown: SIGTERM would wait for every client to leave
        stage=Stage.SERVERS,
        grace=30.0,
    )


def _prepare_postgres(program: Path, instance: Instance, home: Path) -> None:
    """Makes the cluster and the database, in a folder that takes its name only when it is whole."""
    data, fresh = home / "data", home / "fresh"
    if data.exists():
        return
    _server_folder(home, "postgres")
    shutil.rmtree(fresh, ignore_errors=True)
    password = home / "password"
    _private_file(password, secret(instance.home, "postgres"), "postgres")
    locale = "en_US.UTF-8" if platform.system() == "Darwin" else "C.UTF-8"
    options = (f"--username={OWNER}", f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8")
    _run("postgres", (str(program.parent / "initdb"), "-D", str(fresh), *options, f"--locale={locale}", "-N"), home)
    single = (str(program), "--single", "-D", str(fresh), "postgres")
    _run("postgres", single, home, said=f"CREATE DATABASE {DATABASE}\n")
    password.unlink()
    fresh.rename(data)


def _run(user: str, argv: tuple[str, ...], home: Path, said: str = "") -> None:
    """Runs a set-up command under a server's rights.

    Raises:
        RunnerError: It failed; its last words are in the message.
    """
    done = run(as_user(user, argv), env=_environment(home), said=said)
    if done.code:
        raise RunnerError(f"{Path(argv[0]).name} failed:", *done.last_words())


# --- Redis

REDIS_CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {home}
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy volatile-lru
"""


def redis(instance: Instance, home: Path) -> Part:
    """Redis as a part; the password stands in a file, not in the list of processes."""
    program = _present(binaries.find_redis(), "Redis")
    return Part(
        name="redis",
        argv=as_user("redis", (str(program), str(home / "redis.conf"))),
        env=_environment(home),
        ready=redis_ready(instance.port("redis")),
        prepare=lambda: _prepare_redis(instance, home),
        stage=Stage.SERVERS,
    )


def _prepare_redis(instance: Instance, home: Path) -> None:
    _server_folder(home, "redis")
    words = {"port": instance.port("redis"), "password": secret(instance.home, "redis"), "home": f'"{home}"'}
    _private_file(home / "redis.conf", REDIS_CONFIG.format(**words), "redis")


# --- RabbitMQ

RABBITMQ_CONFIG = """\
listeners.tcp.local = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {prometheus}
default_user = {user}
default_pass = {password}
log.console = true
log.console.level = warning
log.file = false
disk_free_limit.absolute = 200MB
"""
# One node on loopback; schedulers that sleep instead of spinning, for the sake of everybody else on two cores.
ERLANG_OPTIONS = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"


def rabbitmq(instance: Instance, home: Path) -> Part:
    """RabbitMQ as a part, with management and prometheus plugins."""
    program = _present(binaries.find_rabbitmq(), "RabbitMQ")
    return Part(
        name="rabbitmq",
        argv=as_user("rabbitmq", (str(program),)),
        env=rabbitmq_environment(instance, home),
        ready=amqp_ready(instance.port("amqp")),
        prepare=lambda: _prepare_rabbitmq(instance, home),
        cleanup=lambda: end_epmd(instance),
        stage=Stage.SERVERS,
        grace=30.0,
    )


def rabbitmq_environment(instance: Instance, home: Path) -> dict[str, str]:
    """What makes the node private; `rabbitmqctl` under the same environment reaches it."""
    return _environment(
        home,
        RABBITMQ_NODENAME="shopsite@localhost",  # alone on its own epmd; its data folder is named after it
        RABBITMQ_MNESIA_BASE=str(home / "mnesia"),
        RABBITMQ_LOG_BASE=str(home / "log"),
        RABBITMQ_PID_FILE=str(home / "pid"),
        RABBITMQ_ENABLED_PLUGINS_FILE=str(home / "enabled_plugins"),
        RABBITMQ_CONFIG_FILE=str(home / "rabbitmq.conf"),
        RABBITMQ_ADVANCED_CONFIG_FILE=str(home / "advanced.config"),
        RABBITMQ_CONF_ENV_FILE=str(home / "rabbitmq-env.conf"),
        RABBITMQ_DIST_PORT=str(instance.port("rabbitmq-distribution")),
        ERL_EPMD_PORT=str(instance.port("epmd")),
        ERL_EPMD_ADDRESS="127.0.0.1",
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=ERLANG_OPTIONS,
        RUNNING_UNDER_SYSTEMD="true",  # the start script becomes the Erlang machine instead of standing before it
        TMPDIR=tempfile.gettempdir(),
    )


def _prepare_rabbitmq(instance: Instance, home: Path) -> None:
    _server_folder(home, "rabbitmq")
    words = {
        "amqp": instance.port("amqp"),
        "management": instance.port("rabbitmq-management"),
        "prometheus": instance.port("rabbitmq-prometheus"),
        "user": OWNER,
        "password": secret(instance.home, "rabbitmq"),
    }
    _private_file(home / "rabbitmq.conf", RABBITMQ_CONFIG.format(**words), "rabbitmq")
    _private_file(home / "enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n", "rabbitmq")
    _private_file(home / "rabbitmq-env.conf", "", "rabbitmq")
    _private_file(home / "advanced.config", "[].\n", "rabbitmq")


def end_epmd(instance: Instance) -> None:
    """Ends the name server that a node leaves behind as a daemon; it refuses while any node is registered."""
    program = shutil.which("epmd")
    if program is not None and not ports.is_free(instance.port("epmd")):
        command = (program, "-port", str(instance.port("epmd")), "-kill")
        run(command, env=_environment(instance.home), seconds=10)
