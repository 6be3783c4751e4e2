# SPDX-License-Identifier: BSD-2-Clause
"""The example in the comment at the beginning of a header, as source: what comes after "at the entrypoint" is the
body of a function. Argument: the header."""

import re
import sys

with open(sys.argv[1], encoding='utf-8') as file:
    COMMENT = next(text for text in file.read().split('*/') if ' *     ' in text)
DECLARATIONS, BODY = COMMENT.split('at the entrypoint, when', 1)


def code(text):
    return ''.join(line[7:] + '\n' for line in text.splitlines() if re.match(r' \*( {5}|$)', line))


print('/* made by example.py */')
print(code(DECLARATIONS))
print('static void example_construct(struct os_env *env)\n{\n' + code(BODY) + '}')
