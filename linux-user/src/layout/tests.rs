//! The layouts of A64 against Debian's cross headers: a translation unit of static assertions.
//!
//! Runs where `aarch64-linux-gnu-gcc` is installed (CI installs it), else says that it did not.

use std::io::Write;
use std::process::{Command, Stdio};

const ASSERTIONS: &str = r#"
#include <stddef.h>
#include <asm/stat.h>
#include <asm/fcntl.h>
#include <linux/eventpoll.h>
#include <linux/utsname.h>
#include <linux/sem.h>
#include <linux/msg.h>
#include <linux/shm.h>
#define AT(t, f, o) _Static_assert(offsetof(struct t, f) == (o), #t "." #f)
#define IS(a, b) _Static_assert((a) == (b), #a)
IS(sizeof(struct stat), 128);
AT(stat, st_dev, 0); AT(stat, st_ino, 8); AT(stat, st_mode, 16); AT(stat, st_nlink, 20);
AT(stat, st_uid, 24); AT(stat, st_gid, 28); AT(stat, st_rdev, 32); AT(stat, st_size, 48);
AT(stat, st_blksize, 56); AT(stat, st_blocks, 64); AT(stat, st_atime, 72);
AT(stat, st_mtime, 88); AT(stat, st_ctime, 104); AT(stat, st_ctime_nsec, 112);
IS(O_DIRECTORY, 040000); IS(O_NOFOLLOW, 0100000); IS(O_DIRECT, 0200000); IS(O_LARGEFILE, 0400000);
IS(sizeof(struct epoll_event), 16); AT(epoll_event, data, 8);
IS(sizeof(struct new_utsname), 390); AT(new_utsname, machine, 260);
IS(sizeof(struct ipc64_perm), 48);
IS(sizeof(struct semid64_ds), 88); AT(semid64_ds, sem_ctime, 56); AT(semid64_ds, sem_nsems, 64);
IS(sizeof(struct msqid64_ds), 120); IS(sizeof(struct shmid64_ds), 112);
"#;

#[test]
fn a64_layouts_agree_with_the_cross_headers() {
    let compiler = Command::new("aarch64-linux-gnu-gcc")
        .args(["-fsyntax-only", "-x", "c", "-"])
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut child) = compiler else {
        eprintln!("not run: aarch64-linux-gnu-gcc is not installed");
        return;
    };
    let mut stdin = child.stdin.take().expect("stdin was piped");
    stdin.write_all(ASSERTIONS.as_bytes()).expect("the compiler reads its input");
    drop(stdin);
    assert!(child.wait().expect("the compiler ends").success());
}
