# SPDX-License-Identifier: BSD-2-Clause
"""completion_fish.py: the completion of fish (completion.py)."""

ACTIONS = {
    'scenarios': '(__seedbed_scenarios)',
    'components': '(__seedbed_components)',
    'folders': '(__fish_complete_directories)',
}

HEAD = '''# Completion of fish for the seedbed command; made of its table of commands.

# Runs the command that is being completed.
function __seedbed_run
    set -l words (commandline -opc)
    set -l seedbed (string replace -r '^~/' "$HOME/" -- $words[1])
    command $seedbed $argv 2>/dev/null
end

# Files, and those of the kit by their names.
function __seedbed_scenarios
    for file in (__seedbed_run kit scenarios)/*.yaml
        string replace -r '^.*/(.*)\\\\.yaml$' '$1' -- $file
    end
    complete -C "'' "(commandline -ct) | string match -r '^[^\\\\t]*(?:/|\\\\.yaml)(?:\\\\t.*)?$'
end

# Of the systems that run.
function __seedbed_components
    __seedbed_run list | string match -rg '^ +(\\\\S+)'
end

# Whether the command is $argv[1]; with $argv[2..3], "-eq 1", whether as many of its operands are there.
function __seedbed_at
    set -l words (commandline -opc)
    set -e words[1]
    test "$words[1]" = "$argv[1]"
    or return 1
    set -q argv[2]
    or return 0
    set -e words[1]
    set -l operands 0
    set -l is_value no
    for word in $words
        if test $is_value = yes
            set is_value no
        else if contains -- "$argv[1]:$word" $__seedbed_values
            set is_value yes
        else if not string match -q -- '-*' $word
            set operands (math $operands + 1)
        end
    end
    test $operands $argv[2] $argv[3]
end
'''.replace('\\\\', '\\')


def quoted(text):
    return "'" + text.replace('\\', '\\\\').replace("'", "\\'") + "'"


def action(kind):
    """Arguments of complete for words of KIND."""
    if kind is None:
        return ''
    if kind == 'files':
        return ' -F'
    return f' -a {quoted(ACTIONS[kind] if isinstance(kind, str) else " ".join(kind))}'


def row(condition, rest):
    return f'complete -c seedbed -n {quoted("__seedbed_at " + condition)} {rest}'


def flag(name):
    return f'-l {name[2:]}' if name.startswith('--') else f'-s {name[1:]}'


def script(commands):
    yield HEAD
    values = [f'{command.name}:{option.name}' for command in commands for option in command.options if option.value]
    yield f'set -g __seedbed_values {" ".join(values)}'
    yield ''
    yield 'complete -c seedbed -f'
    for command in commands:
        yield row("''", f'-a {command.name} -d {quoted(command.summary)}')
    for command in commands:
        yield ''
        yield row(command.name, f'-l help -d {quoted("all about this command")}')
        for option in command.options:
            value = ''
            if option.value:
                value = (' -r' if option.kind == 'files' else ' -x') + action(option.kind)
            yield row(command.name, f'{flag(option.name)}{value} -d {quoted(option.text)}')
        for number, operand in enumerate(command.operands):
            if operand.kind is not None:
                yield row(f'{command.name} {"-ge" if operand.repeats else "-eq"} {number}', action(operand.kind)[1:])
