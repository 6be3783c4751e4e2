/* SPDX-License-Identifier: BSD-2-Clause */
/* error.c: names and texts of the closed list of errors. */
#include <os/types.h>

const char *os_err_text(os_err err)
{
    switch (err) {
    case OS_OK:
        return "success";
#define OS_ERROR_TEXT(name, value, text)                                                                     \
    case value:                                                                                              \
        return text;
        OS_ERRORS(OS_ERROR_TEXT)
    }
    if (err >= OS_ERR_INTERFACE && err <= OS_ERR_INTERFACE_LAST)
        return "error of the interface";
    return "unknown error";
}

const char *os_err_name(os_err err)
{
    switch (err) {
    case OS_OK:
        return "OK";
#define OS_ERROR_NAME(name, value, text)                                                                     \
    case value:                                                                                              \
        return #name;
        OS_ERRORS(OS_ERROR_NAME)
    }
    if (err >= OS_ERR_INTERFACE && err <= OS_ERR_INTERFACE_LAST)
        return "INTERFACE";
    return "UNKNOWN";
}
