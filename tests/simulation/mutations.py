#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks rules of the protocol on purpose, and sees whether the simulation notices (docs/simulation.md).

A mutation is a file in mutations/: the rule that it breaks, and edits of the engine's sources. The product knows nothing of them: they are
applied to a copy of the sources in build/mutations/, which is built there. An edit is written like a hunk of a unified diff without line
numbers: its lines that begin with a space or with '-' have to occur exactly once in the file, and those that begin with '+' replace the '-'.
"""
import argparse
import fcntl
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MUTATIONS = HERE / 'mutations'
COPY = ROOT / 'build' / 'mutations'
BUILD = COPY / 'build' / 'dev'  # as deep below the copy as build/dev below the tree: the compiler cache serves both
COPIED = ('CMakeLists.txt', 'CMakePresets.json', 'engine', 'packaging/cmake', 'tests/CMakeLists.txt', 'tests/simulation')


class Fault(Exception):
    """What is wrong with a mutation or with the build; the text is for the user."""


class Edit:
    def __init__(self, file):
        self.file, self.find, self.replacement = file, '', ''

    def add(self, line):
        if line[0] in ' -':
            self.find += line[1:] + '\n'
        if line[0] in ' +':
            self.replacement += line[1:] + '\n'

    def apply(self, text):
        """The text with the edit; the text to find begins at the begin of a line."""
        count = ('\n' + text).count('\n' + self.find) if self.find else 0
        if count != 1:
            raise Fault(f'{self.file} has this text {count} times instead of once:\n{self.find}')
        if self.find == self.replacement:
            raise Fault(f'an edit of {self.file} changes nothing')
        return ('\n' + text).replace('\n' + self.find, '\n' + self.replacement)[1:]


class Mutation:
    def __init__(self, path):
        self.name, self.rule, self.edits = path.stem, '', []
        if not re.fullmatch(r'[a-z]+(-[a-z]+)*', self.name):
            raise Fault(f'{path.name}: a name is words in lower case, joined by -')
        edit = None
        for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
            if not line or line.startswith('#'):
                edit = None
            elif line.startswith('file: '):
                edit = Edit(line[6:].strip())
                self.edits.append(edit)
            elif line.startswith('rule: ') and not self.rule:
                self.rule = line[6:].strip()
            elif line.startswith('effect: ') and not self.edits:
                pass
            elif edit and line[0] in ' -+':
                edit.add(line)
            else:
                raise Fault(f'{path.name}, line {number}: neither "rule: ", "effect: ", "file: ", nor a line of an edit')
        if not self.rule or not self.edits:
            raise Fault(f'{path.name}: a mutation has a rule and at least one edit')

    def texts(self, folder):
        """The edited files: their names below `folder`, and their new texts."""
        texts = {}
        for edit in self.edits:
            path = folder / edit.file
            if not edit.file.startswith('engine/') or not path.is_file():
                raise Fault(f'{self.name}: there is no source {edit.file}')
            try:
                texts[edit.file] = edit.apply(texts[edit.file] if edit.file in texts else path.read_text(encoding='utf-8'))
            except Fault as fault:
                raise Fault(f'{self.name}: {fault}') from None
        return texts


def load():
    """All mutations, in the order of their names, which are unique because they are names of files."""
    paths = sorted(MUTATIONS.iterdir())
    for path in paths:
        if path.suffix != '.mutation':
            raise Fault(f'{path.name} is no mutation: the names of their files end with .mutation')
    return [Mutation(path) for path in paths]


def chosen(mutations, names):
    known = {mutation.name: mutation for mutation in mutations}
    for name in names:
        if name not in known:
            raise Fault(f'no such mutation: {name} (see --list)')
    return [known[name] for name in dict.fromkeys(names)] if names else mutations


def check(mutations):
    """Whether all can be applied to the sources as they are; nothing is compiled."""
    faults = []
    texts = {}
    for mutation in mutations:
        try:
            same = texts.setdefault(frozenset(mutation.texts(ROOT).items()), mutation.name)
            if same != mutation.name:
                faults.append(f'{mutation.name} is the same as {same}')
        except Fault as fault:
            faults.append(str(fault))
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f'{len(mutations)} mutations, {len(faults)} that cannot be used')
    return 1 if faults else 0


# ---- the copy

def write(path, data):
    """Only what differs is written, so that only that is compiled again."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def copy_sources():
    wanted = set()
    for name in COPIED:
        source = ROOT / name
        for path in [source] if source.is_file() else sorted(source.rglob('*')):
            if path.is_file() and '__pycache__' not in path.parts:
                relative = path.relative_to(ROOT)
                wanted.add(relative)
                write(COPY / relative, path.read_bytes())
    for name in COPIED:
        for path in (COPY / name).rglob('*') if (COPY / name).is_dir() else []:
            if path.is_file() and path.relative_to(COPY) not in wanted:
                path.unlink()


def run_logged(command, log, what):
    environment = dict(os.environ, CCACHE_BASEDIR=str(COPY), CCACHE_NOHASHDIR='1')
    with open(log, 'wb') as out:
        if subprocess.run(command, cwd=COPY, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT).returncode == 0:
            return
    lines = log.read_text(encoding='utf-8', errors='replace').splitlines()
    errors = [line for line in lines if 'error:' in line or 'CMake Error' in line][:5]
    raise Fault('\n'.join([f'{what} failed; all output: {log.relative_to(ROOT)}'] + (errors or lines[-20:])))


class Copy:
    """The copied sources with their build folder; one program at a time uses them."""

    def __init__(self, jobs):
        self.jobs = jobs
        COPY.mkdir(parents=True, exist_ok=True)
        self.lock = open(COPY / 'lock', 'w')
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Fault('another run uses build/mutations') from None
        copy_sources()
        run_logged(['cmake', '--preset', 'dev', '-DEVENTSYNC_BUILD_SIMULATION=ON', '-DEVENTSYNC_BUILD_TESTS=OFF', '-DEVENTSYNC_BUILD_SERVER=OFF',
                    '-DEVENTSYNC_BUILD_DESKTOP=OFF', '-DEVENTSYNC_INSTALL=OFF', '-DEVENTSYNC_UNITY=OFF', '-DEVENTSYNC_WARNINGS_AS_ERRORS=OFF'],
                   COPY / 'configure.log', 'configuring')
        self.edited = {}

    def use(self, mutations):
        """Edits the copy as these mutations say, and nothing else of it, and builds it. Returns the program."""
        for file, text in self.edited.items():
            write(COPY / file, text)
        self.edited = {}
        for mutation in mutations:
            for file, text in mutation.texts(COPY).items():
                self.edited.setdefault(file, (COPY / file).read_bytes())
                write(COPY / file, text.encode())
        names = ' and '.join(mutation.name for mutation in mutations) or 'the program without a mutation'
        run_logged(['cmake', '--build', str(BUILD), '--target', 'eventsync-simulate', '-j', str(self.jobs)], COPY / 'build.log', f'building {names}')
        return BUILD / 'tests' / 'simulation' / 'eventsync-simulate'


# ---- the commands

def detected(program, options, runs):
    """After how many runs a violation is found, and of which kind; None if there is none."""
    done = subprocess.run([program, '--first', '--show', '0', '--seed', str(options.seed), '--runs', str(runs), '--jobs', str(options.jobs)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace')
    if done.returncode < 0:
        return '?', f'ended by {signal.Signals(-done.returncode).name}'
    hits = [(int(seed), kind) for kind, seed in re.findall(r'^  (.+): \d+, first at seed (\d+)$', done.stdout, re.MULTILINE)]
    if done.returncode == 0 and not hits:
        return None
    if not hits:
        raise Fault(f'the simulation ended with {done.returncode}:\n{done.stdout}{done.stderr}')
    seed, kind = min(hits)
    return seed - options.seed + 1, kind


def sweep(mutations, options):
    """The table of docs/simulation.md: each rule broken on purpose, and how soon that is noticed."""
    copy = Copy(options.jobs)
    if (found := detected(copy.use([]), options, min(options.runs, 20))) is not None:
        raise Fault(f'the program without a mutation fails as well: {found[1]} in run {found[0]}')
    missed = 0
    print('| broken rule | runs until noticed | as |\n|---|---|---|', flush=True)
    for number, mutation in enumerate(mutations, 1):
        print(f'{number} of {len(mutations)}: {mutation.name}: {mutation.rule}', file=sys.stderr, flush=True)
        found = detected(copy.use([mutation]), options, options.runs)
        if found is None:
            missed += 1
            print(f'| `{mutation.name}` | not within {options.runs} | |', flush=True)
        else:
            print(f'| `{mutation.name}` | {found[0]} | {found[1]} |', flush=True)
    print(f'{len(mutations) - missed} of {len(mutations)} mutations were noticed', file=sys.stderr)
    return 1 if missed else 0


def mutate(mutations, options, rest):
    """The simulation with these rules broken: its violations are shown as ever."""
    program = Copy(options.jobs).use(mutations)
    return subprocess.run([program, '--seed', str(options.seed), '--runs', str(options.runs), '--jobs', str(options.jobs), *rest]).returncode


def main():
    parser = argparse.ArgumentParser(prog='./dev simulate', description='Runs the simulation with rules broken on purpose.')
    what = parser.add_mutually_exclusive_group()
    what.add_argument('--sweep', action='store_true', help='break every rule, or each that is named, one by one: is it noticed?')
    what.add_argument('--list', action='store_true', help='the rules that can be broken')
    what.add_argument('--check', action='store_true', help='whether every mutation fits the sources; compiles nothing')
    parser.add_argument('--only', '--mutate', action='append', default=[], metavar='RULE',
                        help='break this rule; may be given several times. Without --sweep: all of them at once')
    parser.add_argument('--seed', type=int, default=1, metavar='N', help='the first seed')
    parser.add_argument('--runs', type=int, default=2000, metavar='N', help='how many seeds')
    parser.add_argument('--jobs', type=int, default=int(os.environ.get('DEV_JOBS') or os.cpu_count() or 1), metavar='N', help='threads')
    options, rest = parser.parse_known_args()
    if rest and (options.sweep or options.list or options.check):
        parser.error(f'unknown option {rest[0]}')
    try:
        mutations = load()
        if options.list:
            print('\n'.join(mutation.name for mutation in mutations))
            return 0
        if options.check:
            return check(mutations)
        if not options.sweep and not options.only:
            parser.error('one of --sweep, --only, --list and --check is needed')
        mutations = chosen(mutations, options.only)
        return sweep(mutations, options) if options.sweep else mutate(mutations, options, rest)
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())
