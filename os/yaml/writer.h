/* SPDX-License-Identifier: BSD-2-Clause */
/* writer.h: names of os/config_writer.h as they were. */
#ifndef YAML_WRITER_H
#define YAML_WRITER_H

#include <os/config_writer.h>

#define config_writer        os_config_writer
#define config_writer_init   os_config_writer_init
#define config_writer_fini   os_config_writer_fini
#define config_writer_add    os_config_writer_add
#define config_writer_end    os_config_writer_end
#define config_writer_finish os_config_writer_finish
#define config_extract       os_config_extract

#endif
