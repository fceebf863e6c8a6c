// The address space: protections, fixed and file mappings, mremap, holes, brk, /proc/self/maps.
//@ run: => exit 0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096L

static void *anon(void *at, long pages, int flags) {
    return mmap(at, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

// Can the kernel read a byte there? Asked without faulting.
static int readable(void *at) {
    static int fds[2] = {-1, -1};
    if (fds[0] < 0 && pipe(fds)) exit(1);
    char byte;
    if (write(fds[1], at, 1) == 1) return read(fds[0], &byte, 1) == 1;
    return errno == EFAULT ? 0 : -1;
}

int main(void) {
    char *a = anon(NULL, 8, 0);
    printf("zeroed %d below 2^47 %d\n", a[5 * PAGE] == 0, (uintptr_t)a >> 47 == 0);
    memset(a, 'a', 8 * PAGE);

    munmap(a + 2 * PAGE, PAGE);
    printf("hole: %d %d %d\n", readable(a + PAGE), readable(a + 2 * PAGE), readable(a + 3 * PAGE));
    char *b = anon(a + 2 * PAGE, 1, MAP_FIXED);
    printf("filled: same place %d zero %d neighbour %c\n", b == a + 2 * PAGE, b[0] == 0, b[PAGE]);
    printf("no replace: %d\n", anon(a, 1, MAP_FIXED_NOREPLACE) == MAP_FAILED && errno == EEXIST);

    mprotect(a, PAGE, PROT_NONE);
    printf("none: %d\n", readable(a));
    mprotect(a, PAGE, PROT_READ);
    printf("read: %d %c\n", readable(a), a[0]);
    printf("unmapped mprotect: %d\n", mprotect((void *)0x10000, PAGE, PROT_READ) == -1 && errno == ENOMEM);
    printf("unaligned: %d\n", munmap(a + 1, PAGE) == -1 && errno == EINVAL);

    // Growing where there is no room moves the contents.
    char *c = anon(NULL, 4, 0);
    strcpy(c + 3 * PAGE, "tail");
    anon(c + 4 * PAGE, 1, MAP_FIXED_NOREPLACE);
    char *d = mremap(c, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    printf("moved: %s\n", d == MAP_FAILED ? "failed" : d + 3 * PAGE);
    d = mremap(d, 64 * PAGE, 2 * PAGE, 0);
    printf("shrunk: %d %d\n", readable(d + PAGE), readable(d + 2 * PAGE));

    // A file, shared and private.
    char name[] = "/tmp/isamorph-mmap-XXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    if (fd < 0 || ftruncate(fd, 3 * PAGE) || pwrite(fd, "file", 4, 2 * PAGE) != 4) return 1;
    char *shared = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 2 * PAGE);
    printf("file: %s %s\n", shared + 2 * PAGE, private);
    private[0] = 'p';
    shared[2 * PAGE + 1] = 's';
    msync(shared, 3 * PAGE, MS_SYNC);
    char text[5] = "";
    if (pread(fd, text, 4, 2 * PAGE) != 4) return 1;
    printf("written: %s private %s\n", text, private);
    printf("bad fd: %d\n", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED && errno == EBADF);
    printf("zero length: %d\n", mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EINVAL);

    char *old = sbrk(0);
    if (sbrk(10 * PAGE) != old) return 1;
    memset(old, 1, 10 * PAGE);
    printf("brk grew %ld\n", ((char *)sbrk(0) - old) / PAGE);
    sbrk(-5 * PAGE);
    printf("brk shrank %ld\n", ((char *)sbrk(0) - old) / PAGE);

    // A large reservation costs nothing; parts of it come to life.
    size_t huge = 1L << 36;
    char *reserved = mmap(NULL, huge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    mprotect(reserved + huge / 2, PAGE, PROT_READ | PROT_WRITE);
    reserved[huge / 2] = 1;
    printf("reserved: %d\n", reserved[huge / 2]);
    madvise(reserved + huge / 2, PAGE, MADV_DONTNEED);
    printf("dropped: %d\n", reserved[huge / 2]);
    munmap(reserved, huge);

    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int stack = 0, text_seen = 0;
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long lo, hi;
        char perms[5];
        if (sscanf(line, "%lx-%lx %4s", &lo, &hi, perms) != 3) continue;
        stack |= (unsigned long)&line >= lo && (unsigned long)&line < hi && perms[1] == 'w';
        text_seen |= (unsigned long)main >= lo && (unsigned long)main < hi && perms[2] == 'x';
    }
    printf("maps: stack %d text %d\n", stack, text_seen);
    return 0;
}
