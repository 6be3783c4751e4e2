/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-window.c: the real SDL window on an X server of our own (Xvfb), with a real mouse and keyboard
 * (xdotool): what is drawn and typed is seen in the pixels of the window. And what happens when the driver or
 * the X server goes away.
 */
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../run/run.h"

static pid_t server; /* Xvfb */
static Display *display;

static void start_server(void)
{
    int number[2];
    char text[16] = "", name[24];
    ck_assert_int_eq(pipe(number), 0);
    server = fork();
    if (server == 0) {
        char fd[16];
        snprintf(fd, sizeof(fd), "%d", number[1]);
        close(number[0]);
        execlp("Xvfb", "Xvfb", "-displayfd", fd, "-screen", "0", "1280x800x24", "-nolisten", "tcp",
               "-noreset", (char *)NULL);
        _exit(127);
    }
    close(number[1]);
    size_t used = 0;
    for (ssize_t got; used < sizeof(text) - 1 && !strchr(text, '\n'); used += (size_t)got) {
        got = read(number[0], text + used, sizeof(text) - 1 - used);
        ck_assert_msg(got > 0, "Xvfb did not start");
    }
    close(number[0]);
    snprintf(name, sizeof(name), ":%d", atoi(text));
    setenv("DISPLAY", name, 1);
    unsetenv("WAYLAND_DISPLAY");
    unsetenv("XAUTHORITY");
    display = XOpenDisplay(name);
    ck_assert_ptr_nonnull(display);
}

static void stop_server(void)
{
    if (display)
        XCloseDisplay(display);
    display = NULL;
    if (server > 0) {
        kill(server, SIGTERM);
        waitpid(server, NULL, 0);
    }
    server = 0;
}

/* A moment between two looks at a condition; it decides nothing. */
static void moment(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
}

__attribute__((format(printf, 1, 2))) static void act(const char *format, ...)
{
    char command[256] = "xdotool ";
    va_list args;
    va_start(args, format);
    vsnprintf(command + 8, sizeof(command) - 8, format, args);
    va_end(args);
    ck_assert_msg(system(command) == 0, "failed: %s", command);
}

/* The first window whose name contains "Seedbed" that is shown. */
static Window find_window(Window from)
{
    Window root, parent, *children = NULL, found = 0;
    unsigned count = 0;
    char *name = NULL;
    XWindowAttributes attributes;
    if (XFetchName(display, from, &name) && name && strstr(name, "Seedbed") &&
        XGetWindowAttributes(display, from, &attributes) && attributes.map_state == IsViewable)
        found = from;
    if (name)
        XFree(name);
    if (!found && XQueryTree(display, from, &root, &parent, &children, &count)) {
        for (unsigned i = 0; i < count && !found; i++)
            found = find_window(children[i]);
        if (children)
            XFree(children);
    }
    return found;
}

/* Windows may vanish while they are looked at. */
static int ignore_error(Display *where, XErrorEvent *error)
{
    return 0;
}

static Window wait_for_window(void)
{
    Window window;
    while (!(window = find_window(DefaultRootWindow(display))))
        moment();
    return window;
}

static unsigned long pixel(Window window, int x, int y)
{
    XImage *image = XGetImage(display, window, x, y, 1, 1, AllPlanes, ZPixmap);
    if (!image)
        return ~0ul;
    unsigned long value = XGetPixel(image, 0, 0) & 0xffffff;
    XDestroyImage(image);
    return value;
}

/* Waits until a pixel is, or is no longer, of a colour. */
static void wait_until(Window window, int x, int y, unsigned long colour, int equal)
{
    while ((pixel(window, x, y) == colour) != equal)
        moment();
}

/*
 * Colours of paint: its paper, and the first one that it draws with. What is waited for is a colour and not a
 * change, for the gui's background and the sketch that is being cleared are changes too.
 */
enum { PAPER = 0xfffdf8, INK = 0x2f3a45 };

static void size_of(Window window, int *w, int *h)
{
    XWindowAttributes attributes;
    ck_assert_int_ne(XGetWindowAttributes(display, window, &attributes), 0);
    *w = attributes.width;
    *h = attributes.height;
}

static void start(struct run *run)
{
    static const char *const args[] = { "default", NULL };
    run_start(run, "run", NULL, args);
}

/* The canvas, not yet drawn on: where it is depends on the window's size alone. */
static Window wait_for_canvas(int *x, int *y)
{
    Window window = wait_for_window();
    int w, h;
    size_of(window, &w, &h);
    *x = w / 2;
    *y = h / 2;
    wait_until(window, *x, *y, 0, 0);
    return window;
}

/*
 * C clears the sketch that paint opens with. The window shows the gui's background before paint is there, and
 * a key that comes then is nobody's; so it is pressed until it has had its effect.
 */
static void clear(Window window, int x, int y)
{
    do {
        act("windowfocus --sync %lu mousemove --window %lu %d %d click 1 key c", window, window, x, y);
        act("mousemove --window %lu %d %d", window, x - 100, y - 60);
        moment();
    } while (pixel(window, x + 40, y) != PAPER);
}

START_TEST(draw_and_type)
{
    struct run run;
    int x, y;
    start(&run);
    Window window = wait_for_canvas(&x, &y);
    clear(window, x, y);
    /* a stroke from left to right */
    act("mousemove --window %lu %d %d mousedown 1 mousemove --window %lu %d %d mousemove --window %lu %d %d "
        "mouseup 1",
        window, x - 80, y, window, x, y, window, x + 80, y);
    wait_until(window, x + 40, y, INK, 1);
    /* another colour by key, over the first stroke */
    act("key 3 mousemove --window %lu %d %d mousedown 1 mousemove --window %lu %d %d mousemove --window %lu "
        "%d %d "
        "mouseup 1",
        window, x - 80, y, window, x, y, window, x + 80, y);
    wait_until(window, x + 40, y, INK, 0);
    ck_assert_uint_ne(pixel(window, x + 40, y), PAPER);
    ck_assert_uint_eq(pixel(window, x + 40, y + 40), PAPER);
    /* cleared by key */
    act("key c");
    wait_until(window, x + 40, y, PAPER, 1);
    run_signal(&run, SIGINT);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* Pressing the close button ends everything with status 0. */
START_TEST(close_button)
{
    struct run run;
    int x, y;
    start(&run);
    Window window = wait_for_canvas(&x, &y);
    XEvent event = { .xclient = { .type = ClientMessage,
                                  .window = window,
                                  .message_type = XInternAtom(display, "WM_PROTOCOLS", False),
                                  .format = 32 } };
    event.xclient.data.l[0] = (long)XInternAtom(display, "WM_DELETE_WINDOW", False);
    XSendEvent(display, window, False, NoEventMask, &event);
    XFlush(display);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* A clear sheet, and a stroke from left to right across its middle. */
static void draw(Window window, int x, int y)
{
    clear(window, x, y);
    act("mousemove --window %lu %d %d mousedown 1 mousemove --window %lu %d %d mouseup 1", window, x - 80, y,
        window, x + 80, y);
    act("mousemove --window %lu %d %d", window, x - 100, y - 60);
    wait_until(window, x + 40, y, INK, 1);
}

/* The driver is killed: init starts it again, and the new window shows what was drawn before. */
START_TEST(driver_restarts)
{
    struct run run;
    int x, y;
    start(&run);
    Window window = wait_for_canvas(&x, &y);
    draw(window, x, y);
    run_kill(&run, "display");
    /* the new window may have the number of the old one, which the server has given up by the second answer
     */
    run_expect(&run, "[init] display was killed");
    XSync(display, False);
    XSync(display, False);
    do {
        moment();
        window = find_window(DefaultRootWindow(display));
    } while (!window || pixel(window, x + 40, y) != INK);
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_msg(!strstr(run.text, "[paint]"), "paint noticed:\n%s", run.text);
}
END_TEST

/* The gui is killed: the window stays, and what was drawn; drawing goes on. */
START_TEST(gui_restarts)
{
    struct run run;
    int x, y;
    start(&run);
    Window window = wait_for_canvas(&x, &y);
    draw(window, x, y);
    for (unsigned times = 0; times < 2; times++) {
        run_kill(&run, "gui");
        run_expect(&run, "[paint] the gui was restarted");
    }
    ck_assert_uint_eq(find_window(DefaultRootWindow(display)), window);
    act("mousemove --window %lu %d %d mousedown 1 mousemove --window %lu %d %d mouseup 1", window, x - 80,
        y + 40, window, x + 80, y + 40);
    act("mousemove --window %lu %d %d", window, x - 100, y - 60);
    wait_until(window, x + 40, y + 40, INK, 1);
    ck_assert_uint_eq(pixel(window, x + 40, y), INK);
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* The X server goes away: the driver says so and ends, the rest goes on and ends in order. */
START_TEST(server_goes_away)
{
    struct run run;
    int x, y;
    start(&run);
    wait_for_canvas(&x, &y);
    XCloseDisplay(display);
    display = NULL;
    stop_server();
    run_expect(&run, "[init] display");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

static void set_up(void)
{
    XSetErrorHandler(ignore_error);
    start_server();
}

int main(void)
{
    Suite *suite = suite_create("the real window");
    TCase *tcase = tcase_create("window");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, stop_server);
    tcase_add_test(tcase, draw_and_type);
    tcase_add_test(tcase, close_button);
    tcase_add_test(tcase, driver_restarts);
    tcase_add_test(tcase, gui_restarts);
    tcase_add_test(tcase, server_goes_away);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
