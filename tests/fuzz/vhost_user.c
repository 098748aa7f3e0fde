/* SPDX-License-Identifier: ISC */
/* What a vhost-user server answers, before the codec of messages; and what we say to one. The input
 * is the request (a byte), which bytes of a configuration are wanted (two numbers of 16 bits), then
 * the answer as it comes. The same bytes also are what messages of ours are made from. */
#include "fuzz.h"

#include "block/host/vhost_user_msg.h"
#include <cairn/bytes.h>
#include <string.h>

#define WISH_BYTES 5u
#define FLAG_REPLY 4u

/* A message whose payload is followed by what nobody may take for part of it. */
static bool answer_read(const uint8_t *bytes, size_t len, uint32_t request,
                        struct blk_vhost_msg *msg)
{
    memset(msg, 0xa7, sizeof *msg);
    msg->request = request;
    if (len < BLK_VHOST_HEAD_BYTES || !blk_vhost_head_get(bytes, msg)) return false;
    fuzz_require(msg->request == request, "an answer is one to the request");
    fuzz_require(msg->bytes <= sizeof msg->payload, "what follows a head fits");
    if (msg->bytes > len - BLK_VHOST_HEAD_BYTES) return false;
    memcpy(msg->payload, bytes + BLK_VHOST_HEAD_BYTES, msg->bytes);
    return true;
}

static void require_answer(const struct blk_vhost_msg *msg, uint32_t offset, uint32_t bytes)
{
    uint64_t number;
    fuzz_require(blk_vhost_msg_u64_get(msg, &number) == (msg->bytes == 8), "a number has 8 bytes");
    const uint8_t *found = blk_vhost_msg_config_get(msg, offset, bytes);
    if (!found) return;
    size_t at = (size_t)(found - msg->payload);
    fuzz_require(at == BLK_VHOST_CONFIG_HEAD_BYTES + (size_t)offset && at <= msg->bytes &&
                     bytes <= msg->bytes - at,
                 "configuration lies in the answer");
}

/* As the server would send it back: its head is believed, its payload is what was put in. */
static void require_returned(struct blk_vhost_msg *msg, uint32_t bytes, bool acked)
{
    struct blk_vhost_msg answer = { .request = msg->request };
    uint8_t head[BLK_VHOST_HEAD_BYTES];
    fuzz_require(msg->bytes == bytes && bytes <= sizeof msg->payload, "messages have their length");
    blk_vhost_head_put(head, msg, acked);
    fuzz_require(!blk_vhost_head_get(head, &answer), "a request is no answer");
    uint32_t flags;
    memcpy(&flags, head + 4, sizeof flags);
    flags |= FLAG_REPLY;
    memcpy(head + 4, &flags, sizeof flags);
    fuzz_require(blk_vhost_head_get(head, &answer) && answer.bytes == bytes, "heads are read");
}

static void require_requests(const uint8_t *bytes, size_t len, uint32_t request, uint16_t queue)
{
    struct blk_vhost_msg msg;
    uint64_t number = len < 8 ? len : cairn_le64(bytes), got = ~number;
    uint32_t config = (uint32_t)cairn_min_u64(len, BLK_VHOST_CONFIG_BYTES_MAX);
    struct cairn_virtio_ring ring = { queue, number, number + 1, number + 2 };
    bool acked = number & 1;
    blk_vhost_msg_empty(&msg, request);
    require_returned(&msg, 0, acked);
    blk_vhost_msg_u64(&msg, request, number);
    require_returned(&msg, 8, acked);
    fuzz_require(blk_vhost_msg_u64_get(&msg, &got) && got == number, "numbers are read");
    blk_vhost_msg_vring(&msg, request, queue, (uint32_t)number);
    require_returned(&msg, 8, acked);
    blk_vhost_msg_vring_addr(&msg, queue, &ring);
    require_returned(&msg, 40, acked);
    blk_vhost_msg_memory(&msg, number, len);
    require_returned(&msg, 40, acked);
    blk_vhost_msg_config(&msg, request, 0, bytes, config);
    require_returned(&msg, BLK_VHOST_CONFIG_HEAD_BYTES + config, acked);
    const uint8_t *found = blk_vhost_msg_config_get(&msg, 0, config);
    fuzz_require(found && !memcmp(found, bytes, config), "configuration is read");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct blk_vhost_msg msg;
    if (len < WISH_BYTES) return 0;
    uint16_t offset = cairn_le16(bytes + 1), wanted = cairn_le16(bytes + 3);
    uint32_t request = bytes[0];
    bytes += WISH_BYTES;
    len -= WISH_BYTES;
    if (answer_read(bytes, len, request, &msg)) require_answer(&msg, offset, wanted);
    require_requests(bytes, len, request, offset);
    return 0;
}
