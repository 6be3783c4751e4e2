# SPDX-License-Identifier: BSD-2-Clause
"""Checks the reference of scenarios beside the description of the format that is part of the command: the JSON schema
is valid, takes what check takes and refuses what it refuses, and docs/scenario.md names each key and default.
Arguments: the command, the folder of the sources. Writes TAP."""

import json
import pathlib
import re
import subprocess
import sys

COMMAND, TOP = sys.argv[1], pathlib.Path(sys.argv[2])
sys.path.insert(0, str(TOP / 'tests' / 'runner'))
import tap  # pylint: disable=wrong-import-position,import-error

SCHEMA = json.loads(subprocess.run([COMMAND, 'schema'], stdout=subprocess.PIPE, check=True).stdout)
SCENARIOS = sorted((TOP / 'scenarios').rglob('*.yaml'))

BAD = [
    {},
    {'start': {'timer': {'rma': '2M'}}},
    {'start': {'timer': {'ram': 'much'}}},
    {'start': {'timer': {'caps': -1}}},
    {'start': {'timer': {'restart': 'sometimes'}}},
    {'start': {'timer': {'restart': {'delay': 3}}}},
    {'start': {'timer': {'route': {'Gui': 'perent'}}}},
    {'start': {'timer': {'route': {'Gui': [{'chlid': 'gui'}]}}}},
    {'start': {}, 'default-route': [{'to': 'parent'}]},
    {'start': {}, 'sandbox': 'must'},
]


def validator():
    try:
        import jsonschema  # pylint: disable=import-outside-toplevel
        import yaml  # pylint: disable=import-outside-toplevel
    except ImportError as missing:
        raise tap.Skip(f'python3-{missing.name} is not installed') from missing
    return yaml, jsonschema.Draft7Validator


def the_json_schema_is_one():
    _, draft = validator()
    draft.check_schema(SCHEMA)


def shipped_scenarios_fit_it():
    yaml, draft = validator()
    assert SCENARIOS
    for path in SCENARIOS:
        errors = [error.message for error in draft(SCHEMA).iter_errors(yaml.safe_load(path.read_text('utf-8')))]
        assert not errors, f'{path.name}: {errors[0]}'


def bad_ones_do_not():
    _, draft = validator()
    for bad in BAD:
        assert not draft(SCHEMA).is_valid(bad), bad


def keys(rule):
    """The keys of a map, which may be one of several alternatives."""
    for part in [rule, *rule.get('anyOf', [])]:
        yield from part.get('properties', {}).items()


def rows(title):
    """{key: line} of the first table in the section of docs/scenario.md that TITLE begins."""
    text = (TOP / 'docs' / 'scenario.md').read_text('utf-8').split(f'\n{title}\n', 1)[1]
    table = re.search(r'(?m)^\|.*\n\|-.*\n((?:\|.*\n)+)', text)[1]
    return {line.split('`')[1]: line for line in table.splitlines()}


def the_tables_have_all_keys():
    entry = SCHEMA['properties']['start']['additionalProperties']
    for title, rule in (('## Top level', SCHEMA), ('## An entry', entry)):
        described, documented = {key for key, _ in keys(rule)}, set(rows(title))
        assert described == documented, f'{title}: {sorted(described ^ documented)}'


def the_text_names_the_words_and_keys_of_each():
    entry = SCHEMA['properties']['start']['additionalProperties']
    text = (TOP / 'docs' / 'scenario.md').read_text('utf-8')
    words = set()
    todo = [rule for _, rule in [*keys(SCHEMA), *keys(entry)]]
    while todo:
        rule = todo.pop()
        words |= set(rule.get('enum', []))
        words |= {key for key, _ in keys(rule)}
        todo += [part for _, part in keys(rule)] + rule.get('anyOf', [])
        todo += [rule[name] for name in ('items', 'additionalProperties') if isinstance(rule.get(name), dict)]
    unknown = [word for word in words if not re.search(rf'(?<![\w-]){re.escape(word)}(?![\w-])', text)]
    assert not unknown, f'docs/scenario.md does not say: {sorted(unknown)}'


if __name__ == '__main__':
    tap.run_tests([the_json_schema_is_one, shipped_scenarios_fit_it, bad_ones_do_not, the_tables_have_all_keys,
                   the_text_names_the_words_and_keys_of_each])
