# SPDX-License-Identifier: BSD-2-Clause
"""The steps of continuous integration, after ./seedbed has installed what they need.

Each step adds what it counted to one report; a step that is a single check counts as one test. What a step prints is
indented, so that the last line is the only one of its form.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / 'tests' / 'runner'))
import tap  # pylint: disable=wrong-import-position

BUILD = TOP / 'build'
RUN = [sys.executable, '-B', str(TOP / 'tests' / 'runner' / 'run.py')]
SUMMARY = re.compile(r'^(\d+) passed, (\d+) failed, (\d+) skipped$')

# unit suites that say nothing more under valgrind, or take too long there, each with its reason
NOT_UNDER_VALGRIND = {}
# the same for the sanitizers
NOT_UNDER_SANITIZERS = {}
# what takes longest under valgrind (half of the step): all of it has to stay within half an hour
SANITIZERS_ARE_ENOUGH = {
    'engine-change', 'engine-handover', 'fuzz-corpus', 'gui-gui', 'headless-driver', 'lib-config', 'lib-heap', 'lwip',
    'net-blocking', 'net-config', 'net-peers', 'net-stack', 'net-switch', 'net-tcp', 'paint', 'pc-ne2k', 'router',
    'sntp', 'stream-hostile', 'stream-rings', 'stream-threads', 'transport-lane', 'transport-load',
    'transport-load-channel', 'transport-page', 'transport-watch', 'transport-watch-channel'}

SANITIZER_ENV = {
    'ASAN_OPTIONS': 'detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:abort_on_error=0',
    'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1',
}


def show(text):
    for line in text.splitlines():
        print(f'  {line}')


def run(command, **options):
    """Runs COMMAND, showing what it prints as it comes; returns status and text."""
    text = []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors='replace', **options) as process:
        for line in process.stdout:
            print(f'  {line}', end='')
            text.append(line)
    return process.returncode, ''.join(text)


def check(report, name, problems):
    """Counts a single check, which has failed if there are PROBLEMS."""
    if problems:
        report.failures.append(name)
        show(problems)
    else:
        report.passed += 1


def counted(report, name, command, **options):
    """Runs a command whose last line is a summary, and adds it."""
    status, text = run(command, **options)
    lines = text.rstrip('\n').splitlines()
    match = SUMMARY.match(lines[-1]) if lines else None
    if not match:
        report.failures.append(f'{name}: ended with status {status} and without a summary')
        return
    passed, failed, skipped = map(int, match.groups())
    report.passed += passed
    report.failures += [f'{name}: {failed} failed (above)'] + [name] * (failed - 1) if failed else []
    report.skips += [(name, '')] * skipped
    if status != (1 if failed else 0):
        report.failures.append(f'{name}: ended with status {status}')


def configure(folder, compiler, *options):
    """A build in FOLDER; the text of what is wrong, or nothing."""
    # what ./seedbed has fetched for its own build folder
    lwip = f'-Dlwip={BUILD / "sources" / "lwip"}'
    done = subprocess.run(['meson', 'setup', lwip, *options, str(folder), str(TOP)], env={**os.environ, 'CC': compiler},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return '\n'.join(done.stdout.splitlines()[-8:]) if done.returncode else ''


def ninja(folder, *targets):
    done = subprocess.run(['ninja', '-C', str(folder), '-k', '0', *targets], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='replace', check=False)
    if not done.returncode:
        return ''
    return '\n'.join(line for line in done.stdout.splitlines() if not re.match(r'\[\d+/\d+\] ', line))


def introspect(folder, what):
    return json.loads((folder / 'meson-info' / f'intro-{what}.json').read_text(encoding='utf-8'))


def step_tests(report, _):
    """./seedbed test: all suites, with gcc"""
    counted(report, 'tests', [str(TOP / 'seedbed'), 'test'])


def step_mach(report, _):
    """./seedbed test --platform mach: the same on GNU Mach, in QEMU"""
    counted(report, 'mach', [str(TOP / 'seedbed'), 'test', '--platform', 'mach'])


def step_gcc(report, scratch):
    """gcc, optimised, no warning"""
    folder = scratch / 'gcc'
    check(report, 'gcc: no warning', configure(folder, 'gcc', '--werror', '--buildtype=release') or
          ninja(folder, 'all', 'meson-test-prereq'))
    shutil.rmtree(folder, ignore_errors=True)


def step_clang(report, scratch):
    """clang, no warning, in a folder with a space in its name"""
    folder = scratch / 'with clang'
    check(report, 'clang: no warning', configure(folder, 'clang', '--werror') or
          ninja(folder, 'all', 'meson-test-prereq'))
    shutil.rmtree(folder, ignore_errors=True)


def step_m32(report, scratch):
    """os/ and apps/ compile for 32 bit"""
    portable = []
    for entry in json.loads((BUILD / 'compile_commands.json').read_text(encoding='utf-8')):
        source = (pathlib.Path(entry['directory']) / entry['file']).resolve()
        if source.is_relative_to(TOP) and source.relative_to(TOP).parts[0] in ('os', 'net', 'apps'):
            portable.append((source, entry))

    def compile_one(job):
        number, (source, entry) = job
        words = shlex.split(entry['command'])
        words[words.index('-o') + 1] = str(scratch / f'm32-{number}.o')
        # dependency files would be written beside the objects of the build
        for option in ('-MF', '-MQ'):
            if option in words:
                del words[words.index(option):words.index(option) + 2]
        words = [word for word in words if word != '-MD'] + ['-m32', '-Werror']
        done = subprocess.run(words, cwd=entry['directory'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        return f'{source.relative_to(TOP)}: -m32\n{done.stdout}' if done.returncode else ''

    unique = list({source: (source, entry) for source, entry in portable}.values())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = ''.join(pool.map(compile_one, enumerate(unique)))
    check(report, f'32 bit: {len(unique)} sources', problems if unique else 'nothing to compile')


def unit_tests(folder, leave_out, report):
    """Names and build targets of the unit suites in FOLDER but for those to LEAVE_OUT."""
    names, targets = [], {'tests/runner/guard'}
    for test in introspect(folder, 'tests'):
        if 'unit' not in [suite.split(':')[-1] for suite in test['suite']]:
            continue
        if test['name'] in leave_out:
            report.skips.append((test['name'], leave_out[test['name']]))
            print(f'  skipped {test["name"]}: {leave_out[test["name"]]}')
            continue
        names.append(test['name'])
        targets |= {os.path.relpath(word, folder) for word in test['cmd'] if word.startswith(str(folder) + '/')}
    return names, sorted(targets)


def step_sanitizers(report, scratch):
    """the unit suites under AddressSanitizer and UndefinedBehaviorSanitizer"""
    folder = scratch / 'sanitizers'
    problems = configure(folder, 'gcc', '-Db_sanitize=address,undefined', '-Db_lundef=false', '-Dsdl=disabled')
    if problems:
        check(report, 'sanitizers: build', problems)
        return
    names, targets = unit_tests(folder, NOT_UNDER_SANITIZERS, report)
    check(report, 'sanitizers: build', ninja(folder, *targets))
    counted(report, 'sanitizers', [*RUN, str(folder), *names], env={**os.environ, **SANITIZER_ENV})
    shutil.rmtree(folder, ignore_errors=True)


def step_threads(report, scratch):
    """what threads of different components share, under ThreadSanitizer"""
    folder = scratch / 'threads'
    names = ['transport-page', 'transport-lane']
    problems = configure(folder, 'gcc', '-Db_sanitize=thread', '-Db_lundef=false', '-Dsdl=disabled')
    targets = ['tests/runner/guard'] + [f'tests/unit/transport/test-transport-{name}' for name in ('page', 'lane')]
    check(report, 'threads: build', problems or ninja(folder, *targets))
    counted(report, 'threads', [*RUN, str(folder), *names], env={**os.environ, 'TSAN_OPTIONS': 'halt_on_error=1'})
    shutil.rmtree(folder, ignore_errors=True)


def step_valgrind(report, _):
    """the unit suites under valgrind"""
    names, _ = unit_tests(BUILD, NOT_UNDER_VALGRIND, report)
    # valgrind runs one thread at a time, where who may spin never does
    names = [name for name in names if not name.endswith('-no-spin') and name not in SANITIZERS_ARE_ENOUGH]
    counted(report, 'valgrind', [*RUN, str(BUILD), '--setup', 'valgrind', *names],
            env={**os.environ, 'CK_TIMEOUT_MULTIPLIER': '20', 'SEEDBED_STEPS': '50'})


STEPS = {name.removeprefix('step_'): function for name, function in list(globals().items()) if name.startswith('step_')}


def main():
    if sys.argv[1:] == ['--list']:
        for name, function in STEPS.items():
            print(f'{name:12} {function.__doc__}')
        return 0
    wanted = sys.argv[1:] or list(STEPS)
    unknown = [name for name in wanted if name not in STEPS]
    if unknown:
        print(f'no step is called {", ".join(unknown)}; the steps are: {", ".join(STEPS)}', file=sys.stderr)
        return 2
    sys.stdout.reconfigure(line_buffering=True, errors='replace')
    total = tap.Report()
    with tempfile.TemporaryDirectory(prefix='seedbed-ci-') as scratch:
        for name in wanted:
            start = time.monotonic()
            print(f'== {name}: {STEPS[name].__doc__}')
            report = tap.Report()
            STEPS[name](report, pathlib.Path(scratch))
            total.add(report)
            print(f'== {name}: {report.line()}  ({time.monotonic() - start:.0f} s)')
    for failure in total.failures:
        print(f'FAILED {failure}')
    print(total.line())
    return 1 if total.failures else 0


if __name__ == '__main__':
    sys.exit(main())
