#!/bin/sh
# Prints the path of a kubectl that can render deploy/k8s: its kustomize has to be 5 or newer.
# $KUBECTL goes first, then the machine's own. Debian 12 has too old a one: there the package of the next release is taken
# from the mirror that apt uses, checked by apt's own signatures, and unpacked into .local/, never installed.
set -eu
cd "$(dirname "$0")/../.."
own=.local/kubectl

renders() { "$1" version --client 2>/dev/null | grep -q '^Kustomize Version: v[5-9]'; }

for candidate in "${KUBECTL:-}" "$(command -v kubectl || true)" "$own/usr/bin/kubectl"; do
    if [ -n "$candidate" ] && [ -x "$candidate" ] && renders "$candidate"; then echo "$candidate"; exit 0; fi
done

if ! command -v apt-get >/dev/null; then
    echo "kubectl with kustomize 5 or newer is missing: install kubectl 1.27 or newer, or set KUBECTL" >&2
    exit 1
fi
echo "Fetching kubectl into $own/" >&2
mkdir -p "$own/lists/partial"
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$own/sources.list"
apt="apt-get -q -o Dir::Etc::SourceList=$PWD/$own/sources.list -o Dir::Etc::SourceParts=/dev/null
     -o Dir::State::status=/dev/null -o Dir::State::Lists=$PWD/$own/lists -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root"
(
    cd "$own"
    $apt update && $apt download kubectl
) >&2
dpkg-deb -x "$own"/kubectl_*.deb "$own"
rm -rf "$own"/kubectl_*.deb "$own/lists"
renders "$own/usr/bin/kubectl" && echo "$own/usr/bin/kubectl"
