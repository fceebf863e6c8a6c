// Files, directories, links, descriptors, polling: the layouts of the structures are the guest's.
//@ run: => exit 0
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

int main(void) {
    char dir[] = "/tmp/isamorph-files-XXXXXX";
    if (!mkdtemp(dir) || chdir(dir)) return 1;
    umask(022);

    int fd = open("f", O_RDWR | O_CREAT | O_EXCL, 0640);
    struct iovec parts[2] = {{"hello ", 6}, {"world\n", 6}};
    printf("writev %ld\n", writev(fd, parts, 2));
    struct stat st;
    fstat(fd, &st);
    printf("stat: size %ld mode %o links %lu blksize %ld regular %d\n", (long)st.st_size, st.st_mode & 07777,
           (unsigned long)st.st_nlink, (long)st.st_blksize, S_ISREG(st.st_mode));
    struct timespec times[2] = {{1000000000, 5}, {1234567890, 123456789}};
    futimens(fd, times);
    stat("f", &st);
    printf("times: %ld %ld.%09ld\n", (long)st.st_atim.tv_sec, (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    printf("lseek %ld\n", (long)lseek(fd, -6, SEEK_END));
    char text[32] = "";
    long n = read(fd, text, sizeof text);
    printf("read %ld %.5s\n", n, text);
    printf("again: %d\n", open("f", O_CREAT | O_EXCL | O_WRONLY, 0600) == -1 && errno == EEXIST);

    mkdir("d", 0755);
    printf("symlink %d link %d\n", symlink("f", "s"), link("f", "h"));
    n = readlink("s", text, sizeof text);
    printf("readlink %.*s\n", (int)n, text);
    lstat("s", &st);
    printf("lstat: link %d\n", S_ISLNK(st.st_mode));
    rename("h", "d/moved");
    stat("f", &st);
    printf("links %lu\n", (unsigned long)st.st_nlink);
    struct statx sx;
    statx(AT_FDCWD, "f", 0, STATX_ALL, &sx);
    printf("statx: size %llu mtime %lld\n", (unsigned long long)sx.stx_size, (long long)sx.stx_mtime.tv_sec);

    struct dirent **list;
    int count = scandir(".", &list, NULL, by_name);
    for (int i = 0; i < count; i++) printf("%s:%d ", list[i]->d_name, list[i]->d_type);
    printf("\n");
    char cwd[256];
    printf("cwd %d\n", getcwd(cwd, sizeof cwd) && !strcmp(cwd, dir));
    printf("access %d %d\n", access("f", R_OK), access("missing", F_OK));
    printf("rmdir: %d\n", rmdir("d") == -1 && errno == ENOTEMPTY);
    struct statfs fs;
    printf("statfs %d plausible %d\n", statfs(".", &fs), fs.f_bsize >= 512 && fs.f_namelen >= 100);

    // Descriptors: dup, flags, close-on-exec, fcntl locks.
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 50);
    printf("dup %d cloexec %d\n", copy >= 50, fcntl(copy, F_GETFD));
    printf("flags: append %d rdwr %d\n", (fcntl(fd, F_SETFL, O_APPEND), !!(fcntl(fd, F_GETFL) & O_APPEND)),
           (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 4};
    printf("lock %d\n", fcntl(fd, F_SETLK, &lock));
    printf("O_DIRECTORY: %d\n", open("f", O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR);
    printf("O_NOFOLLOW: %d\n", open("s", O_RDONLY | O_NOFOLLOW) == -1 && errno == ELOOP);
    printf("O_DIRECTORY on a directory: %d\n", open("d", O_RDONLY | O_DIRECTORY) >= 0);

    // Polling, three ways.
    int p[2];
    if (pipe2(p, O_NONBLOCK)) return 1;
    printf("would block: %d\n", read(p[0], text, 1) == -1 && errno == EAGAIN);
    struct pollfd pfd[2] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}};
    printf("poll %d", poll(pfd, 2, 0));
    printf(" %x %x\n", pfd[0].revents, pfd[1].revents);
    if (write(p[1], "abc", 3) != 3) return 1;
    int waiting = 0;
    ioctl(p[0], FIONREAD, &waiting);
    printf("waiting %d\n", waiting);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    struct timeval now = {0, 0};
    printf("select %d\n", select(p[0] + 1, &set, NULL, NULL, &now));
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef0};
    epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &event);
    struct epoll_event out[4];
    printf("epoll %d %lx\n", epoll_wait(ep, out, 4, 1000), (unsigned long)out[0].data.u64);
    int ev = eventfd(3, 0);
    eventfd_t value;
    eventfd_write(ev, 4);
    eventfd_read(ev, &value);
    printf("eventfd %lu\n", (unsigned long)value);

    // A socket pair, with a message that carries a descriptor.
    int sv[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv)) return 1;
    char control[CMSG_SPACE(sizeof(int))] = "", byte = '!';
    struct iovec one = {&byte, 1};
    struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &fd, sizeof(int));
    printf("sendmsg %ld", sendmsg(sv[0], &message, 0));
    memset(control, 0, sizeof control);
    byte = 0;
    printf(" recvmsg %ld %c", recvmsg(sv[1], &message, 0), byte);
    int received;
    memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    struct stat other;
    fstat(received, &other);
    fstat(fd, &st);
    printf(" same file %d\n", other.st_ino == st.st_ino);

    unlink("d/moved"), unlink("f"), unlink("s"), rmdir("d");
    printf("empty %d\n", chdir("/") == 0 && rmdir(dir) == 0);
    return 0;
}
