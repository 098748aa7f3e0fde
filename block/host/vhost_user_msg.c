/* SPDX-License-Identifier: ISC */
#include "vhost_user_msg.h"

#include <cairn/bytes.h>

#define VERSION 1u
#define FLAG_VERSION_MASK 3u
#define FLAG_REPLY 4u
#define FLAG_NEED_REPLY 8u

static void put32(struct blk_vhost_msg *msg, uint32_t value)
{
    memcpy(msg->payload + msg->bytes, &value, sizeof value);
    msg->bytes += (uint32_t)sizeof value;
}

static void put64(struct blk_vhost_msg *msg, uint64_t value)
{
    memcpy(msg->payload + msg->bytes, &value, sizeof value);
    msg->bytes += (uint32_t)sizeof value;
}

static uint32_t get32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

void blk_vhost_msg_empty(struct blk_vhost_msg *msg, uint32_t request)
{
    msg->request = request;
    msg->bytes = 0;
}

void blk_vhost_msg_u64(struct blk_vhost_msg *msg, uint32_t request, uint64_t value)
{
    blk_vhost_msg_empty(msg, request);
    put64(msg, value);
}

void blk_vhost_msg_vring(struct blk_vhost_msg *msg, uint32_t request, uint16_t queue,
                         uint32_t number)
{
    blk_vhost_msg_empty(msg, request);
    put32(msg, queue);
    put32(msg, number);
}

/* The used ring comes before the available one, and a log of changed pages, which there is not,
 * after both. */
void blk_vhost_msg_vring_addr(struct blk_vhost_msg *msg, uint16_t queue,
                              const struct cairn_virtio_ring *ring)
{
    blk_vhost_msg_vring(msg, BLK_VHOST_SET_VRING_ADDR, queue, 0);
    put64(msg, ring->desc);
    put64(msg, ring->device);
    put64(msg, ring->driver);
    put64(msg, 0);
}

void blk_vhost_msg_memory(struct blk_vhost_msg *msg, uint64_t address, uint64_t bytes)
{
    blk_vhost_msg_empty(msg, BLK_VHOST_SET_MEM_TABLE);
    put32(msg, 1); /* regions */
    put32(msg, 0);
    put64(msg, address); /* in requests */
    put64(msg, bytes);
    put64(msg, address); /* of rings */
    put64(msg, 0);       /* where it begins in the file */
}

void blk_vhost_msg_config(struct blk_vhost_msg *msg, uint32_t request, uint32_t offset,
                          const void *data, uint32_t bytes)
{
    blk_vhost_msg_empty(msg, request);
    put32(msg, offset);
    put32(msg, bytes);
    put32(msg, 0); /* written by the driver, not for a migration */
    if (data)
        memcpy(msg->payload + msg->bytes, data, bytes);
    else
        memset(msg->payload + msg->bytes, 0, bytes);
    msg->bytes += bytes;
}

void blk_vhost_head_put(uint8_t head[BLK_VHOST_HEAD_BYTES], const struct blk_vhost_msg *msg,
                        bool acked)
{
    uint32_t words[3] = { msg->request, VERSION | (acked ? FLAG_NEED_REPLY : 0), msg->bytes };
    memcpy(head, words, sizeof words);
}

bool blk_vhost_head_get(const uint8_t head[BLK_VHOST_HEAD_BYTES], struct blk_vhost_msg *msg)
{
    uint32_t flags = get32(head + 4);
    msg->bytes = get32(head + 8);
    return get32(head) == msg->request && (flags & FLAG_VERSION_MASK) == VERSION &&
           (flags & FLAG_REPLY) && msg->bytes <= BLK_VHOST_PAYLOAD_BYTES_MAX;
}

bool blk_vhost_msg_u64_get(const struct blk_vhost_msg *msg, uint64_t *value)
{
    if (msg->bytes != sizeof *value) return false;
    memcpy(value, msg->payload, sizeof *value);
    return true;
}

const uint8_t *blk_vhost_msg_config_get(const struct blk_vhost_msg *msg, uint32_t offset,
                                        uint32_t bytes)
{
    if (msg->bytes < BLK_VHOST_CONFIG_HEAD_BYTES) return NULL;
    uint32_t said = msg->bytes - BLK_VHOST_CONFIG_HEAD_BYTES;
    if (get32(msg->payload) != 0 || !cairn_range_fits(offset, bytes, said)) return NULL;
    return msg->payload + BLK_VHOST_CONFIG_HEAD_BYTES + offset;
}
