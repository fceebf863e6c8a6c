//! From a program's name to its exit: puts the parts of a guest process together and runs it.
//!
//! Invariant: every error before the first guest instruction is a [`RunError`] that names what failed, on
//! what, and what to do, with the exit status a shell would give.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32};

use isamorph_engine::{Engine, EngineConfig, EngineError, StoreConfig};
use isamorph_ir::Frontend;

use crate::abi::GuestAbi;
use crate::abi::a64::{A64, MissingRegister};
use crate::address_space::AddressSpace;
use crate::elf::{self, Image, LoadError, Loaded};
use crate::errno::Errno;
use crate::exec::{self, Executable, FindError, Reexec, shown};
use crate::host;
use crate::inbox;
use crate::memory::GuestMemory;
use crate::perf::{self, Perf};
use crate::process::{AtEnd, Process, Processor, Program, Runner};
use crate::procfs::{Shown, announce};
use crate::signal::Actions;
use crate::stack::{self, AuxInfo, InitialStack, Strings};
use crate::syscall::Table;
use crate::syscall::limits::Limits;
use crate::sysroot::Sysroot;
use crate::thread::{Leave, Thread};
use crate::vma::{Backing, PAGE, Prot, page_up};

/// What to run, and how.
pub struct RunConfig {
    /// The program, as the guest names it.
    pub program: Vec<u8>,
    /// `argv[0]`, if it is not the program's name.
    pub argv0: Option<Vec<u8>>,
    /// Arguments after `argv[0]`.
    pub args: Vec<Vec<u8>>,
    /// Environment, `NAME=VALUE` each ([`exec::inherited_environment`]).
    pub env: Vec<Vec<u8>>,
    /// Where absolute paths are looked up first.
    pub sysroot: Option<PathBuf>,
    /// The guest's instruction set.
    pub frontend: Arc<dyn Frontend>,
    /// The processor that the frontend is, as programs are told of it.
    pub processor: Processor,
    /// How code is run.
    pub engine: EngineConfig,
    /// Where compiled code is kept from run to run.
    pub store: Option<StoreConfig>,
    /// Print every system call.
    pub strace: bool,
    /// Tell the user of system calls that are missing.
    pub strict: bool,
    /// How `execve` starts the emulator anew.
    pub reexec: Reexec,
    /// Called once when the process that the user started ends, from whichever thread ends it.
    pub at_end: Option<AtEnd>,
    /// Files that name compiled code for the host's profiler.
    pub perf: perf::Outputs,
    /// Who runs the vCPUs, if not they themselves.
    pub runner: Option<Arc<dyn Runner>>,
}

/// How the guest ended. Death by a signal is the host process's own and does not come back here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitOutcome {
    /// The exit code.
    pub code: i32,
}

/// Why a program could not be started.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The program cannot be found, opened or understood.
    #[error("{}", describe(.0, .1))]
    Program(FindError, Option<PathBuf>),
    /// The program's dynamic linker.
    #[error(transparent)]
    Linker(Box<LinkerError>),
    /// The sysroot is not a directory.
    #[error("sysroot `{}` (option -L): {error}", .path.display())]
    Sysroot {
        /// Its path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The program cannot be mapped.
    #[error("`{}` cannot be loaded: {error}", shown(.path))]
    Load {
        /// The file.
        path: Vec<u8>,
        /// Why.
        error: LoadError,
    },
    /// The stack cannot be made.
    #[error("no stack of {size} bytes for the program: {error}")]
    Stack {
        /// Bytes wished.
        size: u64,
        /// The host's error.
        error: Errno,
    },
    /// Arguments and environment do not fit the stack.
    #[error(
        "the arguments and environment are too long ({0} bytes): shorten them or raise `ulimit -s`"
    )]
    Arguments(usize),
    /// The frontend is not one for this ABI.
    #[error(transparent)]
    Abi(#[from] MissingRegister),
    /// The engine cannot be made.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A program's dynamic linker cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{}` needs the dynamic linker `{}`: {}", shown(.program), shown(.interpreter), linker(.error, .sysroot))]
pub struct LinkerError {
    /// The program.
    pub program: Vec<u8>,
    /// Its dynamic linker.
    pub interpreter: Vec<u8>,
    /// What is wrong with it.
    pub error: FindError,
    /// The sysroot, if one is given.
    pub sysroot: Option<PathBuf>,
}

impl RunError {
    /// The exit status a shell would give: 127 for a file that is not there, else 126.
    pub fn exit_status(&self) -> i32 {
        let error = match self {
            RunError::Program(error, _) => error,
            RunError::Linker(linker) => &linker.error,
            _ => return 126,
        };
        if error.errno() == Errno::ENOENT { 127 } else { 126 }
    }
}

fn describe(error: &FindError, sysroot: &Option<PathBuf>) -> String {
    let mut text = error.to_string();
    if let FindError::Script { .. } = error {
        text = format!("{text}: {}", error.root());
    }
    if let (FindError::Open { path, error: Errno::ENOENT }, Some(sysroot)) = (error.root(), sysroot)
        && path.starts_with(b"/")
    {
        text.push_str(&format!(" (looked up in {} and on the host)", sysroot.display()));
    }
    if let FindError::Open { path, error: Errno::ENOENT } = error.root()
        && !path.contains(&b'/')
    {
        text.push_str(": PATH is not searched, give the program's path");
    }
    text
}

fn linker(error: &FindError, sysroot: &Option<PathBuf>) -> String {
    let what = match error {
        FindError::Open { error, .. } => error.to_string(),
        FindError::Format { error, .. } => error.to_string(),
        FindError::Script { .. } => "it is a script".into(),
    };
    match sysroot {
        None => format!("{what}; give the guest's file system with -L SYSROOT"),
        Some(path) => format!("{what}; is `{}` a complete sysroot of the guest?", path.display()),
    }
}

/// Runs a program to its end on the calling thread, which is to be the host process's first. What the guest had stays
/// mapped: the host process is to end too.
pub fn run(config: RunConfig) -> Result<ExitOutcome, RunError> {
    let abi: Arc<dyn GuestAbi> = Arc::new(A64::new(&config.frontend.desc().layout)?);
    let sysroot = match &config.sysroot {
        None => Sysroot::none(),
        Some(path) => {
            Sysroot::new(path).map_err(|error| RunError::Sysroot { path: path.clone(), error })?
        }
    };
    let argv0 = config.argv0.clone().unwrap_or_else(|| config.program.clone());
    let argv: Vec<Vec<u8>> = [argv0].into_iter().chain(config.args.iter().cloned()).collect();
    let found = exec::find(&sysroot, abi.target(), &config.program, &argv)
        .map_err(|error| RunError::Program(error, config.sysroot.clone()))?;
    let linker = open_linker(&config, &sysroot, &*abi, &found)?;

    // From here on signals wait, until the first thread can take them.
    let mask = inbox::block_all();
    let actions = Actions::inherit(config.engine.sampling.is_some());
    let space = Arc::new(AddressSpace::new(abi.plan()));
    let memory = GuestMemory::default();
    // The stack first: what has no place of its own goes below it.
    let stack_range = map_stack(&space, &found)?;
    let placed = place(&config, &space, &memory, &found, linker)?;
    let stack = fill_stack(&config, &*abi, &memory, &found, &placed, stack_range)?;
    let trampoline = space
        .map_code_page("[vdso]", &abi.trampoline())
        .map_err(|error| RunError::Stack { size: PAGE, error })?
        + abi.trampoline_entry();
    let code: Arc<AddressSpace> = space.clone();
    let frontend = config.frontend.clone();
    let engine = Engine::with_store(config.engine, config.store.clone(), frontend.clone(), code)?;

    let sysroot = Arc::new(sysroot);
    if config.perf.any() {
        let perf = Perf::new(config.perf, space.clone(), sysroot.clone(), frontend);
        engine.observe_code(Box::new(perf));
    }

    let program = describe_program(&config, &sysroot, &found, &stack, (&space, &placed));
    name_process(&found);
    // The guest's first descriptor is the lowest free one: its own file is not open.
    drop(found);
    let process = Arc::new(Process {
        table: Arc::new(Table::new(abi.numbers())),
        abi,
        memory,
        space,
        engine,
        sysroot,
        program,
        limits: Limits::default(),
        actions,
        trampoline,
        strace: config.strace,
        strict: config.strict,
        reexec: config.reexec,
        threads: AtomicU32::new(1),
        leader_code: AtomicI32::new(0),
        reported: Default::default(),
        at_end: config.at_end,
        runner: config.runner,
        forked: AtomicBool::new(false),
        borrows: false,
    });
    let mut state = vec![0; process.engine.desc().layout.size as usize];
    process.abi.start(&mut state, placed.first, stack.pointer);
    let mut thread = Thread::new(&process, &state, mask);
    thread.leader = true;
    let code = match thread.run() {
        Leave::Process(code) => code,
        Leave::Thread(code) => match thread.end(code) {
            Some(code) => code,
            None => end_leader(thread),
        },
    };
    if process.is_forked() {
        // Nothing of what the caller has to do afterwards is a child's to do.
        process.end(code);
    }
    process.about_to_end();
    // The kernel takes the address space apart at the process's end, in one go and faster than piece by piece here.
    std::mem::forget((thread, process));
    Ok(ExitOutcome { code })
}

/// The first thread has ended, others live on: it stays as the kernel's zombie leader.
fn end_leader(thread: Thread) -> ! {
    // Its memory may still be in use by the kernel's and the other threads' bookkeeping.
    std::mem::forget(thread);
    loop {
        // SAFETY: ends this thread alone; its stack is never touched again.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    }
}

fn open_linker(
    config: &RunConfig,
    sysroot: &Sysroot,
    abi: &dyn GuestAbi,
    found: &Executable,
) -> Result<Option<(File, Image, Vec<u8>)>, RunError> {
    let Some(interpreter) = &found.image.interpreter else { return Ok(None) };
    match exec::find_interpreter(sysroot, abi.target(), interpreter) {
        Ok((file, image)) => Ok(Some((file, image, interpreter.clone()))),
        Err(error) => Err(RunError::Linker(Box::new(LinkerError {
            program: found.path.clone(),
            interpreter: interpreter.clone(),
            error,
            sysroot: config.sysroot.clone(),
        }))),
    }
}

/// Where program and dynamic linker have come to lie.
struct Placed {
    main: Loaded,
    linker_base: u64,
    /// The first instruction: the dynamic linker's, if there is one.
    first: u64,
}

/// The code of who runs first is guarded if it asks for that; a dynamic linker sees to the program's itself.
fn place(
    config: &RunConfig,
    space: &AddressSpace,
    memory: &GuestMemory,
    found: &Executable,
    linker: Option<(File, Image, Vec<u8>)>,
) -> Result<Placed, RunError> {
    let fail = |path: &[u8]| {
        let path = path.to_vec();
        |error| RunError::Load { path, error }
    };
    let base = Some(space.plan().pie_base);
    let guards = |image: &Image| config.processor.guards && image.guarded;
    let guarded = guards(linker.as_ref().map_or(&found.image, |(_, image, _)| image));
    if guarded {
        space.expect_guards();
    }
    let own = guarded && linker.is_none();
    let main = elf::load(space, memory, &found.file, &found.image, base, own)
        .map_err(fail(&found.path))?;
    space.set_brk_start(main.span.end);
    let mut placed = Placed { first: main.entry, main, linker_base: 0 };
    if let Some((file, image, path)) = linker {
        let span = image.span();
        let base = space.library_place(span.end - span.start);
        let loaded = elf::load(space, memory, &file, &image, Some(base), guarded);
        let loaded = loaded.map_err(fail(&path))?;
        placed.linker_base = loaded.bias;
        placed.first = loaded.entry;
    }
    Ok(placed)
}

/// Stack sizes that are honoured: `ulimit -s unlimited` gets the largest.
const STACK_SIZES: std::ops::RangeInclusive<u64> = 128 << 10..=1 << 30;

fn stack_size() -> u64 {
    // SAFETY: a buffer of ours.
    let limit = unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_STACK, &mut limit);
        limit.rlim_cur
    };
    let size = limit.clamp(*STACK_SIZES.start(), *STACK_SIZES.end());
    page_up(size).unwrap_or(*STACK_SIZES.end())
}

fn map_stack(space: &AddressSpace, found: &Executable) -> Result<Range<u64>, RunError> {
    let size = stack_size();
    let exec = if found.image.executable_stack { Prot::EXEC } else { Prot::NONE };
    let mapped = space.map_stack(size, Prot::RW.union(exec));
    mapped.map_err(|error| RunError::Stack { size, error })
}

fn fill_stack(
    config: &RunConfig,
    abi: &dyn GuestAbi,
    memory: &GuestMemory,
    found: &Executable,
    placed: &Placed,
    range: Range<u64>,
) -> Result<InitialStack, RunError> {
    let size = range.end - range.start;
    let strings = Strings {
        argv: &found.argv,
        env: &config.env,
        path: &config.program,
        platform: abi.name(),
    };
    // SAFETY: calls that cannot fail.
    let (ids, secure) = unsafe {
        let ids = [libc::getuid(), libc::geteuid(), libc::getgid(), libc::getegid()];
        (ids.map(u64::from), libc::getauxval(libc::AT_SECURE) != 0)
    };
    let aux = AuxInfo {
        headers: placed.main.headers,
        header_size: found.image.header_size as u64,
        header_count: found.image.header_count as u64,
        interpreter_base: placed.linker_base,
        entry: placed.main.entry,
        hwcap: config.processor.hwcap,
        min_signal_stack: abi.min_signal_stack(),
        ids,
        secure,
        random: host::random(),
    };
    let stack = stack::build(range.end, &strings, &aux);
    // The kernel's rule: a quarter of the stack.
    if stack.bytes.len() as u64 > size / 4 {
        return Err(RunError::Arguments(stack.bytes.len()));
    }
    memory
        .write_bytes(stack.pointer, &stack.bytes)
        .map_err(|error| RunError::Stack { size, error })?;
    Ok(stack)
}

fn describe_program(
    config: &RunConfig,
    sysroot: &Sysroot,
    found: &Executable,
    stack: &InitialStack,
    (space, placed): (&AddressSpace, &Placed),
) -> Program {
    // The kernel told the path without links when the program was mapped; looking for them takes a call for each folder.
    let known = match space.lock().map().find(placed.main.span.start).map(|area| &area.backing) {
        Some(Backing::File { path, .. }) => Some(path.to_path_buf()),
        _ => None,
    };
    let told = |path: &PathBuf| {
        path.is_absolute() && !path.as_os_str().as_bytes().ends_with(b" (deleted)")
    };
    let host_path = known
        .filter(told)
        .or_else(|| std::fs::canonicalize(&found.host_path).ok())
        .unwrap_or_else(|| found.host_path.clone());
    let host_bytes = host_path.as_os_str().as_bytes();
    let exe = sysroot.strip(host_bytes).unwrap_or_else(|| host_bytes.to_vec());
    let shown =
        Shown { start_stack: stack.pointer, args: stack.args.clone(), env: stack.env.clone() };
    Program {
        exe: std::ffi::OsStr::from_bytes(&exe).into(),
        host_path,
        argv: found.argv.clone(),
        auxv: stack.auxv.clone(),
        processor: config.processor,
        announced: announce(&shown, &stack.auxv),
    }
}

/// Gives the host process the program's name, as `execve` would.
fn name_process(found: &Executable) {
    let path = Path::new(std::ffi::OsStr::from_bytes(&found.path));
    let name = path.file_name().map_or(&b""[..], |n| n.as_bytes());
    if let Ok(name) = CString::new(name) {
        // SAFETY: a valid C string, of which the kernel copies 15 bytes.
        unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
    }
}
