/* SPDX-License-Identifier: ISC */
/* Faults of others: the volume as a whole. */
#include "test_peer.h"
#include "volume_hand.h"

#define STATE_32 65u /* of the boot sector: bit 0 is set while the volume is in use */

static uint8_t *fsinfo(void)
{
    return rig_sector(&rig, rig.geometry.fsinfo_sector);
}

/* FatFs has no dirty bit; rust-fatfs sets that of the boot sector only, embedded-fatfs#63 found it
 * at the wrong place on a FAT12 and FAT16. Both are set before the first change, and go at unmount.
 */
START_TEST(dirty_bit_is_set_and_goes)
{
    static const enum cairn_fat_type types[] = { CAIRN_FAT12, CAIRN_FAT16, CAIRN_FAT32 };
    mounted((struct rig_shape){ .type = types[_i] });
    uint32_t at_state = cairn_fat_boot_state_offset(types[_i]);
    const uint8_t *entry = rig_fat(&rig, 0, 1);
    const uint32_t last = types[_i] == CAIRN_FAT32 ? 3 : 1,
                   bit = types[_i] == CAIRN_FAT32 ? 8 : 0x80;
    ck_assert_uint_eq(rig.bytes[at_state] & 1, 0);
    put_path("f", "x");
    synced();
    ck_assert_uint_eq(rig.bytes[at_state] & 1, 1);
    if (types[_i] != CAIRN_FAT12) ck_assert_uint_eq(entry[last] & bit, 0);
    unmounted();
    ck_assert_uint_eq(rig.bytes[at_state] & 1, 0);
    if (types[_i] != CAIRN_FAT12) ck_assert_uint_eq(entry[last] & bit, bit);
    rig_free(&rig);
}
END_TEST

/* A volume that somebody did not unmount is not written to without being told so. */
START_TEST(dirty_volume_is_not_written_to)
{
    rig_make(&rig, &(struct rig_shape){ .type = CAIRN_FAT32 });
    rig.bytes[STATE_32] |= 1;
    ck_assert_int_eq(rig_mount_as(&rig, (struct cairn_fat_options){ 0 }), CAIRN_ECORRUPT);
    ck_assert_int_eq(rig_mount_as(&rig, (struct cairn_fat_options){ .read_only = true }), CAIRN_OK);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    rig_free(&rig);
}
END_TEST

/* FatFs, Linux and fsck.fat (seen: it destroys the volume) take FAT 0, though the volume says that
 * FAT 1 is the active one and the others are not kept. */
START_TEST(active_fat_is_honoured)
{
    mounted((struct rig_shape){ .type = CAIRN_FAT32 });
    put_path("f", "x");
    struct cairn_fat_node *file = at("f");
    put(file, 5000, "end");
    cairn_fat_release(file);
    unmounted();
    size_t fat_bytes = (size_t)rig.geometry.fat_sectors * rig.geometry.sector_bytes;
    cairn_le16_put(rig.bytes + 40, 0x81); /* mirroring is off; FAT 1 */
    cairn_le16_put(rig_sector(&rig, rig.geometry.backup_boot) + 40, 0x81);
    memset(rig_fat(&rig, 0, 0), 0x55, fat_bytes);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    put_path("g", "also");
    file = at("f");
    put(file, 9000, "more");
    cairn_fat_release(file);
    ended();
}
END_TEST

/* ArduPilot/ardupilot#34348, eclipse-threadx/filex#72: a free count of FSInfo that is too small
 * ends all writing on an empty card. */
START_TEST(stale_free_count_stops_nothing)
{
    size_t done;
    static const uint8_t data[30 * 512];
    rig_make(&rig, &(struct rig_shape){ .type = CAIRN_FAT32, .clusters = 40 });
    cairn_le32_put(fsinfo() + 488, _i ? 255 : 2);
    cairn_le32_put(fsinfo() + 492, 0x0FFFFFF0);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    ck_assert_int_eq(create("log"), CAIRN_OK);
    struct cairn_fat_node *file = at("log");
    ck_assert_int_eq(cairn_fat_write(file, 0, data, sizeof data, &done, &rig.why), CAIRN_OK);
    cairn_fat_release(file);
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    rig_free(&rig);
}
END_TEST

/* rafalh/rust-fatfs#108: a volume just made does not pass fsck. */
START_TEST(fresh_volume_is_sound)
{
    static const enum cairn_fat_type types[] = { CAIRN_FAT12, CAIRN_FAT16, CAIRN_FAT32 };
    rig_make(&rig, &(struct rig_shape){ .type = types[_i], .clusters = 4000 });
    ck_assert_msg(rig_check(&rig, CAIRN_FAT_NOTE), "%s", rig.finding);
    ck_assert(rig_fsck(&rig));
    rig_free(&rig);
}
END_TEST

/* hxyulin/hadris#97: on a full volume clusters leak and FSInfo goes wrong. */
START_TEST(full_volume_leaks_nothing)
{
    static const uint8_t data[512];
    size_t done;
    mounted((struct rig_shape){ .type = CAIRN_FAT32, .clusters = 20 });
    ck_assert_int_eq(create("f"), CAIRN_OK);
    struct cairn_fat_node *file = at("f");
    for (uint32_t i = 0; i < 20; i++)
        (void)!cairn_fat_write(file, i * 512u, data, 512, &done, &rig.why);
    cairn_fat_release(file);
    ck_assert_int_eq(make_dir("d"), CAIRN_ENOSPC);
    char name[] =
        "0 so long a name that two of them need a cluster more, since it takes so many "
        "slots, of which each holds thirteen characters";
    enum cairn_err err;
    for (err = CAIRN_OK; !err; name[0]++)
        err = create(name);
    ck_assert_int_eq(err, CAIRN_ENOSPC);
    ck_assert_int_eq(erase("f"), CAIRN_OK);
    ck_assert_uint_eq(free_clusters(), 20);
    ended();
}
END_TEST

/* apache/nuttx#3760: counting free clusters at mount takes minutes on a large card. */
START_TEST(mounting_does_not_read_the_fat)
{
    mounted((struct rig_shape){ .type = CAIRN_FAT32, .on_sim = true });
    ck_assert_uint_lt(rig.dev.sim.state.requests, 16);
    ck_assert_uint_gt(rig.geometry.fat_sectors, 500);
    ck_assert(!is_there("f"));
    ck_assert_uint_lt(rig.dev.sim.state.requests, 20);
    ended();
}
END_TEST

/* zephyrproject-rtos/fatfs#23, CVE-2026-6682 and others: sums over the boot sector's fields wrap.
 */
START_TEST(boot_sectors_that_wrap_are_refused)
{
    static const struct {
        uint32_t offset, value;
    } fields[] = { { 36, 0xFFFFFFFF }, { 36, 0x80000000 }, { 32, 0xFFFFFFFF }, { 32, 1 },
                   { 44, 0xFFFFFFFF }, { 13, 0xFF8020FF }, { 14, 0x00FFFFFF } };
    rig_make(&rig, &(struct rig_shape){ .type = CAIRN_FAT32 });
    cairn_le32_put(rig.bytes + fields[_i].offset, fields[_i].value);
    enum cairn_err err = rig_mount(&rig);
    if (!err) {
        ck_assert(!is_there("f"));
        (void)!rig_unmount(&rig);
    }
    ck_assert(err == CAIRN_EINVAL || err == CAIRN_ECORRUPT);
    rig_free(&rig);
}
END_TEST

/* What is not ours stays: reserved bytes of FSInfo, the high 4 bits of a FAT32's entries, the bits
 * of an entry that nobody knows. */
START_TEST(reserved_bits_stay)
{
    mounted((struct rig_shape){ .type = CAIRN_FAT32 });
    put_path("F", "x");
    unmounted();
    memset(fsinfo() + 4, 'R', 480);
    for (uint32_t copy = 0; copy < 2; copy++)
        rig_fat(&rig, copy, 3)[3] |= 0xA0;
    rig_root_slot(&rig, 0)[FAT_SLOT_CASE] |= 0x40;
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
    struct cairn_fat_node *file = at("f");
    put(file, 2000, "longer");
    cairn_fat_release(file);
    ck_assert_int_eq(erase("F"), CAIRN_OK);
    put_path("G", "y");
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert_uint_eq(rig_fat(&rig, 0, 3)[3] & 0xF0, 0xA0);
    ck_assert_uint_eq(fsinfo()[4], 'R');
    ck_assert_uint_eq(fsinfo()[483], 'R');
    rig_free(&rig);
}
END_TEST

TCase *peer_volume_tests(void)
{
    TCase *tests = tcase_create("volume");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, dirty_bit_is_set_and_goes, 0, 3);
    tcase_add_test(tests, dirty_volume_is_not_written_to);
    tcase_add_test(tests, active_fat_is_honoured);
    tcase_add_loop_test(tests, stale_free_count_stops_nothing, 0, 2);
    tcase_add_loop_test(tests, fresh_volume_is_sound, 0, 3);
    tcase_add_test(tests, full_volume_leaks_nothing);
    tcase_add_test(tests, mounting_does_not_read_the_fat);
    tcase_add_loop_test(tests, boot_sectors_that_wrap_are_refused, 0, 7);
    tcase_add_test(tests, reserved_bits_stay);
    return tests;
}
