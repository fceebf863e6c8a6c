//! The standing set: what is measured, and the goal of each.

/// What is measured.
#[derive(Debug)]
pub struct Kernel {
    /// As the table names it.
    pub name: &'static str,
    /// The part of the table that it stands in.
    pub group: Group,
    /// How many times less CPU time than qemu-aarch64 it is to take: on the first run, and on later ones if that is
    /// another.
    pub goal: Option<(f64, Option<f64>)>,
    /// How often it runs for one figure: what is over in milliseconds runs several times.
    pub times: usize,
    pub work: Work,
}

/// Kernels of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Loops,
    Programs,
    Starts,
    System,
    /// Of the same kinds as others, never looked at while tuning: they tell whether the others are special.
    Untuned,
}

impl Group {
    /// In the table's order.
    pub const ALL: [Group; 5] =
        [Group::Loops, Group::Programs, Group::Starts, Group::System, Group::Untuned];

    /// Heading of its table.
    pub const fn title(self) -> &'static str {
        match self {
            Group::Loops => "Loops in C, and OpenSSL",
            Group::Programs => "Debian's programs, Go, Node.js",
            Group::Starts => "Starts and cold code",
            Group::System => "System calls, signals, threads",
            Group::Untuned => "Programs that nothing was tuned for",
        }
    }
}

/// Where the work comes from.
#[derive(Debug)]
pub enum Work {
    /// A source in `tests/bench`, further compiler flags, and the arguments.
    C(&'static str, &'static [&'static str], &'static [&'static str]),
    /// A Go source in `tests/bench`, built by Debian's Go for both sides.
    Go(&'static str, &'static [&'static str]),
    /// `openssl speed` of an algorithm: CPU time of a gigabyte.
    Openssl(&'static str),
    /// A program of the sysroot against the host's of the same name.
    Debian(Program),
}

/// A program of the sysroot.
#[derive(Debug)]
pub struct Program {
    /// Its path in the sysroot; on the host, its name or `native`.
    pub path: &'static str,
    /// The host's program, if it has another path. One that the host does not have is measured against QEMU alone.
    pub native: Option<&'static str>,
    /// Packages besides the sysroot's default ones.
    pub packages: &'static [&'static str],
    /// Arguments; `scripts/…` and `inputs/…` are there in the folder that it runs in.
    pub args: &'static [&'static str],
    /// The file that is its standard input.
    pub stdin: Option<&'static str>,
}

/// What most programs have.
pub const PROGRAM: Program =
    Program { path: "", native: None, packages: &[], args: &[], stdin: None };

const fn kernel(group: Group, name: &'static str, goal: f64, work: Work) -> Kernel {
    Kernel { name, group, goal: Some((goal, None)), times: 1, work }
}

const fn c(
    name: &'static str,
    goal: f64,
    source: &'static str,
    args: &'static [&'static str],
) -> Kernel {
    kernel(Group::Loops, name, goal, Work::C(source, &[], args))
}

const fn openssl(name: &'static str, goal: f64, algorithm: &'static str) -> Kernel {
    kernel(Group::Loops, name, goal, Work::Openssl(algorithm))
}

const fn debian(
    name: &'static str,
    goal: f64,
    path: &'static str,
    args: &'static [&'static str],
) -> Kernel {
    kernel(Group::Programs, name, goal, Work::Debian(Program { path, args, ..PROGRAM }))
}

/// What is over in milliseconds.
const fn start(name: &'static str, goal: (f64, Option<f64>), times: usize, work: Work) -> Kernel {
    Kernel { name, group: Group::Starts, goal: Some(goal), times, work }
}

const fn system(
    name: &'static str,
    goal: f64,
    source: &'static str,
    args: &'static [&'static str],
) -> Kernel {
    kernel(Group::System, name, goal, Work::C(source, &[], args))
}

const fn untuned(
    name: &'static str,
    source: &'static str,
    flags: &'static [&'static str],
    args: &'static [&'static str],
) -> Kernel {
    let work = Work::C(source, flags, args);
    Kernel { name, group: Group::Untuned, goal: None, times: 1, work }
}

/// The part of Python's library that a program of some size imports.
const IMPORTS: &str = "import json, re, decimal, asyncio, email.message, http.client, argparse, logging, unittest, \
                       dataclasses, typing, subprocess, xml.etree.ElementTree";
const PYTHON: &str = "/usr/bin/python3";
const CC1: Program = Program {
    path: "/usr/lib/gcc/aarch64-linux-gnu/12/cc1",
    native: Some("/usr/lib/gcc-cross/aarch64-linux-gnu/12/cc1"),
    args: &["-quiet", "-fpreprocessed", "-fno-ident", "-w", "-O0", "inputs/large.i", "-o", "-"],
    ..PROGRAM
};
const NODE: &[&str] = &["nodejs"];

/// The set. Loops and programs take some 0.2 s natively and more.
pub const KERNELS: &[Kernel] = &[
    c("call/return (fib)", 4.5, "fib", &["40"]),
    c("indirect jumps (bytecode switch)", 5.0, "switch", &["200"]),
    c("records, trees, strings (integer)", 4.0, "records", &["600000"]),
    c("sort (function pointer)", 4.0, "sort", &["9"]),
    c("byte hash", 1.3, "hash", &["80"]),
    c("SHA-256 in C", 2.0, "sha256", &["1000000"]),
    c("matrix, integer", 3.0, "matrix", &["120", "int"]),
    c("nbody (scalar double)", 6.0, "nbody", &["3000000"]),
    c("mandelbrot (scalar double)", 7.0, "mandelbrot", &["1300"]),
    c("matrix, double", 8.0, "matrix", &["120", "fp"]),
    kernel(Group::Loops, "matrix, float, vectorised", 80.0, Work::C("matmul", &["-O3"], &["24"])),
    c("memory and strings (libc)", 20.0, "memory", &["8000"]),
    c("words (libc)", 3.0, "string", &["9"]),
    openssl("openssl aes-128-gcm", 8.0, "aes-128-gcm"),
    openssl("openssl sha256", 6.0, "sha256"),
    openssl("openssl chacha20-poly1305", 20.0, "chacha20-poly1305"),
    kernel(
        Group::Programs,
        "sqlite3, 200,000 rows",
        4.0,
        Work::Debian(Program {
            path: "/usr/bin/sqlite3",
            args: &[":memory:"],
            stdin: Some("inputs/rows.sql"),
            ..PROGRAM
        }),
    ),
    debian("python3, json", 4.0, PYTHON, &["scripts/documents.py", "200"]),
    debian("python3, nbody", 4.0, PYTHON, &["scripts/nbody.py", "40000"]),
    debian("lua5.4", 4.0, "/usr/bin/lua5.4", &["scripts/work.lua", "100"]),
    debian(
        "perl, words and patterns",
        4.0,
        "/usr/bin/perl",
        &["scripts/work.pl", "inputs/text", "4"],
    ),
    debian("bash loop", 4.0, "/usr/bin/bash", &["scripts/loop.sh", "1500"]),
    debian("xz, compression", 2.0, "/usr/bin/xz", &["-c", "-T1", "inputs/pages"]),
    debian(
        "zstd, compression",
        3.0,
        "/usr/bin/zstd",
        &["-c", "-q", "--single-thread", "-12", "inputs/text"],
    ),
    kernel(Group::Programs, "Go: maps, sorting, goroutines", 3.0, Work::Go("work", &["12"])),
    kernel(
        Group::Programs,
        "node, a script that computes",
        4.0,
        Work::Debian(Program {
            path: "/usr/bin/node",
            native: Some("node"),
            packages: NODE,
            args: &["scripts/work.js", "15"],
            ..PROGRAM
        }),
    ),
    start("hello, static", (4.0, None), 20, Work::C("hello", &[], &[])),
    start(
        "busybox true",
        (4.0, None),
        20,
        Work::Debian(Program { path: "/usr/bin/busybox", args: &["true"], ..PROGRAM }),
    ),
    start(
        "bash -c true",
        (4.0, None),
        10,
        Work::Debian(Program { path: "/usr/bin/bash", args: &["-c", "true"], ..PROGRAM }),
    ),
    start(
        "python3 -c pass",
        (4.0, None),
        3,
        Work::Debian(Program { path: PYTHON, args: &["-c", "pass"], ..PROGRAM }),
    ),
    start(
        "python3, imports",
        (4.0, Some(6.0)),
        1,
        Work::Debian(Program { path: PYTHON, args: &["-c", IMPORTS], ..PROGRAM }),
    ),
    start(
        "node -e 0",
        (4.0, None),
        1,
        Work::Debian(Program {
            path: "/usr/bin/node",
            native: Some("node"),
            packages: NODE,
            args: &["-e", "0"],
            ..PROGRAM
        }),
    ),
    start("4,096 functions, each once", (4.0, Some(6.0)), 5, Work::C("cold", &[], &[])),
    start("cc1 on 16,000 lines", (4.0, Some(6.0)), 1, Work::Debian(CC1)),
    system("system calls", 1.3, "syscalls", &["600000"]),
    system("signals", 1.0, "signals", &["80000"]),
    system("two threads on atomics", 2.5, "threads", &["3000000"]),
    untuned("recursion (queens), as fib", "queens", &[], &["15"]),
    untuned("threaded code, as bytecode switch", "threaded", &[], &["30000000"]),
    untuned("CRC-32 and Adler-32, as byte hash", "crc", &[], &["80"]),
    untuned("heap sort, as sort", "heap", &[], &["12"]),
    untuned("spectral norm, as nbody", "spectral", &[], &["2500"]),
    untuned("image blur, as float matrix", "blur", &["-O3"], &["400"]),
];
