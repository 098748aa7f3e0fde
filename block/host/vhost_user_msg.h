/* SPDX-License-Identifier: ISC */
/*
 * Messages of the vhost-user protocol (QEMU's docs/interop/vhost-user.rst), those that a front-end
 * needs: pure encoding and decoding. Numbers are in the byte order of the machine, as both ends run
 * on it. Private to block/host.
 */
#ifndef CAIRN_BLOCK_HOST_VHOST_USER_MSG_H
#define CAIRN_BLOCK_HOST_VHOST_USER_MSG_H

#include <cairn/virtio.h>

enum {
    BLK_VHOST_GET_FEATURES = 1,
    BLK_VHOST_SET_FEATURES = 2,
    BLK_VHOST_SET_OWNER = 3,
    BLK_VHOST_SET_MEM_TABLE = 5,
    BLK_VHOST_SET_VRING_NUM = 8,
    BLK_VHOST_SET_VRING_ADDR = 9,
    BLK_VHOST_SET_VRING_BASE = 10,
    BLK_VHOST_GET_VRING_BASE = 11,
    BLK_VHOST_SET_VRING_KICK = 12,
    BLK_VHOST_SET_VRING_CALL = 13,
    BLK_VHOST_GET_PROTOCOL_FEATURES = 15,
    BLK_VHOST_SET_PROTOCOL_FEATURES = 16,
    BLK_VHOST_GET_QUEUE_NUM = 17,
    BLK_VHOST_SET_VRING_ENABLE = 18,
    BLK_VHOST_GET_CONFIG = 24,
    BLK_VHOST_SET_CONFIG = 25
};

/* Among the features of virtio: there are features of the protocol. */
#define BLK_VHOST_F_PROTOCOL CAIRN_VIRTIO_F(30)
#define BLK_VHOST_PROTOCOL_F_MQ CAIRN_VIRTIO_F(0)
#define BLK_VHOST_PROTOCOL_F_REPLY_ACK CAIRN_VIRTIO_F(3)
#define BLK_VHOST_PROTOCOL_F_CONFIG CAIRN_VIRTIO_F(9)

#define BLK_VHOST_HEAD_BYTES 12u
#define BLK_VHOST_CONFIG_BYTES_MAX 256u
#define BLK_VHOST_CONFIG_HEAD_BYTES 12u
#define BLK_VHOST_PAYLOAD_BYTES_MAX (BLK_VHOST_CONFIG_HEAD_BYTES + BLK_VHOST_CONFIG_BYTES_MAX)

struct blk_vhost_msg {
    uint32_t request, bytes; /* of the payload */
    uint8_t payload[BLK_VHOST_PAYLOAD_BYTES_MAX];
};

/* Each makes a whole message. */
void blk_vhost_msg_empty(struct blk_vhost_msg *msg, uint32_t request);
void blk_vhost_msg_u64(struct blk_vhost_msg *msg, uint32_t request, uint64_t value);
/* A number that is about a queue. */
void blk_vhost_msg_vring(struct blk_vhost_msg *msg, uint32_t request, uint16_t queue,
                         uint32_t number);
void blk_vhost_msg_vring_addr(struct blk_vhost_msg *msg, uint16_t queue,
                              const struct cairn_virtio_ring *ring);
/* One region of memory, whose addresses for the device are those that it has here. */
void blk_vhost_msg_memory(struct blk_vhost_msg *msg, uint64_t address, uint64_t bytes);
/* Configuration, at most BLK_VHOST_CONFIG_BYTES_MAX; data NULL: as room for an answer. */
void blk_vhost_msg_config(struct blk_vhost_msg *msg, uint32_t request, uint32_t offset,
                          const void *data, uint32_t bytes);

/* The head of a message to the server; acked: it is to say whether it did what was asked. */
void blk_vhost_head_put(uint8_t head[BLK_VHOST_HEAD_BYTES], const struct blk_vhost_msg *msg,
                        bool acked);
/* The head of an answer to msg. False: it is none; else msg->bytes is what follows, and fits. */
bool blk_vhost_head_get(const uint8_t head[BLK_VHOST_HEAD_BYTES], struct blk_vhost_msg *msg);

/* The number in an answer, if there is one. */
bool blk_vhost_msg_u64_get(const struct blk_vhost_msg *msg, uint64_t *value);
/* bytes of configuration from offset on, of an answer that begins at 0; NULL: it is too short. */
const uint8_t *blk_vhost_msg_config_get(const struct blk_vhost_msg *msg, uint32_t offset,
                                        uint32_t bytes);

#endif
