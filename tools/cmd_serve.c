/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "out.h"

#include <serve/server.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PORT_OF_NBD 10809u

enum { SOCKET, HOST, PORT, EXPORT, WRITE, SIM, TRACE, STATS, CERTIFICATES, PSK, ONCE, WITH_PARENT };
static const struct tool_option options[] = {
    { "socket", 's', "PATH", "listen on a Unix socket" },
    { "host", 0, "ADDRESS", "or by TCP, here (localhost)" },
    { "port", 'p', "NUMBER", "by TCP (10809)" },
    { "export", 'e', "NAME", "the only name that clients may ask for; else any" },
    { "write", 'w', NULL, "let clients change it; else they read only" },
    { "sim", 0, "PLAN", "let it fail by a plan: error=write:5, lie=flush, ..." },
    { "trace", 0, "FILE", "log changes to a new file, in the format of dm-log-writes" },
    { "stats", 0, NULL, "say at the end what was done" },
    { "tls-certificates", 0, "FOLDER", "TLS with ca-cert.pem, server-cert.pem, server-key.pem" },
    { "tls-psk", 0, "FILE", "TLS with keys as psktool makes them" },
    { "once", 0, NULL, "end after the last client" },
    { "exit-with-parent", 0, NULL, "end when what started it ends" },
    { NULL, 0, NULL, NULL },
};

static bool port_take(const struct tool_args *args, uint16_t *out)
{
    uint32_t port = PORT_OF_NBD;
    if (!tool_arg_u32(args, PORT, &port)) return false;
    *out = (uint16_t)port;
    if (port > 0 && port <= UINT16_MAX) return true;
    tool_usage(args->verb, "--port=%s is not a port from 1 to 65535", args->values[PORT]);
    return false;
}

static bool choices_make_sense(const struct tool_args *args)
{
    const char *fault = NULL;
    if (tool_has(args, SOCKET) && (tool_has(args, HOST) || tool_has(args, PORT)))
        fault = "it is --socket, or --host and --port";
    if (tool_has(args, CERTIFICATES) && tool_has(args, PSK))
        fault = "it is --tls-certificates or --tls-psk";
    if (fault) tool_usage(args->verb, "%s", fault);
    return !fault;
}

/* For a command alone nobody has to know where the server is. */
static bool server_options_take(const struct tool_args *args, struct serve_server_options *out)
{
    bool is_tcp = tool_has(args, HOST) || tool_has(args, PORT) || args->operand_count == 1;
    const char *host = tool_has(args, HOST) ? args->values[HOST] : "localhost";
    *out = (struct serve_server_options){
        .what = { .place = args->operands[0],
                  .write = tool_has(args, WRITE),
                  .stats = tool_has(args, STATS),
                  .sim = args->values[SIM],
                  .trace = args->values[TRACE] },
        .where = { .socket = args->values[SOCKET],
                   .host = is_tcp ? host : NULL,
                   .export_name = args->values[EXPORT],
                   .tls = tool_has(args, CERTIFICATES) || tool_has(args, PSK) },
        .tls_certificates = args->values[CERTIFICATES],
        .tls_psk = args->values[PSK],
        .once = tool_has(args, ONCE),
    };
    return choices_make_sense(args) && port_take(args, &out->where.port);
}

static void serving_tell(const struct serve_server *server, bool write)
{
    puts(server->uri);
    fflush(stdout);
    if (isatty(STDERR_FILENO))
        tool_note("clients may %s; Ctrl-C ends it", write ? "read and write" : "read (--write)");
}

static enum cairn_err server_use(struct serve_server *server, const struct tool_args *args,
                                 int *status, struct cairn_why *why)
{
    if (args->operand_count > 1)
        return serve_server_run(server, args->operands + 1, args->operand_count - 1, status, why);
    serving_tell(server, tool_has(args, WRITE));
    serve_server_wait(server);
    return CAIRN_OK;
}

/* With a command, its own exit code, if the server does not fail. */
static enum tool_status run(const struct tool_args *args)
{
    struct serve_server server;
    struct serve_server_options server_options;
    struct cairn_why why = { 0 }, ended = { 0 };
    int status = TOOL_DONE;
    if (!server_options_take(args, &server_options)) return TOOL_USAGE;
    if (tool_has(args, WITH_PARENT)) (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    enum cairn_err err = serve_server_start(&server, &server_options, &why);
    if (err) return tool_fail(args->operands[0], err, &why);
    err = server_use(&server, args, &status, &why);
    enum cairn_err end = serve_server_end(&server, &ended);
    if (err) return tool_fail(args->operands[0], err, &why);
    if (end) return tool_fail(args->operands[0], end, &ended);
    return (enum tool_status)status;
}

const struct tool_verb tool_verb_serve = {
    .name = "serve",
    .summary = "Serve an image or a partition to clients of NBD",
    .operands = "IMAGE[:PART] [-- COMMAND...]",
    .options = options,
    .details =
        "Prints the address, an NBD URI, and serves until Ctrl-C. With a command, runs it and "
        "ends\n"
        "with it: words that are $uri become the address, which is in its environment, too, and\n"
        "the server listens on a socket of its own, unless one is given.\n"
        "\n"
        "A plan for --sim is words with commas between them, each a fault, and when it comes:\n"
        "  error=write:5         the fifth write fails     lie=flush       flushes do nothing\n"
        "  torn=write:1%         a part of it is done      delay=read:5ms  reads take longer\n"
        "  cut=write:9:half      power goes                rot=read:/1000  bits flip\n"
        "docs/serve.md has all of them. --trace stands above --sim: it logs what clients were "
        "told.",
    .example =
        "  cairn serve --write --socket /tmp/disk.sock disk.img:1\n"
        "  cairn serve disk.img -- nbdcopy '$uri' copy.img",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .run = run,
};
