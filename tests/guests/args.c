// Arguments, environment, auxiliary vector and the exit status arrive whole.
//@ env: GREETING=good day
//@ run: one "two words" "" quo'te => exit 7
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(int argc, char **argv) {
    printf("argc %d\n", argc);
    for (int i = 1; i < argc; i++) printf("[%s]\n", argv[i]);
    printf("GREETING=%s\n", getenv("GREETING"));
    printf("page size %lu\n", getauxval(AT_PAGESZ));
    printf("random %s\n", getauxval(AT_RANDOM) ? "there" : "missing");
    printf("execfn %s\n", getauxval(AT_EXECFN) ? "there" : "missing");
    unsigned long hwcap = getauxval(AT_HWCAP);
    printf("fp %lu asimd %lu\n", hwcap & 1, hwcap >> 1 & 1);
    printf("phnum %s\n", getauxval(AT_PHNUM) > 2 ? "plausible" : "wrong");
    printf("stack aligned %d\n", ((unsigned long)__builtin_frame_address(0) & 15) == 0);
    char *end = (char *)environ;
    printf("strings above pointers %d\n", (char *)argv[0] > end);
    return 7;
}
