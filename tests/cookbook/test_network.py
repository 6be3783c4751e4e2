# SPDX-License-Identifier: BSD-2-Clause
"""Checks and runs the scenarios that docs/network.md leads to, as test_cookbook.py does, but for those that have a test
of their own; and docs/network.md has the first component with a socket as it is. Same arguments. Writes TAP."""

import re
import socket
import tempfile

import test_cookbook
from test_cookbook import SOME, TOP, tap

OWN_TESTS = ('router', 'sntp')  # tests/system/run
TEXT = (TOP / 'docs' / 'network.md').read_text('utf-8')
NAMES = sorted(set(re.findall(r'\(\.\./scenarios/([a-z]+)\.yaml\)', TEXT)))


def web():
    """By a port that is free, because 8080 may not be."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as any_port:
        any_port.bind(('127.0.0.1', 0))
        port = any_port.getsockname()[1]
        any_port.close()
        path = test_cookbook.pathlib.Path(folder) / 'web.yaml'
        text = (TOP / 'scenarios' / 'web.yaml').read_text('utf-8')
        path.write_text(text.replace(':8080', f':{port}'), 'utf-8')
        test_cookbook.run(path)


def the_document_has_the_example_as_it_is():
    for folder, name, language in (('apps/knock', 'main.c', 'c'), ('scenarios', 'knock.yaml', 'yaml')):
        content = (TOP / folder / name).read_text('utf-8')
        assert f'```{language}\n{content}```' in TEXT, f'docs/network.md has not {folder}/{name} as it is'


def the_document_leads_to_all():
    for path in sorted((TOP / 'scenarios').glob('*.yaml')):
        is_network = re.search(r'^  (switch|router):', path.read_text('utf-8'), re.MULTILINE)
        assert not is_network or path.stem in NAMES, f'docs/network.md does not lead to {path.name}'


def scenario(name):
    return web if name == 'web' else test_cookbook.test(TOP / 'scenarios' / f'{name}.yaml')


if __name__ == '__main__':
    some = SOME if SOME else [name for name in NAMES if name not in OWN_TESTS]
    assert set(some) <= set(NAMES), some
    tap.run_tests([*map(scenario, some), the_document_has_the_example_as_it_is, the_document_leads_to_all])
