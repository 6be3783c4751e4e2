/* SPDX-License-Identifier: BSD-2-Clause */
/* symbolize.c: the helper that reads debug information of a component; it runs in a sandbox of its own. */
#include <linux_base/symbolize.h>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { PATH_SIZE = 512, PARTS_MAX = 64 };

/* Name of the innermost function, inlined ones included, whose code contains ADDRESS. */
static const char *function_in_dwarf(Dwarf_Die *unit, uint64_t address)
{
    Dwarf_Die *scopes = NULL;
    const char *name = NULL;
    int count = dwarf_getscopes(unit, address, &scopes);

    for (int i = 0; i < count && !name; i++) {
        int tag = dwarf_tag(&scopes[i]);
        Dwarf_Attribute attr;

        if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
            name = dwarf_formstring(dwarf_attr_integrate(&scopes[i], DW_AT_name, &attr));
    }
    return name; /* in the file's string table; the scopes live until the helper ends */
}

/* The same from the symbol table, for files without debug information. */
static const char *function_in_symbols(Elf *elf, uint64_t address)
{
    Elf_Scn *section = NULL;
    GElf_Shdr header;

    while ((section = elf_nextscn(elf, section))) {
        Elf_Data *data;
        GElf_Sym symbol;

        if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB ||
            !(data = elf_getdata(section, NULL)))
            continue;
        for (int i = 0; gelf_getsym(data, i, &symbol); i++) {
            if (GELF_ST_TYPE(symbol.st_info) == STT_FUNC && address >= symbol.st_value &&
                address - symbol.st_value < symbol.st_size)
                return elf_strptr(elf, header.sh_link, symbol.st_name);
        }
    }
    return NULL;
}

/* Resolves "." and ".." in PATH without looking at any file; the result begins with '/' if PATH does. */
static void normalise(const char *path, char *out, size_t size)
{
    char copy[PATH_SIZE];
    char *parts[PARTS_MAX], *save;
    size_t count = 0, len = 0;

    snprintf(copy, sizeof copy, "%s", path);
    for (char *part = strtok_r(copy, "/", &save); part && count < PARTS_MAX;
         part = strtok_r(NULL, "/", &save)) {
        if (strcmp(part, "..") == 0 && count)
            count--;
        else if (strcmp(part, ".") != 0 && strcmp(part, "..") != 0)
            parts[count++] = part;
    }
    *out = '\0';
    for (size_t i = 0; i < count && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i || *path == '/' ? "/" : "", parts[i]);
}

/* The path of a source file as one would type it in the project's top folder. */
static void project_path(Dwarf_Die *unit, const char *file, char *out, size_t size)
{
    static const char root[] = SEEDBED_SOURCE_ROOT "/";
    char joined[PATH_SIZE], whole[PATH_SIZE];
    Dwarf_Attribute attr;
    const char *dir = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attr));

    snprintf(joined, sizeof joined, "%s%s%s", *file != '/' && dir ? dir : "", *file != '/' && dir ? "/" : "",
             file);
    normalise(joined, whole, sizeof whole);
    snprintf(out, size, "%s", strncmp(whole, root, sizeof root - 1) == 0 ? whole + sizeof root - 1 : whole);
}

/* Says where ADDRESS is, if that is more than what is KNOWN so far: 2 with a source line, 1 the function
 * only. */
static int describe(Elf *elf, Dwarf *dwarf, uint64_t address, int known, char *text, size_t size)
{
    Dwarf_Die unit;
    Dwarf_Line *line = NULL;
    const char *function = NULL, *file = NULL;
    char path[PATH_SIZE];
    int number = 0;

    if (dwarf && dwarf_addrdie(dwarf, address, &unit)) {
        function = function_in_dwarf(&unit, address);
        line = dwarf_getsrc_die(&unit, address);
        file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
        if (line)
            dwarf_lineno(line, &number);
    }
    if (!function)
        function = function_in_symbols(elf, address);
    if (file)
        project_path(&unit, file, path, sizeof path);
    if ((file ? 2 : function ? 1 : 0) <= known)
        return known;
    snprintf(text, size, file ? "%.100s at %.130s:%d" : "%.250s", function ? function : "unknown function",
             path, number);
    return file ? 2 : 1;
}

/* Code of the C library has no lines, which is why its callers are looked at. */
static int describe_first(Elf *elf, const uint64_t addresses[], char *text, size_t size)
{
    Dwarf *dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
    int known = 0;

    for (int i = 0; i < SYMBOLIZE_ADDRESSES_MAX && addresses[i] && known < 2; i++)
        known = describe(elf, dwarf, addresses[i], known, text, size);
    return known;
}

void symbolize_answer(int binary, const uint64_t addresses[SYMBOLIZE_ADDRESSES_MAX], int socket)
{
    char text[SYMBOLIZE_TEXT_MAX];
    struct iovec data = { text, 0 };
    struct msghdr msg = { .msg_iov = &data, .msg_iovlen = 1 };
    Elf *elf;

    elf_version(EV_CURRENT);
    elf = elf_begin(binary, ELF_C_READ_MMAP, NULL);
    if (!elf || !describe_first(elf, addresses, text, sizeof text))
        return;
    data.iov_len = strlen(text);
    sendmsg(socket, &msg, MSG_NOSIGNAL);
}
