#include "proto/edn.h"
#include "tests/fuzz/graph.h"
#include "txd/tx/tx.h"

#define INPUT_BYTES_MAX 4096

/* A form that no transaction survives, so that each input finds the same graph: nobody may write a
 * built-in attribute. */
static const char last[] = "[:db/add 1 :tx/id \"never\"]";

/*
 * An input is tx_data. It goes through parse and resolve, form by form, and then fails: by itself,
 * or by the last form, which is put behind what it says. Nothing of it may be left.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct value input, end;
    struct value_builder forms = { 0 };
    struct error err = { .kind = ERROR_FAULT, .message = "" };
    struct head *head = graph_head(fuzz_graph());
    struct head before = *head;
    struct tx_result result;

    bool read = size <= INPUT_BYTES_MAX &&
                edn_read((struct bytes){ (const char *)data, size }, &arena, &input, &err);
    if (read && edn_read(bytes_of(last), &arena, &end, &err)) {
        for (uint32_t i = 0; value_is_sequence(&input) && i < input.count; i++)
            value_builder_add(&forms, &arena, input.items[i]);
        value_builder_add(&forms, &arena, end);
        struct tx_request request = { .tx_data = value_builder_end(&forms, VALUE_VECTOR) };
        assert(!tx_transact(fuzz_graph(), &request, &arena, &result, &err));
        assert(err.kind != ERROR_FAULT && err.message[0] != '\0');
        assert(head->t == before.t && head->next_e == before.next_e &&
               head->next_a == before.next_a && head->checksum == before.checksum &&
               head->datoms == before.datoms && head->schema == before.schema);
    }
    arena_release(&arena);
    return 0;
}
