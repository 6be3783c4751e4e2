# SPDX-License-Identifier: BSD-2-Clause
"""./seedbed fuzz: runs the fuzz targets of a build with -Dfuzz=true, one after the other, and says what they found.

What a run learns is kept in BUILD/corpus and used by the next one; findings are in BUILD/findings, with the command
that replays them. --minimise puts what the checked-in corpus does not cover yet into it, as few files as can be.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
# longer inputs find the same; those of `message` are bounded by the message
LENGTH = {'apply': 600, 'args': 256, 'config': 2048, 'elf': 2048, 'manifest': 1200, 'message': 512, 'scenario': 3000,
          'schema': 1500, 'yaml': 2000}
ENV = {**os.environ, 'ASAN_OPTIONS': 'detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1',
       'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1'}


def targets(build):
    return sorted(path.name.removeprefix('fuzz-') for path in (build / 'tests' / 'fuzz').glob('fuzz-*')
                  if path.is_file() and path.name != 'fuzz-replay')


def command(build, name, *arguments):
    words = [str(build / 'tests' / 'fuzz' / f'fuzz-{name}'), f'-max_len={LENGTH.get(name, 2048)}', '-timeout=20',
             '-rss_limit_mb=0', '-malloc_limit_mb=256',
             '-close_fd_mask=1']
    dictionary = HERE / f'{name}.dict'
    if dictionary.exists():
        words.append(f'-dict={dictionary}')
    return [*words, *map(str, arguments)]


def seeds(name):
    """Folders whose files are worth starting from."""
    yield HERE / 'corpus' / name
    if name in ('scenario', 'yaml'):
        yield TOP / 'scenarios'


def fuzz(build, name, seconds):
    """Non-zero when something was found."""
    learned, findings = build / 'corpus' / name, build / 'findings' / name
    learned.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    print(f'{name}: {seconds} s', flush=True)
    done = subprocess.run(command(build, name, f'-max_total_time={seconds}', '-print_final_stats=1',
                                  f'-artifact_prefix={findings}/', learned, *seeds(name)),
                          env=ENV, stderr=subprocess.PIPE, text=True, errors='replace', check=False)
    # what the reader of configs logs about values is none of a finding
    lines = [line for line in done.stderr.splitlines() if not line.endswith('; the default is used')]
    if not done.returncode:
        stats = dict(line.removeprefix('stat::').split(':', 1) for line in lines if line.startswith('stat::'))
        print(f'{name}: {stats.get("number_of_executed_units", "?").strip()} inputs, nothing found; '
              f'{len(list(learned.iterdir()))} files learned')
        return 0
    print('\n'.join(lines[-60:]))
    for finding in sorted(findings.iterdir()):
        print(f'{name}: found {finding}; again: {build}/tests/fuzz/fuzz-{name} {finding}')
    return 1


def minimise(build, name):
    """The corpus of the tree, as few files as cover what all that was learned covers."""
    corpus = HERE / 'corpus' / name
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(command(build, name, '-set_cover_merge=1', '-use_counters=0', scratch, *seeds(name),
                               build / 'corpus' / name), env=ENV, stderr=subprocess.DEVNULL, check=True)
        # findings stay, whatever they cover
        for path in corpus.iterdir():
            if not path.name.startswith('found-'):
                path.unlink()
        for path in sorted(pathlib.Path(scratch).iterdir()):
            shutil.copyfile(path, corpus / f'{path.name[:12]}.bin')
    print(f'{name}: {len(list(corpus.iterdir()))} files')


def main():
    parser = argparse.ArgumentParser(prog='./seedbed fuzz', description='Runs the fuzz targets, all or some.')
    parser.add_argument('build', type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument('target', nargs='*')
    parser.add_argument('--for', dest='seconds', type=int, default=60, metavar='SECONDS', help='for each; default 60')
    parser.add_argument('--minimise', action='store_true', help='take what was learned into tests/fuzz/corpus')
    options = parser.parse_intermixed_args()
    known = targets(options.build)
    unknown = [name for name in options.target if name not in known]
    if unknown:
        parser.error(f'no target is called {", ".join(unknown)}; the targets are: {", ".join(known)}')
    failed = 0
    for name in options.target or known:
        if options.minimise:
            minimise(options.build, name)
        else:
            failed |= fuzz(options.build, name, options.seconds)
    return failed


if __name__ == '__main__':
    sys.exit(main())
