// A program that changes its own text: what was compiled of it before, in this process or an earlier one, is void.
//@ link: static
//@ run: plain => exit 1
//@ run: patched => exit 2
//@ run: plain => exit 1
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Behind the first page of the file, by which the code cache tells files apart.
__attribute__((noinline, aligned(4096))) static int answer(void) {
    int x;
    // The hint does nothing: tests find the function in the file by it.
    asm volatile("hint #37\n\tmov %w0, #1" : "=r"(x));
    return x;
}

// Replaces `mov wN, #1` by `mov wN, #2` in the function.
static int patch(void) {
    uintptr_t page = (uintptr_t)answer & -4096;
    if (mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC)) return 1;
    uint32_t *code = (uint32_t *)answer;
    while ((*code & ~31u) != 0x52800020) code++;
    *code = (*code & 31u) | 0x52800040;
    if (mprotect((void *)page, 8192, PROT_READ | PROT_EXEC)) return 1;
    __builtin___clear_cache((char *)code, (char *)code + 4);
    return 0;
}

int main(int argc, char **argv) {
    int sum = 0;
    for (int i = 0; i < 1000; i++) sum += answer();
    printf("before: %d\n", sum);
    if (argc > 1 && !strcmp(argv[1], "patched")) {
        if (patch()) return 9;
        sum = 0;
        for (int i = 0; i < 1000; i++) sum += answer();
        printf("after: %d\n", sum);
    }
    return answer();
}
