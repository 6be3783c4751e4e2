# SPDX-License-Identifier: BSD-2-Clause
"""Checks and runs the scenarios that docs/network.md leads to, as test_cookbook.py does, but for those that have a test
of their own; and docs/network.md has the first component with a socket as it is. Same arguments. Writes TAP."""

import re

import test_cookbook
from test_cookbook import SOME, TOP, tap

OWN_TESTS = ('router', 'sntp', 'web')  # tests/system/run
TEXT = (TOP / 'docs' / 'network.md').read_text('utf-8')
NAMES = sorted(set(re.findall(r'\(\.\./scenarios/([a-z]+)\.yaml\)', TEXT)))


def the_document_has_the_example_as_it_is():
    for folder, name, language in (('apps/knock', 'main.c', 'c'), ('scenarios', 'knock.yaml', 'yaml')):
        content = (TOP / folder / name).read_text('utf-8')
        assert f'```{language}\n{content}```' in TEXT, f'docs/network.md has not {folder}/{name} as it is'


def the_document_leads_to_all():
    for path in sorted((TOP / 'scenarios').glob('*.yaml')):
        is_network = re.search(r'^  (switch|router):', path.read_text('utf-8'), re.MULTILINE)
        assert not is_network or path.stem in NAMES, f'docs/network.md does not lead to {path.name}'


if __name__ == '__main__':
    some = SOME if SOME else [name for name in NAMES if name not in OWN_TESTS]
    assert set(some) <= set(NAMES), some
    tap.run_tests([*(test_cookbook.test(TOP / 'scenarios' / f'{name}.yaml') for name in some),
                   the_document_has_the_example_as_it_is, the_document_leads_to_all])
