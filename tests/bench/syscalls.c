// System calls that do next to nothing: what it costs to get into the kernel and back.
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, sum = 0;
    for (unsigned long i = 0; i < count; i++) sum += syscall(SYS_getppid) == getppid();
    printf("%lu\n", sum);
    return 0;
}
