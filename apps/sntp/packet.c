/* SPDX-License-Identifier: BSD-2-Clause */
/* packet.c: see packet.h. */
#include "packet.h"

#include <network/proto.h>

#include <stdio.h>
#include <string.h>

enum {
    FLAGS = 0, /* leap indicator, version, mode */
    STRATUM = 1,
    ROOT_DELAY = 4, /* seconds, 16.16 */
    ROOT_DISPERSION = 8,
    REFERENCE = 12, /* of stratum 0 a kiss code */
    ORIGINATE = 24,
    RECEIVED = 32,
    SENT = 40,
    VERSION = 4,
    VERSION_MIN = 3,
    CLIENT = 3,
    SERVER = 4,
    LEAP_UNKNOWN = 3,
    STRATUM_MAX = 15,
    ROOT_MAX = 16 << 16, /* RFC 5905's MAXDISP */
};

static uint64_t get64(const uint8_t *at)
{
    return (uint64_t)net_get32(at) << 32 | net_get32(at + 4);
}

static void put64(uint8_t *at, uint64_t value)
{
    net_put32(at, (uint32_t)(value >> 32));
    net_put32(at + 4, (uint32_t)value);
}

void sntp_request(uint8_t packet[SNTP_PACKET], uint64_t nonce)
{
    memset(packet, 0, SNTP_PACKET);
    packet[FLAGS] = VERSION << 3 | CLIENT;
    put64(packet + SENT, nonce);
}

/* A code is four letters; of others nothing is printed. */
static enum sntp_verdict kiss(const uint8_t *code, struct sntp_answer *answer)
{
    char text[5] = { 0 };
    for (int i = 0; i < 4; i++)
        text[i] = code[i] >= 'A' && code[i] <= 'Z' ? (char)code[i] : code[i] ? '.' : '\0';
    if (!strcmp(text, "RATE")) {
        snprintf(answer->why, sizeof(answer->why), "the server wants to be asked less often (RATE)");
        return SNTP_SLOWER;
    }
    if (!strcmp(text, "DENY") || !strcmp(text, "RSTR")) {
        snprintf(answer->why, sizeof(answer->why), "the server refuses, and is not asked again (%s)", text);
        return SNTP_NEVER;
    }
    snprintf(answer->why, sizeof(answer->why), "the server has no time to give (%s)", text);
    return SNTP_BAD;
}

/* What is wrong with an answer that is one, or NULL. */
static const char *fault(const uint8_t *packet, const struct sntp_answer *answer)
{
    if (packet[FLAGS] >> 6 == LEAP_UNKNOWN)
        return "the server's clock is not set";
    if (answer->stratum > STRATUM_MAX)
        return "the server's clock is not set: its stratum is above 15";
    if (!answer->sent || !answer->received)
        return "the answer has no time in it";
    if (net_get32(packet + ROOT_DELAY) >= ROOT_MAX || net_get32(packet + ROOT_DISPERSION) >= ROOT_MAX)
        return "the server is too far away from a clock";
    if (sntp_server_us(answer) < 0)
        return "the server has answered before it was asked";
    return NULL;
}

static enum sntp_verdict foreign(struct sntp_answer *answer, const char *why)
{
    snprintf(answer->why, sizeof(answer->why), "%s", why);
    return SNTP_FOREIGN;
}

enum sntp_verdict sntp_check(const void *data, size_t len, uint64_t nonce, struct sntp_answer *answer)
{
    const uint8_t *packet = data;
    *answer = (struct sntp_answer){ .stratum = 0 };
    if (len < SNTP_PACKET)
        return foreign(answer, "what came is too short");
    unsigned version = packet[FLAGS] >> 3 & 7, mode = packet[FLAGS] & 7;
    if (mode != SERVER)
        return foreign(answer, "what came is not from a server");
    if (version < VERSION_MIN || version > VERSION)
        return foreign(answer, "what came has another version");
    /* before anything else of it is believed, kisses included */
    if (get64(packet + ORIGINATE) != nonce)
        return foreign(answer, "what came answers another request");
    answer->received = get64(packet + RECEIVED);
    answer->sent = get64(packet + SENT);
    answer->stratum = packet[STRATUM];
    if (!answer->stratum)
        return kiss(packet + REFERENCE, answer);
    const char *why = fault(packet, answer);
    if (!why)
        return SNTP_GOOD;
    snprintf(answer->why, sizeof(answer->why), "%s", why);
    return SNTP_BAD;
}

/* Of what is beyond a microsecond the nearest. */
static uint32_t fraction_us(uint32_t fraction)
{
    return (uint32_t)(((uint64_t)fraction * 1000000 + (1u << 31)) >> 32);
}

int64_t sntp_server_us(const struct sntp_answer *answer)
{
    uint64_t took = answer->sent - answer->received; /* right across eras, too */
    uint32_t seconds = (uint32_t)(took >> 32);
    return seconds < 86400 ? (int64_t)seconds * 1000000 + fraction_us((uint32_t)took) : -1;
}

int64_t sntp_unix_us(uint64_t time, uint32_t from)
{
    uint32_t after = (uint32_t)(time >> 32) - 2208988800u - from;
    return ((int64_t)from + after) * 1000000 + fraction_us((uint32_t)time);
}
