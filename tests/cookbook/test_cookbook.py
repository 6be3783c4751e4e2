# SPDX-License-Identifier: BSD-2-Clause
"""Checks and runs each scenario of scenarios/cookbook: the lines in brackets at its beginning have to come. And
docs/cookbook.md has each of them as it is. Arguments: the command, the folder of the sources, and names of those that
are run and not checked if not all are. Writes TAP."""

import pathlib
import re
import signal
import subprocess
import sys
import threading

COMMAND, TOP, SOME = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
sys.path.insert(0, str(TOP / 'tests' / 'runner'))
import tap  # pylint: disable=wrong-import-position,import-error

SCENARIOS = sorted((TOP / 'scenarios' / 'cookbook').glob('*.yaml'))


def expected(path):
    return [line.lstrip('# ') for line in path.read_text('utf-8').splitlines() if re.match(r'#\s+\[', line)]


def run(path):
    """Runs the scenario until all that is expected has come, or it has ended; what has not come."""
    missing = expected(path)
    assert missing, f'{path.name} expects nothing'
    with subprocess.Popen([COMMAND, 'run', path, '--headless'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as system:
        limit = threading.Timer(60, system.kill)
        limit.start()
        output = ''
        for line in system.stdout:
            output += line
            missing = [text for text in missing if text not in line]
            if not missing:
                system.send_signal(signal.SIGTERM)
                break
        output += system.stdout.read()
        limit.cancel()
    assert not missing, f'{path.name}: "{missing[0]}" did not come in:\n{output}'


def check(path):
    done = subprocess.run([COMMAND, 'check', path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    assert done.returncode == 0 and 'warning' not in done.stdout, done.stdout


def test(path):
    def named():
        if not SOME:
            check(path)
        run(path)
    named.__name__ = path.stem.replace('-', '_')
    return named


def the_document_has_them_as_they_are():
    text = (TOP / 'docs' / 'cookbook.md').read_text('utf-8')
    blocks = re.findall(r'```yaml\n(.*?)```', text, re.DOTALL)
    for path in SCENARIOS:
        assert path.read_text('utf-8') in blocks, f'docs/cookbook.md has not {path.name} as it is'
        assert f'cookbook/{path.name}' in text, f'docs/cookbook.md does not lead to {path.name}'
    assert len(blocks) == len(SCENARIOS), 'docs/cookbook.md has what is no scenario'


if __name__ == '__main__':
    assert SCENARIOS
    some = [path for path in SCENARIOS if path.stem in SOME] if SOME else SCENARIOS
    assert not SOME or len(some) == len(SOME), SOME
    tap.run_tests([*map(test, some), the_document_has_them_as_they_are])
