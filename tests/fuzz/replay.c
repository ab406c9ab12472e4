/* Runs a fuzz target on the files named, or on those of the folders named. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct buffer text = { 0 };
    size_t got;

    if (!file) {
        perror(path);
        exit(1);
    }
    while ((got = fread(buffer_reserve(&text, 65536), 1, 65536, file)) > 0)
        text.len += got;
    fclose(file);
    LLVMFuzzerTestOneInput((const uint8_t *)text.data, text.len);
    buffer_release(&text);
}

/* Returns how many files were run. */
static size_t run(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    size_t count = 0;

    if (!folder) {
        run_file(path);
        return 1;
    }
    while ((entry = readdir(folder))) {
        struct buffer name = { 0 };
        if (entry->d_name[0] != '.') {
            buffer_printf(&name, "%s/%s", path, entry->d_name);
            buffer_append_u8(&name, '\0');
            run_file(name.data);
            count++;
        }
        buffer_release(&name);
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;

    for (int i = 1; i < argc; i++)
        count += run(argv[i]);
    printf("%zu inputs\n", count);
    return count ? 0 : 1;
}
