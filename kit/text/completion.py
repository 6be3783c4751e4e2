# SPDX-License-Identifier: BSD-2-Clause
"""Makes the completion of bash for the seedbed command, of the command's own table.

    completion.py OUTPUT COMMAND

What the words of the table stand for, "SCENARIO" or "DIR", is told by KINDS; nothing is offered for others.
"""

import json
import pathlib
import re
import subprocess
import sys

# what bash does for a word of the table, with the word that was begun in $1
KINDS = {
    'SCENARIO': '_seedbed_scenarios "$1"',
    'COMPONENT': '_seedbed_components "$1"',
    'COMMAND': '_seedbed_words "$1" @COMMANDS@',
    'PLACE': '_seedbed_words "$1" components scenarios template headers pkgconfig',
    'FORMAT': '_seedbed_words "$1" text dot svg',
    'DIR': '_seedbed_files "$1" -d',
    'FILE': '_seedbed_files "$1" -f',
}

HEAD = '''# Completion of bash for the seedbed command; made of its table of commands.

_seedbed_words()
{
    local begun=$1
    shift
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$begun")
}

_seedbed_files()
{
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$2" -- "$1")
}

# Files, and those of the kit by their names.
_seedbed_scenarios()
{
    local folder file names=()
    folder=$("$seedbed" kit scenarios 2>/dev/null)
    for file in "$folder"/*.yaml; do
        file=${file##*/}
        [ "$file" = '*.yaml' ] || names+=("${file%.yaml}")
    done
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(
        compgen -W "${names[*]}" -- "$1"
        compgen -d -- "$1"
        compgen -f -X '!*.yaml' -- "$1"
    )
}

# Of the systems that run.
_seedbed_components()
{
    local name names=()
    while read -r name _; do
        names+=("$name")
    done < <("$seedbed" list 2>/dev/null | grep '^ ')
    _seedbed_words "$1" "${names[*]}"
}
'''

TAIL = '''
_seedbed()
{
    local seedbed=$1 begun=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' operands=0 i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [ -z "$command" ]; then
            command=${COMP_WORDS[i]}
        elif _seedbed_takes_value "$command" "${COMP_WORDS[i]}"; then
            i=$((i + 1))
        elif [[ ${COMP_WORDS[i]} != -* ]]; then
            operands=$((operands + 1))
        fi
    done
    if [ -z "$command" ]; then
        _seedbed_words "$begun" "${_seedbed_commands[*]}"
    elif _seedbed_takes_value "$command" "$before"; then
        _seedbed_value "$begun" "$command" "$before"
    elif [[ $begun == -* ]]; then
        _seedbed_options "$begun" "$command"
    else
        _seedbed_operand "$begun" "$command" "$operands"
    fi
}

complete -F _seedbed seedbed
'''


def action(word, commands, operands=''):
    """What completes WORD of the table, one of OPERANDS; a colon is nothing."""
    kind = re.match(r'[A-Z]+', word.strip('[].'))
    text = KINDS.get(kind[0], ':') if kind else ':'
    if kind and kind[0] == 'COMPONENT' and 'SCENARIO' in operands:
        text = ':'  # one of the scenario's, which need not run
    return text.replace('@COMMANDS@', ' '.join(commands))


def function(name, rows):
    """A shell function that finds its arguments 2 and, if there is one, 3 in ROWS of patterns and what is done."""
    yield ''
    yield f'{name}()'
    yield '{'
    yield '    case $2${3+:$3} in'
    for pattern, done in rows:
        yield f'    {pattern}) {done} ;;'
    yield '    esac'
    yield '}'


def script(table):
    names = [command['name'] for command in table]
    yield HEAD.rstrip()
    yield ''
    yield f'_seedbed_commands=({" ".join(names)})'
    values, options, operands = [], [], []
    for command in table:
        name = command['name']
        words = ['--help']
        for option in command['options']:
            words.append(option['name'])
            if option['value']:
                values.append((f'{name}:{option["name"]}', action(option['value'], names)))
        options.append((name, f'_seedbed_words "$1" {" ".join(words)}'))
        kinds = command['operands'].split()
        for number, word in enumerate(kinds):
            last = number == len(kinds) - 1 and command['max'] > len(kinds)
            operands.append((f'{name}:{"*" if last else number}', action(word, names, command['operands'])))
    yield from function('_seedbed_value', values)
    yield from function('_seedbed_options', options)
    yield from function('_seedbed_operand', operands)
    yield ''
    yield '_seedbed_takes_value()'
    yield '{'
    yield '    case $1:$2 in'
    yield f'    {" | ".join(pattern for pattern, _ in values)}) return 0 ;;'
    yield '    *) return 1 ;;'
    yield '    esac'
    yield '}'
    yield TAIL.rstrip()


def main():
    output, command = sys.argv[1:]
    done = subprocess.run([command, 'help', '--json'], stdout=subprocess.PIPE, text=True, check=True)
    pathlib.Path(output).write_text('\n'.join(script(json.loads(done.stdout))) + '\n', encoding='utf-8')


main()
