/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-core.c: core as init sees it: sessions and what they cost, dataspaces until their last holder,
 * components from creation to their end.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <suite.h>

#include <inproc/inproc.h>
#include <os/host.h>
#include <os/random.h>
#include <os/rom.h>
#include <os/rtc.h>

#include "mock.h"

enum { RAM = 16 << 20, CAPS = 1000, RESERVE_RAM = 1 << 20, RESERVE_CAPS = 100 };

static struct os_entrypoint ep;
static struct core core;
static os_parent_cap parent;
static os_pd_cap init_pd;
static struct inproc_env client; /* for signals that come to the test */

/* Nothing that core does makes or loses quota, not for a moment. */
static void check_accounts(const struct core_accounts *accounts)
{
    ck_assert(core_accounts_valid(accounts));
}

static void setup(void)
{
    mock_processes = mock_memories = mock_started = mock_killed = 0;
    mock_ended = 0;
    mock_shot = CORE_SHOT_NONE;
    mock_patience = OS_NEVER / 2;
    *mock_saved = *mock_shot_error = '\0';
    inproc_env_init(&client, "test");
    inproc_env_serve(&client);
    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    ck_assert_int_eq(core_init(&core, &ep, RAM, CAPS), OS_OK);
    core.accounts.changed = check_accounts;
    ck_assert_int_eq(core_start_init(&core, "init", RESERVE_RAM, RESERVE_CAPS), OS_OK);
    core_pd_started(core.init, OS_OK, "");
    parent.cap = os_cap_copy(mock_parent.cap);
    init_pd.cap = os_cap_copy(core.init->cap.cap);
    inproc_serve(&ep);
}

/* Whatever a test did, all of it goes back. */
static void teardown(void)
{
    inproc_idle();
    inproc_unserve(&ep);
    ck_assert(core_accounts_valid(&core.accounts));
    os_cap_drop(parent.cap);
    os_cap_drop(init_pd.cap);
    os_cap_drop(mock_parent.cap);
    mock_parent.cap = OS_NO_CAP;
    core_pd_ended(core.init, OS_PD_EXITED, 0, "");
    core_fini(&core);
    os_entrypoint_fini(&ep);
    ck_assert_uint_eq(mock_processes, 0);
    ck_assert_uint_eq(mock_memories, 0);
    ck_assert_int_eq(inproc_env_fini(&client), 0);
}

static os_err open_session(const char *service, const char *label, uint64_t ram, uint32_t caps, uint32_t *id,
                           struct os_cap *cap)
{
    os_any_cap any;
    os_err err = os_parent_session(parent, service, label, "", ram, caps, id, &any);
    if (!err)
        *cap = any.cap;
    return err;
}

static os_err close_session(uint32_t id)
{
    uint64_t ram;
    uint32_t caps;
    return os_parent_close(parent, id, &ram, &caps);
}

static struct os_cap must_open(const char *service, const char *label, uint64_t ram, uint32_t caps,
                               uint32_t *id)
{
    struct os_cap cap = OS_NO_CAP;
    ck_assert_int_eq(open_session(service, label, ram, caps, id, &cap), OS_OK);
    ck_assert(core_accounts_valid(&core.accounts));
    return cap;
}

static void must_close(uint32_t id, struct os_cap cap)
{
    os_cap_drop(cap);
    ck_assert_int_eq(close_session(id), OS_OK);
    ck_assert(core_accounts_valid(&core.accounts));
}

struct quota {
    uint64_t ram, ram_used;
    uint32_t caps, caps_used;
};

static struct quota quota_of(os_pd_cap pd)
{
    struct quota quota;
    ck_assert_int_eq(os_pd_quota(pd, &quota.ram, &quota.ram_used, &quota.caps, &quota.caps_used), OS_OK);
    return quota;
}

static void check_same(struct quota a, struct quota b)
{
    ck_assert_uint_eq(a.ram, b.ram);
    ck_assert_uint_eq(a.ram_used, b.ram_used);
    ck_assert_uint_eq(a.caps, b.caps);
    ck_assert_uint_eq(a.caps_used, b.caps_used);
}

/* ---- sessions */

START_TEST(close_gives_the_donation_back)
{
    uint32_t id;
    struct quota before = quota_of(init_pd);
    struct os_cap log = must_open("LOG", "paint", 8192, 4, &id);
    ck_assert_uint_eq(quota_of(init_pd).ram, before.ram - 8192);
    ck_assert_uint_eq(quota_of(init_pd).caps, before.caps - 4);
    ck_assert_int_eq(os_parent_upgrade(parent, id, 4096, 2), OS_OK);
    ck_assert_uint_eq(quota_of(init_pd).ram, before.ram - 8192 - 4096);
    must_close(id, log);
    check_same(quota_of(init_pd), before);
}
END_TEST

START_TEST(bad_requests_are_refused_and_cost_nothing)
{
    struct os_cap none = OS_NO_CAP;
    uint32_t id;
    struct quota before = quota_of(init_pd);
    ck_assert_int_eq(open_session("Nothing", "", 8192, 4, &id, &none), OS_ERR_NO_SERVICE);
    ck_assert_int_eq(open_session("", "", 8192, 4, &id, &none), OS_ERR_NO_SERVICE);
    ck_assert_int_eq(open_session("LOG", "a", 16, 4, &id, &none), OS_ERR_RAM);
    ck_assert_int_eq(open_session("LOG", "a", 8192, 0, &id, &none), OS_ERR_CAPS);
    ck_assert_int_eq(open_session("LOG", "a", UINT64_MAX, 4, &id, &none), OS_ERR_RAM);
    ck_assert_int_eq(open_session("LOG", "a", 8192, UINT32_MAX, &id, &none), OS_ERR_CAPS);
    ck_assert_int_eq(open_session("ROM", "unheard-of", 8192, 4, &id, &none), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(open_session("ROM", "../init", 8192, 4, &id, &none), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(open_session("ROM", ".init", 8192, 4, &id, &none), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(open_session("ROM", "", 8192, 4, &id, &none), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(open_session("PD", "", 8192, 4, &id, &none), OS_ERR_BAD_ARG);
    ck_assert_int_eq(close_session(12345), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(os_parent_upgrade(parent, 12345, 1, 1), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(os_parent_announce(parent, "X", (os_root_cap){ parent.cap }), OS_ERR_DENIED);
    check_same(quota_of(init_pd), before);
}
END_TEST

START_TEST(exit_of_init_is_told)
{
    mock_init_ended = 0;
    ck_assert_int_eq(os_parent_exit(parent, 7), OS_OK);
    ck_assert_int_eq(mock_init_ended, 7 + 1);
}
END_TEST

START_TEST(failed_start_of_init_is_told)
{
    mock_init_ended = 0;
    core_pd_started(core.init, OS_ERR_NO_MEMORY, "no more processes");
    ck_assert_int_eq(mock_init_ended, 1 + 1);
}
END_TEST

START_TEST(log_lines_have_a_label_and_are_printable)
{
    uint32_t id;
    os_log_cap log = { must_open("LOG", "paint", 8192, 4, &id) };
    ck_assert_int_eq(
        os_log_write(
            log, "a\tb\033[31m\x7f \xc3\xa4 \xc2\x9b \xff\xe2\x82 \xed\xa0\x80 \xe2\x82\xac \xe2\x80\xae\r"),
        OS_OK);
    ck_assert_str_eq(mock_label, "paint");
    ck_assert_str_eq(mock_text, "a b?[31m? \xc3\xa4 ?? ??? ??? \xe2\x82\xac ????");
    must_close(id, log.cap);
    log.cap = must_open("LOG", "", 8192, 4, &id);
    ck_assert_int_eq(os_log_write(log, "x"), OS_OK);
    ck_assert_str_eq(mock_label, "init");
    must_close(id, log.cap);
}
END_TEST

START_TEST(the_machines_clock_is_to_be_looked_at)
{
    struct os_rtc_time now;
    uint32_t id;
    os_rtc_cap rtc = { must_open("Rtc", "app", 8192, 4, &id) };
    mock_rtc = -1;
    ck_assert_int_eq(os_rtc_now(rtc, &now), OS_ERR_NOT_FOUND);
    mock_rtc = OS_RTC_MAX + 1; /* nonsense */
    ck_assert_int_eq(os_rtc_now(rtc, &now), OS_ERR_NOT_FOUND);
    mock_rtc = 1700000000000001;
    ck_assert_int_eq(os_rtc_now(rtc, &now), OS_OK);
    ck_assert_int_eq(now.us, 1700000000000001);
    ck_assert_uint_eq(now.source, OS_RTC_PLATFORM);
    ck_assert_uint_eq(now.sets, 0);
    ck_assert_int_eq(os_rtc_set(rtc, 5), OS_ERR_DENIED);
    ck_assert_int_eq(os_rtc_now(rtc, &now), OS_OK);
    ck_assert_int_eq(now.us, 1700000000000001);
    os_cap_drop(rtc.cap);
    ck_assert_int_eq(close_session(id), OS_OK);
}
END_TEST

START_TEST(a_closed_session_is_revoked)
{
    uint32_t id;
    os_log_cap log = { must_open("LOG", "paint", 8192, 4, &id) };
    ck_assert_int_eq(close_session(id), OS_OK);
    ck_assert_int_eq(os_log_write(log, "x"), OS_ERR_REVOKED);
    ck_assert_int_eq(close_session(id), OS_ERR_NOT_FOUND);
    os_cap_drop(log.cap);
}
END_TEST

static unsigned signals;

static void count_signal(struct os_signal_handler *handler)
{
    signals++;
}

/* The file of a module changes: who has asked for it is told, and what is old stays until it is let go. */
START_TEST(rom_modules_change)
{
    uint32_t id, pages_writable;
    uint64_t size, pages;
    os_dataspace_cap old, now;
    os_signal_cap signal;
    struct os_signal_handler handler;
    os_rom_cap rom = { must_open("ROM", "font", 8192, 4, &id) };
    uint64_t core_ram = core.account->ram_used;
    uint32_t core_caps = core.account->caps_used;
    ck_assert_int_eq(os_signal_handler_init(&handler, client.env.ep, count_signal, &signal), OS_OK);
    ck_assert_int_eq(os_rom_sigh(rom, signal), OS_OK);
    os_cap_drop(signal.cap);
    ck_assert_int_eq(os_rom_dataspace(rom, &old, &size), OS_OK);
    mock_attach(1);
    struct core_ds *held = mock_last_ds();
    mock_module_size = 12345;
    signals = 0;
    core_module_changed(&core, "font");
    core_module_changed(&core, "another");
    inproc_idle();
    ck_assert_uint_eq(signals, 1);
    ck_assert_int_eq(os_rom_dataspace(rom, &now, &size), OS_OK);
    ck_assert_uint_eq(size, 12345);
    ck_assert_uint_eq(core.account->ram_used, core_ram + 4 * OS_PAGE_SIZE);
    /* the old one is as good as before */
    ck_assert_int_eq(os_dataspace_info(old, &pages, &pages_writable), OS_OK);
    ck_assert_uint_eq(pages, 2 * OS_PAGE_SIZE);
    os_cap_drop(old.cap);
    inproc_idle();
    ck_assert_uint_eq(core.account->ram_used, core_ram + 4 * OS_PAGE_SIZE);
    mock_detach(held);
    ck_assert_uint_eq(core.account->ram_used, core_ram + 2 * OS_PAGE_SIZE);
    ck_assert_uint_eq(core.account->caps_used, core_caps);
    ck_assert(core_accounts_valid(&core.accounts));
    /* one that cannot be read leaves everything as it is */
    mock_fail_module = OS_ERR_NOT_FOUND;
    core_module_changed(&core, "font");
    os_cap_drop(now.cap);
    ck_assert_int_eq(os_rom_dataspace(rom, &now, &size), OS_OK);
    ck_assert_uint_eq(size, 12345);
    ck_assert_str_eq(mock_text, "ROM module font: not found; its last content stays");
    os_cap_drop(now.cap);
    os_signal_handler_fini(&handler);
    must_close(id, rom.cap);
    mock_module_size = 5000;
}
END_TEST

START_TEST(rom_modules_are_read_only_and_shared)
{
    uint32_t id, other_id, writable;
    uint64_t size, pages;
    os_dataspace_cap ds;
    os_rom_cap rom = { must_open("ROM", "paint -> font", 8192, 4, &id) };
    unsigned memories = mock_memories;
    ck_assert_int_eq(os_rom_dataspace(rom, &ds, &size), OS_OK);
    ck_assert_uint_eq(size, 5000);
    ck_assert_int_eq(os_dataspace_info(ds, &pages, &writable), OS_OK);
    ck_assert_uint_eq(pages, 2 * OS_PAGE_SIZE);
    ck_assert_uint_eq(writable, 0);
    ck_assert_int_eq(os_pd_ram_free(init_pd, ds), OS_ERR_DENIED);
    os_rom_cap other = { must_open("ROM", "font", 8192, 4, &other_id) };
    ck_assert_uint_eq(mock_memories, memories);
    os_cap_drop(ds.cap);
    must_close(id, rom.cap);
    must_close(other_id, other.cap);
}
END_TEST

START_TEST(the_scenario_is_for_init_alone)
{
    struct os_cap none;
    uint32_t id;
    ck_assert_int_eq(open_session("ROM", "paint -> config", 8192, 4, &id, &none), OS_ERR_NOT_FOUND);
    must_close(id, must_open("ROM", "config", 8192, 4, &id));
}
END_TEST

/* ---- dataspaces */

START_TEST(a_dataspace_is_charged_until_nobody_has_it)
{
    os_dataspace_cap ds;
    uint32_t writable;
    uint64_t size;
    struct quota before = quota_of(init_pd);
    ck_assert_int_eq(os_pd_ram_alloc(init_pd, 5000, &ds), OS_OK);
    ck_assert_int_eq(os_dataspace_info(ds, &size, &writable), OS_OK);
    ck_assert_uint_eq(size, 8192);
    ck_assert_uint_eq(writable, 1);
    ck_assert_uint_eq(quota_of(init_pd).ram_used, before.ram_used + 8192);
    ck_assert_uint_eq(quota_of(init_pd).caps_used, before.caps_used + 1);
    os_cap_drop(ds.cap);
    inproc_idle();
    check_same(quota_of(init_pd), before);
}
END_TEST

START_TEST(sizes_that_cannot_be_are_refused)
{
    os_dataspace_cap ds = { OS_NO_CAP };
    struct quota before = quota_of(init_pd);
    ck_assert_int_eq(os_pd_ram_alloc(init_pd, 0, &ds), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_pd_ram_alloc(init_pd, UINT64_MAX, &ds), OS_ERR_RAM);
    ck_assert_int_eq(os_pd_ram_alloc(init_pd, UINT64_MAX - 4096, &ds), OS_ERR_RAM);
    ck_assert_int_eq(os_pd_ram_alloc(init_pd, RAM, &ds), OS_ERR_RAM);
    mock_fail_memory = OS_ERR_HANDLES;
    ck_assert_int_eq(os_pd_ram_alloc(init_pd, 4096, &ds), OS_ERR_HANDLES);
    check_same(quota_of(init_pd), before);
}
END_TEST

START_TEST(an_attached_dataspace_stays_charged)
{
    os_dataspace_cap ds;
    struct quota before = quota_of(init_pd);
    ck_assert_int_eq(os_pd_ram_alloc(init_pd, 4096, &ds), OS_OK);
    mock_attach(1);
    ck_assert_int_eq(os_pd_ram_free(init_pd, ds), OS_OK);
    ck_assert_uint_eq(quota_of(init_pd).ram_used, before.ram_used + 4096);
    mock_attach(0);
    check_same(quota_of(init_pd), before);
    os_cap_drop(ds.cap);
}
END_TEST

static os_err make_device(void *device, struct core_ds *ds, struct core_memory **memory)
{
    ++*(int *)device;
    return core_plat_memory_create(ds, ds->size, memory);
}

START_TEST(memory_of_a_device_costs_no_ram)
{
    struct os_list list;
    os_dataspace_cap ds = { OS_NO_CAP }, again;
    uint32_t writable = 0;
    uint64_t size = 0;
    int made = 0;
    struct core_account *account = core.init->session.account;
    struct quota before = quota_of(init_pd);
    os_list_init(&list);
    mock_fail_memory = OS_ERR_IO;
    ck_assert_int_eq(core_ds_create_device(&core, account, &list, 8192, make_device, &made, &ds), OS_ERR_IO);
    check_same(quota_of(init_pd), before);
    ck_assert_int_eq(core_ds_create_device(&core, account, &list, 8192, make_device, &made, &ds), OS_OK);
    ck_assert_int_eq(made, 2);
    ck_assert(!os_list_empty(&list));
    ck_assert_uint_eq(quota_of(init_pd).ram_used, before.ram_used);
    ck_assert_uint_eq(quota_of(init_pd).caps_used, before.caps_used + 1);
    ck_assert_int_eq(os_dataspace_info(ds, &size, &writable), OS_OK);
    ck_assert_uint_eq(size, 8192);
    ck_assert_uint_eq(writable, 1);
    ck_assert_int_eq(os_dataspace_readonly(ds, &again), OS_OK);
    os_cap_drop(again.cap);
    os_cap_drop(ds.cap);
    inproc_idle();
    ck_assert(os_list_empty(&list));
    check_same(quota_of(init_pd), before);
}
END_TEST

START_TEST(a_freed_dataspace_is_revoked)
{
    os_dataspace_cap ds, copy;
    uint32_t writable;
    uint64_t size;
    struct quota before = quota_of(init_pd);
    ck_assert_int_eq(os_pd_ram_alloc(init_pd, 4096, &ds), OS_OK);
    ck_assert_int_eq(os_dataspace_readonly(ds, &copy), OS_OK);
    ck_assert_int_eq(os_pd_ram_free(init_pd, ds), OS_OK);
    ck_assert_int_eq(os_dataspace_info(ds, &size, &writable), OS_ERR_REVOKED);
    ck_assert_int_eq(os_dataspace_info(copy, &size, &writable), OS_ERR_REVOKED);
    ck_assert_int_eq(os_pd_ram_free(init_pd, ds), OS_ERR_BAD_CAP);
    check_same(quota_of(init_pd), before);
    os_cap_drop(ds.cap);
    os_cap_drop(copy.cap);
}
END_TEST

START_TEST(a_read_only_holder_keeps_it)
{
    os_dataspace_cap ds, copy, again;
    uint32_t writable;
    uint64_t size;
    struct quota before = quota_of(init_pd);
    ck_assert_int_eq(os_pd_ram_alloc(init_pd, 4096, &ds), OS_OK);
    ck_assert_int_eq(os_dataspace_readonly(ds, &copy), OS_OK);
    ck_assert_int_eq(os_dataspace_readonly(ds, &again), OS_OK);
    ck_assert_uint_eq(quota_of(init_pd).caps_used, before.caps_used + 2);
    os_cap_drop(again.cap);
    os_cap_drop(ds.cap);
    inproc_idle();
    ck_assert_int_eq(os_dataspace_info(copy, &size, &writable), OS_OK);
    ck_assert_uint_eq(writable, 0);
    ck_assert_int_eq(os_dataspace_readonly(copy, &again), OS_ERR_UNSUPPORTED);
    ck_assert_uint_eq(quota_of(init_pd).ram_used, before.ram_used + 4096);
    os_cap_drop(copy.cap);
    inproc_idle();
    check_same(quota_of(init_pd), before);
}
END_TEST

/* ---- protection domains */

struct child {
    uint32_t id;
    os_pd_control_cap control;
    os_pd_cap pd;
};

static void labelled_open(struct child *child, const char *label, uint64_t ram, uint32_t caps)
{
    child->control.cap = must_open("PD", label, ram, caps, &child->id);
    ck_assert_int_eq(os_pd_control_pd(child->control, &child->pd), OS_OK);
}

static void child_open(struct child *child, uint64_t ram, uint32_t caps)
{
    labelled_open(child, "paint", ram, caps);
}

static void child_close(struct child *child)
{
    os_cap_drop(child->pd.cap);
    must_close(child->id, child->control.cap);
}

/* Ends in the state "being started"; the call is finished by core_pd_started. */
static void start_done(struct os_call *call)
{
    (void)call;
}

static const os_signal_cap no_signal = { OS_NO_CAP };

static void begin_start_with(struct child *child, struct os_call *call, os_signal_cap ended)
{
    uint32_t id;
    uint64_t size;
    os_dataspace_cap binary;
    os_rom_cap rom = { must_open("ROM", "font", 8192, 4, &id) };
    ck_assert_int_eq(os_rom_dataspace(rom, &binary, &size), OS_OK);
    os_call_init(call, client.env.ep, start_done);
    ck_assert_int_eq(os_pd_control_start_begin(child->control, call, binary, parent, ended), OS_OK);
    inproc_idle();
    os_cap_drop(binary.cap);
    must_close(id, rom.cap);
}

static void begin_start(struct child *child, struct os_call *call)
{
    begin_start_with(child, call, no_signal);
}

START_TEST(a_pd_has_what_was_donated)
{
    struct child child;
    os_dataspace_cap ds;
    struct quota before = quota_of(init_pd);
    child_open(&child, 100000, 50);
    ck_assert_uint_eq(quota_of(child.pd).ram, 100000);
    ck_assert_uint_eq(quota_of(child.pd).caps, 50);
    ck_assert_int_eq(os_pd_ram_alloc(child.pd, 100001, &ds), OS_ERR_RAM);
    ck_assert_int_eq(os_pd_ram_alloc(child.pd, 4096, &ds), OS_OK);
    ck_assert_int_eq(os_pd_ram_free(init_pd, ds), OS_ERR_DENIED);
    child_close(&child);
    check_same(quota_of(init_pd), before);
    os_cap_drop(ds.cap);
}
END_TEST

START_TEST(quota_can_be_transferred_both_ways)
{
    struct child child;
    struct quota before = quota_of(init_pd);
    child_open(&child, 100000, 50);
    ck_assert_int_eq(os_pd_transfer(init_pd, os_pd_control_as_os_pd(child.control), 1000, 5), OS_OK);
    ck_assert_uint_eq(quota_of(child.pd).ram, 101000);
    ck_assert_int_eq(os_pd_transfer(os_pd_control_as_os_pd(child.control), init_pd, 2000, 10), OS_OK);
    ck_assert_uint_eq(quota_of(child.pd).ram, 99000);
    os_pd_cap control = os_pd_control_as_os_pd(child.control);
    ck_assert_int_eq(os_pd_transfer(control, init_pd, 99000, 0), OS_ERR_RAM);
    ck_assert_int_eq(os_pd_transfer(control, init_pd, 0, 50), OS_ERR_CAPS);
    ck_assert_int_eq(os_pd_transfer(control, (os_pd_cap){ parent.cap }, 1, 1), OS_ERR_BAD_CAP);
    ck_assert_int_eq(os_pd_transfer(control, (os_pd_cap){ OS_NO_CAP }, 1, 1), OS_ERR_BAD_CAP);
    ck_assert(core_accounts_valid(&core.accounts));
    child_close(&child);
    check_same(quota_of(init_pd), before);
}
END_TEST

/*
 * Whoever starts components gives back in full what their sessions cost. So a component must not give its
 * quota to an accomplice, end, and be given it anew.
 */
START_TEST(components_do_not_transfer_among_each_other)
{
    struct child one, two;
    child_open(&one, 100000, 50);
    child_open(&two, 100000, 50);
    ck_assert_int_eq(os_pd_transfer(one.pd, two.pd, 1000, 5), OS_ERR_DENIED);
    ck_assert_uint_eq(quota_of(two.pd).ram, 100000);
    ck_assert_int_eq(os_pd_transfer(one.pd, one.pd, 1000, 5), OS_ERR_DENIED);
    ck_assert_int_eq(os_pd_transfer(os_pd_control_as_os_pd(one.control), two.pd, 1000, 5), OS_ERR_DENIED);
    ck_assert_int_eq(os_pd_transfer(two.pd, os_pd_control_as_os_pd(one.control), 1000, 5), OS_ERR_DENIED);
    child_close(&one);
    child_close(&two);
}
END_TEST

/* For those that were opened as another's, and the account that is moved to or from. */
static os_err move(const struct child *from, const struct child *to)
{
    return os_pd_transfer(os_pd_control_as_os_pd(from->control), os_pd_control_as_os_pd(to->control), 1000,
                          5);
}

/*
 * An init within init has accounts made by way of its parent, and moves quota to, from and between them. Were
 * it to give their control capabilities to an accomplice, these would be of no use to that: its own account,
 * and what it has made itself, are others'.
 */
START_TEST(quota_moves_only_within_what_one_has_made)
{
    struct child inner, one, two, deep, other, foreign;
    labelled_open(&inner, "inner", 100000, 50);
    labelled_open(&one, "inner -> one", 100000, 50);
    labelled_open(&two, "inner -> two", 100000, 50);
    labelled_open(&deep, "inner -> one -> deep", 100000, 50);
    labelled_open(&other, "inne", 100000, 50);
    labelled_open(&foreign, "inne -> two", 100000, 50);
    os_pd_cap control = os_pd_control_as_os_pd(one.control);
    ck_assert_int_eq(os_pd_transfer(inner.pd, control, 1000, 5), OS_OK);
    ck_assert_int_eq(os_pd_transfer(control, inner.pd, 2000, 10), OS_OK);
    ck_assert_int_eq(move(&one, &two), OS_OK);
    ck_assert_uint_eq(quota_of(inner.pd).ram, 101000);
    ck_assert_uint_eq(quota_of(one.pd).ram, 98000);
    ck_assert_uint_eq(quota_of(two.pd).ram, 101000);
    ck_assert_uint_eq(quota_of(two.pd).caps, 55);
    /* the control capability of what was made is needed, and no other does */
    ck_assert_int_eq(os_pd_transfer(inner.pd, one.pd, 1, 0), OS_ERR_DENIED);
    ck_assert_int_eq(os_pd_transfer(os_pd_control_as_os_pd(inner.control), one.pd, 1, 0), OS_ERR_DENIED);
    ck_assert_int_eq(os_pd_transfer(control, two.pd, 1, 0), OS_ERR_DENIED);
    /* the accomplice, in either direction and by whatever it has made */
    ck_assert_int_eq(os_pd_transfer(control, other.pd, 1, 0), OS_ERR_DENIED);
    ck_assert_int_eq(os_pd_transfer(other.pd, control, 1, 0), OS_ERR_DENIED);
    ck_assert_int_eq(move(&one, &foreign), OS_ERR_DENIED);
    ck_assert_int_eq(move(&foreign, &two), OS_ERR_DENIED);
    ck_assert_int_eq(move(&other, &one), OS_ERR_DENIED);
    /* neither a generation further, nor init, which has made neither of them */
    ck_assert_int_eq(os_pd_transfer(inner.pd, os_pd_control_as_os_pd(deep.control), 1, 0), OS_ERR_DENIED);
    ck_assert_int_eq(os_pd_transfer(os_pd_control_as_os_pd(deep.control), inner.pd, 1, 0), OS_ERR_DENIED);
    ck_assert_int_eq(move(&deep, &two), OS_ERR_DENIED);
    ck_assert_int_eq(os_pd_transfer(init_pd, control, 1, 0), OS_ERR_DENIED);
    ck_assert_int_eq(os_pd_transfer(control, init_pd, 1, 0), OS_ERR_DENIED);
    ck_assert_int_eq(move(&one, &deep), OS_OK);
    child_close(&foreign);
    child_close(&other);
    child_close(&deep);
    child_close(&two);
    child_close(&one);
    child_close(&inner);
}
END_TEST

/* Who is called like init is not init. */
START_TEST(a_namesake_of_init_is_a_component_like_others)
{
    struct child namesake, inner;
    labelled_open(&namesake, "init", 100000, 50);
    labelled_open(&inner, "init -> inner", 100000, 50);
    ck_assert_int_eq(os_pd_transfer(init_pd, os_pd_control_as_os_pd(namesake.control), 1000, 5), OS_OK);
    ck_assert_int_eq(os_pd_transfer(init_pd, os_pd_control_as_os_pd(inner.control), 1, 0), OS_ERR_DENIED);
    ck_assert_int_eq(os_pd_transfer(namesake.pd, os_pd_control_as_os_pd(inner.control), 1000, 5), OS_OK);
    ck_assert_int_eq(os_pd_transfer(os_pd_control_as_os_pd(namesake.control), namesake.pd, 1, 0),
                     OS_ERR_DENIED);
    child_close(&inner);
    child_close(&namesake);
}
END_TEST

START_TEST(memory_of_a_closed_pd_goes_back_when_it_is_detached)
{
    struct child child;
    os_dataspace_cap ds;
    struct quota before = quota_of(init_pd);
    child_open(&child, 100000, 50);
    ck_assert_int_eq(os_pd_ram_alloc(child.pd, 8192, &ds), OS_OK);
    mock_attach(1);
    child_close(&child);
    ck_assert_uint_eq(quota_of(init_pd).ram, before.ram - 8192);
    ck_assert(core_accounts_valid(&core.accounts));
    mock_attach(0);
    check_same(quota_of(init_pd), before);
    os_cap_drop(ds.cap);
}
END_TEST

START_TEST(a_pd_starts_once_and_tells_its_end)
{
    struct child child;
    struct os_call call;
    uint32_t state = OS_PD_NEW;
    int32_t code = 0;
    char text[256];
    child_open(&child, 100000, 50);
    begin_start(&child, &call);
    ck_assert(os_call_pending(&call));
    core_pd_started(mock_pd, OS_OK, "");
    inproc_idle();
    ck_assert(!os_call_pending(&call));
    ck_assert_int_eq(os_pd_control_start(child.control, (os_dataspace_cap){ OS_NO_CAP }, parent, no_signal),
                     OS_ERR_EXISTS);
    core_pd_ended(mock_pd, OS_PD_FAULT, 11, "killed by SIGSEGV");
    ck_assert_int_eq(os_pd_control_exit_info(child.control, &state, &code, &text), OS_OK);
    ck_assert_uint_eq(state, OS_PD_FAULT);
    ck_assert_int_eq(code, 11);
    ck_assert_str_eq(text, "killed by SIGSEGV");
    uint64_t calls = 0;
    mock_calls = 12345678901;
    ck_assert_int_eq(os_pd_control_calls(child.control, &calls), OS_OK);
    ck_assert_uint_eq(calls, 12345678901);
    child_close(&child);
    ck_assert_uint_eq(mock_killed, 0);
}
END_TEST

START_TEST(a_failed_start_can_be_repeated)
{
    struct child child;
    struct os_call call;
    child_open(&child, 100000, 50);
    begin_start(&child, &call);
    core_pd_started(mock_pd, OS_ERR_BAD_ARG, "the binary is no ELF file");
    inproc_idle();
    ck_assert(!os_call_pending(&call));
    begin_start(&child, &call);
    ck_assert(os_call_pending(&call));
    core_pd_started(mock_pd, OS_ERR_BAD_ARG, "");
    inproc_idle();
    child_close(&child);
}
END_TEST

START_TEST(what_is_no_dataspace_is_not_started)
{
    struct child child;
    child_open(&child, 100000, 50);
    ck_assert_int_eq(os_pd_control_start(child.control, (os_dataspace_cap){ parent.cap }, parent, no_signal),
                     OS_ERR_BAD_CAP);
    child_close(&child);
}
END_TEST

START_TEST(the_end_is_signalled_to_who_started_it)
{
    struct child child;
    struct os_call call;
    struct os_signal_handler handler;
    os_signal_cap cap;
    signals = 0;
    child_open(&child, 100000, 50);
    ck_assert_int_eq(os_signal_handler_init(&handler, client.env.ep, count_signal, &cap), OS_OK);
    begin_start_with(&child, &call, cap);
    core_pd_started(mock_pd, OS_ERR_BAD_ARG, "");
    inproc_idle();
    ck_assert_uint_eq(signals, 0);
    begin_start_with(&child, &call, cap);
    core_pd_started(mock_pd, OS_OK, "");
    core_pd_ended(mock_pd, OS_PD_EXITED, 0, "");
    inproc_idle();
    ck_assert_uint_eq(signals, 1);
    child_close(&child);
    os_cap_drop(cap.cap);
    os_signal_handler_fini(&handler);
}
END_TEST

static uint64_t closed_ram;
static uint32_t closed_caps;

static void close_done(struct os_call *call)
{
    ck_assert_int_eq(os_parent_close_end(call, &closed_ram, &closed_caps), OS_OK);
}

START_TEST(close_waits_for_the_end_of_the_process)
{
    struct child child;
    struct os_call call, close;
    struct quota before = quota_of(init_pd);
    child_open(&child, 100000, 50);
    begin_start(&child, &call);
    core_pd_started(mock_pd, OS_OK, "");
    os_call_init(&close, client.env.ep, close_done);
    ck_assert_int_eq(os_parent_close_begin(parent, &close, child.id), OS_OK);
    inproc_idle();
    ck_assert(os_call_pending(&close));
    ck_assert_uint_eq(mock_killed, 1);
    ck_assert_int_eq(os_pd_control_kill(child.control), OS_ERR_REVOKED);
    ck_assert_int_eq(os_parent_upgrade(parent, child.id, 1, 1), OS_ERR_NOT_FOUND);
    core_pd_ended(mock_pd, OS_PD_KILLED, 9, "killed");
    inproc_idle();
    ck_assert(!os_call_pending(&close));
    check_same(quota_of(init_pd), before);
    ck_assert_uint_eq(closed_ram, 100000);
    ck_assert_uint_eq(closed_caps, 50);
    os_cap_drop(child.control.cap);
    os_cap_drop(child.pd.cap);
}
END_TEST

/* What others hold of a component's memory comes back when they let go of it, and is not in the answer. */
START_TEST(close_says_what_is_back)
{
    struct child child;
    os_dataspace_cap ds;
    struct quota before = quota_of(init_pd);
    child_open(&child, 100000, 50);
    ck_assert_int_eq(os_pd_ram_alloc(child.pd, 8192, &ds), OS_OK);
    mock_attach(1);
    ck_assert_int_eq(os_parent_close(parent, child.id, &closed_ram, &closed_caps), OS_OK);
    ck_assert_uint_eq(closed_ram, 100000 - 8192);
    ck_assert_uint_eq(closed_caps, 50 - 1);
    struct quota after = quota_of(init_pd);
    ck_assert_uint_eq(after.ram, before.ram - 8192);
    ck_assert(core_accounts_valid(&core.accounts));
    mock_attach(0);
    check_same(quota_of(init_pd), before);
    os_cap_drop(ds.cap);
    os_cap_drop(child.control.cap);
    os_cap_drop(child.pd.cap);
}
END_TEST

START_TEST(init_gets_no_more_than_all)
{
    uint64_t ram = 1;
    uint32_t caps = 1;
    struct quota before = quota_of(init_pd);
    ck_assert_int_eq(os_parent_resource_request(parent, 4096, 0), OS_ERR_DENIED);
    ck_assert_int_eq(os_parent_resource_request(parent, 0, 1), OS_ERR_DENIED);
    ck_assert_int_eq(os_parent_resource_request(parent, 0, 0), OS_OK);
    check_same(quota_of(init_pd), before);
    ck_assert_int_eq(os_parent_yield_request(parent, &ram, &caps), OS_OK);
    ck_assert_uint_eq(ram, 0);
    ck_assert_uint_eq(caps, 0);
    ck_assert_int_eq(os_parent_yield_response(parent, 4096, 1), OS_OK);
    ck_assert_int_eq(os_parent_heartbeat_response(parent), OS_OK);
}
END_TEST

/* The component runs on until it is killed, and may have sent requests before. */
START_TEST(a_closed_pd_allocates_nothing)
{
    struct child child;
    struct os_call call, close;
    os_dataspace_cap ds = { OS_NO_CAP };
    struct quota before = quota_of(init_pd);
    child_open(&child, 100000, 50);
    begin_start(&child, &call);
    core_pd_started(mock_pd, OS_OK, "");
    os_call_init(&close, client.env.ep, close_done);
    ck_assert_int_eq(os_parent_close_begin(parent, &close, child.id), OS_OK);
    inproc_idle();
    ck_assert_int_eq(os_pd_ram_alloc(child.pd, 4096, &ds), OS_ERR_REVOKED);
    ck_assert_int_eq(os_pd_transfer(init_pd, child.pd, 1, 0), OS_ERR_BAD_CAP);
    core_pd_ended(mock_pd, OS_PD_KILLED, 9, "killed");
    inproc_idle();
    os_cap_drop(ds.cap);
    os_cap_drop(child.control.cap);
    os_cap_drop(child.pd.cap);
    inproc_idle();
    check_same(quota_of(init_pd), before);
}
END_TEST

START_TEST(a_process_that_cannot_be_made_costs_nothing)
{
    struct os_cap none;
    uint32_t id;
    struct quota before = quota_of(init_pd);
    mock_fail_process = OS_ERR_RAM;
    ck_assert_int_eq(open_session("PD", "paint", 100000, 50, &id, &none), OS_ERR_RAM);
    inproc_fail_next(INPROC_FAIL_OBJECT, 0, OS_ERR_HANDLES);
    ck_assert_int_eq(open_session("PD", "paint", 100000, 50, &id, &none), OS_ERR_HANDLES);
    inproc_fail_next(INPROC_FAIL_OBJECT, 1, OS_ERR_HANDLES);
    ck_assert_int_eq(open_session("PD", "paint", 100000, 50, &id, &none), OS_ERR_HANDLES);
    check_same(quota_of(init_pd), before);
}
END_TEST

static TCase *make_case(const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, setup, teardown);
    return tcase;
}

/* ---- the host */

static os_host_cap must_open_host(uint32_t *id)
{
    return (os_host_cap){ must_open("Host", "screen", 16384, 4, id) };
}

START_TEST(quit_ends_the_system)
{
    uint32_t id;
    os_host_cap host = must_open_host(&id);
    ck_assert_int_eq(os_host_quit(host, 3), OS_OK);
    ck_assert_int_eq(mock_ended, 3 + 1);
    must_close(id, host.cap);
}
END_TEST

static struct os_signal_handler asked;
static int times_asked;

static void count_asked(struct os_signal_handler *handler)
{
    times_asked++;
}

/* A driver that is told when a picture is wanted. */
static os_host_cap open_driver(uint32_t *id)
{
    os_signal_cap cap;
    os_host_cap host = must_open_host(id);
    times_asked = 0;
    ck_assert_int_eq(os_signal_handler_init(&asked, client.env.ep, count_asked, &cap), OS_OK);
    ck_assert_int_eq(os_host_shot_sigh(host, cap), OS_OK);
    os_cap_drop(cap.cap);
    return host;
}

static void close_driver(uint32_t id, os_host_cap host)
{
    must_close(id, host.cap);
    os_signal_handler_fini(&asked);
}

static os_err save(os_host_cap host, const char *name, uint64_t size)
{
    os_dataspace_cap ds;
    ck_assert_int_eq(os_pd_ram_alloc(init_pd, 8192, &ds), OS_OK);
    os_err err = os_host_save(host, name, ds, size);
    ck_assert_int_eq(os_pd_ram_free(init_pd, ds), OS_OK);
    os_cap_drop(ds.cap);
    return err;
}

/* Who wants a picture at the end gets it first; the driver that ends the system is asked like others. */
START_TEST(a_wanted_picture_comes_before_the_end)
{
    uint32_t id;
    mock_shot = CORE_SHOT_WANTED;
    os_host_cap host = open_driver(&id);
    ck_assert_int_eq(os_host_quit(host, 3), OS_OK);
    inproc_idle();
    ck_assert_int_eq(times_asked, 1);
    ck_assert_int_eq(mock_ended, 0);
    ck_assert_int_eq(save(host, "other.png", 10), OS_OK);
    ck_assert_int_eq(mock_ended, 0);
    ck_assert_int_eq(save(host, "shot", 10), OS_OK);
    ck_assert_str_eq(mock_saved, "-");
    ck_assert_str_eq(mock_shot_error, "-");
    ck_assert_int_eq(mock_ended, 3 + 1);
    close_driver(id, host);
}
END_TEST

START_TEST(a_picture_that_cannot_be_made_is_an_error_if_it_is_wanted)
{
    uint32_t id;
    mock_shot = CORE_SHOT_WANTED;
    os_host_cap host = open_driver(&id);
    core_end_in_order(&core);
    ck_assert_int_eq(os_host_failed(host, "other.png", "no"), OS_OK);
    ck_assert_int_eq(mock_ended, 0);
    ck_assert_int_eq(os_host_failed(host, "shot", "no paper"), OS_OK);
    ck_assert_str_eq(mock_shot_error, "no paper");
    ck_assert_int_eq(mock_ended, 1 + 1);
    close_driver(id, host);
}
END_TEST

START_TEST(a_picture_that_cannot_be_saved_is_none_if_it_is_possible)
{
    uint32_t id;
    mock_shot = CORE_SHOT_POSSIBLE;
    os_host_cap host = open_driver(&id);
    core_end_in_order(&core);
    mock_fail_save = OS_ERR_NO_SPACE;
    ck_assert_int_eq(save(host, "shot", 10), OS_ERR_NO_SPACE);
    ck_assert_str_eq(mock_shot_error, "the disk is full");
    ck_assert_int_eq(mock_ended, 0 + 1);
    close_driver(id, host);
}
END_TEST

START_TEST(who_asks_twice_is_in_a_hurry)
{
    uint32_t id;
    mock_shot = CORE_SHOT_WANTED;
    os_host_cap host = open_driver(&id);
    core_end_in_order(&core);
    ck_assert_int_eq(mock_ended, 0);
    core_end_in_order(&core);
    ck_assert_int_eq(mock_ended, 0 + 1);
    close_driver(id, host);
}
END_TEST

START_TEST(without_a_driver_there_is_no_picture)
{
    mock_shot = CORE_SHOT_POSSIBLE;
    core_end_in_order(&core);
    ck_assert_int_eq(mock_ended, 0 + 1);
    ck_assert_str_eq(mock_shot_error, "");
}
END_TEST

START_TEST(a_wanted_picture_needs_a_driver)
{
    mock_shot = CORE_SHOT_WANTED;
    core_end_in_order(&core);
    ck_assert_int_eq(mock_ended, 1 + 1);
    ck_assert_str_ne(mock_shot_error, "");
}
END_TEST

/* The driver may come when the picture was asked for already; and nobody waits for ever. */
START_TEST(a_late_driver_is_asked_and_a_silent_one_is_given_up)
{
    uint32_t first, id;
    mock_shot = CORE_SHOT_WANTED;
    os_host_cap silent = must_open_host(&first);
    mock_patience = 0;
    core_end_in_order(&core);
    ck_assert_int_eq(mock_ended, 0);
    os_host_cap host = open_driver(&id);
    inproc_idle();
    ck_assert_int_eq(mock_ended, 1 + 1);
    close_driver(id, host);
    must_close(first, silent.cap);
}
END_TEST

START_TEST(drivers_save_pictures_and_nothing_else)
{
    static const char *const bad[] = { "",           ".png",    "a.txt",  "a.pn",  "../a.png",
                                       "/tmp/a.png", "a b.png", ".a.png", "shot ", "a.png\n" };
    uint32_t id;
    os_host_cap host = must_open_host(&id);
    for (size_t i = 0; i < OS_ARRAY_LEN(bad); i++)
        ck_assert_int_eq(save(host, bad[i], 10), OS_ERR_BAD_ARG);
    ck_assert_int_eq(save(host, "a.png", 8193), OS_ERR_BAD_ARG);
    ck_assert_int_eq(save(host, "a.png", UINT64_MAX), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_host_save(host, "a.png", (os_dataspace_cap){ OS_NO_CAP }, 1), OS_ERR_BAD_CAP);
    ck_assert_int_eq(os_host_save(host, "a.png", (os_dataspace_cap){ host.cap }, 1), OS_ERR_BAD_CAP);
    ck_assert_str_eq(mock_saved, "");
    ck_assert_int_eq(save(host, "a-B_0.1.png", 8192), OS_OK);
    ck_assert_str_eq(mock_saved, "a-B_0.1.png");
    /* a picture that nobody asked for */
    ck_assert_int_eq(save(host, "shot", 1), OS_OK);
    ck_assert_int_eq(mock_ended, 0);
    must_close(id, host.cap);
}
END_TEST

/* ---- requests of people */

static struct asking {
    struct core_control_request request;
    int answers;
    os_err err;
    uint32_t status;
    uint64_t size;
    int has_memory;
} asking;

static void note_answer(struct core_control_request *request, os_err err, enum os_control_status status,
                        const struct core_memory *memory, uint64_t size)
{
    struct asking *note = OS_CONTAINER_OF(request, struct asking, request);
    note->answers++;
    note->err = err;
    note->status = status;
    note->size = size;
    note->has_memory = memory != NULL;
}

struct control_session {
    uint32_t id;
    os_control_cap cap;
    struct os_signal_handler asked;
};

static unsigned asked_signals;

static void count_asked_signal(struct os_signal_handler *handler)
{
    (void)handler;
    asked_signals++;
}

/* As an init does. */
static void open_control(struct control_session *session, const char *label)
{
    os_signal_cap signal;
    asked_signals = 0;
    session->cap.cap = must_open("Control", label, 8192, 4, &session->id);
    ck_assert_int_eq(os_signal_handler_init(&session->asked, client.env.ep, count_asked_signal, &signal),
                     OS_OK);
    ck_assert_int_eq(os_control_sigh(session->cap, signal), OS_OK);
    os_cap_drop(signal.cap);
}

static void close_control(struct control_session *session)
{
    os_signal_handler_fini(&session->asked);
    must_close(session->id, session->cap.cap);
}

static struct asking *new_asking(struct asking *note, const char *line)
{
    memset(note, 0, sizeof(*note));
    note->request.done = note_answer;
    snprintf(note->request.line, sizeof(note->request.line), "%s", line);
    return note;
}

static uint32_t must_take(struct control_session *session, const char *expected)
{
    char line[OS_CONTROL_LINE] = "";
    uint32_t id = 0;
    uint64_t size;
    ck_assert_int_eq(os_control_next(session->cap, &id, &line, &size), OS_OK);
    ck_assert_str_eq(line, expected);
    return id;
}

static void must_have_nothing(struct control_session *session)
{
    char line[OS_CONTROL_LINE];
    uint32_t id;
    uint64_t size;
    ck_assert_int_eq(os_control_next(session->cap, &id, &line, &size), OS_ERR_NOT_FOUND);
}

static const os_dataspace_cap no_data = { OS_NO_CAP };

/* By the label of the session, and with data both ways. */
START_TEST(a_request_reaches_the_init_that_is_meant)
{
    struct control_session first, inner;
    struct core_memory *memory;
    os_dataspace_cap data, answer;
    struct quota before = quota_of(init_pd);
    open_control(&first, "");
    open_control(&inner, "sub");
    new_asking(&asking, "apply");
    ck_assert_int_eq(core_control_data(&core, &asking.request, 5000, &memory), OS_OK);
    ck_assert_int_eq(core_control_submit(&core, "sub", &asking.request, OS_NEVER), OS_OK);
    inproc_idle();
    ck_assert_uint_eq(asked_signals, 1);
    must_have_nothing(&first);
    uint32_t id = must_take(&inner, "apply");
    ck_assert_int_eq(os_control_data(inner.cap, id, &data), OS_OK);
    os_cap_drop(data.cap);
    ck_assert_int_eq(os_pd_ram_alloc(init_pd, 4096, &answer), OS_OK);
    ck_assert_int_eq(os_control_answer(inner.cap, id, OS_CONTROL_MISTAKE, answer, 100), OS_OK);
    ck_assert_int_eq(asking.answers, 1);
    ck_assert_int_eq(asking.err, OS_OK);
    ck_assert_uint_eq(asking.status, OS_CONTROL_MISTAKE);
    ck_assert_uint_eq(asking.size, 100);
    ck_assert_int_eq(asking.has_memory, 1);
    ck_assert_int_eq(os_pd_ram_free(init_pd, answer), OS_OK);
    os_cap_drop(answer.cap);
    /* once is enough */
    ck_assert_int_eq(os_control_answer(inner.cap, id, OS_CONTROL_DONE, no_data, 0), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(os_control_data(inner.cap, id, &data), OS_ERR_NOT_FOUND);
    close_control(&first);
    close_control(&inner);
    check_same(quota_of(init_pd), before);
}
END_TEST

/* What came with the request is gone when it is answered, so it cannot be the answer. */
START_TEST(a_request_is_not_its_answer)
{
    struct control_session session;
    struct core_memory *memory;
    os_dataspace_cap data, readonly;
    open_control(&session, "");
    new_asking(&asking, "apply");
    ck_assert_int_eq(core_control_data(&core, &asking.request, 5000, &memory), OS_OK);
    ck_assert_int_eq(core_control_submit(&core, "", &asking.request, OS_NEVER), OS_OK);
    uint32_t id = must_take(&session, "apply");
    ck_assert_int_eq(os_control_data(session.cap, id, &data), OS_OK);
    ck_assert_int_eq(os_dataspace_readonly(data, &readonly), OS_OK);
    ck_assert_int_eq(os_control_answer(session.cap, id, OS_CONTROL_DONE, data, 5000), OS_ERR_DENIED);
    ck_assert_int_eq(os_control_answer(session.cap, id, OS_CONTROL_DONE, readonly, 5000), OS_ERR_DENIED);
    os_cap_drop(data.cap);
    os_cap_drop(readonly.cap);
    ck_assert_int_eq(asking.answers, 0);
    ck_assert_int_eq(os_control_answer(session.cap, id, OS_CONTROL_DONE, no_data, 0), OS_OK);
    ck_assert_int_eq(asking.answers, 1);
    close_control(&session);
}
END_TEST

START_TEST(bad_answers_are_refused)
{
    struct control_session session;
    os_dataspace_cap data;
    open_control(&session, "");
    new_asking(&asking, "state");
    ck_assert_int_eq(core_control_submit(&core, "", &asking.request, OS_NEVER), OS_OK);
    /* not taken yet, so it has no business to know the number */
    ck_assert_int_eq(os_control_answer(session.cap, asking.request.id, OS_CONTROL_DONE, no_data, 0),
                     OS_ERR_NOT_FOUND);
    uint32_t id = must_take(&session, "state");
    ck_assert_int_eq(os_control_data(session.cap, id, &data), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(os_control_answer(session.cap, id, 3, no_data, 0), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_control_answer(session.cap, id, OS_CONTROL_DONE, no_data, 1), OS_ERR_BAD_CAP);
    ck_assert_int_eq(os_pd_ram_alloc(init_pd, 4096, &data), OS_OK);
    ck_assert_int_eq(os_control_answer(session.cap, id, OS_CONTROL_DONE, data, 4097), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_control_answer(session.cap, id, OS_CONTROL_DONE, data, OS_CONTROL_MAX + 1),
                     OS_ERR_TOO_LARGE);
    ck_assert_int_eq(asking.answers, 0);
    ck_assert_int_eq(os_control_answer(session.cap, id, OS_CONTROL_DONE, data, 4096), OS_OK);
    ck_assert_int_eq(asking.answers, 1);
    ck_assert_int_eq(os_pd_ram_free(init_pd, data), OS_OK);
    os_cap_drop(data.cap);
    close_control(&session);
}
END_TEST

/* Whether it has taken the request or not. */
START_TEST(an_init_that_does_not_answer_is_not_waited_for)
{
    struct control_session session;
    open_control(&session, "");
    for (int taken = 0; taken < 2; taken++) {
        new_asking(&asking, "state");
        ck_assert_int_eq(core_control_submit(&core, "", &asking.request, os_clock_now() + OS_SEC), OS_OK);
        uint32_t id = taken ? must_take(&session, "state") : 0;
        (void)quota_of(init_pd); /* core sleeps, and learns of the alarm by being called */
        inproc_advance(OS_SEC - 1);
        ck_assert_int_eq(asking.answers, 0);
        inproc_advance(1);
        inproc_idle();
        ck_assert_int_eq(asking.answers, 1);
        ck_assert_int_eq(asking.err, OS_ERR_DEADLINE);
        ck_assert_int_eq(core_control_taken(&asking.request), taken);
        if (taken)
            ck_assert_uint_eq(must_take(&session, "cancel"), id);
        must_have_nothing(&session);
    }
    close_control(&session);
}
END_TEST

START_TEST(requests_end_with_the_init_and_with_who_asks)
{
    struct control_session session;
    struct core_memory *memory;
    static struct asking other;
    open_control(&session, "");
    /* who asks is gone: of what was taken the init is told, once */
    new_asking(&asking, "taken");
    ck_assert_int_eq(core_control_submit(&core, "", &asking.request, OS_NEVER), OS_OK);
    uint32_t id = must_take(&session, "taken");
    new_asking(&other, "waiting");
    ck_assert_int_eq(core_control_data(&core, &other.request, 10, &memory), OS_OK);
    ck_assert_int_eq(core_control_submit(&core, "", &other.request, OS_NEVER), OS_OK);
    core_control_cancel(&asking.request);
    core_control_cancel(&other.request);
    ck_assert_uint_eq(must_take(&session, "cancel"), id);
    must_have_nothing(&session);
    core_control_cancel(&other.request);
    ck_assert_int_eq(asking.answers + other.answers, 0);
    /* the init is gone */
    new_asking(&asking, "state");
    ck_assert_int_eq(core_control_submit(&core, "", &asking.request, OS_NEVER), OS_OK);
    close_control(&session);
    ck_assert_int_eq(asking.err, OS_ERR_DEAD);
    ck_assert_int_eq(core_control_submit(&core, "", &asking.request, OS_NEVER), OS_ERR_NOT_FOUND);
}
END_TEST

START_TEST(only_so_many_requests_wait)
{
    static struct asking many[CORE_CONTROL_REQUESTS];
    struct control_session session;
    open_control(&session, "");
    for (unsigned i = 0; i < CORE_CONTROL_REQUESTS; i++)
        ck_assert_int_eq(core_control_submit(&core, "", &new_asking(&many[i], "x")->request, OS_NEVER),
                         OS_OK);
    ck_assert_int_eq(core_control_submit(&core, "", &new_asking(&asking, "x")->request, OS_NEVER),
                     OS_ERR_BUSY);
    core_control_cancel(&asking.request);
    ck_assert_int_eq(os_control_answer(session.cap, must_take(&session, "x"), OS_CONTROL_DONE, no_data, 0),
                     OS_OK);
    ck_assert_int_eq(core_control_submit(&core, "", &asking.request, OS_NEVER), OS_OK);
    close_control(&session);
    ck_assert_int_eq(asking.err, OS_ERR_DEAD);
}
END_TEST

/* ---- random numbers */

START_TEST(random_numbers_of_any_size_and_keys_by_label)
{
    uint8_t bytes[OS_RANDOM_MAX], key[OS_RANDOM_KEY], again[OS_RANDOM_KEY], other[OS_RANDOM_KEY];
    size_t len;
    uint32_t id, other_id;
    struct quota before = quota_of(init_pd);
    os_random_cap random = { must_open("Random", "router -> mac", 4096, 4, &id) };
    ck_assert_uint_eq(quota_of(init_pd).ram, before.ram - 4096);
    ck_assert_int_eq(os_random_fill(random, OS_RANDOM_MAX, &bytes, &len), OS_OK);
    ck_assert_uint_eq(len, OS_RANDOM_MAX);
    ck_assert_uint_eq((uint8_t)(bytes[0] + 255), bytes[255]);
    ck_assert_int_eq(os_random_fill(random, 0, &bytes, &len), OS_OK);
    ck_assert_uint_eq(len, 0);
    ck_assert_int_eq(os_random_fill(random, OS_RANDOM_MAX + 1, &bytes, &len), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_random_key(random, &key, &len), OS_OK);
    ck_assert_uint_eq(len, OS_RANDOM_KEY);
    must_close(id, random.cap);
    check_same(quota_of(init_pd), before);
    random.cap = must_open("Random", "router -> mac", 4096, 4, &id);
    ck_assert_int_eq(os_random_key(random, &again, &len), OS_OK);
    ck_assert_mem_eq(key, again, sizeof(key));
    os_random_cap stranger = { must_open("Random", "router -> ma", 4096, 4, &other_id) };
    ck_assert_int_eq(os_random_key(stranger, &other, &len), OS_OK);
    ck_assert_mem_ne(key, other, sizeof(key));
    must_close(other_id, stranger.cap);
    must_close(id, random.cap);
}
END_TEST

START_TEST(a_platform_without_random_numbers_has_no_service)
{
    uint32_t id;
    struct os_cap cap;
    struct quota before = quota_of(init_pd);
    mock_no_random = 1;
    ck_assert_int_eq(open_session("Random", "", 4096, 4, &id, &cap), OS_ERR_NO_SERVICE);
    mock_no_random = 0;
    check_same(quota_of(init_pd), before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core");
    TCase *tcase = make_case("sessions");
    tcase_add_test(tcase, close_gives_the_donation_back);
    tcase_add_test(tcase, bad_requests_are_refused_and_cost_nothing);
    tcase_add_test(tcase, exit_of_init_is_told);
    tcase_add_test(tcase, failed_start_of_init_is_told);
    tcase_add_test(tcase, log_lines_have_a_label_and_are_printable);
    tcase_add_test(tcase, the_machines_clock_is_to_be_looked_at);
    tcase_add_test(tcase, a_closed_session_is_revoked);
    tcase_add_test(tcase, rom_modules_are_read_only_and_shared);
    tcase_add_test(tcase, rom_modules_change);
    tcase_add_test(tcase, the_scenario_is_for_init_alone);
    tcase_add_test(tcase, random_numbers_of_any_size_and_keys_by_label);
    tcase_add_test(tcase, a_platform_without_random_numbers_has_no_service);
    suite_add_tcase(suite, tcase);
    tcase = make_case("dataspaces");
    tcase_add_test(tcase, a_dataspace_is_charged_until_nobody_has_it);
    tcase_add_test(tcase, sizes_that_cannot_be_are_refused);
    tcase_add_test(tcase, an_attached_dataspace_stays_charged);
    tcase_add_test(tcase, memory_of_a_device_costs_no_ram);
    tcase_add_test(tcase, a_freed_dataspace_is_revoked);
    tcase_add_test(tcase, a_read_only_holder_keeps_it);
    suite_add_tcase(suite, tcase);
    tcase = make_case("pds");
    tcase_add_test(tcase, a_pd_has_what_was_donated);
    tcase_add_test(tcase, quota_can_be_transferred_both_ways);
    tcase_add_test(tcase, components_do_not_transfer_among_each_other);
    tcase_add_test(tcase, quota_moves_only_within_what_one_has_made);
    tcase_add_test(tcase, a_namesake_of_init_is_a_component_like_others);
    tcase_add_test(tcase, memory_of_a_closed_pd_goes_back_when_it_is_detached);
    tcase_add_test(tcase, a_pd_starts_once_and_tells_its_end);
    tcase_add_test(tcase, a_failed_start_can_be_repeated);
    tcase_add_test(tcase, what_is_no_dataspace_is_not_started);
    tcase_add_test(tcase, the_end_is_signalled_to_who_started_it);
    tcase_add_test(tcase, close_waits_for_the_end_of_the_process);
    tcase_add_test(tcase, close_says_what_is_back);
    tcase_add_test(tcase, init_gets_no_more_than_all);
    tcase_add_test(tcase, a_closed_pd_allocates_nothing);
    tcase_add_test(tcase, a_process_that_cannot_be_made_costs_nothing);
    tcase_add_test(tcase, quit_ends_the_system);
    tcase_add_test(tcase, a_wanted_picture_comes_before_the_end);
    tcase_add_test(tcase, a_picture_that_cannot_be_made_is_an_error_if_it_is_wanted);
    tcase_add_test(tcase, a_picture_that_cannot_be_saved_is_none_if_it_is_possible);
    tcase_add_test(tcase, who_asks_twice_is_in_a_hurry);
    tcase_add_test(tcase, without_a_driver_there_is_no_picture);
    tcase_add_test(tcase, a_wanted_picture_needs_a_driver);
    tcase_add_test(tcase, a_late_driver_is_asked_and_a_silent_one_is_given_up);
    tcase_add_test(tcase, drivers_save_pictures_and_nothing_else);
    tcase_add_test(tcase, a_request_reaches_the_init_that_is_meant);
    tcase_add_test(tcase, a_request_is_not_its_answer);
    tcase_add_test(tcase, bad_answers_are_refused);
    tcase_add_test(tcase, an_init_that_does_not_answer_is_not_waited_for);
    tcase_add_test(tcase, requests_end_with_the_init_and_with_who_asks);
    tcase_add_test(tcase, only_so_many_requests_wait);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
