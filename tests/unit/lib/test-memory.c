/* SPDX-License-Identifier: BSD-2-Clause */
/* test-memory.c: dataspaces, regions and ROM modules. */
#include <inproc/mock.h>
#include <os/dataspace.h>
#include <os/rom.h>
#include <os/signal.h>
#include <signal.h>
#include <string.h>

#include "suite.h"

INPROC_MOCK(os_rom, OS_ROM_RPC)

static struct inproc_env env;

static void setup(void)
{
    inproc_env_init(&env, "memory");
    inproc_env_serve(&env);
}

static void teardown(void)
{
    ck_fini(&env);
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 0);
    ck_assert_uint_eq(inproc_regions_in_use(), 0);
    ck_assert_uint_eq(inproc_caps_in_use(), 0);
}

static uint64_t used(void)
{
    uint64_t ram;
    uint32_t caps;
    inproc_env_used(&env, &ram, &caps);
    return ram;
}

START_TEST(dataspace_is_zeroed_and_shared)
{
    struct os_region a = { 0 }, b = { 0 };
    os_dataspace_cap ds;
    uint64_t size;
    uint32_t writable;
    ck_ok(os_ram_alloc(&env.env, 5000, &ds));
    ck_ok(os_dataspace_info(ds, &size, &writable));
    ck_assert_uint_eq(size, 8192);
    ck_assert_uint_eq(writable, 1);
    ck_ok(os_region_attach(&a, ds, OS_ATTACH_WRITE));
    ck_ok(os_region_attach(&b, ds, OS_ATTACH_READ));
    ck_assert_uint_eq(a.size, 8192);
    for (size_t i = 0; i < a.size; i++)
        ck_assert_uint_eq(((uint8_t *)a.at)[i], 0);
    strcpy(a.at, "hello");
    ck_assert_str_eq(b.at, "hello");
    os_region_detach(&a);
    os_region_detach(&a); /* zeroed: fine */
    os_region_detach(&b);
    os_ram_free(&env.env, ds);
    ck_assert_uint_eq(used(), 0);
}
END_TEST

START_TEST(parts_of_a_dataspace)
{
    struct os_region all = { 0 }, part = { 0 };
    os_dataspace_cap ds;
    ck_ok(os_ram_alloc(&env.env, 4 * OS_PAGE_SIZE, &ds));
    ck_ok(os_region_attach(&all, ds, OS_ATTACH_WRITE));
    ck_ok(os_region_attach_part(&part, ds, OS_ATTACH_READ, OS_PAGE_SIZE, 2 * OS_PAGE_SIZE));
    ck_assert_uint_eq(part.size, 2 * OS_PAGE_SIZE);
    ((char *)all.at)[OS_PAGE_SIZE] = 'x';
    ck_assert_int_eq(*(char *)part.at, 'x');
    os_region_detach(&part);
    ck_ok(os_region_attach_part(&part, ds, OS_ATTACH_READ, 3 * OS_PAGE_SIZE, 0));
    ck_assert_uint_eq(part.size, OS_PAGE_SIZE);
    os_region_detach(&part);
    ck_err(os_region_attach_part(&part, ds, OS_ATTACH_READ, 1, 0), OS_ERR_BAD_ARG);
    ck_err(os_region_attach_part(&part, ds, OS_ATTACH_READ, 0, 1), OS_ERR_BAD_ARG);
    ck_err(os_region_attach_part(&part, ds, OS_ATTACH_READ, 4 * OS_PAGE_SIZE, 0), OS_ERR_BAD_ARG);
    ck_err(os_region_attach_part(&part, ds, OS_ATTACH_READ, OS_PAGE_SIZE, 4 * OS_PAGE_SIZE), OS_ERR_BAD_ARG);
    ck_err(os_region_attach_part(&part, ds, OS_ATTACH_READ, OS_PAGE_SIZE, UINT64_MAX - OS_PAGE_SIZE + 1),
           OS_ERR_BAD_ARG);
    ck_assert_ptr_null(part.at);
    os_region_detach(&all);
    os_ram_free(&env.env, ds);
}
END_TEST

START_TEST(attaching_what_is_no_dataspace)
{
    struct os_region region = { 0 };
    os_dataspace_cap ds;
    ck_err(os_region_attach(&region, (os_dataspace_cap){ OS_NO_CAP }, OS_ATTACH_READ), OS_ERR_BAD_CAP);
    ck_err(os_region_attach(&region, (os_dataspace_cap){ env.env.pd.cap }, OS_ATTACH_READ), OS_ERR_BAD_CAP);
    ck_ok(os_ram_alloc(&env.env, 1, &ds));
    inproc_fail_next(INPROC_FAIL_ATTACH, 0, OS_ERR_RAM);
    ck_err(os_region_attach(&region, ds, OS_ATTACH_READ), OS_ERR_RAM);
    os_dataspace_cap copy = { os_cap_copy(ds.cap) };
    os_ram_free(&env.env, ds);
    ck_err(os_region_attach(&region, copy, OS_ATTACH_READ), OS_ERR_REVOKED);
    ck_assert_ptr_null(region.at);
    os_cap_drop(copy.cap);
}
END_TEST

static os_dataspace_cap make_readonly(os_dataspace_cap *whole)
{
    os_dataspace_cap copy;
    ck_ok(os_ram_alloc(&env.env, 1, whole));
    ck_ok(os_dataspace_readonly(*whole, &copy));
    return copy;
}

START_TEST(readonly_capability)
{
    struct os_region region = { 0 }, writer = { 0 };
    os_dataspace_cap whole, copy = make_readonly(&whole);
    uint64_t size;
    uint32_t writable = 7;
    ck_ok(os_dataspace_info(copy, &size, &writable));
    ck_assert_uint_eq(writable, 0);
    ck_err(os_region_attach(&region, copy, OS_ATTACH_WRITE), OS_ERR_DENIED);
    ck_ok(os_region_attach(&region, copy, OS_ATTACH_READ));
    ck_ok(os_region_attach(&writer, whole, OS_ATTACH_WRITE));
    strcpy(writer.at, "seen");
    ck_assert_str_eq(region.at, "seen");
    os_region_detach(&region);
    os_region_detach(&writer);
    os_cap_drop(copy.cap);
    os_ram_free(&env.env, whole);
}
END_TEST

START_TEST(readonly_attachment_cannot_be_written)
{
    struct os_region region = { 0 };
    os_dataspace_cap whole, copy = make_readonly(&whole);
    ck_ok(os_region_attach(&region, copy, OS_ATTACH_READ));
    signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would end the test another way */
    *(volatile char *)region.at = 1;
}
END_TEST

START_TEST(charge_lasts_as_long_as_an_attachment)
{
    struct os_region region = { 0 };
    os_dataspace_cap ds;
    ck_ok(os_ram_alloc(&env.env, OS_KIB(64), &ds));
    ck_ok(os_region_attach(&region, ds, OS_ATTACH_WRITE));
    ck_assert_uint_eq(used(), OS_KIB(64));
    os_ram_free(&env.env, ds);
    inproc_idle();
    ck_assert_uint_eq(used(), OS_KIB(64));
    strcpy(region.at, "still there");
    os_region_detach(&region);
    ck_assert_uint_eq(used(), 0);
}
END_TEST

START_TEST(dropping_the_last_capability_frees)
{
    os_dataspace_cap ds;
    ck_ok(os_ram_alloc(&env.env, OS_KIB(64), &ds));
    os_cap_drop(ds.cap);
    inproc_idle();
    ck_assert_uint_eq(used(), 0);
}
END_TEST

START_TEST(account_that_is_used_up)
{
    os_dataspace_cap ds = { OS_NO_CAP }, other;
    inproc_env_quota(&env, OS_KIB(64), 2);
    ck_err(os_ram_alloc(&env.env, OS_KIB(68), &ds), OS_ERR_RAM);
    ck_err(os_ram_alloc(&env.env, UINT64_MAX, &ds), OS_ERR_RAM);
    ck_err(os_ram_alloc(&env.env, 0, &ds), OS_ERR_BAD_ARG);
    ck_assert_uint_eq(ds.cap.id, 0);
    ck_ok(os_ram_alloc(&env.env, OS_KIB(60), &ds));
    ck_err(os_ram_alloc(&env.env, OS_KIB(8), &other), OS_ERR_RAM);
    ck_ok(os_ram_alloc(&env.env, OS_KIB(4), &other));
    os_ram_free(&env.env, other);
    inproc_env_quota(&env, OS_KIB(64), 1);
    ck_err(os_ram_alloc(&env.env, OS_KIB(4), &other), OS_ERR_CAPS);
    os_ram_free(&env.env, ds);
}
END_TEST

START_TEST(only_the_owner_frees)
{
    struct inproc_env other;
    struct os_region region = { 0 };
    os_dataspace_cap ds;
    inproc_env_init(&other, "other");
    ck_ok(os_ram_alloc(&env.env, 1, &ds));
    ck_err(os_pd_ram_free(other.env.pd, ds), OS_ERR_DENIED);
    ck_ok(os_region_attach(&region, ds, OS_ATTACH_READ));
    os_region_detach(&region);
    os_ram_free(&env.env, ds);
    ck_fini(&other);
}
END_TEST

START_TEST(transfer_between_accounts)
{
    struct inproc_env other;
    uint64_t ram, ram_used;
    uint32_t caps, caps_used;
    inproc_env_init(&other, "other");
    inproc_env_quota(&other, 0, 0);
    inproc_env_quota(&env, 100, 10);
    ck_err(os_pd_transfer(env.env.pd, other.env.pd, 101, 0), OS_ERR_RAM);
    ck_err(os_pd_transfer(env.env.pd, other.env.pd, 0, 11), OS_ERR_CAPS);
    ck_ok(os_pd_transfer(env.env.pd, other.env.pd, 60, 4));
    ck_ok(os_pd_quota(other.env.pd, &ram, &ram_used, &caps, &caps_used));
    ck_assert_uint_eq(ram, 60);
    ck_assert_uint_eq(caps, 4);
    ck_err(os_pd_transfer(env.env.pd, (os_pd_cap){ env.env.parent.cap }, 1, 0), OS_ERR_BAD_CAP);
    ck_fini(&other);
}
END_TEST

/* ---- ROM */

static unsigned changes;
static void changed(struct os_signal_handler *handler)
{
    changes++;
}

START_TEST(rom_has_its_content)
{
    struct os_rom_module rom = { 0 };
    inproc_rom_set(&env, "font", "glyphs", 6);
    ck_ok(os_rom_module_open(&rom, &env.env, "font"));
    ck_assert_uint_eq(rom.size, 6);
    ck_assert_mem_eq(rom.data, "glyphs", 6);
    os_rom_module_close(&rom);
    ck_assert_ptr_null(rom.data);
    os_rom_module_close(&rom); /* closed already: fine */
}
END_TEST

START_TEST(rom_without_content)
{
    struct os_rom_module rom = { 0 };
    ck_err(os_rom_module_open(&rom, &env.env, "none"), OS_ERR_NOT_FOUND);
    inproc_rom_set(&env, "later", NULL, 0);
    ck_err(os_rom_module_open(&rom, &env.env, "later"), OS_ERR_NOT_FOUND);
    inproc_rom_set(&env, "later", "", 0);
    ck_ok(os_rom_module_open(&rom, &env.env, "later"));
    ck_assert_uint_eq(rom.size, 0);
    os_rom_module_close(&rom);
}
END_TEST

START_TEST(rom_that_changes)
{
    struct os_rom_module rom = { 0 };
    struct os_signal_handler handler;
    os_signal_cap signal;
    inproc_rom_set(&env, "config", "one", 3);
    ck_ok(os_rom_module_open(&rom, &env.env, "config"));
    ck_ok(os_signal_handler_init(&handler, env.env.ep, changed, &signal));
    ck_ok(os_rom_module_sigh(&rom, signal));
    char large[10000];
    memset(large, 'x', sizeof(large));
    inproc_rom_set(&env, "config", large, sizeof(large));
    inproc_idle();
    ck_assert_uint_eq(changes, 1);
    ck_assert_mem_eq(rom.data, "one", 3); /* until update */
    ck_ok(os_rom_module_update(&rom));
    ck_assert_uint_eq(rom.size, sizeof(large));
    ck_assert_mem_eq(rom.data, large, sizeof(large));

    inproc_rom_set(&env, "config", NULL, 0); /* gone: what is attached stays */
    inproc_idle();
    ck_assert_uint_eq(changes, 2);
    ck_err(os_rom_module_update(&rom), OS_ERR_NOT_FOUND);
    ck_assert_mem_eq(rom.data, large, sizeof(large));

    ck_ok(os_rom_module_sigh(&rom, (os_signal_cap){ OS_NO_CAP }));
    inproc_rom_set(&env, "config", "two", 3);
    inproc_idle();
    ck_assert_uint_eq(changes, 2);
    ck_ok(os_rom_module_update(&rom));
    ck_assert_mem_eq(rom.data, "two", 3);
    os_rom_module_close(&rom);
    os_signal_handler_fini(&handler);
    os_cap_drop(signal.cap);
}
END_TEST

START_TEST(rom_that_cannot_be_attached)
{
    struct os_rom_module rom = { 0 };
    inproc_rom_set(&env, "font", "glyphs", 6);
    inproc_fail_next(INPROC_FAIL_ATTACH, 0, OS_ERR_RAM);
    ck_err(os_rom_module_open(&rom, &env.env, "font"), OS_ERR_RAM);
    ck_assert_ptr_null(rom.data);
}
END_TEST

/* A ROM server whose size is a lie. */
START_TEST(rom_larger_than_its_dataspace)
{
    struct inproc_mock_service roms;
    struct os_rom_module rom = { 0 };
    os_dataspace_cap ds;
    ck_ok(os_ram_alloc(&env.env, 1, &ds));
    inproc_mock_service_init(&roms, "ROM", &os_rom_interface);
    inproc_mock_service_open(&roms, "memory -> x", "");
    os_rom_dataspace_answer(inproc_mock_expect(&roms.mock, "dataspace"), ds, 2 * OS_PAGE_SIZE);
    inproc_mock_allow(&roms.mock, "sigh");
    ck_err(os_rom_module_open(&rom, &env.env, "x"), OS_ERR_BAD_MSG);
    ck_assert_ptr_null(rom.data);
    ck_mock(&roms.root);
    ck_mock(&roms.mock);
    ck_assert_int_eq(inproc_mock_service_fini(&roms), 0);
    os_ram_free(&env.env, ds);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, dataspace_is_zeroed_and_shared);
    tcase_add_test(tcase, parts_of_a_dataspace);
    tcase_add_test(tcase, attaching_what_is_no_dataspace);
    tcase_add_test(tcase, readonly_capability);
    tcase_add_test_raise_signal(tcase, readonly_attachment_cannot_be_written, SIGSEGV);
    tcase_add_test(tcase, charge_lasts_as_long_as_an_attachment);
    tcase_add_test(tcase, dropping_the_last_capability_frees);
    tcase_add_test(tcase, account_that_is_used_up);
    tcase_add_test(tcase, only_the_owner_frees);
    tcase_add_test(tcase, transfer_between_accounts);
    tcase_add_test(tcase, rom_has_its_content);
    tcase_add_test(tcase, rom_without_content);
    tcase_add_test(tcase, rom_that_changes);
    tcase_add_test(tcase, rom_that_cannot_be_attached);
    tcase_add_test(tcase, rom_larger_than_its_dataspace);
}

int main(void)
{
    return suite_run_case("memory", add);
}
