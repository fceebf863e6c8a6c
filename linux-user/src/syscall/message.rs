//! `sendmsg` and `recvmsg`: a message header and everything that it points to.
//!
//! The header and its iovec array are copied, so that the kernel uses what was checked; of a
//! received message the lengths and flags are written back. Control messages are the same on every
//! 64-bit machine.
//!
//! Source: `linux/socket.h` (`struct user_msghdr`, `struct mmsghdr`).

use linux_raw_sys::general as k;

use super::Arg::{Fd, Hex, Int, Ptr, Timespec};
use super::net::ADDRESS;
use super::{Ctx, Syscall};
use crate::errno::{Errno, SysResult};

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::new("sendmsg", &[Fd, Ptr, Hex], sendmsg),
    Syscall::new("recvmsg", &[Fd, Ptr, Hex], recvmsg),
    Syscall::new("sendmmsg", &[Fd, Ptr, Int, Hex], sendmmsg),
    Syscall::new("recvmmsg", &[Fd, Ptr, Int, Hex, Timespec], recvmmsg),
];

/// Words of `struct user_msghdr`: name, its length, iovecs, their number, control, its length, flags.
type Words = [u64; 7];
const NAME: usize = 0;
const NAME_LEN: usize = 1;
const IOV: usize = 2;
const IOV_LEN: usize = 3;
const CONTROL: usize = 4;
const CONTROL_LEN: usize = 5;
const FLAGS: usize = 6;
/// Bytes of `struct mmsghdr`: a header, and the length of the message.
const MMSG: u64 = 64;
const MMSG_LEN: u64 = 56;
/// `UIO_MAXIOV`: as many messages as one call takes.
const MAX_MESSAGES: u64 = 1024;

/// A header of ours that the kernel may use instead of the guest's.
struct Message {
    words: Words,
    iovecs: Vec<[u64; 2]>,
}

impl Message {
    fn read(ctx: &Ctx<'_>, addr: u64) -> Result<Message, Errno> {
        let mut words: Words = ctx.read(addr)?;
        if words[NAME] != 0 {
            ctx.check(words[NAME], ADDRESS as u64)?;
        }
        ctx.check(words[CONTROL], words[CONTROL_LEN])?;
        if words[IOV_LEN] > MAX_MESSAGES {
            return Err(Errno::EMSGSIZE);
        }
        let iovecs = ctx.iovecs(words[IOV], words[IOV_LEN])?;
        words[IOV] = iovecs.as_ptr().addr() as u64;
        Ok(Message { words, iovecs })
    }

    fn addr(&mut self) -> u64 {
        debug_assert_eq!(self.words[IOV], self.iovecs.as_ptr().addr() as u64);
        self.words.as_mut_ptr().addr() as u64
    }

    /// What the kernel changes in the header of a received message.
    fn write_back(&self, ctx: &Ctx<'_>, addr: u64) -> Result<(), Errno> {
        ctx.write(addr + 8 * NAME_LEN as u64, &(self.words[NAME_LEN] as u32))?;
        ctx.write(addr + 8 * CONTROL_LEN as u64, &self.words[CONTROL_LEN])?;
        ctx.write(addr + 8 * FLAGS as u64, &(self.words[FLAGS] as u32))
    }
}

fn sendmsg(ctx: &mut Ctx<'_>, [fd, header, flags, ..]: [u64; 6]) -> SysResult {
    let mut message = Message::read(ctx, header)?;
    ctx.blocking(k::__NR_sendmsg, [fd, message.addr(), flags, 0, 0, 0])
}

fn recvmsg(ctx: &mut Ctx<'_>, [fd, header, flags, ..]: [u64; 6]) -> SysResult {
    let mut message = Message::read(ctx, header)?;
    let received = ctx.blocking(k::__NR_recvmsg, [fd, message.addr(), flags, 0, 0, 0])?;
    message.write_back(ctx, header)?;
    Ok(received)
}

/// Sends one by one, as the kernel does; an error after the first message is told next time.
fn sendmmsg(ctx: &mut Ctx<'_>, [fd, headers, count, flags, ..]: [u64; 6]) -> SysResult {
    let mut sent = 0;
    for i in 0..u64::from(count as u32).min(MAX_MESSAGES) {
        let at = headers.wrapping_add(i * MMSG);
        match sendmsg(ctx, [fd, at, flags, 0, 0, 0]) {
            Ok(len) => ctx.write(at.wrapping_add(MMSG_LEN), &(len as u32))?,
            Err(error) if sent == 0 => return Err(error),
            Err(_) => break,
        }
        sent += 1;
    }
    Ok(sent)
}

/// Hands all headers to the kernel at once, for only it can keep the time-out.
fn recvmmsg(ctx: &mut Ctx<'_>, [fd, headers, count, flags, timeout, _]: [u64; 6]) -> SysResult {
    if timeout != 0 {
        ctx.check(timeout, 16)?;
    }
    let at = |i: u64| headers.wrapping_add(i * MMSG);
    let mut messages = (0..u64::from(count as u32).min(MAX_MESSAGES))
        .map(|i| Message::read(ctx, at(i)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut host: Vec<[u64; 8]> = messages
        .iter()
        .map(|m| {
            let mut words = [0; 8];
            words[..7].copy_from_slice(&m.words);
            words
        })
        .collect();
    let (addr, len) = (host.as_mut_ptr().addr() as u64, host.len() as u64);
    let received = ctx.blocking(k::__NR_recvmmsg, [fd, addr, len, flags, timeout, 0])?;
    for (i, (message, host)) in messages.iter_mut().zip(&host).enumerate().take(received as usize) {
        message.words.copy_from_slice(&host[..7]);
        message.write_back(ctx, at(i as u64))?;
        ctx.write(at(i as u64).wrapping_add(MMSG_LEN), &(host[7] as u32))?;
    }
    Ok(received)
}
