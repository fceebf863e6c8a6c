//! What standard output is: how wide, whether in colour, whether still there.
//!
//! Invariant: a reader that goes away (`isamorph … | head`) ends a command quietly.

use clap::ValueEnum;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Colour {
    /// Whether output is to be coloured.
    pub fn wanted(self) -> bool {
        match self {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                let set = |name, value: fn(&str) -> bool| {
                    std::env::var_os(name).is_some_and(|v| v.to_str().is_none_or(value))
                };
                io::stdout().is_terminal()
                    && !set("NO_COLOR", |v| !v.is_empty())
                    && !set("TERM", |v| v == "dumb")
            }
        }
    }
}

/// Columns of the terminal, or of COLUMNS; `None` where output goes elsewhere.
pub fn width() -> Option<usize> {
    let terminal = || {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        (size.ws_col > 0).then_some(size.ws_col.into())
    };
    terminal().or_else(|| std::env::var("COLUMNS").ok()?.parse().ok())
}

/// Writes to standard output at once.
///
/// # Errors
/// What the host says, but not that nobody reads on.
pub fn print(text: impl AsRef<[u8]>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
