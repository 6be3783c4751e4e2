/* SPDX-License-Identifier: BSD-2-Clause */
/* test-headless.c: the headless driver on a real gui, with the test as the host that it saves pictures at. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include <inproc/mock.h>
#include <os/gui.h>
#include <os/host.h>

#define STBI_ONLY_PNG
#define STBI_NO_THREAD_LOCALS /* which not every platform has */
#define STBI_NO_STDIO
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>

void gui_construct(struct os_env *env);
void headless_construct(struct os_env *env);

INPROC_MOCK(os_host, OS_HOST_RPC)

static struct inproc_mock_service host;
static struct inproc_env gui, headless;
/* The picture that was saved last; its dataspace ends when the call has returned. */
static uint8_t *file;
static size_t file_size;

static os_err save(struct os_rpc *rpc, const char *name, os_dataspace_cap ds, uint64_t size)
{
    struct os_region region;

    ck_assert_int_eq(os_region_attach(&region, ds, OS_ATTACH_READ), OS_OK);
    ck_assert_uint_le(size, region.size);
    free(file);
    file = malloc(size);
    file_size = size;
    memcpy(file, region.at, size);
    os_region_detach(&region);
    return OS_OK;
}

static const struct os_host_ops host_fake = { .save = save };

/* Under which name the last picture was saved; "" for none. */
static const char *saved(void)
{
    static char name[64];
    uint32_t calls = inproc_mock_calls(&host.mock, "save");

    if (!calls)
        return "";
    os_host_save_called(&host.mock, calls - 1, &name, NULL, NULL);
    return name;
}

/* The user wants a picture. */
static void want_shot(void)
{
    os_signal_cap signal;

    os_host_shot_sigh_called(&host.mock, 0, &signal);
    os_signal_submit(signal);
    inproc_idle();
}

static void set_up(void)
{
    inproc_mock_service_init(&host, "Host", &os_host_interface);
    inproc_mock_allow(&host.mock, "shot_sigh");
    os_host_mock_fake(&host.mock, &host_fake);
    inproc_env_init(&gui, "gui");
    inproc_env_construct(&gui, gui_construct);
    inproc_env_init(&headless, "headless");
}

static void tear_down(void)
{
    inproc_env_kill(&headless);
    ck_assert_int_eq(inproc_env_fini(&headless), 0);
    ck_assert_int_eq(inproc_env_fini(&gui), 0);
    ck_mock(&host.mock);
    ck_assert_int_eq(inproc_mock_service_fini(&host), 0);
    free(file);
}

static void start(const char *config)
{
    inproc_config_set(&headless, config);
    inproc_env_construct(&headless, headless_construct);
}

static void start_script(const char *script)
{
    inproc_rom_set(&headless, "demo", script, strlen(script));
    start("width: 200\nheight: 100\nscript: demo\n");
}

/* The saved picture has this size; its pixel at X, Y. */
static uint32_t saved_pixel(int w, int h, int x, int y)
{
    int has_w, has_h, channels;
    uint8_t *rgb = stbi_load_from_memory(file, (int)file_size, &has_w, &has_h, &channels, 3);

    ck_assert_ptr_nonnull(rgb);
    ck_assert_int_eq(has_w, w);
    ck_assert_int_eq(has_h, h);
    uint8_t *pixel = rgb + (y * w + x) * 3;
    uint32_t value = (uint32_t)pixel[0] << 16 | (uint32_t)pixel[1] << 8 | pixel[2];
    stbi_image_free(rgb);
    return value;
}

START_TEST(picture_on_request)
{
    start("width: 320\nheight: 200\n");
    want_shot();
    ck_assert_str_eq(saved(), "shot");
    ck_assert_uint_eq(saved_pixel(320, 200, 0, 0) >> 16, 44);
}
END_TEST

START_TEST(size_follows_the_config)
{
    start("width: 320\nheight: 200\n");
    inproc_config_set(&headless, "width: 100\nheight: 80\n");
    inproc_idle();
    inproc_config_set(&headless, "width: 0\n");
    inproc_idle();
    want_shot();
    ck_assert_uint_eq(saved_pixel(100, 80, 0, 0) >> 16, 44);
}
END_TEST

START_TEST(default_size)
{
    inproc_env_construct(&headless, headless_construct);
    want_shot();
    saved_pixel(1024, 640, 0, 0);
}
END_TEST

START_TEST(script_moves_and_waits)
{
    start_script("move 100 50\nshot first.png\nwait 500\nmove 10 10\nshot second.png\nwait 500\nquit 7\n");
    ck_assert_str_eq(saved(), "first.png");
    /* the pointer's face is white, a little below its tip */
    ck_assert_uint_eq(saved_pixel(200, 100, 102, 56), 0xffffff);
    inproc_advance(500 * OS_MS);
    ck_assert_str_eq(saved(), "second.png");
    ck_assert_uint_eq(saved_pixel(200, 100, 12, 16), 0xffffff);
    ck_assert_uint_ne(saved_pixel(200, 100, 102, 56), 0xffffff);
    os_host_quit_expect(&host.mock, 7);
    ck_assert_uint_eq(inproc_mock_calls(&host.mock, "quit"), 0);
    inproc_advance(500 * OS_MS);
}
END_TEST

START_TEST(inline_script)
{
    start("width: 200\nheight: 100\ninput: shot inline\n");
    ck_assert_str_eq(saved(), "inline");
}
END_TEST

START_TEST(error_in_script)
{
    int status = 0;

    start_script("shot early\n\nmove 1\n");
    ck_assert_int_ne(inproc_env_exited(&headless, &status), 0);
    ck_assert_int_eq(status, 1);
    ck_assert_ptr_nonnull(strstr(inproc_log(&headless), "demo:3: expected a number"));
    /* nothing of it was run */
    ck_assert_str_eq(saved(), "");
}
END_TEST

START_TEST(no_such_script)
{
    int status = 0;

    start("script: missing\n");
    ck_assert_int_ne(inproc_env_exited(&headless, &status), 0);
    ck_assert_int_eq(status, 1);
}
END_TEST

START_TEST(absurd_size)
{
    int status = 0;

    start("width: 100000\n");
    ck_assert_int_ne(inproc_env_exited(&headless, &status), 0);
    ck_assert_int_eq(status, 1);
    ck_assert_ptr_nonnull(strstr(inproc_log(&headless), "expected a width and height"));
}
END_TEST

/* An application with one view that fills the screen, and the test as what it does. */
static struct {
    struct inproc_env env;
    struct os_gui_session gui;
    struct os_region region;
    struct os_signal_handler input;
    unsigned signals;
} app;

static void count_signal(struct os_signal_handler *handler)
{
    app.signals++;
}

static void app_construct(struct os_env *env)
{
    os_signal_cap signal;

    ck_assert_int_eq(os_signal_handler_init(&app.input, env->ep, count_signal, &signal), OS_OK);
    ck_assert_int_eq(os_gui_input_sigh(app.gui.cap, signal), OS_OK);
    os_cap_drop(signal.cap);
}

static void app_start(void)
{
    struct os_rect rect = { 0, 0, 200, 100 };
    os_dataspace_cap ds;
    uint32_t view;

    memset(&app, 0, sizeof(app));
    inproc_env_init(&app.env, "app");
    ck_assert_int_eq(os_gui_open_with(&app.env.env, "", "", OS_MIB(1), 16, &app.gui), OS_OK);
    inproc_env_construct(&app.env, app_construct);
    ck_assert_int_eq(os_gui_buffer(app.gui.cap, rect.w, rect.h, &ds), OS_OK);
    ck_assert_int_eq(os_region_attach(&app.region, ds, OS_ATTACH_WRITE), OS_OK);
    os_cap_drop(ds.cap);
    ck_assert_int_eq(os_gui_view_create(app.gui.cap, rect, 0, 0, &view), OS_OK);
    inproc_idle();
}

static void app_draw(uint32_t x, uint32_t y, uint32_t colour)
{
    struct os_rect rect = { (int32_t)x, (int32_t)y, 1, 1 };

    ((uint32_t *)app.region.at)[y * 200 + x] = colour;
    ck_assert_int_eq(os_gui_refresh(app.gui.cap, rect), OS_OK);
    inproc_idle();
}

/* Bytes of events. */
static size_t app_take(void)
{
    uint8_t data[1024];
    size_t len = 0;

    ck_assert_int_eq(os_gui_input(app.gui.cap, &data, &len), OS_OK);
    inproc_idle();
    return len;
}

static void app_end(void)
{
    os_region_detach(&app.region);
    os_gui_close(&app.gui);
    inproc_env_kill(&app.env);
    ck_assert_int_eq(inproc_env_fini(&app.env), 0);
}

START_TEST(script_waits_for_a_pixel)
{
    app_start();
    start_script("until 7 9 123456\nshot there\nuntil 199 99 000000\nshot at-once\n");
    ck_assert_str_eq(saved(), "");
    app_draw(8, 9, 0x123456);
    app_draw(7, 9, 0x123457);
    ck_assert_str_eq(saved(), "");
    app_draw(7, 9, 0xff123456);
    ck_assert_str_eq(saved(), "at-once");
    ck_assert_uint_eq(saved_pixel(200, 100, 7, 9), 0x123456);
    app_draw(7, 9, 0);
    app_end();
}
END_TEST

START_TEST(script_waits_for_applications)
{
    app_start();
    start_script("move 5 5\nsettle\nshot settled\n");
    ck_assert_str_eq(saved(), "");
    app.signals = 0;
    ck_assert_uint_gt(app_take(), 0);
    /* taken is not dealt with yet; that it should come again it is told */
    ck_assert_str_eq(saved(), "");
    ck_assert_uint_gt(app.signals, 0);
    app_draw(150, 50, 0x445566);
    ck_assert_str_eq(saved(), "");
    ck_assert_uint_eq(app_take(), 0);
    ck_assert_str_eq(saved(), "settled");
    ck_assert_uint_eq(saved_pixel(200, 100, 150, 50), 0x445566);
    app_end();
}
END_TEST

START_TEST(script_waits_for_no_pixel_outside)
{
    int status = 0;

    start_script("shot early\nuntil 200 5 000000\n");
    ck_assert_int_ne(inproc_env_exited(&headless, &status), 0);
    ck_assert_int_eq(status, 1);
    ck_assert_ptr_nonnull(strstr(inproc_log(&headless), "demo:2: expected a pixel of the screen"));
    ck_assert_str_eq(saved(), "");
}
END_TEST

START_TEST(host_disk_is_full)
{
    int status;

    start("width: 320\nheight: 200\n");
    inproc_expect_error(inproc_mock_expect(&host.mock, "save"), OS_ERR_NO_SPACE);
    os_host_failed_expect(&host.mock, "shot", os_err_text(OS_ERR_NO_SPACE));
    want_shot();
    ck_assert_ptr_null(file);
    ck_assert_ptr_nonnull(strstr(inproc_log(&headless), "cannot save the picture"));
    ck_assert_int_eq(inproc_env_exited(&headless, &status), 0);
    /* and goes on */
    want_shot();
    ck_assert_uint_eq(saved_pixel(320, 200, 0, 0) >> 16, 44);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("headless");
    TCase *tcase = tcase_create("headless");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, picture_on_request);
    tcase_add_test(tcase, default_size);
    tcase_add_test(tcase, size_follows_the_config);
    tcase_add_test(tcase, script_moves_and_waits);
    tcase_add_test(tcase, inline_script);
    tcase_add_test(tcase, error_in_script);
    tcase_add_test(tcase, no_such_script);
    tcase_add_test(tcase, absurd_size);
    tcase_add_test(tcase, script_waits_for_a_pixel);
    tcase_add_test(tcase, script_waits_for_applications);
    tcase_add_test(tcase, script_waits_for_no_pixel_outside);
    tcase_add_test(tcase, host_disk_is_full);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
