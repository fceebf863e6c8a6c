// fork, vfork, execve, pipes and wait: what shells live on. The program executes itself again.
//@ oracle: native
//@ run: => exit 0
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int wait_for(pid_t pid) {
    int status = -1;
    if (waitpid(pid, &status, 0) != pid) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int child_main(char **argv) {
    printf("child: %s %s HOME=%s\n", argv[2], argv[3], getenv("HOME") ? getenv("HOME") : "(none)");
    return 42;
}

int main(int argc, char **argv) {
    if (argc == 4 && !strcmp(argv[1], "child")) return child_main(argv);
    setvbuf(stdout, NULL, _IONBF, 0);

    // Memory is copied.
    volatile int value = 1;
    pid_t pid = fork();
    if (pid == 0) {
        value = 2;
        _exit(value + 5);
    }
    printf("forked: %d value %d\n", wait_for(pid), value);

    // Exec with arguments and an environment.
    char *child_argv[] = {argv[0], "child", "alpha", "beta gamma", NULL};
    char *child_env[] = {"HOME=/nowhere", NULL};
    pid = fork();
    if (pid == 0) {
        execve("/proc/self/exe", child_argv, child_env);
        _exit(99);
    }
    printf("exec: %d\n", wait_for(pid));

    // vfork and posix_spawn share memory until the exec.
    pid = vfork();
    if (pid == 0) {
        execve("/proc/self/exe", child_argv, child_env);
        _exit(98);
    }
    printf("vfork: %d\n", wait_for(pid));
    int error = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, child_argv, child_env);
    printf("spawn: %d %d\n", error, wait_for(pid));

    // A failing exec returns.
    pid = fork();
    if (pid == 0) {
        execl("/nonexistent/program", "program", NULL);
        _exit(errno == ENOENT ? 17 : 18);
    }
    printf("no program: %d\n", wait_for(pid));

    // Two pipes and a filter between.
    int to[2], from[2];
    if (pipe(to) || pipe(from)) return 1;
    pid = fork();
    if (pid == 0) {
        close(to[1]);
        close(from[0]);
        char c;
        while (read(to[0], &c, 1) == 1) {
            if (c >= 'a' && c <= 'z') c -= 32;
            if (write(from[1], &c, 1) != 1) _exit(1);
        }
        _exit(0);
    }
    close(to[0]);
    close(from[1]);
    if (write(to[1], "shout this\n", 11) != 11) return 1;
    close(to[1]);
    char line[64];
    int length = 0;
    for (long n; (n = read(from[0], line + length, sizeof line - length)) > 0;) length += n;
    printf("filtered: %.*s", length, line);
    printf("filter: %d\n", wait_for(pid));

    // Death by signal is told apart from exit.
    pid = fork();
    if (pid == 0) abort();
    printf("abort: %d\n", wait_for(pid));
    pid = fork();
    if (pid == 0) {
        *(volatile int *)0 = 0;
        _exit(1);
    }
    printf("segv: %d\n", wait_for(pid));
    printf("no more children: %d\n", wait(NULL) == -1 && errno == ECHILD);

    // Many children at once.
    int sum = 0;
    for (int i = 0; i < 10; i++) {
        if (fork() == 0) _exit(i);
    }
    for (int i = 0, status; i < 10; i++) {
        if (wait(&status) > 0) sum += WEXITSTATUS(status);
    }
    printf("sum %d\n", sum);
    return 0;
}
