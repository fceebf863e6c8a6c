// Children that borrow their maker's memory: vfork and posix_spawn, and what comes back through it.
//@ run: => exit 0
//@ oracle: native
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int shared;
static volatile int handled;
static volatile int *volatile bad_address = (volatile int *)8;

static void note(int sig) { handled = sig; }

static int status_of(pid_t pid) {
    int status;
    if (waitpid(pid, &status, 0) < 0) return -1000;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1) {
        if (!strcmp(argv[1], "signal")) printf("ignored over exec: %d\n", signal(SIGUSR1, SIG_DFL) == SIG_IGN);
        return atoi(argv[argc - 1]);
    }
    pid_t pid = vfork();
    if (!pid) {
        shared = 5;
        _exit(3);
    }
    printf("vfork: %d, shared: %d\n", status_of(pid), shared);

    pid = vfork();
    if (!pid) {
        execl("/nonexistent", "x", (char *)NULL);
        shared = errno;
        _exit(4);
    }
    printf("failed exec: %d, errno: %d\n", status_of(pid), shared == ENOENT);

    pid = vfork();
    if (!pid) {
        execl("/proc/self/exe", "spawn", "8", (char *)NULL);
        _exit(5);
    }
    printf("exec: %d\n", status_of(pid));

    // The child's handlers are its own.
    signal(SIGUSR1, note);
    pid = vfork();
    if (!pid) {
        signal(SIGUSR1, SIG_IGN);
        execl("/proc/self/exe", "spawn", "signal", "9", (char *)NULL);
        _exit(5);
    }
    int status = status_of(pid);
    raise(SIGUSR1);
    printf("ignoring child: %d, handled here: %d\n", status, handled == SIGUSR1);

    pid = vfork();
    if (!pid) {
        kill(getpid(), SIGTERM);
        _exit(6);
    }
    printf("killed child: %d\n", status_of(pid));
    pid = vfork();
    if (!pid) *bad_address = 1;
    printf("faulting child: %d\n", status_of(pid));

    char *args[] = {"spawn", "12", NULL}, *env[] = {"A=B", NULL};
    printf("posix_spawn of nothing: %d\n", posix_spawn(&pid, "/nonexistent", NULL, NULL, args, env) == ENOENT);
    printf("posix_spawn: %d", posix_spawn(&pid, "/proc/self/exe", NULL, NULL, args, env));
    printf(", ended: %d\n", status_of(pid));
    return 0;
}
