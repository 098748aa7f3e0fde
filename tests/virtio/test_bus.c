/* SPDX-License-Identifier: ISC */
/* PCI and MMIO: what is found, and what is refused. */
#include "units.h"
#include "vdisk.h"
#include <cairn/bytes.h>
#include <string.h>

static struct model model;
static uint8_t disk[4096];

static void init(bool pci)
{
    struct model_plan plan = { .features = MODEL_FEATURES_DISK, .pci = pci };
    model_init(&model, &plan, disk, sizeof disk);
}

static enum cairn_err open_pci(struct cairn_why *why)
{
    return cairn_virtio_pci_open(&model.transport.pci, &model.bus, "0000:00:04.0", why);
}

START_TEST(pci_is_found)
{
    init(true);
    ck_ok(open_pci(NULL));
    const struct cairn_virtio_pci *pci = &model.transport.pci;
    ck_assert_uint_eq(pci->base.device_id, CAIRN_VIRTIO_ID_BLOCK);
    ck_assert_uint_eq(pci->notify.offset, 0x3000);
    ck_assert_uint_eq(pci->notify_multiplier, 4);
    ck_assert_uint_eq(pci->base.ops->status(&model.transport.pci.base), 0);
    model_close(&model);
}
END_TEST

/* A transitional device says what it is in the subsystem's id. */
START_TEST(transitional_devices_are_virtio)
{
    init(true);
    cairn_le16_put(model.pci_config + 2, 0x1001);
    cairn_le16_put(model.pci_config + 0x2e, 2);
    ck_ok(open_pci(NULL));
    ck_assert_uint_eq(model.transport.pci.base.device_id, CAIRN_VIRTIO_ID_BLOCK);
    model_close(&model);
}
END_TEST

START_TEST(broken_pci_is_refused)
{
    static const struct {
        uint8_t at, value;
        enum cairn_err err;
        const char *what;
    } cases[] = {
        { 0x00, 0x86, CAIRN_ENODEV, "not a virtio device" },
        { 0x03, 0x20, CAIRN_ENODEV, "not a virtio device" },
        { 0x06, 0x00, CAIRN_ENOTSUP, "legacy" },
        { 0x34, 0x00, CAIRN_ENOTSUP, "legacy" },
        { 0x34, 0x3c, CAIRN_ENOTSUP, "legacy" },
        { 0x41, 0x40, CAIRN_ECORRUPT, "loop" },
        { 0x71, 0x40, CAIRN_ECORRUPT, "loop" },
        { 0x42, 0x08, CAIRN_ECORRUPT, "cut short" },
        { 0x72, 0x10, CAIRN_ECORRUPT, "cut short" },
        { 0x44, 0x05, CAIRN_ENOTSUP, "legacy" }, /* a BAR that is not there */
        { 0x44, 0xff, CAIRN_ENOTSUP, "legacy" },
        { 0x4a, 0x01, CAIRN_ECORRUPT, "outside its BAR" },
        { 0x4f, 0xff, CAIRN_ECORRUPT, "outside its BAR" },
        { 0x4c, 0x10, CAIRN_ECORRUPT, "too short" },
        { 0x53, 0x09, CAIRN_ECORRUPT, "missing" },
        { 0x73, 0x09, CAIRN_ECORRUPT, "missing" },
        { 0x80, 0x03, CAIRN_ECORRUPT, "multiplier" },
    };
    struct cairn_why why = { 0 };
    init(true);
    model.pci_config[cases[_i].at] = cases[_i].value;
    ck_assert_int_eq(open_pci(&why), cases[_i].err);
    ck_assert_msg(strstr(why.what, cases[_i].what) != NULL, "%s", why.what);
    ck_assert_str_eq(why.via, "0000:00:04.0");
    model_close(&model);
}
END_TEST

/* No configuration at all, and queues that are notified elsewhere: found when they are used. */
START_TEST(windows_hold_what_is_done_in_them)
{
    struct cairn_why why = { 0 };
    uint8_t byte;
    struct cairn_virtio_ring ring = { .size = 4 };
    struct cairn_virtio *virtio = &model.transport.pci.base;
    init(true);
    model.pci_config[0x63] = 9;
    cairn_le32_put(model.pci_config + 0x7c, 2);
    ck_ok(open_pci(NULL));
    ck_assert_int_eq(virtio->ops->config_read(virtio, 0, &byte, 1, &why), CAIRN_ECORRUPT);
    ck_assert_int_eq(virtio->ops->config_write(virtio, UINT32_MAX, &byte, 1, &why), CAIRN_ECORRUPT);
    model.queue_sel = 1;
    model.status = CAIRN_VIRTIO_FEATURES_OK;
    ck_assert_int_eq(virtio->ops->queue_enable(virtio, 1, &ring, &why), CAIRN_ECORRUPT);
    ck_assert(strstr(why.what, "notified outside"));
    model_close(&model);
}
END_TEST

/* Two bytes are notified at two, and the ISR is one: only 32 bits need four. */
START_TEST(windows_lie_as_their_fields_need)
{
    struct cairn_virtio_ring ring = { .size = 4 };
    struct cairn_virtio *virtio = &model.transport.pci.base;
    init(true);
    cairn_le32_put(model.pci_config + 0x58, 0x1001);
    cairn_le32_put(model.pci_config + 0x78, 0x3002);
    ck_ok(open_pci(NULL));
    model.status = CAIRN_VIRTIO_FEATURES_OK;
    ck_ok(virtio->ops->queue_enable(virtio, 0, &ring, NULL));
    virtio->taken = CAIRN_VIRTIO_F_NOTIFICATION_DATA;
    ck_assert_int_eq(virtio->ops->queue_enable(virtio, 0, &ring, NULL), CAIRN_ECORRUPT);
    model.pci_config[0x48] = 2; /* the common configuration */
    ck_assert_int_eq(open_pci(NULL), CAIRN_ECORRUPT);
    model_close(&model);
}
END_TEST

START_TEST(msix_is_set_up)
{
    struct cairn_virtio_ring ring = { .size = 4 };
    struct cairn_virtio *virtio = &model.transport.pci.base;
    init(true);
    ck_ok(open_pci(NULL));
    model.transport.pci.msix = true;
    model.status = CAIRN_VIRTIO_FEATURES_OK;
    ck_ok(virtio->ops->queue_enable(virtio, 0, &ring, NULL));
    model.queues[0].ready = false;
    model.interrupts = 3;
    ck_ok(virtio->ops->wait(virtio, 0, 0));
    ck_assert_uint_eq(model.interrupts, 3); /* the ISR is not read */
    ck_assert(!virtio->config_changed);
    model_close(&model);
}
END_TEST

START_TEST(bars_are_sized_and_assigned)
{
    struct cairn_pci_bar bar;
    init(true);
    cairn_pci_bar_read(&model.bus, 4, &bar);
    ck_assert(bar.bytes == 0x4000 && bar.is_64 && bar.is_prefetchable && !bar.is_io);
    cairn_pci_bar_write(&model.bus, 4, &bar, UINT64_C(0x7e12340000));
    cairn_pci_bar_read(&model.bus, 4, &bar);
    ck_assert(bar.address == UINT64_C(0x7e12340000) && bar.bytes == 0x4000);
    cairn_pci_bar_read(&model.bus, 5, &bar);
    ck_assert_uint_eq(bar.bytes, 0);
    cairn_pci_bar_read(&model.bus, 0, &bar);
    ck_assert_uint_eq(bar.bytes, 0);
    cairn_pci_bar_read(&model.bus, 6, &bar);
    ck_assert_uint_eq(bar.bytes, 0);
    model.pci_config[0x14] = 1; /* BAR 1: 32 bytes of I/O */
    memcpy(model.bar_mask + 4, (uint8_t[]){ 0xe0, 0xff, 0xff, 0xff }, 4);
    cairn_pci_bar_write(&model.bus, 1, &bar, 0xc040);
    cairn_pci_bar_read(&model.bus, 1, &bar);
    ck_assert(bar.is_io && bar.bytes == 32 && bar.address == 0xc040);
    memset(model.bar_mask + 6, 0, 2); /* of 16 bits only */
    cairn_pci_bar_read(&model.bus, 1, &bar);
    ck_assert(bar.is_io && bar.bytes == 32 && bar.address == 0xc040);
    model_close(&model);
}
END_TEST

/* Registers of the test's: only the first four matter. */
static uint32_t regs[4];

static uint32_t regs_read(struct cairn_virtio_bus *bus, uint32_t space, uint64_t at, uint32_t width)
{
    (void)bus;
    ck_assert(space == CAIRN_VIRTIO_MMIO_SPACE && width == 4);
    return at < sizeof regs ? regs[at / 4] : 0;
}

static uint64_t regs_bytes(struct cairn_virtio_bus *bus, uint32_t space)
{
    (void)bus;
    (void)space;
    return 0x200;
}

START_TEST(mmio_says_what_it_is)
{
    static const struct {
        uint32_t magic, version, id;
        enum cairn_err err;
        const char *what;
    } cases[] = { { 0, 0, 0, CAIRN_ENODEV, "no virtio-mmio" },
                  { 0x74726976, 1, 2, CAIRN_ENOTSUP, "version 1" },
                  { 0x74726976, 3, 2, CAIRN_ENOTSUP, "version 3" },
                  { 0x74726976, 2, 0, CAIRN_ENODEV, "without a device" },
                  { 0x74726976, 2, 1, CAIRN_OK, "" } };
    const struct cairn_virtio_bus_ops ops = { .read = regs_read, .space_bytes = regs_bytes };
    struct cairn_virtio_bus bus = { &ops };
    struct cairn_virtio_mmio mmio;
    struct cairn_why why = { 0 };
    memcpy(regs, (uint32_t[]){ cases[_i].magic, cases[_i].version, cases[_i].id }, 12);
    ck_assert_int_eq(cairn_virtio_mmio_open(&mmio, &bus, "slot 3", &why), cases[_i].err);
    ck_assert_msg(strstr(why.what, cases[_i].what) != NULL, "%s", why.what);
    if (cases[_i].err) return;
    ck_assert(mmio.base.device_id == 1 && !mmio.base.ops->wait);
    uint8_t mem[1];
    ck_assert_int_eq(cairn_blk_virtio_open(NULL, &mmio.base, mem, 1, mem, 1, NULL, NULL),
                     CAIRN_ENOMEM);
}
END_TEST

TCase *tcase_bus(void)
{
    TCase *tcase = tcase_create("bus");
    tcase_add_test(tcase, pci_is_found);
    tcase_add_test(tcase, transitional_devices_are_virtio);
    tcase_add_loop_test(tcase, broken_pci_is_refused, 0, 17);
    tcase_add_test(tcase, windows_hold_what_is_done_in_them);
    tcase_add_test(tcase, windows_lie_as_their_fields_need);
    tcase_add_test(tcase, msix_is_set_up);
    tcase_add_test(tcase, bars_are_sized_and_assigned);
    tcase_add_loop_test(tcase, mmio_says_what_it_is, 0, 5);
    return tcase;
}
