# SPDX-License-Identifier: BSD-2-Clause
"""Tries the commands that start nothing: check, explain, graph. Writes TAP.

    test_static.py COMMAND SCENARIOS
"""

import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / 'runner'), str(HERE.parents[1] / 'bench')]
import many  # pylint: disable=wrong-import-position,import-error
import tap  # pylint: disable=wrong-import-position,import-error

COMMAND = sys.argv[1]
SCENARIOS = pathlib.Path(sys.argv[2])

# An init within an init; NEEDS is the route of its entry.
NESTED = '''\
start:
  timer:
  hello-server:
  sub:
    binary: init
    ram: 20M
    caps: 300
    route: {needs}
    config:
      start:
        hello-client: {{ route: {{ Hello: parent }} }}
'''
NEEDS = '{ PD: parent, ROM: parent }'


def call(*words, text=None, **options):
    """Status, output and errors of the command; {FILE} among WORDS is a file with TEXT, in a folder that is empty but
    for it, and in messages it is called FILE."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, 's.yaml')
        if text is not None:
            file.write_text(text, encoding='utf-8')
        words = [str(file) if word == 'FILE' else word for word in words]
        done = subprocess.run([COMMAND, *words], stdin=subprocess.DEVNULL, capture_output=True, encoding='utf-8',
                              errors='replace', check=False, **options)
        sys.stderr.write(done.stdout + done.stderr)
        return done.returncode, done.stdout.replace(str(file), 'FILE'), done.stderr.replace(str(file), 'FILE')


def expect(found, wanted):
    assert found == wanted, f'found\n{found}\nexpected\n{wanted}'


def refused(text, *messages, words=()):
    status, out, errors = call('check', 'FILE', '--headless', *words, text=text)
    expect([line for line in errors.splitlines()[:-1] if ': warning: ' not in line], list(messages))
    assert status == 2 and not out, (status, out)


# ---- check

def a_sound_scenario_is_ok():
    for text in (NESTED.format(needs=NEEDS), many.scenario(300)):
        status, _, errors = call('check', 'FILE', '--headless', text=text)
        wrong = [line for line in errors.splitlines()[:-1] if ': warning: ' not in line]
        expect((status, wrong), (0, []))
    text = 'start: { hello-server: , hello-client: }\n'
    expect(call('check', 'FILE', '--headless', text=text), (0, 'FILE: ok\n', ''))


def mistakes_of_an_inner_scenario_are_at_their_place_in_the_file():
    refused(NESTED.format(needs=NEEDS).replace('route: { Hello: parent }', 'rout: x'),
            "FILE:11:25: unknown key 'rout' of hello-client, expected 'route'")
    refused(NESTED.format(needs=NEEDS).replace('start:\n        hello', 'strt:\n        hello'),
            "FILE:10:7: unknown key 'strt' of a scenario, expected 'start'",
            "FILE:9:5: a scenario without 'start', expected one with it")


def what_reaches_an_inner_init_is_what_its_entry_is_routed():
    refused(NESTED.format(needs='{ PD: parent, ROM: parent, Hello: deny }'),
            "FILE:11:34: unknown service 'Hello', expected one that the parent or an entry provides")
    renamed = NESTED.format(needs='{ PD: parent, ROM: parent, Hi: { child: hello-server, as: Hello } }')
    status, _, _ = call('check', 'FILE', '--headless', text=renamed)
    expect(status, 0)


def what_is_stated_of_a_parent_and_is_not_so_is_warned_of():
    text = NESTED.format(needs='{ PD: parent, ROM: parent, Hello: deny }')
    text = text.replace('      start:', '      parent-provides: [PD, Hello]\n      start:')
    status, _, errors = call('check', 'FILE', '--headless', text=text)
    assert status == 0, status
    assert "FILE:10:29: warning: 'Hello' is not routed to sub: who requests it is refused" in errors, errors
    assert "'PD'" not in errors, errors


def an_inner_init_needs_a_scenario_and_the_binaries_of_its_components():
    refused('start:\n  sub: { binary: init, ram: 20M, caps: 300, route: { PD: parent } }\n',
            'FILE:2:3: sub is an init without config, expected the scenario that it is to run')
    refused(NESTED.format(needs='{ PD: parent }'),
            "FILE:4:3: sub starts 'hello-client', expected a route of ROM 'hello-client' to its parent")


def an_inner_init_cannot_give_what_it_has_not():
    refused(NESTED.format(needs=NEEDS).replace('hello-client: {', 'hello-client: { ram: 19M,'),
            'FILE:11:25: ram of hello-client is 19M, expected no more than init has, and enough to start with')


def that_entries_together_are_too_much_is_told_once():
    entry = '  {}: {{ binary: hello-server, ram: 6M, caps: 32 }}\n'
    inner = ''.join('        ' + entry.format(name) for name in 'abcd').replace('          ', '        ')
    text = NESTED.format(needs=NEEDS).replace('        hello-client: { route: { Hello: parent } }\n', inner)
    refused(text, 'FILE:13:36: ram of c is 6M, expected no more than init has, and enough to start with')


def program(manifest):
    """A 64-bit ELF file with nothing in it but MANIFEST."""
    text = manifest.encode() + b'\0'
    note = struct.pack('<III', 8, len(text), 1) + b'Seedbed\0' + text
    header = struct.pack('<4sBBBB8xHHIQQQIHHHHHH', b'\x7fELF', 2, 1, 1, 0, 3, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack('<IIQQQQQQ', 4, 4, 120, 0, 0, len(note), len(note), 4) + note


def circles_are_told():
    with tempfile.TemporaryDirectory() as folder:
        for name, needs in (('a', 'B'), ('b', 'A')):
            manifest = f'provides: [{name.upper()}]\nrequires: [{needs}]\nram: 1M\ncaps: 32\n'
            pathlib.Path(folder, name).write_bytes(program(manifest))
        refused('start: { a: , b: }\n',
                'FILE:1:10: cyclic routes: a -> b -> a, expected none to wait for itself',
                words=('--components', folder))


def programs_that_are_none_are_told():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, 'folder').mkdir()
        pathlib.Path(folder, 'text').write_text('no program', encoding='ascii')
        # longer than what is read at first, and without what it says it has
        cut = (pathlib.Path(COMMAND).parents[2] / 'components' / 'timer').read_bytes()[:100]
        pathlib.Path(folder, 'cut').write_bytes(cut + bytes(100000))
        entries = ''.join(f'  {name}:\n' for name in ('folder', 'text', 'cut', '..'))
        refused('start:\n' + entries,
                "FILE:2:3: binary 'folder': not found, expected the name of a component that was built",
                "FILE:3:3: binary 'text' is no ELF file, expected a component",
                "FILE:4:3: binary 'cut' has no manifest, expected a component with OS_MANIFEST in its source",
                "FILE:5:3: binary '..': not found, expected the name of a component that was built",
                words=('--components', folder))


def files_that_are_not_there_are_told():
    refused('files: { here: s.yaml, gone: no/such, folder: . }\nstart: { timer: }\n',
            "FILE:1:24: file 'no/such' of ROM 'gone': not found, expected a file that can be read",
            "FILE:1:39: file '.' of ROM 'folder': not found, expected a file that can be read")


def messages_are_json():
    status, out, _ = call('check', 'FILE', '--json', '--headless', text='start: { a"b: }\n')
    expect((status, json.loads(out)),
           (2, [{'file': 'FILE', 'line': 1, 'column': 10, 'severity': 'error',
                 'message': "name 'a\"b', expected 1 to 63 letters, digits, '-', '_' or '.'"}]))
    text = 'start: { hello-server: , hello-client: }\n'
    expect(call('check', 'FILE', '--json', '--headless', text=text)[:2], (0, '[]\n'))
    status, out, _ = call('check', 'FILE', '--json', '--headless', text='start: { timer: }\n')
    expect((status, [message['severity'] for message in json.loads(out)]), (0, ['warning']))


def a_file_that_cannot_be_read_is_told():
    expect(call('check', 'FILE')[0], 1)
    expect(call('check', str(HERE))[0], 1)


# ---- explain

def explain(*words, text):
    status, out, errors = call('explain', 'FILE', *words, '--headless', text=text)
    assert not errors, errors
    return status, out


ROUTES = '''\
start:
  one: { binary: hello-server }
  two: { binary: hello-server }
  client:
    binary: hello-client
    route:
      Hello:
        - { match: a, child: one }
        - { match: 'b-*', child: two, label: 'x-*' }
        - { child: one, args: { k: v } }
      ROM: deny
'''


def each_rule_is_told_with_its_place_and_why():
    expect(explain('client', 'Hello:b-1', text=ROUTES), (0, '''\
FILE:4:3: client asks its init for Hello with label 'b-1'
  FILE:8:11: Hello: { match: a, child: one }
      is for the label 'a'
  FILE:9:11: Hello: { match: b-*, child: two, label: x-* }
      decides: is for labels that begin with 'b-'
  FILE:10:11: Hello: { child: one, args: ... }
      is for all labels, but another rule fits better
  built in: any: any-child  (default-route)
      is for all labels, but is not reached
  4 rules for other services
FILE:3:3: two serves it; it sees the label 'client -> x-1' and no arguments
'''))
    status, out = explain('client', 'Hello', text=ROUTES)
    assert status == 0 and out.endswith(
        "FILE:2:3: one serves it; it sees the label 'client' and the arguments 'k=v'\n"), out


def a_request_that_is_refused_has_advice():
    status, out = explain('client', 'ROM:font', text=ROUTES)
    assert status == 1 and out.endswith('denied\n'), out
    status, out = explain('one', 'ROM:font', text=ROUTES)
    assert status == 1 and out.endswith('''\
denied: there is no rule for it
  to add to one: route: { ROM: [ { match: font, to: parent } ] }
'''), out
    status, out = explain('one', 'Host', text=ROUTES)
    assert status == 1 and 'to add to one: route: { Host: parent }\n' in out, out
    status, out = explain('one', 'Timer', text=ROUTES)
    assert status == 1 and re.search('to add: an entry with a component that provides it: .*timer', out), out
    status, out = explain('one', 'Helo', text='start: { one: { binary: hello-server } }\n')
    assert status == 1 and 'did you mean Hello?' in out, out


def a_request_goes_up_through_inits():
    expect(explain('sub/hello-client', 'Hello:x', text=NESTED.format(needs=NEEDS)), (0, '''\
FILE:11:9: sub/hello-client asks its init sub for Hello with label 'x'
  FILE:11:34: Hello: parent
      decides: is for all labels
  built in: any: any-child  (default-route)
      is for all labels, but is not reached
  3 rules for other services
its parent, the first init, is asked in turn
FILE:4:3: sub asks its init for Hello with label 'hello-client -> x'
  built in: any: any-child  (default-route)
      decides: is for all labels
  5 rules for other services
FILE:3:3: hello-server serves it; it sees the label 'sub -> hello-client -> x' and no arguments
'''))


def the_guide_shows_what_is_printed():
    lines = (SCENARIOS.parent / 'docs/guide.md').read_text(encoding='utf-8').splitlines()
    first = lines.index('    nested.yaml:21:9: guest/paint asks its init guest for Gui')
    shown = '\n'.join(line[4:] for line in lines[first:lines.index('', first)]) + '\n'
    expect(call('explain', 'nested.yaml', 'guest/paint', 'Gui', '--headless', cwd=SCENARIOS), (0, shown, ''))


def wrong_questions_are_told():
    for words, what in ((['clent', 'Hello'], 'unknown component clent; did you mean client?'),
                        (['client/x', 'Hello'], 'unknown component x'),
                        (['client', ''], 'expected SERVICE or SERVICE:LABEL, found nothing'),
                        (['client', ':x'], 'expected SERVICE or SERVICE:LABEL, found :x'),
                        (['client', 'Hello:' + 300 * 'x'], 'the label is too long')):
        status, _, errors = call('explain', 'FILE', *words, text=ROUTES)
        assert status == 2 and what in errors, (status, errors)


# ---- graph

def of_this_machine(text):
    """TEXT without what differs from one machine to the other."""
    return re.sub(r'of [\d.]+[KMGT] ram', 'of all ram', text)


def graph(*words, text=None, scenario='FILE', locale='C.UTF-8', **options):
    environment = {**os.environ, 'LC_ALL': locale}
    status, out, errors = call('graph', scenario, '--headless', *words, text=text, env=environment, **options)
    return status, of_this_machine(out), errors


def a_graph_is_a_tree_of_text():
    for locale, name in (('C.UTF-8', 'nested.txt'), ('C', 'nested.ascii.txt')):
        wanted = (HERE / name).read_text(encoding='utf-8')
        expect(graph(scenario=str(SCENARIOS / 'nested.yaml'), locale=locale), (0, wanted, ''))


def what_is_wrong_is_told_beside_the_graph():
    status, out, errors = graph(text='start:\n  hello-client:\n  none:\n')
    assert status == 2 and 'Hello → nobody provides it' in out and "binary 'none'" in errors, (status, out, errors)


ODD = '''\
start:
  hello-server:
  hello-client:
    route:
      Hello:
        - { match: "<b>&\\"\\\\\\u0007\\u00e9", child: hello-server, label: "]]>" }
        - { child: hello-server }
'''


def labels(dot):
    """What is in the labels that are like HTML, as trees."""
    found = re.findall(r'label=<(.*)>[];,]', dot)
    assert found
    return [xml.etree.ElementTree.fromstring(f'<x>{label}</x>') for label in found]


def the_language_of_graphviz_is_well_formed_whatever_labels_have_in_them():
    status, dot, errors = graph('--format', 'dot', text=ODD)
    assert status == 0 and not errors, errors
    expect([''.join(label.itertext()) for label in labels(dot)][-1], 'Hello <b>&"\\\ufffd\u00e9 > ]]>')
    for line in dot.splitlines():
        outside = re.sub(r'<.*>', '', line)
        assert outside.count('"') % 2 == 0, line
    expect(dot.count('{'), dot.count('}'))


def with_program(script):
    """An environment in which the program `dot` is SCRIPT; None: there is none."""
    folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
    if script is not None:
        program = pathlib.Path(folder.name, 'dot')
        program.write_text('#!/bin/sh\n' + script, encoding='ascii')
        program.chmod(0o755)
    return folder, {**os.environ, 'PATH': folder.name}


def graphviz_draws_and_what_it_does_not_is_told():
    text = 'start: { timer: }\n'
    for script, status, words in (('while read -r line; do printf "%s\\n" "$line"; done', 0, ''),
                                  ('exit 3', 1, 'dot has failed'), (None, 1, 'install the package graphviz')):
        folder, environment = with_program(script)
        with folder:
            output = pathlib.Path(folder.name, 'x.svg')
            found, out, errors = call('graph', 'FILE', '-o', str(output), '--headless', text=text, env=environment)
            assert found == status and words in errors and not out, (found, out, errors)
            assert output.exists() == (status == 0)
            if not status:
                assert output.read_text(encoding='utf-8').startswith('digraph'), output


def a_picture_is_xml():
    """With what Graphviz makes of it, where that is."""
    status, out, errors = graph('--format', 'svg', text=ODD)
    if status == 1 and 'graphviz' in errors:
        raise tap.Skip('graphviz is not installed, which only drawing needs')
    expect((status, errors), (0, ''))
    assert xml.etree.ElementTree.fromstring(out.encode()).tag.endswith('svg')


def where_a_graph_cannot_go_is_told():
    text = 'start: { timer: }\n'
    expect(call('graph', 'FILE', '--format', 'png', text=text)[::2],
           (2, 'seedbed: expected text, dot or svg as the format, found png (seedbed help tells more)\n'))
    status, _, errors = call('graph', 'FILE', '-o', '/no/such/folder/x.txt', text=text)
    assert status == 1 and '/no/such/folder/x.txt cannot be written: No such file or directory' in errors, errors
    status, _, errors = call('graph', 'FILE', '-o', '/', text=text)
    assert status == 1 and 'cannot be written' in errors, errors
    expect(call('graph', 'FILE')[0], 1)


if __name__ == '__main__':
    tap.run_tests([a_sound_scenario_is_ok, mistakes_of_an_inner_scenario_are_at_their_place_in_the_file,
                   what_reaches_an_inner_init_is_what_its_entry_is_routed,
                   what_is_stated_of_a_parent_and_is_not_so_is_warned_of,
                   an_inner_init_needs_a_scenario_and_the_binaries_of_its_components,
                   an_inner_init_cannot_give_what_it_has_not, that_entries_together_are_too_much_is_told_once,
                   circles_are_told, programs_that_are_none_are_told,
                   files_that_are_not_there_are_told, messages_are_json,
                   a_file_that_cannot_be_read_is_told, each_rule_is_told_with_its_place_and_why,
                   a_request_that_is_refused_has_advice, a_request_goes_up_through_inits,
                   the_guide_shows_what_is_printed, wrong_questions_are_told, a_graph_is_a_tree_of_text,
                   what_is_wrong_is_told_beside_the_graph,
                   the_language_of_graphviz_is_well_formed_whatever_labels_have_in_them,
                   graphviz_draws_and_what_it_does_not_is_told, a_picture_is_xml, where_a_graph_cannot_go_is_told])
