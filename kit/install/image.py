# SPDX-License-Identifier: BSD-2-Clause
"""Makes an image of the installed kit in the build folder, of links to where things are before they are installed.

    image.py FOLDER [PLACE TARGET] ...

Each PLACE beneath FOLDER becomes a link to TARGET, unless it is that already: a system may be running from there.
"""

import os
import pathlib
import sys


def main():
    folder = pathlib.Path(sys.argv[1])
    for place, target in zip(sys.argv[2::2], sys.argv[3::2]):
        link = folder / place
        for parent in link.relative_to(folder).parents:
            if (folder / parent).is_symlink():
                (folder / parent).unlink()
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink() or os.readlink(link) != target:
            link.unlink(missing_ok=True)
            link.symlink_to(target)


main()
