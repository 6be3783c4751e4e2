/* SPDX-License-Identifier: BSD-2-Clause */
/* keys.h: SDL's codes of keys and buttons as those of os/input.h. */
#ifndef SDL_KEYS_H
#define SDL_KEYS_H

#include <stdint.h>

/* 0 for what has no code. */
uint32_t key_from_scancode(uint32_t scancode);
uint32_t button_from_sdl(uint32_t button);

#endif
