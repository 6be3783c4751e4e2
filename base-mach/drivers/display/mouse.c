/* SPDX-License-Identifier: BSD-2-Clause */
/* mouse.c: see mouse.h. */
#include "mouse.h"

enum {
    RESET = 0xff,
    SET_RATE = 0xf3,
    GET_ID = 0xf2,
    ENABLE = 0xf4,
    ACKNOWLEDGED = 0xfa,
    SELF_TEST_PASSED = 0xaa,
    ID_PLAIN = 0x00,
    ID_WHEEL = 0x03,
};

/* The bytes of a packet follow each other within a few milliseconds, wherever they wait on their way. */
#define PACKET_TIME (250 * OS_MS)

/*
 * The set-up: a byte to send, and what answers it. The three rates in a row are a knock at the door: a mouse
 * with a wheel has another identity from then on. A byte that is not awaited is passed over; so is what the
 * mouse sent before it was reset.
 */
enum answer { NOTHING, ACK, ACK_TEST_ID, ACK_ID };
static const struct step {
    uint8_t send, answer;
} steps[] = {
    { RESET, ACK_TEST_ID }, { SET_RATE, ACK }, { 200, ACK },    { SET_RATE, ACK },
    { 100, ACK },           { SET_RATE, ACK }, { 80, ACK },     { GET_ID, ACK_ID },
    { SET_RATE, ACK },      { 100, ACK },      { ENABLE, ACK },
};

void mouse_start(struct mouse *mouse)
{
    mouse->step = 0;
    mouse->len = 0;
    mouse->packet_len = 3;
    mouse->send(mouse, steps[0].send);
}

static void next_step(struct mouse *mouse)
{
    mouse->len = 0;
    if (++mouse->step < OS_ARRAY_LEN(steps))
        mouse->send(mouse, steps[mouse->step].send);
}

/* LEN counts the bytes of the answer here. */
static void take_answer(struct mouse *mouse, uint8_t byte)
{
    unsigned len = mouse->len;
    switch (steps[mouse->step].answer) {
    case ACK_TEST_ID:
        if (byte == (len == 0 ? ACKNOWLEDGED : len == 1 ? SELF_TEST_PASSED : ID_PLAIN))
            mouse->len++;
        else
            mouse->len = byte == ACKNOWLEDGED;
        if (mouse->len == 3)
            next_step(mouse);
        break;
    case ACK_ID:
        mouse->len += len || byte == ACKNOWLEDGED;
        if (mouse->len == 2) {
            mouse->packet_len = byte == ID_WHEEL ? 4 : 3;
            next_step(mouse);
        }
        break;
    default:
        if (byte == ACKNOWLEDGED)
            next_step(mouse);
    }
}

/* ---- packets */

static void emit(struct mouse *mouse, uint32_t kind, uint32_t code, int32_t x, int32_t y)
{
    const struct os_input_event event = { .kind = kind, .code = code, .x = x, .y = y };
    mouse->emit(mouse, &event);
}

static int32_t clamp(int32_t at, uint32_t size)
{
    return at < 0 ? 0 : (uint32_t)at >= size ? (int32_t)size - 1 : at;
}

static void move(struct mouse *mouse, int32_t x, int32_t y)
{
    int32_t to_x = clamp(mouse->x + x, mouse->w), to_y = clamp(mouse->y + y, mouse->h);
    if ((!x && !y) || (mouse->moved && to_x == mouse->x && to_y == mouse->y))
        return;
    mouse->x = to_x;
    mouse->y = to_y;
    mouse->moved = 1;
    emit(mouse, OS_INPUT_MOVE, 0, to_x, to_y);
}

static void push_buttons(struct mouse *mouse, uint8_t buttons)
{
    static const uint32_t codes[] = { OS_BUTTON_LEFT, OS_BUTTON_RIGHT, OS_BUTTON_MIDDLE };
    for (unsigned i = 0; i < OS_ARRAY_LEN(codes); i++)
        if ((buttons ^ mouse->buttons) >> i & 1)
            emit(mouse, buttons >> i & 1 ? OS_INPUT_PRESS : OS_INPUT_RELEASE, codes[i], mouse->x, mouse->y);
    mouse->buttons = buttons;
}

/*
 * The first byte: buttons, always 1, signs of x and y, and their overflow, with which they mean nothing. y
 * counts upwards; the wheel counts towards the user.
 */
static void take_packet(struct mouse *mouse)
{
    const uint8_t *packet = mouse->packet;
    if (!(packet[0] & 0xc0))
        move(mouse, packet[1] - (packet[0] & 0x10 ? 256 : 0), (packet[0] & 0x20 ? 256 : 0) - packet[2]);
    push_buttons(mouse, packet[0] & 7);
    if (mouse->packet_len == 4 && packet[3])
        emit(mouse, OS_INPUT_WHEEL, 0, 0, -(int32_t)(int8_t)packet[3]);
}

void mouse_take(struct mouse *mouse, uint8_t byte, os_time now)
{
    if (mouse->step < OS_ARRAY_LEN(steps)) {
        take_answer(mouse, byte);
        return;
    }
    if (mouse->len && now - mouse->when > PACKET_TIME)
        mouse->len = 0;
    mouse->when = now;
    if (!mouse->len && !(byte & 8))
        return;
    mouse->packet[mouse->len++] = byte;
    if (mouse->len < mouse->packet_len)
        return;
    mouse->len = 0;
    take_packet(mouse);
}
