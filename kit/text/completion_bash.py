# SPDX-License-Identifier: BSD-2-Clause
"""completion_bash.py: the completion of bash (completion.py)."""

# what bash does for each kind, with the word that was begun in $1
ACTIONS = {
    'scenarios': '_seedbed_scenarios "$1"',
    'components': '_seedbed_components "$1"',
    'folders': '_seedbed_files "$1" -d',
    'files': '_seedbed_files "$1" -f',
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


def action(kind):
    if kind is None:
        return ':'
    return ACTIONS[kind] if isinstance(kind, str) else f'_seedbed_words "$1" {" ".join(kind)}'


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


def script(commands):
    yield HEAD.rstrip()
    yield ''
    yield f'_seedbed_commands=({" ".join(command.name for command in commands)})'
    values, options, operands = [], [], []
    for command in commands:
        words = ['--help'] + [option.name for option in command.options]
        options.append((command.name, f'_seedbed_words "$1" {" ".join(words)}'))
        values += [(f'{command.name}:{option.name}', action(option.kind))
                   for option in command.options if option.value]
        operands += [(f'{command.name}:{"*" if operand.repeats else number}', action(operand.kind))
                     for number, operand in enumerate(command.operands)]
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
