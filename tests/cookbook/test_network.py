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


def the_programs_are_told_of_their_network_alike():
    """So that a misspelt key is a mistake in each of them; and what stack.h describes is what they take."""
    header = (TOP / 'net' / 'include' / 'network' / 'stack.h').read_text('utf-8')
    node = header.split('node of a component')[1].split('What is beyond')[0]
    described = set(re.findall(r'^ \*       ([a-z0-9]+): ', node, re.MULTILINE))
    rules = {}
    for path in sorted((TOP / 'apps').glob('*/config.yaml')):
        found = re.search(r'^network:.*\n((?:  .*\n)*)', path.read_text('utf-8'), re.MULTILINE)
        if found:
            rules.setdefault(found[0], []).append(path.parent.name)
    assert len(rules) == 1, rules
    keys = re.search(r'^  keys: \{ (.*) \}$', next(iter(rules)), re.MULTILINE)
    assert keys, rules
    names = set(re.findall(r'([a-z0-9]+): (?:string|\{)', re.sub(r'of: \w+', '', keys[1])))
    assert names == described, (names, described)


def a_misspelt_key_of_a_network_is_told():
    with tempfile.TemporaryDirectory() as folder:
        path = test_cookbook.pathlib.Path(folder) / 'typo.yaml'
        path.write_text('start:\n  timer:\n  switch:\n  echo: { config: { network: { gatway: 10.0.0.1 } } }\n', 'utf-8')
        done = test_cookbook.subprocess.run([test_cookbook.COMMAND, 'check', path], capture_output=True, text=True,
                                            check=False)
    assert done.returncode == 2, done
    assert "typo.yaml:4:32: unknown key 'gatway' of network, expected 'gateway'" in done.stdout + done.stderr, done


if __name__ == '__main__':
    some = SOME if SOME else [name for name in NAMES if name not in OWN_TESTS]
    assert set(some) <= set(NAMES), some
    tap.run_tests([*map(scenario, some), the_document_has_the_example_as_it_is, the_document_leads_to_all,
                   the_programs_are_told_of_their_network_alike, a_misspelt_key_of_a_network_is_told])
