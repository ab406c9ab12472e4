/*
 * Each command against a server that gives one canned answer: what it sends, what it prints, and
 * how it ends.
 */
#include "tests/unit/scratch.h"

#include "cli/command.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Answers one connection after another, and keeps what it was sent. */
struct server {
    int listener;
    uint16_t port;
    const char *status, *body; /* of every answer */
    bool cut;                  /* closes before the body is whole */
    struct buffer request;     /* the last one */
    pthread_t thread;
};

static bool request_is_whole(const struct buffer *request)
{
    const char *end = memmem(request->data, request->len, "\r\n\r\n", 4);
    const char *length = memmem(request->data, request->len, "Content-Length: ", 16);

    if (!end)
        return false;
    size_t body = length && length < end ? strtoul(length + 16, NULL, 10) : 0;
    return request->len >= (size_t)(end + 4 - request->data) + body;
}

static void *serve(void *arg)
{
    struct server *server = arg;
    int fd;

    while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
        struct buffer answer = { 0 };
        buffer_clear(&server->request);
        for (;;) {
            ssize_t len = recv(fd, buffer_reserve(&server->request, 65536), 65536, 0);
            if (len <= 0)
                break;
            server->request.len += (size_t)len;
            if (request_is_whole(&server->request))
                break;
        }
        buffer_printf(&answer, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                      server->status, strlen(server->body) + (server->cut ? 10 : 0), server->body);
        send(fd, answer.data, answer.len, MSG_NOSIGNAL);
        buffer_release(&answer);
        close(fd);
    }
    return NULL;
}

static void server_start(struct server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);

    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server->listener, 4), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    buffer_release(&server->request);
}

#define ARGS_MAX 10

/* Runs a command line with what it prints in `out`. */
static enum outcome run(const char *const *args, uint16_t port, struct buffer *out,
                        struct error *err)
{
    char url[64], *argv[ARGS_MAX + 2];
    int argc = 0;

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    setenv("STOA_URL", url, 1);
    for (; argc < ARGS_MAX && args[argc]; argc++)
        argv[argc] = xstrdup(args[argc]);
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    FILE *file = tmpfile();
    assert_non_null(file);
    dup2(fileno(file), STDOUT_FILENO);
    enum outcome outcome = command_run(command_find(args[0]), argc, argv, err);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    rewind(file);
    out->len += fread(buffer_reserve(out, 65536), 1, 65535, file);
    buffer_append_u8(out, '\0');
    fclose(file);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return outcome;
}

static const struct example {
    const char *args[ARGS_MAX];
    const char *status, *body; /* the server's answer */
    enum outcome outcome;
    const char *sent[3];         /* parts of the request */
    const char *printed, *error; /* all of it; a part of it */
} examples[] = {
    { { "query", "[:find ?e :where [?e :a]] ; all", "--arg", "1", "--arg", "\"x\"", "--as-of", "5",
        "--history" },
      "200 OK",
      "{:t 7 :result #{[1]}}",
      OUTCOME_OK,
      { "POST /v1/graphs/main/query HTTP/1.1\r\n",
        "{:query \"[:find ?e :where [?e :a]] ; all\" :args [1\n\"x\"\n] :as-of 5 :history true}",
        "Accept: application/edn" },
      "#{[1]}\n",
      NULL },
    { { "pull", "[*]", "7", "--with", "[[:db/add 7 :a (1)]]", NULL },
      "200 OK",
      "{:t 8 :result {:db/id 7}}",
      OUTCOME_OK,
      { ":with \"[[:db/add 7 :a (1)]]\"}" },
      "{:db/id 7}\n",
      NULL },
    { { "pull", "[*]", "7", "--history", NULL }, /* an entity has no one state in it */
      "200 OK",
      "",
      OUTCOME_USAGE,
      { NULL },
      "",
      "there is no option --history" },
    { { "query", "[]", "--with", "[[", NULL },
      "200 OK",
      "",
      OUTCOME_INPUT,
      { NULL },
      "",
      "--with is not EDN" },
    { { "query", "[:find ?e", NULL },
      "200 OK",
      "",
      OUTCOME_INPUT,
      { NULL },
      "",
      "the query is not EDN: EDN at byte 9" },
    { { "query", "[]", "--arg", "]", NULL },
      "200 OK",
      "",
      OUTCOME_INPUT,
      { NULL },
      "",
      "--arg number 1 is not EDN" },
    { { "query", "[]", "--as-of", "soon", NULL },
      "200 OK",
      "",
      OUTCOME_USAGE,
      { NULL },
      "",
      "--as-of: \"soon\"" },
    { { "query", "[]", NULL },
      "400 Bad Request",
      "{:code :incorrect :message \"no :find\"}",
      OUTCOME_REFUSED,
      { NULL },
      "",
      "no :find" },
    { { "query", "[]", NULL },
      "404 Not Found",
      "{\"code\":\"not-found\",\"message\":\"nothing is at /x\"}",
      OUTCOME_REFUSED,
      { NULL },
      "",
      "nothing is at /x" },
    { { "query", "[]", NULL },
      "502 Bad Gateway",
      "<html>proxy</html>",
      OUTCOME_REFUSED,
      { NULL },
      "",
      "HTTP status 502: <html>proxy</html>" },
    { { "query", "[]", NULL },
      "200 OK",
      "<html>",
      OUTCOME_UNREACHABLE,
      { NULL },
      "",
      "the server's answer is no map" },
    { { "pull", "[*]", "[:block/uid \"a\"]", "--graph", "other", "--format", "json", NULL },
      "200 OK",
      "{:t 7 :result {:db/id 1}}",
      OUTCOME_OK,
      { "POST /v1/graphs/other/pull HTTP/1.1\r\n", "{:pattern \"[*]\" :eid [:block/uid \"a\"]\n}",
        NULL },
      "{\"~:db/id\":1}\n",
      NULL },
    { { "transact", "[{:a 1}] ; note", "--tx-id", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "--meta",
        "{:n 1}", NULL },
      "200 OK",
      "{:t 8 :tx 536870920 :tempids {}}",
      OUTCOME_OK,
      { "POST /v1/graphs/main/transact HTTP/1.1\r\n",
        "{:tx-id #uuid \"6ba7b810-9dad-11d1-80b4-00c04fd430c8\" :tx-data \"[{:a 1}] ; note\" :meta "
        "{:n 1}\n}",
        NULL },
      "{:t 8 :tx 536870920 :tempids {}}\n",
      NULL },
    { { "transact", "[", NULL },
      "200 OK",
      "",
      OUTCOME_INPUT,
      { NULL },
      "",
      "the transaction data is not EDN" },
    { { "transact", "[]", "--meta", "{", NULL },
      "200 OK",
      "",
      OUTCOME_INPUT,
      { NULL },
      "",
      "--meta is not EDN" },
    { { "transact", "[]", "--tx-id", "seven", NULL },
      "200 OK",
      "",
      OUTCOME_USAGE,
      { NULL },
      "",
      "\"seven\" is no UUID" },
    { { "transact", "--file", "/nonexistent", NULL },
      "200 OK",
      "",
      OUTCOME_INPUT,
      { NULL },
      "",
      "/nonexistent: No such file" },
    { { "log", "--from", "3", "--limit", "5", NULL },
      "200 OK",
      "{:t 4 :txs [{:type \"tx\" :t 3} {:type \"tx\" :t 4}]}",
      OUTCOME_OK,
      { "GET /v1/graphs/main/log?limit=5&from=3 HTTP/1.1\r\n", NULL },
      "{:type \"tx\" :t 3}\n{:type \"tx\" :t 4}\n",
      NULL },
    { { "status", "--format", "table", NULL },
      "200 OK",
      "{:graphs [{:graph \"main\" :t 5}]}",
      OUTCOME_OK,
      { "GET /v1/graphs HTTP/1.1\r\n", NULL },
      NULL,
      NULL },
    { { "status", NULL },
      "503 Service Unavailable",
      "{:code :unavailable :message \"txd is away\"}",
      OUTCOME_REFUSED,
      { "GET /readyz HTTP/1.1\r\n", NULL },
      NULL,
      "txd is away" },
    { { "export", NULL },
      "200 OK",
      "#datascript/DB {:schema {} :datoms [[1 :a \"]\" 536870913]]}",
      OUTCOME_OK,
      { "GET /v1/graphs/main/export HTTP/1.1\r\n", NULL },
      "#datascript/DB {:schema {} :datoms [[1 :a \"]\" 536870913]]}",
      NULL },
    { { "export", NULL },
      "200 OK",
      "#datascript/DB {:schema {} :datoms [[1 :a \"]]}",
      OUTCOME_UNREACHABLE,
      { NULL },
      NULL,
      "the export broke off after 46 bytes" },
    { { "import", "/nonexistent", NULL },
      "200 OK",
      "",
      OUTCOME_INPUT,
      { NULL },
      "",
      "/nonexistent: No such file" },
};

static void check_example(const struct example *example, const struct server *server,
                          enum outcome outcome, const struct buffer *printed,
                          const struct error *err)
{
    const char *name = example->args[0];

    if (outcome != example->outcome)
        fail_msg("%s %s: ended with %d: %s", name, example->args[1], (int)outcome,
                 outcome ? err->message : printed->data);
    if (example->error && !strstr(err->message, example->error))
        fail_msg("%s: \"%s\" instead of \"%s\"", name, err->message, example->error);
    if (example->printed)
        assert_string_equal(printed->data, example->printed);
    for (size_t i = 0; i < ARRAY_LEN(example->sent) && example->sent[i]; i++)
        if (!memmem(server->request.data, server->request.len, example->sent[i],
                    strlen(example->sent[i])))
            fail_msg("%s: sent is not \"%s\" but:\n%.*s", name, example->sent[i],
                     (int)server->request.len, server->request.data);
}

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        struct server server = { .status = examples[i].status, .body = examples[i].body };
        struct buffer printed = { 0 };
        struct error err = { 0 };
        server_start(&server);
        enum outcome outcome = run(examples[i].args, server.port, &printed, &err);
        check_example(&examples[i], &server, outcome, &printed, &err);
        server_stop(&server);
        buffer_release(&printed);
    }
}

static void test_no_server(void **state)
{
    static const char *const args[][3] = { { "status", NULL }, { "transact", "[]", NULL } };
    struct server server = { .status = "", .body = "" };

    (void)state;
    server_start(&server); /* its port is free once it has stopped */
    server_stop(&server);
    for (size_t i = 0; i < ARRAY_LEN(args); i++) {
        struct buffer printed = { 0 };
        struct error err = { 0 };
        assert_int_equal(run(args[i], server.port, &printed, &err), OUTCOME_UNREACHABLE);
        assert_non_null(strstr(err.message, "no server at http://127.0.0.1:"));
        assert_true((strstr(err.message, "--tx-id") != NULL) == (i == 1));
        buffer_release(&printed);
    }
}

/* Runs `export FILE` against an answer; the file's content is in `content`, or "" without one. */
static enum outcome export_file(const char *dir, bool cut, struct buffer *content)
{
    struct server server = {
        .status = "200 OK",
        .body = "#datascript/DB {:schema {} :datoms []}",
        .cut = cut,
    };
    char name[128];
    struct buffer printed = { 0 };
    struct error err;

    snprintf(name, sizeof(name), "%s/export.edn", dir);
    server_start(&server);
    enum outcome outcome =
        run((const char *const[]){ "export", name, NULL }, server.port, &printed, &err);
    server_stop(&server);
    test_read_file(name, content);
    buffer_append_u8(content, '\0');
    unlink(name);
    buffer_release(&printed);
    return outcome;
}

static void test_broken_export_leaves_no_file(void **state)
{
    char dir[SCRATCH_BYTES];
    struct buffer whole = { 0 }, cut = { 0 };

    (void)state;
    scratch_make(dir);
    assert_int_equal(export_file(dir, false, &whole), OUTCOME_OK);
    assert_string_equal(whole.data, "#datascript/DB {:schema {} :datoms []}");
    assert_int_equal(export_file(dir, true, &cut), OUTCOME_UNREACHABLE);
    assert_string_equal(cut.data, "");
    assert_int_equal(rmdir(dir), 0); /* nothing else is left in it */
    buffer_release(&whole);
    buffer_release(&cut);
}

static void test_import_sends_a_save_as_edn(void **state)
{
    static const char save[] = "[\"~#datascript/DB\",[\"^ \",\"~:schema\",[\"^ \"],\"~:datoms\","
                               "[[\"~#datascript/Datom\",[1,\"~:a\",2,536870913]]]]]";
    struct server server = { .status = "200 OK", .body = "{:t 1 :datoms 1}" };
    char dir[SCRATCH_BYTES], name[SCRATCH_BYTES + 16];
    struct buffer printed = { 0 };
    struct error err;

    (void)state;
    scratch_make(dir);
    snprintf(name, sizeof(name), "%s/save.json", dir);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(save, 1, sizeof(save) - 1, file), sizeof(save) - 1);
    assert_int_equal(fclose(file), 0);
    server_start(&server);
    assert_int_equal(run((const char *const[]){ "import", name, "--graph", "notes", NULL },
                         server.port, &printed, &err),
                     OUTCOME_OK);
    assert_string_equal(printed.data, "{:t 1 :datoms 1}\n");
    buffer_append_u8(&server.request, '\0');
    assert_non_null(strstr(server.request.data, "POST /v1/graphs/notes/import HTTP/1.1\r\n"));
    assert_non_null(strstr(server.request.data,
                           "\r\n\r\n#datascript/DB {:schema {}, :datoms [[1 :a 2 "
                           "536870913]]}\n"));
    server_stop(&server);
    scratch_remove(dir);
    buffer_release(&printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_no_server),
        cmocka_unit_test(test_broken_export_leaves_no_file),
        cmocka_unit_test(test_import_sends_a_save_as_edn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
