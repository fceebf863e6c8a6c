// What a program finds of itself under /proc: it must not see the emulator.
//@ run: one two => exit 0
//@ env: COLOUR=green
//@ oracle: native
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[1 << 20];
static int data = 42;

static long slurp(const char *path) {
    int fd = open(path, O_RDONLY);
    if (fd < 0) return -errno;
    long n = 0, got;
    while ((got = read(fd, buffer + n, sizeof buffer - 1 - n)) > 0) n += got;
    buffer[n] = 0;
    close(fd);
    return n;
}

static const char *last(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/// Rights and name of the area that holds an address.
static void area(const char *what, void *address) {
    slurp("/proc/self/maps");
    for (char *line = strtok(buffer, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned long from, to;
        char rights[8], name[512] = "";
        if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %511[^\n]", &from, &to, rights, name) < 3) continue;
        if ((unsigned long)address < from || (unsigned long)address >= to) continue;
        printf("%s: %s %s\n", what, rights, last(name));
        return;
    }
    printf("%s: not there\n", what);
}

int main(int argc, char **argv) {
    (void)argc;
    char path[512] = "", mine[64];
    long n = readlink("/proc/self/exe", path, sizeof path - 1);
    printf("exe %d\n", n > 0 && path[0] == '/' && !strcmp(last(path), last(argv[0])));
    struct stat a, b;
    printf("same file %d\n", stat("/proc/self/exe", &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino);
    int fd = open("/proc/self/exe", O_RDONLY);
    printf("ELF %d", read(fd, buffer, 20) == 20 && !memcmp(buffer, "\177ELF", 4));
#ifdef __aarch64__
    printf(" machine %d\n", buffer[18] == (char)183);
#else
    printf(" machine %d\n", buffer[18] == 62);
#endif
    close(fd);
    snprintf(mine, sizeof mine, "/proc/%d/exe", getpid());
    char again[512] = "";
    printf("by number %d\n", readlink(mine, again, sizeof again - 1) == n && !strcmp(path, again));
    printf("short %ld\n", (long)readlink("/proc/self/exe", again, 3));
    int proc = open("/proc/self", O_RDONLY | O_DIRECTORY);
    printf("relative %d\n", readlinkat(proc, "exe", again, sizeof again) == n);
    printf("link %d\n", fstatat(proc, "exe", &a, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(a.st_mode));

    n = slurp("/proc/self/cmdline");
    char *at = buffer;
    printf("cmdline %s", last(at));
    for (at += strlen(at) + 1; at < buffer + n; at += strlen(at) + 1) printf(" %s", at);
    printf("\n");
    n = slurp("/proc/self/environ");
    int found = 0;
    for (at = buffer; at < buffer + n; at += strlen(at) + 1) found |= !strcmp(at, "COLOUR=green");
    printf("environ %d\n", found);
    n = slurp("/proc/self/auxv");
    ElfW(auxv_t) *aux = (void *)buffer;
    for (; n > 0 && aux->a_type != AT_NULL && aux->a_type != AT_RANDOM; aux++) {}
    printf("auxv %d\n", aux->a_type == AT_RANDOM && aux->a_un.a_val == getauxval(AT_RANDOM));
    n = slurp("/proc/self/comm");
    printf("comm %d\n", !strncmp(buffer, last(argv[0]), 15 < strlen(last(argv[0])) ? 15 : strlen(last(argv[0]))));

    int local;
    area("code", (void *)main);
    area("data", &data);
    area("stack", &local);
    area("heap", sbrk(0) - 1);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    area("page", page);
    munmap(page, 4096);
    area("gone", page);
    slurp("/proc/self/maps");
    printf("the emulator %d\n", strstr(buffer, "isamorph ") != NULL || strstr(buffer, "/isamorph\n") != NULL);
    n = slurp("/proc/self/smaps");
    printf("smaps %d\n", n > 0 && strstr(buffer, "VmFlags: rd") != NULL);
    fd = open("/proc/self/maps", O_RDONLY);
    printf("read-only %d\n", write(fd, "x", 1) == -1 && errno == EBADF);
    FILE *f = fopen("/proc/self/maps", "r");
    printf("line by line %d\n", f && fgets(buffer, sizeof buffer, f) && strchr(buffer, '-'));
    fclose(f);

    pthread_attr_t attr;
    void *base;
    size_t size;
    printf("stack bounds %d\n", pthread_getattr_np(pthread_self(), &attr) == 0 &&
           pthread_attr_getstack(&attr, &base, &size) == 0 && (char *)&local >= (char *)base && (char *)&local < (char *)base + size);

    n = slurp("/proc/cpuinfo");
#ifdef __aarch64__
    int right = strstr(buffer, "CPU architecture: 8") && strstr(buffer, "Features\t: fp asimd");
#else
    int right = strstr(buffer, "vendor_id") != NULL;
#endif
    printf("cpuinfo %d\n", right);

    // Memory through a file: read as it is.
    fd = open("/proc/self/mem", O_RDONLY);
    int seen = 0;
    printf("mem %d", pread(fd, &seen, sizeof seen, (off_t)(unsigned long)&data) == sizeof seen);
    printf(" %d\n", seen);

    // Descriptors by name.
    snprintf(mine, sizeof mine, "/proc/self/fd/%d", proc);
    n = readlink(mine, again, sizeof again - 1);
    again[n < 0 ? 0 : n] = 0;
    printf("fd %d\n", !strncmp(again, "/proc/", 6));

    // A child's files show the child.
    int p[2];
    if (pipe(p)) return 1;
    pid_t child = fork();
    if (child == 0) {
        char c;
        close(p[1]);
        _exit(read(p[0], &c, 1));
    }
    snprintf(mine, sizeof mine, "/proc/%d/cmdline", child);
    n = slurp(mine);
    printf("child %s %s\n", last(buffer), buffer + strlen(buffer) + 1);
    snprintf(mine, sizeof mine, "/proc/%d/exe", child);
    n = readlink(mine, again, sizeof again - 1);
    again[n < 0 ? 0 : n] = 0;
    printf("child's program %d\n", !strcmp(path, again));
    close(p[1]);
    wait(NULL);
    return 0;
}
