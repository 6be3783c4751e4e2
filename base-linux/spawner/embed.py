#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns profile texts into a C table, so that an installed program finds them: embed.py OUTPUT PROFILE..."""
import os
import sys

with open(sys.argv[1], 'w', encoding='utf-8') as out:
    out.write('#include "profile.h"\n\nconst struct profile_text profile_texts[] = {\n')
    for path in sys.argv[2:]:
        out.write('    { "%s",\n' % os.path.basename(path))
        with open(path, encoding='utf-8') as text:
            for line in text.read().splitlines():
                out.write('      "%s\\n"\n' % line.replace('\\', '\\\\').replace('"', '\\"'))
        out.write('    },\n')
    out.write('};\n\nconst size_t profile_text_count = %d;\n' % (len(sys.argv) - 2))
