// Signals that a process sends itself, each through its handler and back.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t seen;

static void handler(int number) { seen += number == SIGUSR1; }

int main(int argc, char **argv) {
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, NULL);
    for (unsigned long i = 0; i < count; i++) raise(SIGUSR1);
    printf("%ld\n", (long)seen);
    return 0;
}
