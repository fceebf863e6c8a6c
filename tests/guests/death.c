// Every way to die, as the parent sees it.
//@ run: exit 0 => exit 0
//@ run: exit 255 => exit 255
//@ run: exit 256 => exit 0
//@ run: abort => signal 6
//@ run: null => signal 11
//@ run: jump => signal 11
//@ run: undefined => signal 4
//@ run: breakpoint => signal 5
//@ run: overflow => signal 11
//@ run: bus => signal 7
//@ run: pipe => signal 13
//@ run: thread => exit 21
//@ run: group => exit 22
//@ cflags: -pthread -O0
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *exit_from_thread(void *arg) {
    (void)arg;
    exit(21);
}

static void *spin(void *arg) {
    for (volatile int i = 0;; i++) {}
    return arg;
}

static int overflow(volatile char *above) {
    volatile char here[4096];
    here[0] = above[0];
    return overflow(here) + here[1];
}

int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "";
    printf("about to: %s\n", how);
    fflush(stdout);
    if (!strcmp(how, "exit")) return atoi(argv[2]);
    if (!strcmp(how, "abort")) abort();
    if (!strcmp(how, "null")) *(volatile int *)0 = 1;
    if (!strcmp(how, "jump")) ((void (*)(void))0x1000)();
    if (!strcmp(how, "undefined")) asm volatile(".inst 0x00000000");
    if (!strcmp(how, "breakpoint")) asm volatile("brk #1");
    if (!strcmp(how, "overflow")) {
        char top = 1;
        return overflow(&top);
    }
    if (!strcmp(how, "bus")) {
        char name[] = "/tmp/isamorph-death-XXXXXX";
        int fd = mkstemp(name);
        unlink(name);
        volatile char *beyond = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        return beyond[5];
    }
    if (!strcmp(how, "pipe")) {
        int fds[2];
        if (pipe(fds)) return 1;
        close(fds[0]);
        return (int)write(fds[1], "x", 1);
    }
    pthread_t thread;
    if (!strcmp(how, "thread")) {
        pthread_create(&thread, NULL, exit_from_thread, NULL);
        pause();
    }
    if (!strcmp(how, "group")) {
        for (int i = 0; i < 3; i++) pthread_create(&thread, NULL, spin, NULL);
        usleep(20000);
        exit(22);
    }
    return 1;
}
