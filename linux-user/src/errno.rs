//! Error numbers of system calls, and the kernel's internal restart codes.
//!
//! Stands between handlers and the guest ABI. The numbers are asm-generic ones, which the x86 host and
//! every guest so far share. Invariant: a restart code never reaches the guest; `signal` turns it
//! into `EINTR` or runs the call again.

use linux_raw_sys::errno as raw;

/// A Linux error number (`ENOENT` = 2), or a restart code above [`Errno::MAX`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(u16);

/// What a system call yields: the value for the result register, or an error number.
pub type SysResult = Result<u64, Errno>;

macro_rules! errnos {
    ($($name:ident)*) => {
        impl Errno {
            $(#[doc = concat!("`", stringify!($name), "`")] pub const $name: Errno = Errno(raw::$name as u16);)*

            /// `ENOENT` and the like, if the number has a name.
            pub fn name(self) -> Option<&'static str> {
                $(if self == Errno::$name { return Some(stringify!($name)); })*
                match self {
                    Errno::RESTART_SYS => Some("ERESTARTSYS"),
                    Errno::RESTART_NO_INTR => Some("ERESTARTNOINTR"),
                    Errno::RESTART_NO_HANDLER => Some("ERESTARTNOHAND"),
                    _ => None,
                }
            }
        }
    };
}

errnos! {
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK
    EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE
    EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP ENOMSG EIDRM
    ENODATA ETIME ENOSR ENOLINK EPROTO EBADMSG EOVERFLOW EILSEQ EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE
    EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT
    EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN
    ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS
    ESTALE EUCLEAN EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED
    EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON
}

impl Errno {
    /// Largest error number a guest may see (`MAX_ERRNO` of the kernel).
    pub const MAX: u16 = 4095;
    /// `ERESTARTSYS`: run the call again if the signal's handler has `SA_RESTART`, else `EINTR`.
    pub const RESTART_SYS: Errno = Errno(0x2000);
    /// `ERESTARTNOINTR`: a signal came before the call did anything; run it again in any case.
    pub const RESTART_NO_INTR: Errno = Errno(0x2001);
    /// `ERESTARTNOHAND`: `EINTR` if a handler runs, else run the call again.
    pub const RESTART_NO_HANDLER: Errno = Errno(0x2002);

    /// An error number as the kernel returns it (positive). Numbers outside 1..=4095 become `EINVAL`.
    pub fn new(number: i32) -> Errno {
        match u16::try_from(number) {
            Ok(n) if (1..=Self::MAX).contains(&n) => Errno(n),
            _ => Errno::EINVAL,
        }
    }

    /// The number, positive.
    pub fn number(self) -> i32 {
        self.0 as i32
    }

    /// The error of the last libc call of this thread.
    pub fn last() -> Errno {
        std::io::Error::last_os_error().into()
    }

    /// Whether this is a restart code.
    pub fn is_restart(self) -> bool {
        self.0 > Self::MAX
    }
}

impl From<std::io::Error> for Errno {
    fn from(error: std::io::Error) -> Errno {
        error.raw_os_error().map_or(Errno::EIO, Errno::new)
    }
}

impl std::fmt::Debug for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

impl std::fmt::Display for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_restart() {
            return write!(f, "{self:?}");
        }
        let text = std::io::Error::from_raw_os_error(self.number()).to_string();
        // Without Rust's " (os error 2)".
        f.write_str(text.split(" (os error").next().unwrap_or(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(Errno::ENOENT.number(), 2);
        assert_eq!(Errno::new(2), Errno::ENOENT);
        assert_eq!(Errno::new(0), Errno::EINVAL);
        assert_eq!(Errno::new(9999), Errno::EINVAL);
        assert_eq!(format!("{:?}", Errno::EOWNERDEAD), "EOWNERDEAD");
        assert!(Errno::RESTART_SYS.is_restart() && !Errno::EHWPOISON.is_restart());
    }
}
