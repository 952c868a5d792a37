#!/bin/sh
# Makes .venv with everything in uv.lock, with nothing at hand but a Python of 3.11 or later.
# Run by make before every target; done in a moment when nothing has changed since the last time.
set -eu

UV_VERSION=0.13.9
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
cd "$ROOT"

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# What .venv is made of: the lock, every member's own file, the version of uv and this script.
wanted() {
    { echo "$ROOT $UV_VERSION"; cat uv.lock pyproject.toml services/*/pyproject.toml gateway/*/pyproject.toml \
        libs/*/pyproject.toml bench/pyproject.toml deploy/local/pyproject.toml deploy/local/bootstrap.sh; } | cksum
}

up_to_date() {
    [ -x .venv/bin/python ] && [ -f .boot/made-of ] && [ "$(cat .boot/made-of)" = "$(wanted)" ]
}

# An absolute path, never a pyenv shim: uv asks the interpreter itself, and shims answer with noise.
find_python() {
    for name in python3 python3.13 python3.12 python3.11 python3.14; do
        command -v "$name" >/dev/null 2>&1 || continue
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        "$name" -c 'import os, sys; print(os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable))'
        return
    done
    fail "ShopSite needs Python 3.11 or later, and there is none on the PATH." \
        "  Debian and Ubuntu: apt-get install python3    macOS: brew install python@3.13"
}

can_make_venv() {
    "$1" -c 'import venv, ensurepip' 2>/dev/null
}

install_venv() {
    can_make_venv "$1" && return
    package="python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    command -v apt-get >/dev/null 2>&1 || fail "$1 has no venv module. Install it: it is a part of Python's own library."
    sudo=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || fail "$1 has no venv module. Ask an administrator for: apt-get install $package"
        sudo=sudo
    fi
    echo >&2 "Python has no venv module: ${sudo:+$sudo }apt-get install $package"
    $sudo apt-get update -q >.boot/log 2>&1 && $sudo apt-get install -q -y "$package" >>.boot/log 2>&1 ||
        { tail -n 12 .boot/log >&2; fail "apt-get install $package failed (see .boot/log)."; }
    can_make_venv "$1" || fail "$package is installed, and $1 still has no venv module."
}

install_uv() {
    [ -x .boot/venv/bin/uv ] && [ "$(.boot/venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" = "$UV_VERSION" ] && return
    echo >&2 "Installing uv $UV_VERSION into .boot/"
    rm -rf .boot/venv
    "$1" -m venv .boot/venv >.boot/log 2>&1 && .boot/venv/bin/pip install -q "uv==$UV_VERSION" >>.boot/log 2>&1 ||
        { tail -n 12 .boot/log >&2; fail "uv could not be installed (see .boot/log). Is the network there?"; }
}

# One at a time: two makes started together would write the same .venv. A lock whose owner died is taken over.
lock() {
    until mkdir .boot/lock 2>/dev/null; do
        owner=$(cat .boot/lock/pid 2>/dev/null || echo)
        if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then rm -rf .boot/lock; else sleep 0.2; fi
    done
    echo $$ >.boot/lock/pid
    trap 'rm -rf .boot/lock' EXIT
    trap 'exit 130' INT TERM
}

up_to_date && exit 0
mkdir -p .boot
lock
up_to_date && exit 0
free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
[ "$free" -ge 1500 ] || fail "The disk is nearly full: $free MB are free here, 1500 MB are needed."
python=$(find_python)
install_venv "$python"
install_uv "$python"
echo >&2 "Installing what uv.lock names into .venv/ ($("$python" --version))"
# The project's own folder, whatever environment the caller has active; the interpreter found above, never a download.
unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT CONDA_PREFIX || true
export UV_PYTHON="$python" UV_PYTHON_DOWNLOADS=never
links=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}}  # uv does not read pip's settings
# Inexact: what a developer added to .venv by hand stays there; a clean clone has only what the lock names.
# Where the machine trusts more than the usual authorities (a company's proxy), uv has to be told; pip does so by itself.
trust=""
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || trust=--system-certs
.boot/venv/bin/uv sync --frozen --all-packages --inexact ${links:+--find-links "$links"} $trust --quiet 2>.boot/log ||
    { tail -n 15 .boot/log >&2; fail "uv sync failed (see .boot/log)."; }
wanted >.boot/made-of
