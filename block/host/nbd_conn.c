/* SPDX-License-Identifier: ISC */
/* Connections of an NBD device: made when threads need them, and how they are lost. */
#include "nbd.h"

#include <cairn/bytes.h>
#include <cairn/clock.h>
#include <cairn/err_posix.h>
#include <cairn/log.h>
#include <cairn/text.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TRANSPORTS                                                                                 \
    (LIBNBD_ALLOW_TRANSPORT_TCP | LIBNBD_ALLOW_TRANSPORT_UNIX | LIBNBD_ALLOW_TRANSPORT_VSOCK)

static const struct cairn_log_source log_nbd = { "block.nbd", CAIRN_LOG_WARNING };

/* What libnbd says, without the name of its function in front. */
static const char *error_text(const struct blk_nbd *link)
{
    const char *text = link->api->get_error();
    const char *colon = text && !strncmp(text, "nbd_", 4) ? strstr(text, ": ") : NULL;
    return colon ? colon + 2 : text ? text : "no reason given";
}

static void connect_hint(const struct blk_nbd *link, const char *text, struct cairn_why *why)
{
    bool is_tls = !strncmp(link->uri, "nbds", 4);
    if (strstr(text, "URI"))
        cairn_why_hint(why, "as in nbd://host/export or nbd+unix:///export?socket=/run/nbd.sock");
    else if (strstr(text, "export"))
        cairn_why_hint(why,
                       "the server answers: it has no such export, or does not let us have it; "
                       "nbdinfo --list shows its exports");
    else if (is_tls)
        cairn_why_hint(why, "does the server speak TLS, and do the keys fit? nbd:// goes without");
    else if (strstr(text, "TLS"))
        cairn_why_hint(why, "write nbds:// and name certificates or a key file");
    else
        cairn_why_hint(why, "is an NBD server running there?");
}

/* The bytes of libnbd's text without the system's word at its end, where our own error says the
 * same once more. */
static size_t text_bytes(const char *text, int os)
{
    const char *word = strerror(os);
    size_t len = strlen(text), tail = strlen(word) + 2;
    bool said_twice = os && (os == EIO || cairn_err_from_errno(os) != CAIRN_EIO);
    bool ends_so = len > tail && !strcmp(text + len - tail + 2, word);
    return said_twice && ends_so ? len - tail : len;
}

static enum cairn_err connect_fail(const struct blk_nbd *link, struct cairn_why *why)
{
    const char *text = error_text(link);
    int os = link->api->get_errno();
    enum cairn_err err = cairn_err_from_errno(os ? os : EIO);
    const char *what = strncmp(text, "connect: ", 9) ? "connect: " : "";
    err = cairn_why_fail(why, err, "%s%.*s", what, (int)text_bytes(text, os), text);
    cairn_why_os(why, os);
    cairn_why_path(why, link->uri, strlen(link->uri));
    connect_hint(link, text, why);
    return err;
}

static enum cairn_err connect_late(const struct blk_nbd *link, struct cairn_why *why)
{
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ETIMEDOUT, "connect: no answer for %d ms", link->connect_ms);
    cairn_why_path(why, link->uri, strlen(link->uri));
    cairn_why_hint(why, "is it an NBD server, and can it be reached from here?");
    return err;
}

/* False: libnbd says why. */
static bool handle_set(const struct blk_nbd *link, struct nbd_handle *handle)
{
    const struct blk_nbd_api *api = link->api;
    return !api->set_pread_initialize(handle, false) && /* who fails does not look at the data */
           !api->add_meta_context(handle, LIBNBD_CONTEXT_BASE_ALLOCATION) &&
           !api->set_uri_allow_transports(handle, TRANSPORTS) &&
           !api->set_uri_allow_local_file(handle, true) &&
           (!link->tls_certificates ||
            !api->set_tls_certificates(handle, link->tls_certificates)) &&
           (!link->tls_psk_file || !api->set_tls_psk_file(handle, link->tls_psk_file));
}

static int ms_until(uint64_t deadline_ns)
{
    uint64_t now = cairn_clock_mono_now(cairn_clock_mono_platform());
    return now < deadline_ns ? (int)((deadline_ns - now) / (uint64_t)CAIRN_NS_PER_MS) : 0;
}

static enum cairn_err handle_connect(const struct blk_nbd *link, struct nbd_handle *handle,
                                     struct cairn_why *why)
{
    const struct blk_nbd_api *api = link->api;
    uint64_t deadline = cairn_clock_mono_now(cairn_clock_mono_platform()) +
                        (uint64_t)link->connect_ms * (uint64_t)CAIRN_NS_PER_MS;
    if (!handle_set(link, handle) || api->aio_connect_uri(handle, link->uri))
        return connect_fail(link, why);
    while (api->aio_is_connecting(handle) > 0) {
        int moved = api->poll(handle, ms_until(deadline));
        if (moved < 0) return connect_fail(link, why);
        if (moved == 0) return connect_late(link, why);
    }
    return api->aio_is_ready(handle) > 0 ? CAIRN_OK : connect_fail(link, why);
}

static struct blk_nbd_conn *conn_make(struct blk_nbd *link)
{
    struct blk_nbd_conn *conn = calloc(1, sizeof *conn);
    if (!conn) return NULL;
    conn->link = link;
    cairn_lock_init(&conn->lock);
    for (uint32_t i = 0; i < BLK_NBD_IN_FLIGHT; i++)
        conn->free[i] = &conn->slots[i];
    conn->free_count = BLK_NBD_IN_FLIGHT;
    return conn;
}

/* Who answers now at the same address need not be who did. */
static enum cairn_err same_check(const struct blk_nbd *link, struct nbd_handle *handle,
                                 struct cairn_why *why)
{
    if (!link->conn_count || link->api->get_size(handle) == link->bytes) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ESTALE, "connect: an export of another size is there now");
}

enum cairn_err blk_nbd_connect(struct blk_nbd *link, struct cairn_why *why)
{
    struct blk_nbd_conn *conn = conn_make(link);
    if (!conn) return cairn_why_fail(why, CAIRN_ENOMEM, "connect");
    conn->handle = link->api->create();
    enum cairn_err err =
        conn->handle ? handle_connect(link, conn->handle, why) : connect_fail(link, why);
    if (!err) err = same_check(link, conn->handle, why);
    if (err)
        blk_nbd_conn_free(conn);
    else
        link->conns[link->conn_count++] = conn;
    return err;
}

void blk_nbd_conn_free(struct blk_nbd_conn *conn)
{
    const struct blk_nbd_api *api = conn->link->api;
    /* The server is told that we go, if that can be done without waiting. */
    if (conn->handle && api->aio_is_ready(conn->handle) > 0)
        (void)api->aio_disconnect(conn->handle, 0);
    if (conn->handle) api->close(conn->handle);
    cairn_lock_destroy(&conn->lock);
    free(conn);
}

static struct blk_nbd_conn *least_used(struct blk_nbd *link)
{
    struct blk_nbd_conn *least = link->conns[0];
    for (uint32_t i = 1; i < link->conn_count; i++)
        if (link->conns[i]->users < least->users) least = link->conns[i];
    return least;
}

struct blk_nbd_conn *blk_nbd_conn_take(struct blk_nbd *link)
{
    struct cairn_why why = { 0 };
    cairn_lock_take(&link->lock);
    struct blk_nbd_conn *conn = least_used(link);
    if (conn->users && link->conn_count < link->conn_max) {
        /* One more would only be faster: what there is has to do when it cannot be had. */
        if (blk_nbd_connect(link, &why)) {
            cairn_log(&log_nbd, CAIRN_LOG_WARNING, "no further connection: %s", why.what);
            link->conn_max = link->conn_count;
        }
        conn = least_used(link);
    }
    conn->users++;
    cairn_lock_drop(&link->lock);
    return conn;
}

void blk_nbd_conn_drop(struct blk_nbd_conn *conn)
{
    cairn_lock_take(&conn->link->lock);
    conn->users--;
    cairn_lock_drop(&conn->link->lock);
}

static const char hint_gone[] =
    "when the server is back, open it anew and check it: what was not flushed may be lost";
static const char hint_stalled[] =
    "does the server still run? CAIRN_STALL_SECONDS says how long it may take";

static void lost_note(struct blk_nbd *link, const char *what, const char *detail, const char *hint)
{
    struct cairn_text out;
    cairn_lock_take(&link->lock);
    if (!__atomic_load_n(&link->lost, __ATOMIC_ACQUIRE)) {
        cairn_text_init(&out, link->lost_text, sizeof link->lost_text);
        cairn_text_fmt(&out, "%s%s%s", what, detail ? ": " : "", detail ? detail : "");
        link->lost_hint = hint;
        __atomic_store_n(&link->lost, true, __ATOMIC_RELEASE);
    }
    cairn_lock_drop(&link->lock);
}

/* Closing the handle comes first: behind it nobody writes to the memory of requests. */
static void conn_lose(struct blk_nbd_conn *conn, enum cairn_err err, int os)
{
    conn->link->api->close(conn->handle);
    conn->handle = NULL;
    for (uint32_t i = 0; i < BLK_NBD_IN_FLIGHT; i++) {
        struct blk_nbd_slot *slot = &conn->slots[i];
        if (!slot->batch) continue;
        blk_nbd_slot_lost(slot, err, os);
        blk_nbd_slot_free(slot);
    }
}

static bool is_hangup(int os)
{
    return os == ENOTCONN || os == ECONNRESET || os == EPIPE || os == ESHUTDOWN;
}

/* The connection has come to an end: libnbd's last word on this thread is about it. */
static void conn_lose_now(struct blk_nbd_conn *conn)
{
    struct blk_nbd *link = conn->link;
    bool is_closed = link->api->aio_is_closed(conn->handle) > 0;
    int os = is_closed ? 0 : link->api->get_errno();
    if (is_closed || is_hangup(os))
        lost_note(link, "the server closed the connection", NULL, hint_gone);
    else
        lost_note(link, "the connection failed", error_text(link), hint_gone);
    conn_lose(conn, CAIRN_EIO, os);
}

bool blk_nbd_conn_is_up(struct blk_nbd_conn *conn)
{
    const struct blk_nbd_api *api = conn->link->api;
    if (!conn->handle) return false;
    if (api->aio_is_dead(conn->handle) <= 0 && api->aio_is_closed(conn->handle) <= 0) return true;
    conn_lose_now(conn);
    return false;
}

void blk_nbd_conn_pump(struct blk_nbd_conn *conn)
{
    struct blk_nbd *link = conn->link;
    int moved = link->api->poll(conn->handle, link->stall_ms);
    if (moved < 0) {
        conn_lose_now(conn);
    } else if (moved == 0) {
        lost_note(link, "the server has not answered for too long", NULL, hint_stalled);
        conn_lose(conn, CAIRN_ETIMEDOUT, 0);
    } else {
        (void)blk_nbd_conn_is_up(conn);
    }
}
