/* SPDX-License-Identifier: BSD-2-Clause */
/* config_writer.c: the table of nodes and the text of a config tree, grown while it is written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/config_writer.h>

/* Doubles *MEMORY until it has room for NEEDED items. */
static os_err grow(void **memory, uint32_t *capacity, uint32_t needed, size_t item)
{
    uint32_t wanted = *capacity ? *capacity : 64;
    while (wanted < needed)
        wanted *= 2;
    if (wanted == *capacity)
        return OS_OK;
    void *larger = realloc(*memory, wanted * item);
    if (!larger)
        return OS_ERR_RAM;
    *memory = larger;
    *capacity = wanted;
    return OS_OK;
}

/* Offset of TEXT in the tree's text. The empty string, which most nodes have, is the one at 0. */
static uint32_t add_text(struct os_config_writer *writer, const char *text)
{
    size_t size = strlen(text) + 1;
    if (size == 1 && writer->text_size)
        return 0;
    if (size > writer->text_max - writer->text_size) {
        writer->err = OS_ERR_TOO_LARGE;
        return 0;
    }
    void *memory = writer->text;
    writer->err = grow(&memory, &writer->text_capacity, writer->text_size + (uint32_t)size, 1);
    writer->text = memory;
    if (writer->err)
        return 0;
    uint32_t at = writer->text_size;
    memcpy(writer->text + at, text, size);
    writer->text_size += (uint32_t)size;
    return at;
}

void os_config_writer_init(struct os_config_writer *writer, const char *file)
{
    memset(writer, 0, sizeof(*writer));
    writer->nodes_max = OS_CONFIG_NODES_MAX;
    writer->text_max = OS_CONFIG_TEXT_MAX;
    (void)add_text(writer, "");
    if (!writer->err)
        writer->file = add_text(writer, file);
}

void os_config_writer_fini(struct os_config_writer *writer)
{
    free(writer->nodes);
    free(writer->text);
    memset(writer, 0, sizeof(*writer));
}

/* Makes node INDEX the next child of the map or list that is open. */
static void link_node(struct os_config_writer *writer, uint32_t index)
{
    if (!writer->depth)
        return;
    struct os_config_writer_level *level = &writer->levels[writer->depth - 1];
    writer->nodes[level->node].children++;
    if (level->last)
        writer->nodes[level->last].next = index;
    level->last = index;
}

void os_config_writer_add(struct os_config_writer *writer, enum os_config_kind kind, const char *key,
                          const char *value, uint32_t line, uint32_t column)
{
    int opens = kind != OS_CONFIG_SCALAR;
    if (!writer->err &&
        (writer->count >= writer->nodes_max || (opens && writer->depth == OS_CONFIG_DEPTH_MAX)))
        writer->err = OS_ERR_TOO_LARGE;
    if (writer->err)
        return;
    struct os_config_node node = { .kind = kind, .line = line, .column = column };
    node.key = add_text(writer, key);
    if (!writer->err)
        node.value = add_text(writer, value);
    void *memory = writer->nodes;
    if (!writer->err)
        writer->err = grow(&memory, &writer->capacity, writer->count + 1, sizeof(node));
    writer->nodes = memory;
    if (writer->err)
        return;
    uint32_t index = writer->count++;
    writer->nodes[index] = node;
    link_node(writer, index);
    if (opens)
        writer->levels[writer->depth++] = (struct os_config_writer_level){ index, 0 };
}

void os_config_writer_end(struct os_config_writer *writer)
{
    if (!writer->err)
        writer->depth--;
}

int os_config_writer_has_key(const struct os_config_writer *writer, const char *key)
{
    if (writer->err || !writer->depth)
        return 0;
    const struct os_config_writer_level *level = &writer->levels[writer->depth - 1];
    if (!level->last)
        return 0;
    uint32_t index = level->node + 1;
    do {
        if (!strcmp(writer->text + writer->nodes[index].key, key))
            return 1;
        index = writer->nodes[index].next;
    } while (index);
    return 0;
}

os_err os_config_writer_finish(struct os_config_writer *writer, void **data, size_t *size)
{
    if (writer->err)
        return writer->err;
    size_t nodes = writer->count * sizeof(struct os_config_node);
    size_t all = sizeof(struct os_config_header) + nodes + writer->text_size;
    char *tree = malloc(all);
    if (!tree)
        return OS_ERR_RAM;
    struct os_config_header header = { .magic = OS_CONFIG_MAGIC,
                                       .size = (uint32_t)all,
                                       .nodes = writer->count,
                                       .text = writer->text_size,
                                       .file = writer->file };
    memcpy(tree, &header, sizeof(header));
    if (nodes)
        memcpy(tree + sizeof(header), writer->nodes, nodes);
    memcpy(tree + sizeof(header) + nodes, writer->text, writer->text_size);
    *data = tree;
    *size = all;
    return OS_OK;
}

/* The depth of a tree is bounded, hence that of the recursion. */
void os_config_writer_copy(struct os_config_writer *writer, const char *key, const struct os_config *config,
                           os_config_ref node)
{
    os_config_writer_add(writer, node->kind, key, os_config_value(config, node), node->line, node->column);
    if (writer->err || node->kind == OS_CONFIG_SCALAR)
        return;
    for (os_config_ref child = os_config_first(config, node); child; child = os_config_next(config, child))
        os_config_writer_copy(writer, os_config_key(config, child), config, child);
    os_config_writer_end(writer);
}

void os_config_writer_map(struct os_config_writer *writer, const char *key)
{
    os_config_writer_add(writer, OS_CONFIG_MAP, key, "", 0, 0);
}

void os_config_writer_list(struct os_config_writer *writer, const char *key)
{
    os_config_writer_add(writer, OS_CONFIG_LIST, key, "", 0, 0);
}

void os_config_writer_text(struct os_config_writer *writer, const char *key, const char *value)
{
    os_config_writer_add(writer, OS_CONFIG_SCALAR, key, value, 0, 0);
}

void os_config_writer_u64(struct os_config_writer *writer, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    os_config_writer_text(writer, key, text);
}

void os_config_writer_i64(struct os_config_writer *writer, const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)value);
    os_config_writer_text(writer, key, text);
}

void os_config_writer_bool(struct os_config_writer *writer, const char *key, int value)
{
    os_config_writer_text(writer, key, value ? "true" : "false");
}

os_err os_config_extract(const struct os_config *config, os_config_ref node, void **data, size_t *size)
{
    struct os_config_writer writer;
    os_config_writer_init(&writer, os_config_file(config));
    if (node) {
        os_config_writer_copy(&writer, "", config, node);
    } else {
        os_config_writer_add(&writer, OS_CONFIG_MAP, "", "", 1, 1);
        os_config_writer_end(&writer);
    }
    os_err err = os_config_writer_finish(&writer, data, size);
    os_config_writer_fini(&writer);
    return err;
}
