#include "txd/query/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include "common/hashmap.h"

#include <pcre2.h>
#include <stdlib.h>

#define MATCH_LIMIT    1000000 /* steps of backtracking */
#define DEPTH_LIMIT    10000
#define HEAP_LIMIT_KIB (16 << 10)
#define PATTERN_BYTES  4096

struct regex_cache {
    struct hashmap codes; /* pattern -> pcre2_code */
    pcre2_match_context *context;
};

struct regex_cache *regex_cache_open(void)
{
    struct regex_cache *cache = xcalloc(1, sizeof(*cache));

    cache->context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(cache->context, MATCH_LIMIT);
    pcre2_set_depth_limit(cache->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(cache->context, HEAP_LIMIT_KIB);
    return cache;
}

void regex_cache_close(struct regex_cache *cache)
{
    struct hashmap_entry *entry;

    if (!cache)
        return;
    for (size_t at = 0; (entry = hashmap_next(&cache->codes, &at));)
        pcre2_code_free(entry->value);
    hashmap_release(&cache->codes);
    pcre2_match_context_free(cache->context);
    free(cache);
}

static bool compile(struct regex_cache *cache, struct bytes pattern, pcre2_code **out,
                    struct error *err)
{
    int code;
    PCRE2_SIZE offset;
    PCRE2_UCHAR reason[128];

    *out = hashmap_get(&cache->codes, pattern);
    if (*out)
        return true;
    if (pattern.len > PATTERN_BYTES)
        return fail(err, ERROR_INCORRECT, "a regular expression has at most %d bytes, given %zu",
                    PATTERN_BYTES, pattern.len);
    *out = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.len, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C,
                         &code, &offset, NULL);
    if (!*out) {
        pcre2_get_error_message(code, reason, sizeof(reason));
        return fail(err, ERROR_INCORRECT,
                    "the regular expression \"%.*s\" is wrong at byte %zu: %s", BYTES_ARG(pattern),
                    offset, (const char *)reason);
    }
    hashmap_put(&cache->codes, pattern, *out);
    return true;
}

static struct value group(struct bytes text, const PCRE2_SIZE *ends, size_t i)
{
    if (ends[2 * i] == PCRE2_UNSET || ends[2 * i] > ends[2 * i + 1])
        return value_nil();
    return value_string((struct bytes){ text.data + ends[2 * i], ends[2 * i + 1] - ends[2 * i] });
}

bool regex_match(struct regex_cache *cache, struct bytes pattern, struct bytes text, size_t start,
                 bool whole, struct arena *arena, struct value *out, size_t *end, struct error *err)
{
    pcre2_code *code;
    /* values are UTF-8, and checking a text again at each of its matches would be quadratic */
    uint32_t options = PCRE2_NO_UTF_CHECK, groups;

    if (whole)
        options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;

    if (!compile(cache, pattern, &code, err))
        return false;
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    int found = pcre2_match(code, (PCRE2_SPTR)(text.data ? text.data : ""), text.len, start,
                            options, data, cache->context);
    if (found > 0) {
        const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
        pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
        struct value *items = ARENA_ARRAY(arena, struct value, groups + 1);
        for (uint32_t i = 0; i <= groups; i++)
            items[i] = group(text, ends, i);
        *out = groups ? value_collection(VALUE_VECTOR, items, groups + 1) : items[0];
        *end = ends[1];
    } else {
        *out = value_nil();
    }
    pcre2_match_data_free(data);
    if (found <= 0 && found != PCRE2_ERROR_NOMATCH)
        return fail(err, ERROR_INCORRECT,
                    "the regular expression \"%.*s\" passed its limit of backtracking",
                    BYTES_ARG(pattern));
    return true;
}
