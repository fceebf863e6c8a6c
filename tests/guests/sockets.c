// Sockets: loopback TCP and UDP, addresses, options, messages one and many, time-outs, errors.
//@ run: => exit 0
//@ oracle: native
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHOW(e) printf("%s = %ld\n", #e, (long)(e))

static long failed(long r) { return r == -1 ? -errno : r; }

int main(void) {
    char text[256] = "";
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, peer;
    socklen_t len = sizeof any;

    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    SHOW(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
    SHOW(bind(server, (void *)&any, sizeof any));
    SHOW(listen(server, 4));
    SHOW(getsockname(server, (void *)&any, &len));
    SHOW(len);
    SHOW(any.sin_port != 0);
    pid_t child = fork();
    if (child == 0) {
        int c = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c, (void *)&any, sizeof any)) _exit(1);
        long n = read(c, text, sizeof text);
        if (write(c, text, n) != n) _exit(2);
        shutdown(c, SHUT_WR);
        _exit(read(c, text, 1) == 0 ? 7 : 3);
    }
    len = sizeof peer;
    int c = accept4(server, (void *)&peer, &len, SOCK_NONBLOCK);
    printf("accepted %d from %s len %d\n", c >= 0, inet_ntoa(peer.sin_addr), len);
    SHOW(failed(recv(c, text, 1, 0)));
    SHOW(send(c, "echo", 4, MSG_NOSIGNAL));
    struct pollfd pfd = {c, POLLIN | POLLRDHUP, 0};
    while (poll(&pfd, 1, 5000) == 1 && !(pfd.revents & POLLRDHUP)) usleep(1000);
    SHOW(recv(c, text, sizeof text, MSG_PEEK));
    SHOW(recv(c, text, sizeof text, 0));
    printf("%.4s\n", text);
    SHOW(recv(c, text, sizeof text, 0));
    close(c);
    int status;
    SHOW(waitpid(child, &status, 0) == child);
    SHOW(WEXITSTATUS(status));

    // Options.
    int value = 0;
    len = sizeof value;
    SHOW(getsockopt(server, SOL_SOCKET, SO_TYPE, &value, &len));
    SHOW(value == SOCK_STREAM);
    SHOW(setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
    len = 1;
    value = 0;
    SHOW(getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &value, &len));
    printf("short option %d len %d\n", value, len);
    struct timeval wait = {0, 20000};
    SHOW(setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait));
    SHOW(failed(accept(server, NULL, NULL)));
    SHOW(failed(getsockopt(server, SOL_SOCKET, 9999, &value, &len)));
    SHOW(failed(setsockopt(-1, SOL_SOCKET, SO_TYPE, &value, 4)));

    // Datagrams.
    int u = socket(AF_INET, SOCK_DGRAM, 0), v = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bind(u, (void *)&to, sizeof to);
    len = sizeof to;
    getsockname(u, (void *)&to, &len);
    SHOW(sendto(v, "datagram", 8, 0, (void *)&to, sizeof to));
    len = sizeof peer;
    SHOW(recvfrom(u, text, sizeof text, 0, (void *)&peer, &len));
    SHOW(len);
    struct mmsghdr many[3];
    struct iovec parts[3] = {{"one", 3}, {"three", 5}, {"seventh", 7}};
    memset(many, 0, sizeof many);
    for (int i = 0; i < 3; i++)
        many[i].msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &parts[i], .msg_iovlen = 1};
    SHOW(sendmmsg(v, many, 3, 0));
    printf("lengths %u %u %u\n", many[0].msg_len, many[1].msg_len, many[2].msg_len);
    char rooms[3][8];
    struct sockaddr_in names[3];
    memset(many, 0, sizeof many);
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct iovec){rooms[i], i == 1 ? 2 : 8};
        many[i].msg_hdr = (struct msghdr){.msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &parts[i], .msg_iovlen = 1};
    }
    struct timespec limit = {1, 0};
    SHOW(recvmmsg(u, many, 3, 0, &limit));
    for (int i = 0; i < 3; i++)
        printf("message %.*s truncated %d name %d\n", many[i].msg_len, rooms[i], !!(many[i].msg_hdr.msg_flags & MSG_TRUNC),
               many[i].msg_hdr.msg_namelen);
    SHOW(failed(recv(u, text, 1, MSG_DONTWAIT)));

    // Unix sockets: a name, credentials, a control message.
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "\0isamorph-test"};
    snprintf(un.sun_path + 1, sizeof un.sun_path - 1, "isamorph-%d", getpid());
    socklen_t unlen = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(un.sun_path + 1);
    SHOW(bind(s, (void *)&un, unlen));
    SHOW(listen(s, 1));
    int k = socket(AF_UNIX, SOCK_STREAM, 0);
    SHOW(connect(k, (void *)&un, unlen));
    int t = accept(s, NULL, NULL);
    struct ucred cred;
    len = sizeof cred;
    SHOW(getsockopt(t, SOL_SOCKET, SO_PEERCRED, &cred, &len));
    printf("peer %d %d\n", cred.pid == getpid(), cred.uid == getuid());
    SHOW(setsockopt(t, SOL_SOCKET, SO_PASSCRED, &one, sizeof one));
    struct iovec byte = {"!", 1};
    struct msghdr m = {.msg_iov = &byte, .msg_iovlen = 1};
    SHOW(sendmsg(k, &m, 0));
    char control[64], got;
    byte = (struct iovec){&got, 1};
    m.msg_control = control, m.msg_controllen = sizeof control;
    SHOW(recvmsg(t, &m, 0));
    struct cmsghdr *head = CMSG_FIRSTHDR(&m);
    printf("control %d\n", head && head->cmsg_type == SCM_CREDENTIALS && head->cmsg_len == CMSG_LEN(sizeof cred));
    SHOW(failed(sendmsg(k, (void *)16, 0)));
    shutdown(t, SHUT_RDWR);
    SHOW(failed(send(k, "x", 1, MSG_NOSIGNAL)));
    SHOW(failed(connect(k, (void *)&un, unlen)));

    // Interfaces, by ioctl and by netlink.
    struct ifreq lo = {.ifr_name = "lo"};
    SHOW(ioctl(u, SIOCGIFINDEX, &lo));
    SHOW(lo.ifr_ifindex == if_nametoindex("lo"));
    struct ifreq list[16];
    struct ifconf conf = {sizeof list, {(void *)list}};
    SHOW(ioctl(u, SIOCGIFCONF, &conf));
    SHOW(conf.ifc_len >= (int)sizeof(struct ifreq));
    int nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    struct { struct nlmsghdr h; struct rtgenmsg g; } ask = {
        {sizeof ask, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {AF_UNSPEC}};
    SHOW(send(nl, &ask, sizeof ask, 0) == sizeof ask);
    static char answer[65536];
    long n = recv(nl, answer, sizeof answer, 0);
    SHOW(n > 0 && ((struct nlmsghdr *)answer)->nlmsg_type == RTM_NEWLINK);

    // epoll: more events than one, modified and removed.
    int ep = epoll_create1(0), pipes[4];
    if (pipe(pipes) || pipe(pipes + 2)) return 1;
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 0x1111111122222222};
    SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, pipes[0], &e));
    e = (struct epoll_event){.events = EPOLLIN | EPOLLET, .data.u64 = 0x3333333344444444};
    SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, pipes[2], &e));
    SHOW(failed(epoll_ctl(ep, EPOLL_CTL_ADD, pipes[2], &e)));
    if (write(pipes[1], "a", 1) != 1 || write(pipes[3], "b", 1) != 1) return 1;
    struct epoll_event ready[4];
    memset(ready, 0xff, sizeof ready);
    SHOW(epoll_wait(ep, ready, 4, 1000));
    printf("%x %lx\n", ready[0].events | ready[1].events, (unsigned long)(ready[0].data.u64 ^ ready[1].data.u64));
    SHOW(epoll_wait(ep, ready, 4, 0));
    SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, pipes[0], NULL));
    SHOW(epoll_wait(ep, ready, 4, 10));
    SHOW(failed(epoll_wait(ep, ready, 0, 0)));
    return 0;
}
