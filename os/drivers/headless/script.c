/* SPDX-License-Identifier: BSD-2-Clause */
/* script.c: see script.h. */
#include "script.h"

#include <string.h>

/* A piece of a line. */
struct word {
    const char *at;
    size_t len;
};

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the next word of LINE; empty at its end. */
static struct word take_word(struct word *line)
{
    struct word word;

    while (line->len && is_blank(*line->at)) {
        line->at++;
        line->len--;
    }
    word.at = line->at;
    while (line->len && !is_blank(*line->at)) {
        line->at++;
        line->len--;
    }
    word.len = (size_t)(line->at - word.at);
    return word;
}

static int word_is(struct word word, const char *text)
{
    return word.len == strlen(text) && !memcmp(word.at, text, word.len);
}

/* ---- arguments: NULL or what was expected */

static const char *take_number(struct word *line, int64_t low, int64_t high, int32_t *value)
{
    static const char expected[] = "expected a number that is not too large";
    struct word word = take_word(line);
    size_t i = word.len && word.at[0] == '-';
    int64_t number = 0;

    if (i == word.len)
        return "expected a number";
    for (; i < word.len; i++) {
        if (word.at[i] < '0' || word.at[i] > '9')
            return "expected a number";
        number = number * 10 + (word.at[i] - '0');
        if (number > (int64_t)INT32_MAX + 1)
            return expected;
    }
    if (word.at[0] == '-')
        number = -number;
    if (number < low || number > high)
        return expected;
    *value = (int32_t)number;
    return NULL;
}

static const char *take_pair(struct word *line, struct command *command)
{
    const char *error = take_number(line, INT32_MIN, INT32_MAX, &command->x);

    return error ? error : take_number(line, INT32_MIN, INT32_MAX, &command->y);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static const char *take_colour(struct word *line, struct command *command)
{
    struct word word = take_word(line);
    size_t i;

    for (i = 0; i < word.len && i < 6; i++) {
        int digit = hex_digit(word.at[i]);
        if (digit < 0)
            break;
        command->code = command->code << 4 | (uint32_t)digit;
    }
    return i == 6 && word.len == 6 ? NULL : "expected a colour of six hexadecimal digits";
}

static const char *take_pixel(struct word *line, struct command *command)
{
    const char *error = take_pair(line, command);

    return error ? error : take_colour(line, command);
}

/* Name of a picture, as the host wants it. */
static const char *take_name(struct word *line, struct command *command)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    struct word word = take_word(line);

    for (size_t i = 0; i < word.len; i++)
        if (!memchr(allowed, word.at[i], sizeof(allowed) - 1))
            word.len = 0;
    if (!word.len || word.len > 63)
        return "expected a name of up to 63 letters, digits, '-', '_' and '.'";
    command->text = word.at;
    command->text_len = word.len;
    return NULL;
}

/* All that is left, but for the one blank after the command. */
static const char *take_rest(struct word *line, struct command *command)
{
    if (line->len && line->at[line->len - 1] == '\r')
        line->len--;
    if (line->len < 2)
        return "expected text";
    for (size_t i = 1; i < line->len; i++)
        if ((uint8_t)line->at[i] < 0x20 || line->at[i] == 0x7f)
            return "expected text without control characters";
    command->text = line->at + 1;
    command->text_len = line->len - 1;
    line->len = 0;
    return NULL;
}

static const char *take_key(struct word *line, struct command *command)
{
    struct word word = take_word(line);

    command->code = script_key(word.at, word.len);
    return command->code ? NULL : "expected the name of a key or button";
}

/* ---- lines */

static const struct {
    const char *name;
    enum command_kind kind;
} commands[] = {
    { "key", COMMAND_KEY },   { "press", COMMAND_PRESS }, { "release", COMMAND_RELEASE },
    { "text", COMMAND_TEXT }, { "move", COMMAND_MOVE },   { "wheel", COMMAND_WHEEL },
    { "wait", COMMAND_WAIT }, { "until", COMMAND_UNTIL }, { "settle", COMMAND_SETTLE },
    { "shot", COMMAND_SHOT }, { "quit", COMMAND_QUIT },
};

static enum command_kind kind_of(struct word word)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (word_is(word, commands[i].name))
            return commands[i].kind;
    return COMMAND_END;
}

static const char *take_arguments(struct word *line, struct command *command)
{
    switch (command->kind) {
    case COMMAND_KEY:
    case COMMAND_PRESS:
    case COMMAND_RELEASE:
        return take_key(line, command);
    case COMMAND_TEXT:
        return take_rest(line, command);
    case COMMAND_MOVE:
    case COMMAND_WHEEL:
        return take_pair(line, command);
    case COMMAND_WAIT:
        return take_number(line, 0, INT32_MAX, &command->x);
    case COMMAND_UNTIL:
        return take_pixel(line, command);
    case COMMAND_SETTLE:
        return NULL;
    case COMMAND_SHOT:
        return take_name(line, command);
    case COMMAND_QUIT:
        return take_number(line, 0, 255, &command->x);
    case COMMAND_END:
        break;
    }
    return "expected key, press, release, text, move, wheel, wait, until, settle, shot or quit";
}

static struct word take_line(struct script *script)
{
    const char *newline = memchr(script->at, '\n', (size_t)(script->end - script->at));
    const char *end = newline ? newline : script->end;
    struct word line = { script->at, (size_t)(end - script->at) };

    script->at = newline ? newline + 1 : script->end;
    script->line++;
    return line;
}

void script_init(struct script *script, const char *text, size_t size)
{
    *script = (struct script){ .at = text, .end = text + size };
}

const char *script_next(struct script *script, struct command *command)
{
    *command = (struct command){ .kind = COMMAND_END };
    while (script->at < script->end) {
        struct word line = take_line(script), word = take_word(&line);
        if (!word.len || word.at[0] == '#')
            continue;
        command->kind = kind_of(word);
        const char *error = take_arguments(&line, command);
        if (!error && take_word(&line).len)
            error = "expected the end of the line";
        return error;
    }
    return NULL;
}
