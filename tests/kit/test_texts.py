# SPDX-License-Identifier: BSD-2-Clause
"""Checks manual pages and the completion of shells against the command's table. Writes TAP.

    test_texts.py BUILD
"""

import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / 'tests' / 'runner'))
import tap  # pylint: disable=wrong-import-position,import-error

BUILD = pathlib.Path(sys.argv[1])
COMMAND = BUILD / 'base-linux' / 'command' / 'seedbed'
TEXTS = BUILD / 'kit' / 'text'
PAGES = ('seedbed.1', 'seedbed-scenario.5', 'seedbed.7')


def run(*command, **options):
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, **options)


TABLE = json.loads(run(COMMAND, 'help', '--json').stdout)


def bash(words, cwd):
    script = ('source "$1" || exit; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _seedbed "$1"; '
              'for word in "${COMPREPLY[@]}"; do printf "%s\\n" "$word"; done')
    done = run('bash', '--norc', '--noprofile', '-c', script, 'bash', TEXTS / 'seedbed', COMMAND, *words, cwd=cwd)
    assert not done.stderr and done.returncode == 0, done.stderr
    return done.stdout.split()


def fish(words, cwd):
    """Its own answer: a word per line, and what it is for behind a tab."""
    with tempfile.TemporaryDirectory() as home:
        done = run('fish', '--no-config', '-c', 'source $argv[1]; complete -C "$argv[2]"', TEXTS / 'seedbed.fish',
                   ' '.join([str(COMMAND), *words]), cwd=cwd, env={**os.environ, 'HOME': home, 'XDG_CONFIG_HOME': home,
                                                                   'XDG_DATA_HOME': home})
    assert not done.stderr and done.returncode == 0, done.stderr
    return [line.split('\t')[0] for line in done.stdout.splitlines()]


# Completes as a person has it done, by the key, but writes down what would be offered, and ends.
ZSHRC = """
PS1='ready>'
fpath=($TEXTS $fpath)
autoload -Uz compinit
compinit -C -d $ZDOTDIR/found
compdef _seedbed seedbed
setopt extended_glob
compadd() {
    # for the functions of completion themselves
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then
        builtin compadd "$@"
        return
    fi
    local -a offered
    builtin compadd -A offered "$@"
    print -rl -- $offered >>$OFFERED
    builtin compadd "$@"
}
bindkey '^I' complete-word
comppostfuncs=(exit)
"""
ZHOME = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
(pathlib.Path(ZHOME.name) / '.zshrc').write_text(ZSHRC, encoding='utf-8')


def zsh(words, cwd):
    """In a terminal of its own, since it completes in no other place."""
    offered = pathlib.Path(ZHOME.name) / 'offered'
    offered.write_text('', encoding='utf-8')
    terminal, end = pty.openpty()
    with subprocess.Popen(['zsh', '-d', '-i'], stdin=end, stdout=end, stderr=end, cwd=cwd, start_new_session=True,
                          env={**os.environ, 'ZDOTDIR': ZHOME.name, 'HOME': ZHOME.name, 'TEXTS': str(TEXTS),
                               'OFFERED': str(offered), 'TERM': 'dumb'}) as shell:
        os.close(end)
        seen = b''
        while b'ready>' not in seen:
            seen += os.read(terminal, 4096)
        os.write(terminal, ' '.join([str(COMMAND), *words]).encode() + b'\t')
        try:
            while os.read(terminal, 4096):
                pass
        except OSError:
            pass  # it has ended
        os.close(terminal)
    return [word for word in offered.read_text(encoding='utf-8').splitlines() if word]


SHELLS = [bash, zsh, fish]


def shells():
    """Those that are there, of which bash is one."""
    return [shell for shell in SHELLS if shutil.which(shell.__name__)]


def complete(*words, cwd=None):
    """What shells offer for the last of WORDS; the same, but for the order, which is told by bash."""
    expected = [word for word in bash(words, cwd) if not word.startswith('.')]  # others do not offer hidden folders
    for shell in shells():
        offered = {word.rstrip('/') for word in shell(words, cwd) if not word.startswith('.')}
        assert offered == set(expected), f'{words}: {shell.__name__} has {sorted(offered)}, expected {expected}'
    return expected


def all_shells_are_there():
    missing = [shell.__name__ for shell in SHELLS if shell not in shells()]
    if missing:
        raise tap.Skip(f'not installed: {" ".join(missing)}')


def commands_are_completed():
    assert complete('') == [command['name'] for command in TABLE]
    assert complete('hel') == ['help']
    assert complete('none', '') == []


def options_are_completed():
    for command in TABLE:
        names = ['--help'] + [option['name'] for option in command['options']]
        assert complete(command['name'], '-') == names, command['name']
        for name in names:
            assert name in bash([command['name'], name], None), f'{command["name"]} {name}'


def operands_are_completed():
    scenarios = sorted(path.stem for path in (TOP / 'scenarios').glob('*.yaml'))
    assert set(scenarios) <= set(complete('run', ''))
    assert complete('check', 'hel') == ['hello']
    # after an option with a value, and its value
    assert complete('run', '--for', '5', 'hel') == ['hello']
    assert complete('run', 'hello', 'hel') == []
    assert complete('help', 'chec') == ['check']
    assert complete('kit', 'pk') == ['pkgconfig']
    # what has no words of its own
    assert complete('new', '') == []
    assert complete('run', '--for', '') == []
    # a component of a scenario that need not run
    assert complete('explain', 'hello', '') == []
    assert complete('graph', '--format', '') == ['text', 'dot', 'svg']


def files_are_completed():
    with tempfile.TemporaryDirectory() as folder:
        for name in ('mine.yaml', 'mine.txt'):
            (pathlib.Path(folder) / name).touch()
        (pathlib.Path(folder) / 'mines').mkdir()
        assert complete('run', 'min', cwd=folder) == ['mines', 'mine.yaml']
        assert complete('new', '--dir', 'min', cwd=folder) == ['mines']
        assert sorted(complete('run', '--shot', 'min', cwd=folder)) == ['mine.txt', 'mine.yaml', 'mines']


def components_that_run_are_completed():
    with tempfile.TemporaryDirectory() as folder:
        scenario = pathlib.Path(folder) / 'pair.yaml'
        scenario.write_text('start: { hello-server: , hello-client: }\n', encoding='utf-8')
        with subprocess.Popen([COMMAND, 'run', scenario, '--headless'], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as system:
            try:
                for line in system.stdout:
                    if 'server says' in line:
                        break
                found = complete('log', 'hello-s')
            finally:
                system.terminate()
                system.communicate()
    assert found == ['hello-server'], found


def pages():
    if not shutil.which('scdoc'):
        raise tap.Skip('scdoc is not installed')
    for name in PAGES:
        yield name, TEXTS / name


def pages_have_no_mistakes():
    found = list(pages())
    if not shutil.which('groff'):
        raise tap.Skip('groff is not installed')
    for name, path in found:
        done = run('groff', '-t', '-man', '-Tutf8', '-ww', '-z', path)
        assert not done.stderr and done.returncode == 0, f'{name}: {done.stderr}'


def plain(path):
    """The page PATH as it is read, without line breaks and the signs of the formatter."""
    text = re.sub(r'^\.[A-Z]+ ?', '', path.read_text(encoding='utf-8'), flags=re.MULTILINE)
    return ' '.join(re.sub(r'\\f.|\\&', '', text).replace('\\-', '-').replace('\\(hy', '-').split())


def the_page_tells_every_command_and_option():
    text = plain(dict(pages())['seedbed.1'])
    for command in TABLE:
        assert f'seedbed {command["name"]}' in text, command['name']
        for words in [command['summary'][1:]] + [option['name'] for option in command['options']]:
            assert ' '.join(words.split()) in text, words


def the_pages_tell_what_the_documents_do():
    scenario = plain(dict(pages())['seedbed-scenario.5'])
    document = (TOP / 'docs' / 'scenario.md').read_text(encoding='utf-8')
    keys = re.findall(r'^\| `([a-z-]+)`', document, re.MULTILINE)
    assert len(keys) > 10
    for key in keys:
        assert f' {key} ' in scenario, key
    for name, path in pages():
        text = path.read_text(encoding='utf-8')
        # code may look like Markdown, sentences may not
        sentences = re.sub(r'^\.nf.*?^\.fi', '', text, flags=re.MULTILINE | re.DOTALL)
        left = re.search(r'.*(?:\]\(|``|\*\*).*', sentences)
        assert not left, f'{name}: {left[0]}'


def the_converter_keeps_what_formatters_take_for_theirs():
    if not shutil.which('scdoc'):
        raise tap.Skip('scdoc is not installed')

    def convert(text):
        document.write_text(text, encoding='utf-8')
        return run(sys.executable, '-B', TOP / 'kit' / 'text' / 'manual.py', shutil.which('scdoc'), output, page,
                   COMMAND, document)

    with tempfile.TemporaryDirectory() as folder:
        page, document, output = (pathlib.Path(folder) / name for name in ('x.1.scd', 'x.md', 'x.1'))
        page.write_text('x(1)\n\n# NAME\n\nx - y\n\n@DOCUMENTS@\n', encoding='utf-8')
        done = convert('# Title\n\n## Part\n\n![a\npicture](x.svg)\n\n'
                       'This is no order, `a_b` and a_b_c stay, **strong `x`** and *so*,\n'
                       'see [the *link*](x.md).\n\n- one *two\n  three* four\n- five\n\n'
                       '| a | b | c |\n|---|---|---|\n'
                       '| `x\\|y` | d | `e` |\n\n    code *as* _it_ is\n')
        assert done.returncode == 0, done.stderr
        text = plain(output)
        done = convert('# Title\n\n.B\n')
        assert done.returncode == 1 and 'no paragraph can begin with a point' in done.stderr
    for words in ('PART', 'This is no order, a_b and a_b_c stay, strong x and so, see the link.', 'one two three four',
                  'x|y', 'd. C: e.', 'code *as* _it_ is'):
        assert words in text, f'{words!r} is not in {text}'
    assert 'picture' not in text, text


if __name__ == '__main__':
    assert os.path.exists(COMMAND), f'{COMMAND} is not built'
    tap.run_tests([all_shells_are_there, commands_are_completed, options_are_completed, operands_are_completed,
                   files_are_completed, components_that_run_are_completed, pages_have_no_mistakes,
                   the_page_tells_every_command_and_option, the_pages_tell_what_the_documents_do,
                   the_converter_keeps_what_formatters_take_for_theirs])
