// System V semaphores, queues and shared memory; POSIX message queues.
//@ run: => exit 0
//@ oracle: native
//@ libs: -lrt
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHOW(e) printf("%s = %ld\n", #e, (long)(e))

union semun { int val; struct semid_ds *buf; unsigned short *array; };
struct letter { long kind; char text[32]; };

static long failed(long r) { return r == -1 ? -errno : r; }

int main(void) {
    int set = semget(IPC_PRIVATE, 3, 0600 | IPC_CREAT);
    unsigned short values[3] = {1, 2, 3};
    SHOW(semctl(set, 0, SETALL, (union semun){.array = values}));
    SHOW(semctl(set, 1, GETVAL));
    SHOW(semctl(set, 1, SETVAL, (union semun){.val = 7}));
    memset(values, 0, sizeof values);
    SHOW(semctl(set, 0, GETALL, (union semun){.array = values}));
    printf("%d %d %d\n", values[0], values[1], values[2]);
    struct semid_ds ds;
    memset(&ds, 0xee, sizeof ds);
    SHOW(semctl(set, 0, IPC_STAT, (union semun){.buf = &ds}));
    printf("nsems %lu mode %o ctime %d otime %ld\n", (unsigned long)ds.sem_nsems, ds.sem_perm.mode, ds.sem_ctime > 1000000000,
           (long)ds.sem_otime);
    ds.sem_perm.mode = 0640;
    SHOW(semctl(set, 0, IPC_SET, (union semun){.buf = &ds}));
    SHOW(semctl(set, 0, IPC_STAT, (union semun){.buf = &ds}));
    SHOW(ds.sem_perm.mode);
    struct sembuf take = {0, -1, 0}, more = {0, -1, IPC_NOWAIT};
    SHOW(semop(set, &take, 1));
    SHOW(failed(semop(set, &more, 1)));
    struct timespec soon = {0, 10000000};
    SHOW(failed(semtimedop(set, &take, 1, &soon)));
    if (fork() == 0) {
        usleep(20000);
        struct sembuf give = {0, 1, 0};
        _exit(semop(set, &give, 1));
    }
    SHOW(semop(set, &take, 1));
    int status;
    wait(&status);
    SHOW(status);
    SHOW(semctl(set, 0, IPC_RMID));
    SHOW(failed(semctl(set, 0, GETVAL)));

    int queue = msgget(IPC_PRIVATE, 0600 | IPC_CREAT);
    struct letter l = {5, "five"};
    SHOW(msgsnd(queue, &l, 5, 0));
    l = (struct letter){3, "three"};
    SHOW(msgsnd(queue, &l, 6, 0));
    struct msqid_ds q;
    SHOW(msgctl(queue, IPC_STAT, &q));
    printf("messages %lu bytes %lu\n", (unsigned long)q.msg_qnum, (unsigned long)q.__msg_cbytes);
    SHOW(msgrcv(queue, &l, sizeof l.text, 3, 0));
    printf("%ld %s\n", l.kind, l.text);
    SHOW(failed(msgrcv(queue, &l, 2, 0, 0)));
    SHOW(msgrcv(queue, &l, 2, 0, MSG_NOERROR));
    SHOW(failed(msgrcv(queue, &l, 2, 0, IPC_NOWAIT)));
    SHOW(msgctl(queue, IPC_RMID, NULL));

    int seg = shmget(IPC_PRIVATE, 8192, 0600 | IPC_CREAT);
    char *shared = shmat(seg, NULL, 0);
    SHOW(shared != (void *)-1);
    SHOW(shared[8191]);
    if (fork() == 0) strcpy(shared + 4096, "from the child"), _exit(0);
    wait(&status);
    printf("%s\n", shared + 4096);
    struct shmid_ds sd;
    SHOW(shmctl(seg, IPC_STAT, &sd));
    printf("size %lu attached %lu\n", (unsigned long)sd.shm_segsz, (unsigned long)sd.shm_nattch);
    char *again = shmat(seg, NULL, SHM_RDONLY);
    printf("%d %s\n", again != shared, again + 4096);
    SHOW(shmdt(again));
    SHOW(failed(shmdt(again)));
    SHOW(shmctl(seg, IPC_RMID, NULL));
    SHOW(shmdt(shared));

    char name[32];
    snprintf(name, sizeof name, "/isamorph-%d", getpid());
    struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 64};
    mqd_t mq = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attr);
    if (mq == (mqd_t)-1) {
        printf("no message queues: %d\n", errno);
        return 1;
    }
    SHOW(mq_send(mq, "low", 4, 1));
    SHOW(mq_send(mq, "high", 5, 9));
    SHOW(mq_getattr(mq, &attr));
    printf("messages %ld of %ld, nonblock %d\n", attr.mq_curmsgs, attr.mq_maxmsg, attr.mq_flags == O_NONBLOCK);
    char text[64];
    unsigned priority;
    SHOW(mq_receive(mq, text, sizeof text, &priority));
    printf("%s %u\n", text, priority);
    SHOW(mq_receive(mq, text, sizeof text, NULL));
    SHOW(failed(mq_receive(mq, text, sizeof text, NULL)));
    SHOW(failed(mq_receive(mq, text, 1, NULL)));
    attr.mq_flags = 0;
    SHOW(mq_setattr(mq, &attr, NULL));
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_nsec += 10000000;
    if (now.tv_nsec >= 1000000000) now.tv_nsec -= 1000000000, now.tv_sec++;
    SHOW(failed(mq_timedreceive(mq, text, sizeof text, NULL, &now)));
    SHOW(mq_unlink(name));
    return 0;
}
