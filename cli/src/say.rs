//! Messages on stderr that may go unread: a closed pipe there is no reason to die, as it is for `eprintln!`.

/// Writes a line on stderr, if somebody reads it.
macro_rules! say {
    ($($arg:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($arg)*);
    }};
}
pub(crate) use say;
