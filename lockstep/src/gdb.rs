//! A client of the gdb remote serial protocol, as far as following a program needs it.
//!
//! Source: the protocol's chapter in the GDB manual. Packets are `$text#sum`, acknowledged by `+`.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// What went wrong with the other side.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection, or it broke.
    #[error("the gdb connection: {0}")]
    Io(#[from] io::Error),
    /// An answer that was not expected.
    #[error("the gdb stub answered `{answer}` to `{request}`")]
    Answer {
        /// What was asked.
        request: String,
        /// What came.
        answer: String,
    },
}

/// Why the other side stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Before a system call (its number).
    Call(u64),
    /// Behind it, its result not yet in a register.
    Return(u64),
    /// A signal; SIGTRAP at breakpoints and after steps.
    Signal(u8),
    /// The program has ended, with this status.
    Exited(u8),
    /// It has died of this signal.
    Died(u8),
}

/// SIGTRAP, in gdb's numbering.
pub const TRAP: u8 = 5;

/// A connection.
pub struct Client {
    stream: UnixStream,
    unread: Vec<u8>,
}

/// How long the stub may take to open its socket.
const PATIENCE: Duration = Duration::from_secs(10);

impl Client {
    /// Connects as soon as there is something to connect to.
    pub fn connect(socket: &Path) -> Result<Client, Error> {
        let begun = Instant::now();
        loop {
            match UnixStream::connect(socket) {
                Ok(stream) => return Ok(Client { stream, unread: vec![] }),
                Err(_) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn byte(&mut self) -> Result<u8, Error> {
        if self.unread.is_empty() {
            let mut buf = [0; 4096];
            let count = self.stream.read(&mut buf)?;
            if count == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            self.unread.extend(buf[..count].iter().rev());
        }
        Ok(self.unread.pop().expect("just filled"))
    }

    /// Sends a packet and takes the answer.
    pub fn ask(&mut self, request: &str) -> Result<String, Error> {
        let sum = request.bytes().fold(0u8, u8::wrapping_add);
        self.stream.write_all(format!("${request}#{sum:02x}").as_bytes())?;
        while self.byte()? != b'$' {}
        let mut answer = vec![];
        loop {
            match self.byte()? {
                b'#' => break,
                byte => answer.push(byte),
            }
        }
        self.byte()?;
        self.byte()?;
        self.stream.write_all(b"+")?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Sends a packet that must be answered by OK.
    pub fn tell(&mut self, request: &str) -> Result<(), Error> {
        match self.ask(request)? {
            answer if answer == "OK" => Ok(()),
            answer => Err(Error::Answer { request: request.into(), answer }),
        }
    }

    /// Asks for bytes in hexadecimal.
    pub fn bytes(&mut self, request: &str) -> Result<Vec<u8>, Error> {
        let answer = self.ask(request)?;
        let pairs = answer.as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = pairs.map(byte).collect();
        bytes.ok_or_else(|| Error::Answer { request: request.into(), answer })
    }

    /// Goes on (`c`) or makes a step (`s`) to the next stop.
    pub fn run(&mut self, request: &str) -> Result<Stop, Error> {
        let answer = self.ask(request)?;
        let hex = |text: &str| u64::from_str_radix(text, 16).ok();
        let call = |name: &str| {
            let at = answer.find(name)? + name.len();
            hex(answer[at..].split(';').next()?)
        };
        let number = answer.get(1..3).and_then(hex).unwrap_or(0) as u8;
        match answer.as_bytes().first() {
            Some(b'T' | b'S') => Ok(if let Some(number) = call("syscall_entry:") {
                Stop::Call(number)
            } else if let Some(number) = call("syscall_return:") {
                Stop::Return(number)
            } else {
                Stop::Signal(number)
            }),
            Some(b'W') => Ok(Stop::Exited(number)),
            Some(b'X') => Ok(Stop::Died(number)),
            _ => Err(Error::Answer { request: request.into(), answer }),
        }
    }

    /// Goes on to an address.
    pub fn run_to(&mut self, addr: u64) -> Result<Stop, Error> {
        self.tell(&format!("Z0,{addr:x},4"))?;
        let stop = self.run("c")?;
        self.tell(&format!("z0,{addr:x},4"))?;
        Ok(stop)
    }
}
