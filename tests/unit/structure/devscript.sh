#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests the dev script without a build and without a network: package tools are stand-ins in a folder of our own, first in
# PATH. Usage: devscript.sh PROJECT_ROOT
set -uo pipefail

project=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset DEV_DRY_RUN DEV_DISTRIBUTION DEV_JOBS EVENTSYNC_WARNINGS_AS_ERRORS
failures=0 checks=0

# A copy, so that logs and what the stand-ins write never meet a real build.
mkdir -p "$work/tree/packaging" "$work/bin"
cp "$project/dev" "$work/tree/dev"
cp -r "$project/packaging/dependencies" "$work/tree/packaging/dependencies"

# dpkg-query: says "installed" for each asked package that stands in $work/installed.
cat >"$work/bin/dpkg-query" <<'STAND_IN'
#!/usr/bin/env bash
work=$(dirname "$(dirname "$0")")
for name in "$@"; do
    case $name in -*) continue ;; esac
    if grep -qxF "$name" "$work/installed"; then echo "installed $name"; else status=1; fi
done
exit "${status:-0}"
STAND_IN
# apt-get: writes down how it was called, installs into that list, or fails when told to.
cat >"$work/bin/apt-get" <<'STAND_IN'
#!/usr/bin/env bash
work=$(dirname "$(dirname "$0")")
echo "$*" >>"$work/apt.log"
[[ -e $work/apt-fails ]] && { echo 'E: no such archive'; exit 100; }
if [[ " $* " == *' install '* ]]; then
    [[ -e $work/policy ]] && echo 'policy in place' >>"$work/apt.log"
    for name in "$@"; do echo "$name"; done | grep -v '^-' >>"$work/installed"
fi
exit 0
STAND_IN
# Being root, without touching the machine's own services.
printf '#!/bin/sh\necho 0\n' >"$work/bin/id"
for tool in update-rc.d deb-systemd-helper; do
    printf '#!/bin/sh\necho %s "$@" >>"%s/apt.log"\n' "$tool" "$work" >"$work/bin/$tool"
done
# cmake: the end of the road for these tests.
printf '#!/bin/sh\necho "cmake was called: $*"\nexit 1\n' >"$work/bin/cmake"
chmod +x "$work"/bin/*
# The service policy goes into the work folder.
sed -i "s|^policy=/usr/sbin/policy-rc.d|policy=$work/policy|" "$work/tree/dev"

# run ARGUMENTS...: calls dev; its output is in $output, its status in $status.
run()
{
    output=$(GIT_CEILING_DIRECTORIES=$work PATH="$work/bin:$PATH" DEV_DISTRIBUTION=${distribution-debian-12} bash "$work/tree/dev" "$@" 2>&1 </dev/null)
    status=$?
}

# expect WHAT CONDITION...
expect()
{
    local what=$1
    shift
    checks=$((checks + 1))
    if ! "$@"; then
        failures=$((failures + 1))
        printf 'FAIL: %s\n  status %s, output:\n%s\n' "$what" "$status" "$output"
    fi
}
says() { grep -qF -- "$1" <<<"$output"; }
silent_about() { ! says "$1"; }
everything_of() { sed 's/#.*//; /^\[/d; /^$/d' "$work/tree/packaging/dependencies/$1.txt" | sort -u; }

: >"$work/installed"

run help
expect 'help lists the commands and succeeds' test "$status" = 0
for command in demo test build run bench fuzz simulate format check fresh; do
    expect "help names $command" says "./dev $command"
done
expect 'help promises no packages where none can be built' silent_about './dev package'
run package
expect 'no package is no success' test "$status" = 1
expect 'it says why' says 'no package can be built yet'
mkdir -p "$work/tree/packaging/deb"
printf '#!/bin/sh\n' >"$work/tree/packaging/deb/build.sh"
run help
expect 'help names package where one can be built' says './dev package'
rm -r "$work/tree/packaging/deb"
run
expect 'no command is help' says './dev demo'
run frobnicate
expect 'an unknown command is a wrong command line' test "$status" = 2
expect 'an unknown command is named' says '"frobnicate"'
run build nothing
expect 'an unknown preset is a wrong command line' test "$status" = 2
run test --preset release
expect 'a preset that builds no tests is a wrong command line' test "$status" = 2
expect 'it says which presets have tests' says 'dev, asan and tsan'
run test --preset
expect 'a preset without a name is a wrong command line' test "$status" = 2
run test one two
expect 'two filters are a wrong command line' test "$status" = 2
run demo --nothing
expect 'an unknown option of demo is a wrong command line' test "$status" = 2
run run
expect 'run without a program is a wrong command line' test "$status" = 2
run check --everything
expect 'an unknown option of check is a wrong command line' test "$status" = 2
run format --changed
expect 'an unknown option of format is a wrong command line' test "$status" = 2
run fresh sid
expect 'a Debian that fresh does not know is a wrong command line' test "$status" = 2
run clean_up
expect 'a function of the script is no command' test "$status" = 2
run fuzz json many
expect 'fuzz takes a number of seconds' test "$status" = 2

DEV_DRY_RUN=1 run format
expect 'a dry run names what is missing' says 'would install: clang-format'
expect 'a dry run installs nothing' test ! -e "$work/apt.log"
for distribution in debian-12 debian-13 ubuntu-24.04; do
    DEV_DRY_RUN=1 run test
    expect "the test on $distribution needs Qt" says 'qt6-base-dev'
    expect "the test on $distribution needs Boost.JSON" says 'libboost-json1.'
    expect "comments are no packages on $distribution" silent_about '#'
    expect "the test on $distribution needs no fuzzer" silent_about 'libclang-rt-dev'
    sections=$(grep '^\[' "$work/tree/packaging/dependencies/$distribution.txt")
    expect "$distribution has the sections of debian-12" \
        test "$sections" = "$(grep '^\[' "$work/tree/packaging/dependencies/debian-12.txt")"
done
unset distribution
DEV_DRY_RUN=1 run simulate --runs 10 --sweep
expect 'a sweep needs Python' says 'python3'
expect 'a sweep needs no desktop' silent_about 'qt6-tools-dev'
DEV_DRY_RUN=1 run simulate --runs 10
expect 'a plain simulation needs no Python' silent_about 'python3'

run build
expect 'what is missing is installed before the build' says 'Installing '
expect 'apt gets --no-install-recommends' grep -q -- 'install -y --no-install-recommends .*qt6-base-dev' "$work/apt.log"
expect 'no service can start meanwhile' grep -q 'policy in place' "$work/apt.log"
expect 'the service policy goes away again' test ! -e "$work/policy"
expect 'a failing configure is told plainly' says 'configuring failed'
expect 'a failing configure shows the log' says 'cmake was called'
expect 'a failing configure fails' test "$status" = 1

everything_of debian-12 >"$work/installed"
rm -f "$work/apt.log"
run build
expect 'with nothing missing apt-get is not called' test ! -e "$work/apt.log"

run demo
expect 'a warning stops nobody who only tries the program' says '-DEVENTSYNC_WARNINGS_AS_ERRORS=OFF'
run build check
expect 'a warning is an error in the preset of the checks' says '-DEVENTSYNC_WARNINGS_AS_ERRORS=ON'
EVENTSYNC_WARNINGS_AS_ERRORS=1 run test
expect 'a warning is an error for continuous integration' says '-DEVENTSYNC_WARNINGS_AS_ERRORS=ON'
run test --preset asan
expect 'tests are built under the sanitizer that was asked for' says 'Configuring (asan)'

grep -vx redis-server "$work/installed" >"$work/less" && mv "$work/less" "$work/installed"
run test
expect 'only what is missing is installed' says 'Installing 1 packages: redis-server'
expect 'a Redis that came with us does not start at boot' grep -qx 'update-rc.d redis-server disable' "$work/apt.log"
expect 'nor under systemd' grep -qx 'deb-systemd-helper disable redis-server.service' "$work/apt.log"

: >"$work/installed"
touch "$work/apt-fails"
run build
expect 'failing packages have their own exit code' test "$status" = 3
expect 'failing packages say what to do' says 'apt-get install --no-install-recommends'
expect 'failing packages show what apt said' says 'no such archive'
expect 'the service policy goes away after a failure' test ! -e "$work/policy"

if command -v git >/dev/null; then # a base image has none
    # format: old.cpp is as it was committed, changed.cpp is not, new.cpp is unknown to git.
    printf '#!/bin/sh\necho clang-format "$@" >>"%s/format.log"\n' "$work" >"$work/bin/clang-format"
    printf '#!/bin/sh\necho git-clang-format "$@" >>"%s/format.log"\n' "$work" >"$work/bin/git-clang-format"
    chmod +x "$work/bin/clang-format" "$work/bin/git-clang-format"
    everything_of debian-12 >"$work/installed"
    run format
    expect 'without git nothing is known to have changed' says 'without git'
    git_here() { git -C "$work/tree" -c user.name=Test -c user.email=test@example.org "$@" >/dev/null 2>&1; }
    git_here init && touch "$work/tree/old.cpp" "$work/tree/changed.cpp" && git_here add . && git_here commit -m begin
    echo 'int i;' | tee "$work/tree/changed.cpp" >"$work/tree/new.cpp"
    run format
    expect 'format succeeds' test "$status" = 0
    expect 'lines that changed are formatted' grep -q '^git-clang-format .*--extensions h,cpp [0-9a-f]\{40\}$' "$work/format.log"
    expect 'new files are formatted' grep -qx 'clang-format -i new.cpp' "$work/format.log"
    expect 'no other file is' test "$(grep -c . "$work/format.log")" = 2
    expect 'it says how many' says 'lines of 2 files'
    run format --all
    expect 'all are formatted when that is asked for' grep -q '^clang-format -i .*old.cpp' "$work/format.log"
    expect 'and it says how many those are' says 'Formatted 3 files'
fi

distribution='' DEV_DISTRIBUTION='' run build
if [[ $(. /etc/os-release && echo "$ID-$VERSION_ID") != @(debian-12|debian-13|ubuntu-24.04) ]]; then
    expect 'an unknown distribution gets the list and goes on' says 'cmake was called'
fi
distribution=plan-9 run build
expect 'a list that is not there is a wrong command line' test "$status" = 2

echo "$((checks - failures)) passed, $failures failed"
((failures == 0))
