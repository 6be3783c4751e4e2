/* SPDX-License-Identifier: BSD-2-Clause */
/* switchconfig.c: any text as the config of a switch: what it says of a port is within bounds, and can be
 * used.
 */

#include "../../net/switch/switch.h"
#include "fuzz.h"
#include "tree.h"

static void try_switch(const struct os_config *config)
{
    static const char *const labels[] = { "", "a", "lan", "router -> eth0" };
    for (size_t i = 0; i < OS_ARRAY_LEN(labels); i++) {
        struct policy policy;
        policy_read(config, labels[i], i & 1 ? NET_PORT_UPLINK : NET_PORT_NIC, &policy);
        MUST(policy.mtu >= OS_NIC_MTU_MIN && policy.mtu <= OS_NIC_MTU_MAX);
        MUST(policy.impair.loss <= 1000000 && policy.impair.corrupt <= 1000000);
        MUST(!policy.has_mac || !net_mac_is_group(policy.mac));
        for (int way = 0; way < DIRECTIONS; way++) {
            struct limit limit = { 0 };
            limit_set(&limit, policy.rate[way], policy.burst[way], policy.mtu);
            MUST(!limit.rate || limit_take(&limit, OS_NIC_HEADER + policy.mtu, os_clock_now()));
            MUST(!limit.rate || limit_take(&limit, 14, os_clock_now() + UINT64_C(3000000000) * OS_SEC));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tree_try(data, size, try_switch);
    return 0;
}
