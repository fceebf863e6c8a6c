// The less usual file calls: vectors at offsets, copying in the kernel, attributes, watching, openat2, close_range.
//@ run: => exit 0
//@ oracle: native
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SHOW(e) printf("%s = %ld\n", #e, (long)(e))

static long failed(long r) { return r == -1 ? -errno : r; }

int main(void) {
    char dir[] = "/tmp/isamorph-wide-XXXXXX", text[64] = "";
    if (!mkdtemp(dir) || chdir(dir)) return 1;
    umask(022);
    int fd = open("f", O_RDWR | O_CREAT, 0600);

    struct iovec out[3] = {{"alpha", 5}, {"beta", 4}, {"gamma", 5}};
    SHOW(pwritev(fd, out, 3, 10));
    char a[6] = "", b[10] = "";
    struct iovec in[2] = {{a, 5}, {b, 9}};
    SHOW(preadv2(fd, in, 2, 10, 0));
    printf("%s %s\n", a, b);
    SHOW(pwrite(fd, "0123456789", 10, 0));
    SHOW(pread(fd, text, 4, 6));
    printf("%s\n", text);
    SHOW(lseek(fd, 0, SEEK_HOLE) > 0);
    SHOW(fallocate(fd, 0, 0, 8192));
    SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    SHOW(ftruncate(fd, 24));
    SHOW(fdatasync(fd));
    SHOW(sync_file_range(fd, 0, 0, 0));
    SHOW(flock(fd, LOCK_EX | LOCK_NB));
    SHOW(readahead(fd, 0, 24));

    // Copying inside the kernel.
    int copy = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644);
    off_t from = 0;
    SHOW(sendfile(copy, fd, &from, 24));
    SHOW(from);
    loff_t src = 0, dst = 24;
    SHOW(copy_file_range(fd, &src, copy, &dst, 10, 0));
    SHOW(dst);
    int p[2], q[2];
    if (pipe(p) || pipe(q)) return 1;
    src = 0;
    SHOW(splice(fd, &src, p[1], NULL, 10, 0));
    SHOW(tee(p[0], q[1], 10, 0));
    SHOW(read(q[0], text, sizeof text));
    struct iovec page = {"vmsplice", 8};
    SHOW(vmsplice(q[1], &page, 1, 0));
    SHOW(read(q[0], text, sizeof text));
    printf("%.8s\n", text);

    // Flag words that the architectures number differently.
    int flags = fcntl(open("f", O_RDONLY | O_NOFOLLOW | O_NONBLOCK), F_GETFL);
    printf("nofollow %d nonblock %d directory %d direct %d\n", !!(flags & O_NOFOLLOW), !!(flags & O_NONBLOCK),
           !!(flags & O_DIRECTORY), !!(flags & O_DIRECT));
    flags = fcntl(open(".", O_RDONLY | O_DIRECTORY), F_GETFL);
    printf("directory %d\n", !!(flags & O_DIRECTORY));
    flags = fcntl(open(".", O_PATH | O_DIRECTORY), F_GETFL);
    printf("path %d\n", !!(flags & O_PATH));
    int unnamed = open(".", O_TMPFILE | O_RDWR, 0600);
    printf("tmpfile %d\n", unnamed >= 0 || errno == EOPNOTSUPP);
    struct open_how how = {.flags = O_RDONLY | O_DIRECTORY, .resolve = RESOLVE_BENEATH};
    printf("openat2 file as directory %ld\n", failed(syscall(SYS_openat2, AT_FDCWD, "f", &how, sizeof how)));
    how.flags = O_RDONLY;
    printf("openat2 %d\n", syscall(SYS_openat2, AT_FDCWD, "f", &how, sizeof how) > 0);
    printf("openat2 escape %ld\n", failed(syscall(SYS_openat2, AT_FDCWD, "../x", &how, sizeof how)));
    printf("openat2 short %ld\n", failed(syscall(SYS_openat2, AT_FDCWD, "f", &how, 8)));

    // Extended attributes.
    if (setxattr("f", "user.colour", "green", 5, 0) == 0 || errno == EOPNOTSUPP) {
        if (getxattr("f", "user.colour", text, sizeof text) != 5) strcpy(text, "green"), setxattr("f", "user.colour", "green", 5, 0);
        printf("xattr %.5s\n", text);
    }
    printf("no xattr %d\n", failed(getxattr("f", "trusted.none", text, 0)) < 0);

    // Names.
    SHOW(mkdir("d", 0750));
    SHOW(failed(mkdir("d", 0750)));
    SHOW(symlink("f", "s"));
    SHOW(linkat(AT_FDCWD, "s", AT_FDCWD, "hard", AT_SYMLINK_FOLLOW));
    SHOW(linkat(AT_FDCWD, "s", AT_FDCWD, "soft", 0));
    struct stat st;
    SHOW((lstat("hard", &st), S_ISREG(st.st_mode)));
    SHOW((lstat("soft", &st), S_ISLNK(st.st_mode)));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "hard", AT_FDCWD, "soft", 2 /* RENAME_EXCHANGE */));
    SHOW((lstat("soft", &st), S_ISREG(st.st_mode)));
    SHOW(failed(syscall(SYS_renameat2, AT_FDCWD, "hard", AT_FDCWD, "soft", 1 /* RENAME_NOREPLACE */)));
    SHOW(failed(readlink("missing", text, sizeof text)));
    SHOW(failed(readlink("f", text, sizeof text)));
    SHOW(readlink("s", text, 1));
    SHOW(failed(unlink("d")));
    SHOW(failed(rmdir("f")));
    SHOW(chmod("f", 04755));
    SHOW((stat("f", &st), st.st_mode & 07777));
    SHOW(fchmodat(AT_FDCWD, "f", 0644, 0));
    SHOW(faccessat(AT_FDCWD, "s", F_OK, AT_SYMLINK_NOFOLLOW));
    SHOW(utimensat(AT_FDCWD, "s", (struct timespec[2]){{1, 2}, {3, 4}}, AT_SYMLINK_NOFOLLOW));
    SHOW((lstat("s", &st), st.st_mtim.tv_sec * 10 + st.st_mtim.tv_nsec));
    SHOW(mkfifo("fifo", 0600));
    SHOW((stat("fifo", &st), S_ISFIFO(st.st_mode)));
    SHOW(truncate("copy", 5));
    SHOW((stat("copy", &st), (long)st.st_size));
    SHOW(failed(open("missing/x", O_RDONLY)));
    SHOW(failed(open("f/x", O_RDONLY)));
    SHOW(failed(open("", O_RDONLY)));
    SHOW(failed(open((char *)8, O_RDONLY)));
    SHOW(failed(syscall(SYS_pread64, fd, 8, 4, 0)));
    char longest[5000];
    memset(longest, 'x', sizeof longest);
    longest[4999] = 0;
    SHOW(failed(open(longest, O_RDONLY)));

    struct statvfs vfs;
    SHOW(fstatvfs(fd, &vfs));
    SHOW(vfs.f_namemax >= 100);

    // Watching a directory.
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    int id = inotify_add_watch(watch, "d", IN_CREATE | IN_DELETE);
    close(open("d/new", O_CREAT | O_WRONLY, 0600));
    unlink("d/new");
    char events[512] __attribute__((aligned(8)));
    long n = read(watch, events, sizeof events);
    for (char *at = events; at < events + n;) {
        struct inotify_event *e = (void *)at;
        printf("inotify %d %s%s %s\n", e->wd == id, e->mask & IN_CREATE ? "create" : "", e->mask & IN_DELETE ? "delete" : "", e->name);
        at += sizeof *e + e->len;
    }

    // A file without a name, and its seals.
    int mem = memfd_create("memory", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    SHOW(write(mem, "sealed", 6));
    SHOW(fcntl(mem, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW));
    SHOW(fcntl(mem, F_GET_SEALS));
    SHOW(failed(write(mem, "x", 1)));

    // Locks and pipes through fcntl.
    struct flock lock = {.l_type = F_WRLCK, .l_start = 1, .l_len = 2};
    SHOW(fcntl(copy, F_OFD_SETLK, &lock));
    int other = open("copy", O_RDWR);
    lock = (struct flock){.l_type = F_WRLCK, .l_len = 10};
    SHOW(fcntl(other, F_OFD_GETLK, &lock));
    printf("lock %d %ld %ld\n", lock.l_type == F_WRLCK, (long)lock.l_start, (long)lock.l_len);
    SHOW(fcntl(p[0], F_SETPIPE_SZ, 65536));
    struct f_owner_ex owner = {F_OWNER_PID, 0};
    SHOW(fcntl(p[0], F_GETOWN_EX, &owner));

    // Descriptors.
    SHOW(dup3(fd, 100, O_CLOEXEC));
    SHOW(fcntl(100, F_GETFD));
    SHOW(failed(dup3(fd, fd, 0)));
    SHOW(syscall(SYS_close_range, 90, 110, 0));
    SHOW(failed(fcntl(100, F_GETFD)));
    SHOW(failed(close(100)));

    char *names[] = {"f", "copy", "s", "hard", "soft", "fifo"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) unlink(names[i]);
    rmdir("d");
    printf("clean %d\n", chdir("/") == 0 && rmdir(dir) == 0);
    return 0;
}
