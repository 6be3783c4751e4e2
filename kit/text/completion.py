# SPDX-License-Identifier: BSD-2-Clause
"""Makes the completion of a shell for the seedbed command, of the command's own table.

    completion.py bash|zsh|fish OUTPUT COMMAND

What the words of the table stand for, "SCENARIO" or "DIR", is told by KINDS; nothing is offered for others. How a shell
is told is in completion_SHELL.py, whose script() gives the lines of a script for a list of Command.
"""

import collections
import importlib
import json
import pathlib
import re
import subprocess
import sys

# a kind is the word for what the shell's script looks up itself, or a list of words, or None
Command = collections.namedtuple('Command', 'name summary options operands')
Option = collections.namedtuple('Option', 'name value text kind')  # value: None, if it takes none
Operand = collections.namedtuple('Operand', 'name optional repeats kind')

KINDS = {
    'SCENARIO': 'scenarios',
    'COMPONENT': 'components',
    'PLACE': ['components', 'scenarios', 'template', 'headers', 'pkgconfig'],
    'FORMAT': ['text', 'dot', 'svg'],
    'DIR': 'folders',
    'FILE': 'files',
}


def kind_of(word, names, operands=''):
    """The kind of WORD of the table, one of OPERANDS."""
    found = re.match(r'[A-Z]+', word.strip('[].'))
    name = found[0] if found else ''
    if name == 'COMMAND':
        return names
    if name == 'COMPONENT' and 'SCENARIO' in operands:
        return None  # one of the scenario's, which need not run
    return KINDS.get(name)


def read(table):
    names = [command['name'] for command in table]
    for command in table:
        words = command['operands'].split()
        options = [Option(option['name'], option['value'], option['text'],
                          kind_of(option['value'] or '', names)) for option in command['options']]
        operands = [Operand(re.sub(r'^\[(.*?)\](?:\.\.\.)?$', r'\1', word), word.startswith('['),
                            number == len(words) - 1 and command['max'] > len(words),
                            kind_of(word, names, command['operands'])) for number, word in enumerate(words)]
        yield Command(command['name'], command['summary'], options, operands)


def main():
    shell, output, command = sys.argv[1:]
    done = subprocess.run([command, 'help', '--json'], stdout=subprocess.PIPE, text=True, check=True)
    lines = importlib.import_module(f'completion_{shell}').script(list(read(json.loads(done.stdout))))
    pathlib.Path(output).write_text('\n'.join(lines) + '\n', encoding='utf-8')


main()
