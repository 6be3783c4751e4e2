/* SPDX-License-Identifier: BSD-2-Clause */
/* check-config.h: config.h of Check, as its configure would make it, for a system that is newlib and nothing
 * else. */
#define PACKAGE               "check"
#define VERSION               "0.15.2"
#define HAVE_STDARG_H         1
#define HAVE_STDINT_H         1
#define HAVE_UNISTD_H         1
#define HAVE_SYS_TIME_H       1
#define HAVE_DECL_ALARM       1
#define HAVE_DECL_GETLINE     1
#define HAVE_DECL_LOCALTIME_R 1
#define HAVE_DECL_STRDUP      1
#define HAVE_DECL_STRSIGNAL   1
#define HAVE_GETLINE          1
#define HAVE_GETPID           1
#define HAVE_GETTIMEOFDAY     1
#define HAVE_MALLOC           1
#define HAVE_REALLOC          1
#define HAVE_SNPRINTF         1
#define HAVE_VSNPRINTF        1

/* What there is no operating system for is in check-files.c; lib/clock_gettime.c of Check says 0. */
#define clock_gettime ck_clock_gettime
#define fopen         ck_fopen
#define getpid        ck_getpid
#define gettimeofday  ck_gettimeofday
#define tempnam       ck_tempnam
#define tmpfile       ck_tmpfile
#define unlink        ck_unlink
