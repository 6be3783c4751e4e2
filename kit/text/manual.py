# SPDX-License-Identifier: BSD-2-Clause
"""Makes manual pages, in scdoc's format, of the documents and of the command's table.

    manual.py SCDOC OUTPUT PAGE COMMAND FILE.md ...

OUTPUT is what the program SCDOC makes of the file PAGE, with the commands that the program COMMAND has where it says
@COMMANDS@, and with the documents where it says @DOCUMENTS@. What is told in one place stays true in both: documents
are not copied but converted, as much of Markdown as they use.
"""

import json
import pathlib
import re
import subprocess
import sys

SPECIAL = re.compile(r'([\\*_~`])')


def literal(text):
    """TEXT with nothing in it that scdoc takes for a sign of its own."""
    return SPECIAL.sub(r'\\\1', text)


def spans(text):
    """A line of Markdown: code and strong text become bold, links their text, emphasis underlined."""
    out = []
    for code, image, link, strong, emphasis, plain in re.findall(
            r'`([^`]+)`|(!\[[^\]]*\]\([^)]*\))|\[((?:[^\[\]]|\[[^\]]*\])+)\]\([^)]*\)|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*'
            r'|(\\.|[^`!\[*\\]+|.)', text):
        if code:
            out.append(f'*{literal(code)}*')
        elif link:
            out.append(spans(link))
        elif strong:
            out.append(f'*{literal(strong.replace("`", ""))}*')
        elif emphasis:
            out.append(f'_{literal(emphasis)}_')
        elif not image:
            out.append(literal(plain.lstrip('\\') if len(plain) == 2 else plain))
    return ''.join(out)


def cells(line):
    return [cell.strip().replace('\\|', '|') for cell in re.split(r'(?<!\\)\|', line.strip().strip('|'))]


def table(rows):
    """A table as a list: its first column, and beneath it what the others say."""
    heads = cells(rows[0])
    for row in rows[2:]:
        first, *others = cells(row)
        yield spans(first) if '`' in first else f'*{spans(first)}*'
        said = [spans(others[0])] if others else []
        said += [f'{literal(head.capitalize())}: {spans(text)}' for head, text in zip(heads[2:], others[1:]) if text]
        yield '\t' + '. '.join(said) + ('.' if said else '')
        yield ''


def start_of(line):
    """LINE, which begins a paragraph. A point there is an order to the formatter, and scdoc cannot say otherwise."""
    if line.startswith(('.', "'")):
        sys.exit(f'no paragraph can begin with a point in a manual page: {line}')
    return line


def convert(text):
    """The lines of scdoc that the document TEXT is; its title is left out, and the command is the one in PATH."""
    lines = text.replace('./seedbed ', 'seedbed ').splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith('```') or (line.startswith('    ') and (at < 2 or not lines[at - 2].strip())):
            block = []
            if line.startswith('```'):
                while not lines[at].startswith('```'):
                    block.append(lines[at])
                    at += 1
                at += 1
            else:
                block.append(line[4:])
                while at < len(lines) and (lines[at].startswith('    ') or not lines[at].strip()):
                    block.append(lines[at][4:])
                    at += 1
            yield from ['```', *'\n'.join(block).rstrip().split('\n'), '```', '']
        elif line.startswith('|'):
            rows = [line]
            while at < len(lines) and lines[at].startswith('|'):
                rows.append(lines[at])
                at += 1
            yield from table(rows)
        elif match := re.match(r'(#+) (.*)', line):
            title = re.sub(r'[`*]', '', match[2])
            if len(match[1]) == 2:
                yield from [f'# {title.upper()}', '']
            elif len(match[1]) > 2:
                yield from [f'## {title}', '']
        else:
            # spans may go on in the next line; of pictures nothing is left
            paragraph = [line]
            while line.strip() and at < len(lines) and lines[at].strip() and \
                    not re.match(r'[-|#]|```|\d+\. ', lines[at]):
                paragraph.append(lines[at].strip())
                at += 1
            match = re.match(r'(- |\d+\. )?(.*)', ' '.join(paragraph))
            said = spans(match[2].strip()).strip()
            mark = {None: '', '-': '- '}.get(match[1] and match[1][0], '. ')
            yield mark + start_of(said) if said else ''
    yield ''


def option_line(option):
    return f'*{literal(option["name"])}*' + (f' _{literal(option["value"])}_' if option['value'] else '')


def call_line(command):
    words = [f'*seedbed* *{literal(command["name"])}*']
    words += [literal(command['operands'])] if command['operands'] else []
    words += [f'[{option_line(option)}]' for option in command['options']]
    return ' '.join(words)


def commands(path):
    """The lines of scdoc that tell of all commands of the program PATH."""
    done = subprocess.run([path, 'help', '--json'], stdout=subprocess.PIPE, text=True, check=True)
    for command in json.loads(done.stdout):
        yield call_line(command)
        summary = command['summary']
        yield '\t' + literal(f'{summary[0].upper()}{summary[1:]}.')
        for paragraph in command['text'].split('\n\n'):
            yield from ['', '\t' + literal(' '.join(paragraph.split()))]
        for option in command['options']:
            yield from ['', f'\t{option_line(option)}']
            yield '\t\t' + literal(f'{option["text"][0].upper()}{option["text"][1:]}.')
        yield ''


def main():
    scdoc, output, page, command, *documents = sys.argv[1:]
    text = pathlib.Path(page).read_text(encoding='utf-8')
    if '@COMMANDS@' in text:
        text = text.replace('@COMMANDS@', '\n'.join(commands(command)))
    lines = []
    for name in documents:
        lines += convert(pathlib.Path(name).read_text(encoding='utf-8'))
    text = text.replace('@DOCUMENTS@', '\n'.join(lines))
    # an empty line ends what is before it, and there are never two; a page has none at its end
    text = re.sub(r'\n{3,}', '\n\n', text).rstrip() + '\n'
    done = subprocess.run([scdoc], input=text, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f'{page}: scdoc does not take it')
    pathlib.Path(output).write_text(done.stdout, encoding='utf-8')


main()
