#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs ./dev as a newcomer meets it: in a minimal Debian that has its base system and nothing else.
#
#   run.sh trixie|bookworm CLONE STORE COMMAND...     (as root; ./dev fresh calls it)
#
# CLONE is a clone of the project, which is copied into that system. STORE is a folder that stays between runs: the base
# system as an archive, the packages, what ccache knows, and the logs of the last run. COMMAND runs in the clone.
#
# All mounts and all processes belong to namespaces of their own, so that nothing stays mounted and nothing goes on running
# however this ends.
set -euo pipefail

self=$(readlink -f "${BASH_SOURCE[0]}")
system='' inner=''

clean_up()
{
    if [[ -n $inner ]]; then
        kill -KILL "$inner" 2>/dev/null || true
        wait "$inner" 2>/dev/null || true
    fi
    [[ -z $system ]] || rm -rf --one-file-system -- "$system"
    [[ ! -d ${store:-} ]] || chown -R --reference="$(dirname "$store")" "$store"
}

# archive_of LABEL: where this machine gets Debian's packages (LABEL Debian) or their security updates (Debian-Security).
# shellcheck disable=SC2016 # the $() is for apt-get to replace
archive_of()
{
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Label: $1" 2>/dev/null | sed -n 1p
}

# make_base SUITE: the base system as an archive in the store, made once.
make_base()
{
    local archive
    [[ -e $store/base.tar ]] && return
    archive=$(archive_of Debian)
    echo "Making the base system of Debian $1 ..."
    debootstrap --variant=minbase "$1" "$system" ${archive:+"$archive"} >"$store/debootstrap.log" 2>&1 || {
        tail -n 20 "$store/debootstrap.log"
        exit 1
    }
    rm -f "$system"/var/cache/apt/archives/*.deb
    tar -C "$system" --one-file-system -cf "$store/base.tar.new" .
    mv "$store/base.tar.new" "$store/base.tar"
    rm -rf --one-file-system -- "$system"
    mkdir "$system"
}

# The base system, with this machine's way to the archives.
unpack_base()
{
    local suite=$1 security
    tar -C "$system" -xpf "$store/base.tar"
    security=$(archive_of Debian-Security)
    [[ -z $security ]] || echo "deb $security $suite-security main" >>"$system/etc/apt/sources.list"
    apt-config dump Acquire | grep -E '^Acquire::(http::|https::|Check-|Retries)' >"$system/etc/apt/apt.conf.d/00machine" || true
    cat /etc/resolv.conf >"$system/etc/resolv.conf"
    # As Debian's installer writes it: the own machine has addresses of both families.
    printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$system/etc/hosts"
}

# In the namespaces: mounts what a booted system has, and runs the command.
inside()
{
    local system=$1 store=$2
    shift 2
    mount -t proc proc "$system/proc"
    mount -t sysfs -o ro sysfs "$system/sys"
    mount --rbind /dev "$system/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$system/dev/shm"
    mkdir -p "$system/var/cache/ccache"
    mount --bind "$store/ccache" "$system/var/cache/ccache"
    mount --bind "$store/packages" "$system/var/cache/apt/archives"
    # No locale and nothing else of the caller's: that is how a minimal system greets.
    exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM:-dumb}" \
        CCACHE_DIR=/var/cache/ccache ${DEV_JOBS:+DEV_JOBS="$DEV_JOBS"} \
        chroot "$system" bash -c 'cd /root/eventsync && exec "$@"' bash "$@"
}

run()
{
    local suite=$1 clone=$2 status=0
    store=$3
    shift 3
    mkdir -p "$store/ccache" "$store/packages"
    trap clean_up EXIT
    trap 'exit 143' INT TERM HUP
    system=$(mktemp -d "${TMPDIR:-/var/tmp}/eventsync-fresh.XXXXXX")
    make_base "$suite"
    unpack_base "$suite"
    chmod 755 "$system"
    cp -r "$clone" "$system/root/eventsync"
    chown -R 0:0 "$system/root/eventsync"
    # Ends with this script, even if that is killed; and what runs inside ends with it.
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child bash "$self" inside "$system" "$store" "$@" </dev/null &
    inner=$!
    wait "$inner" || status=$?
    inner=''
    rm -rf "$store/logs"
    cp -r "$system/root/eventsync/build/logs" "$store/logs" 2>/dev/null || true
    cp "$system"/root/eventsync/build/*/Testing/Temporary/LastTest.log "$store/logs/" 2>/dev/null || true
    return "$status"
}

case ${1:-} in
    inside) shift && inside "$@" ;;
    trixie | bookworm) run "$@" ;;
    *) echo 'run.sh trixie|bookworm CLONE STORE COMMAND...' >&2 && exit 2 ;;
esac
