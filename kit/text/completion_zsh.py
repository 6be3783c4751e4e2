# SPDX-License-Identifier: BSD-2-Clause
"""completion_zsh.py: the completion of zsh (completion.py): a file that compinit finds in $fpath."""

ACTIONS = {
    'scenarios': '_seedbed_scenarios',
    'components': '_seedbed_components',
    'folders': '_files -/',
    'files': '_files',
}

HEAD = '''#compdef seedbed
# Completion of zsh for the seedbed command; made of its table of commands.

# Files, and those of the kit by their names.
_seedbed_scenarios()
{
    local -a names
    names=("$($seedbed kit scenarios 2>/dev/null)"/*.yaml(N:t:r))
    _alternative 'scenarios:scenario:compadd -a names' 'files:file:_files -g "*.yaml"'
}

# Of the systems that run.
_seedbed_components()
{
    local -a names
    names=($($seedbed list 2>/dev/null | awk '/^ / { print $1 }'))
    _wanted components expl component compadd -a names
}

_seedbed()
{
    local curcontext=$curcontext state state_descr line expl seedbed=${~${(Q)words[1]}}
    local -A opt_args
    local -a commands'''

TAIL = '''
if [[ $funcstack[1] == _seedbed ]]; then
    _seedbed "$@"
else
    compdef _seedbed seedbed
fi'''


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def escaped(text, signs):
    """TEXT with a backslash before each of SIGNS, which _arguments and _describe read."""
    return ''.join('\\' + sign if sign in signs + '\\' else sign for sign in text)


def action(kind):
    if kind is None:
        return ' '  # the message only
    return ACTIONS[kind] if isinstance(kind, str) else f'({" ".join(kind)})'


def specifications(command):
    yield '--help[all about this command]'
    for option in command.options:
        value = f':{escaped(option.value, ":")}:{action(option.kind)}' if option.value else ''
        yield f'{option.name}[{escaped(option.text, "[]:")}]{value}'
    for number, operand in enumerate(command.operands, 1):
        place = '*' if operand.repeats else str(number)
        yield f'{place}:{":" if operand.optional else ""}{escaped(operand.name, ":")}:{action(operand.kind)}'


def script(commands):
    yield HEAD
    yield '    commands=('
    for command in commands:
        yield f'        {quoted(escaped(command.name, ":") + ":" + command.summary)}'
    yield '    )'
    yield "    _arguments -C '1: :->command' '*:: :->rest'"
    yield '    case $state in'
    yield '    command) _describe command commands ;;'
    yield '    rest)'
    yield '        case $words[1] in'
    for command in commands:
        yield f'        {command.name})'
        yield '            _arguments -S \\'
        yield ' \\\n'.join(f'                {quoted(text)}' for text in specifications(command))
        yield '            ;;'
    yield '        esac'
    yield '        ;;'
    yield '    esac'
    yield '}'
    yield TAIL
