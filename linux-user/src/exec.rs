//! Which file a program name means, and how the emulator starts itself anew for it.
//!
//! Used twice on a program's way: by `execve` in the old process, which must know every error before it
//! gives itself up, and at the start of the new one. `execve` of a guest program is `execve` of the
//! emulator with `run` and the program: the kernel's own rules (descriptors, masks, ids) then hold.
//!
//! Invariant: names are guest names until [`find`] resolves them; environment variables that would
//! change the emulator itself travel under a prefix and come back by [`inherited_environment`].

use std::ffi::{CStr, CString, OsString};
use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use linux_raw_sys::general as sys;

use crate::elf::{ElfError, Image, Source, Target};
use crate::errno::{Errno, SysResult};
use crate::sysroot::{Last, Sysroot};

/// Longest first line of a script that counts (`BINPRM_BUF_SIZE`).
const SCRIPT_LINE: usize = 256;
/// How many scripts may name each other as interpreters.
const MAX_SCRIPTS: usize = 5;

/// A program found: its file, its headers, its real arguments.
#[derive(Debug)]
pub struct Executable {
    /// The ELF file.
    pub file: File,
    /// Its headers.
    pub image: Image,
    /// Its path as the guest named it (a script's interpreter, if it was a script).
    pub path: Vec<u8>,
    /// Its path on the host.
    pub host_path: PathBuf,
    /// `argv` as it starts: with what a script's first line adds.
    pub argv: Vec<Vec<u8>>,
}

/// Why a name cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// Opening failed, or it is not an executable file.
    #[error("`{}` cannot be run: {error}", shown(.path))]
    Open {
        /// The guest's path.
        path: Vec<u8>,
        /// Why.
        error: Errno,
    },
    /// It is not a program of this guest.
    #[error("`{}` cannot be run: {error}", shown(.path))]
    Format {
        /// The guest's path.
        path: Vec<u8>,
        /// Why.
        error: ElfError,
    },
    /// A script's first line names an interpreter that cannot be run.
    #[error("`{}` is a script whose interpreter cannot be run", shown(.script))]
    Script {
        /// The script.
        script: Vec<u8>,
        /// Why.
        #[source]
        source: Box<FindError>,
    },
}

pub(crate) fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

impl FindError {
    /// What `execve` returns.
    pub fn errno(&self) -> Errno {
        match self {
            FindError::Open { error, .. } => *error,
            FindError::Format { error: ElfError::Read(_), .. } => Errno::EIO,
            FindError::Format { .. } => Errno::ENOEXEC,
            FindError::Script { source, .. } => source.errno(),
        }
    }

    /// The path that is at fault, and the error of it.
    pub fn root(&self) -> &FindError {
        match self {
            FindError::Script { source, .. } => source.root(),
            other => other,
        }
    }
}

/// Opens `path` as `execve` does: a regular file that the caller may execute.
fn open(sysroot: &Sysroot, path: &[u8]) -> Result<(File, CString), Errno> {
    let path = CString::new(path).map_err(|_| Errno::ENOENT)?;
    let host = sysroot.resolve(&path, Last::Follow).into_owned();
    open_host(&host).map(|file| (file, host))
}

fn open_host(host: &CStr) -> Result<File, Errno> {
    let at = libc::AT_FDCWD;
    // SAFETY: valid C strings; the descriptor is new and ours.
    let file = unsafe {
        if libc::faccessat(at, host.as_ptr(), libc::X_OK, libc::AT_EACCESS) != 0 {
            return Err(Errno::last());
        }
        let fd = libc::openat(at, host.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if fd < 0 {
            return Err(Errno::last());
        }
        File::from_raw_fd(fd)
    };
    if !file.metadata()?.is_file() {
        return Err(Errno::EACCES);
    }
    Ok(file)
}

/// What a script's first line says.
#[derive(Debug, PartialEq, Eq)]
struct Shebang {
    interpreter: Vec<u8>,
    argument: Option<Vec<u8>>,
}

/// The first line of a script; `None` if it has none that counts.
fn shebang(head: &[u8]) -> Option<Shebang> {
    let line = head.strip_prefix(b"#!")?;
    let blank = |b: &u8| *b == b' ' || *b == b'\t';
    let whole = line.iter().position(|&b| b == b'\n');
    let line = &line[..whole.unwrap_or(line.len())];
    let line = line.trim_ascii_start();
    let end = line.iter().position(|b| blank(b) || *b == 0).unwrap_or(line.len());
    if end == 0 || (whole.is_none() && end == line.len() && head.len() >= SCRIPT_LINE) {
        // No name, or one that may have been cut off.
        return None;
    }
    let rest = line[end..].trim_ascii();
    let rest = rest.split(|&b| b == 0).next().unwrap_or(rest);
    Some(Shebang {
        interpreter: line[..end].to_vec(),
        argument: (!rest.is_empty()).then(|| rest.to_vec()),
    })
}

/// Finds the program that running `path` with `argv` means.
pub fn find(
    sysroot: &Sysroot,
    target: Target,
    path: &[u8],
    argv: &[Vec<u8>],
) -> Result<Executable, FindError> {
    find_nested(sysroot, target, path, argv, MAX_SCRIPTS)
}

fn find_nested(
    sysroot: &Sysroot,
    target: Target,
    path: &[u8],
    argv: &[Vec<u8>],
    scripts_left: usize,
) -> Result<Executable, FindError> {
    let failed = |error| FindError::Open { path: path.to_vec(), error };
    let (file, host) = open(sysroot, path).map_err(failed)?;
    let mut head = [0; SCRIPT_LINE];
    let size = file.size().map_err(|e| failed(e.into()))?;
    let head = &mut head[..SCRIPT_LINE.min(size as usize)];
    file.read_at(0, head).map_err(|e| failed(e.into()))?;
    if let Some(Shebang { interpreter, argument }) = shebang(head) {
        if scripts_left == 0 {
            return Err(failed(Errno::ELOOP));
        }
        let mut nested = vec![interpreter.clone()];
        nested.extend(argument);
        nested.push(path.to_vec());
        nested.extend(argv.iter().skip(1).cloned());
        return find_nested(sysroot, target, &interpreter, &nested, scripts_left - 1).map_err(
            |source| FindError::Script { script: path.to_vec(), source: Box::new(source) },
        );
    }
    let image = Image::parse(&file, target)
        .map_err(|error| FindError::Format { path: path.to_vec(), error })?;
    let argv = if argv.is_empty() { vec![Vec::new()] } else { argv.to_vec() };
    Ok(Executable {
        file,
        image,
        path: path.to_vec(),
        host_path: std::ffi::OsStr::from_bytes(host.as_bytes()).into(),
        argv,
    })
}

/// Opens the dynamic linker of a program.
pub fn find_interpreter(
    sysroot: &Sysroot,
    target: Target,
    path: &[u8],
) -> Result<(File, Image), FindError> {
    let (file, _) =
        open(sysroot, path).map_err(|error| FindError::Open { path: path.to_vec(), error })?;
    match Image::parse(&file, target) {
        Ok(image) => Ok((file, image)),
        Err(error) => Err(FindError::Format { path: path.to_vec(), error }),
    }
}

/// How the emulator starts itself anew.
#[derive(Clone, Debug, Default)]
pub struct Reexec {
    /// The emulator's own file, in case /proc is not there.
    pub emulator: PathBuf,
    /// Arguments before those added here: `run` and its options, all that the new process must share.
    pub options: Vec<OsString>,
}

/// What `execve` of the emulator gets for a guest program.
#[derive(Debug)]
pub(crate) struct NewProgram {
    emulator: CString,
    /// Owns what `arg_pointers` and `env_pointers` point to.
    _strings: Vec<CString>,
    arg_pointers: Vec<*const libc::c_char>,
    env_pointers: Vec<*const libc::c_char>,
}

impl NewProgram {
    /// The emulator with the guest's path, arguments and environment.
    pub(crate) fn new(
        how: &Reexec,
        path: Vec<u8>,
        argv: Vec<Vec<u8>>,
        env: Vec<Vec<u8>>,
    ) -> Result<NewProgram, Errno> {
        let c_string = |bytes: Vec<u8>| CString::new(bytes).map_err(|_| Errno::EINVAL);
        let options = how.options.iter().map(|o| o.as_bytes().to_vec());
        let mut guest = argv.into_iter();
        let argv0 = guest.next().unwrap_or_default();
        let mut strings: Vec<CString> = [b"isamorph".to_vec()]
            .into_iter()
            .chain(options)
            // In one word: a login shell's name begins with a dash.
            .chain([[b"--argv0=", &argv0[..]].concat(), b"--".to_vec(), path])
            .chain(guest)
            .map(c_string)
            .collect::<Result<_, _>>()?;
        let args = strings.len();
        for variable in env {
            strings.push(c_string(sheltered(variable))?);
        }
        let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
            list.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
        };
        Ok(NewProgram {
            emulator: c_string(how.emulator.as_os_str().as_bytes().to_vec())?,
            arg_pointers: pointers(&strings[..args]),
            env_pointers: pointers(&strings[args..]),
            _strings: strings,
        })
    }

    /// Makes the host call by `call`; returns only its error. Allocates nothing.
    pub(crate) fn start(&self, call: impl Fn([u64; 6]) -> SysResult) -> Errno {
        let args = self.arg_pointers.as_ptr().addr() as u64;
        let env = self.env_pointers.as_ptr().addr() as u64;
        for file in [c"/proc/self/exe", self.emulator.as_c_str()] {
            match call([file.as_ptr().addr() as u64, args, env, 0, 0, 0]) {
                Err(Errno::ENOENT) => {}
                Err(error) => return error,
                Ok(_) => return Errno::EIO,
            }
        }
        Errno::ENOENT
    }
}

/// Variables that the host's dynamic linker and C library would take for the emulator's.
const TOUCHY: [&[u8]; 6] =
    [b"LD_", b"GLIBC_TUNABLES=", b"MALLOC_", b"GCONV_PATH=", b"LOCPATH=", b"RUST_"];
/// Prefix under which they travel.
const SHELTER: &[u8] = b"ISAMORPH_GUEST_";

fn sheltered(variable: Vec<u8>) -> Vec<u8> {
    let touchy = TOUCHY.iter().chain([&SHELTER]).any(|name| variable.starts_with(name));
    if touchy { [SHELTER, &variable].concat() } else { variable }
}

/// The environment the guest inherits: the host process's, with what travelled under the prefix
/// brought back.
pub fn inherited_environment() -> Vec<Vec<u8>> {
    unsafe extern "C" {
        static environ: *const *const libc::c_char;
    }
    let mut variables = Vec::new();
    // SAFETY: called before any thread could change the environment; the array and its strings are the C
    // library's.
    unsafe {
        let mut at = environ;
        while !at.is_null() && !(*at).is_null() {
            let variable = CStr::from_ptr(*at).to_bytes();
            variables.push(variable.strip_prefix(SHELTER).unwrap_or(variable).to_vec());
            at = at.add(1);
        }
    }
    variables
}

/// `execve`'s number on the host.
pub(crate) const EXECVE: u32 = sys::__NR_execve;

impl From<FindError> for io::Error {
    fn from(error: FindError) -> io::Error {
        io::Error::from_raw_os_error(error.errno().number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const A64: Target = Target { machine: 183, wide: true, name: "AArch64" };

    fn line(text: &[u8]) -> Option<(String, Option<String>)> {
        shebang(text).map(|s| (shown(&s.interpreter), s.argument.as_deref().map(shown)))
    }

    #[test]
    fn first_lines() {
        let plain = |name: &str| Some((name.to_string(), None));
        assert_eq!(line(b"#!/bin/sh\nexit"), plain("/bin/sh"));
        assert_eq!(line(b"#! /bin/sh"), plain("/bin/sh"));
        let awk = Some(("/usr/bin/env".into(), Some("awk -f".into())));
        assert_eq!(line(b"#!/usr/bin/env \t awk -f  \n"), awk);
        assert_eq!(line(b"#!\n"), None);
        assert_eq!(line(b"#!   "), None);
        assert_eq!(line(b"echo"), None);
        assert_eq!(line(&[b"#!".as_slice(), &[b'a'; 254]].concat()), None);
    }

    struct Dir(PathBuf);

    impl Dir {
        fn new(name: &str) -> Dir {
            let path = std::env::temp_dir().join(format!("isamorph-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Dir(path)
        }

        fn file(&self, name: &str, content: &str, mode: u32) -> Vec<u8> {
            let path = self.0.join(name);
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path.into_os_string().into_encoded_bytes()
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn errors_are_those_of_execve() {
        let dir = Dir::new("find");
        let run = |path: &[u8]| find(&Sysroot::none(), A64, path, &[]).unwrap_err();
        assert_eq!(run(b"/no/such/file").errno(), Errno::ENOENT);
        assert_eq!(run(b"/tmp").errno(), Errno::EACCES);
        assert_eq!(run(&dir.file("plain", "x", 0o644)).errno(), Errno::EACCES);
        let text = run(&dir.file("text", "echo", 0o755));
        assert_eq!(text.errno(), Errno::ENOEXEC);
        assert!(text.to_string().contains("text` cannot be run: it is not an ELF file"));
        assert_eq!(run(&dir.file("empty", "", 0o755)).errno(), Errno::ENOEXEC);
        let script = run(&dir.file("script", "#!/no/such/shell -x\n", 0o755));
        assert_eq!(script.errno(), Errno::ENOENT);
        assert!(script.root().to_string().contains("/no/such/shell"));
        let path = dir.0.join("loop").display().to_string();
        let endless = run(&dir.file("loop", &format!("#!{path}\n"), 0o755));
        assert_eq!(endless.errno(), Errno::ELOOP);
        let host = std::env::current_exe().unwrap().into_os_string().into_encoded_bytes();
        assert!(run(&host).to_string().contains("x86-64"));
    }

    #[test]
    fn touchy_variables_travel_and_come_back() {
        assert_eq!(sheltered(b"PATH=/bin".to_vec()), b"PATH=/bin");
        let moved = sheltered(b"LD_PRELOAD=/lib/x.so".to_vec());
        assert_eq!(moved, b"ISAMORPH_GUEST_LD_PRELOAD=/lib/x.so");
        assert_eq!(moved.strip_prefix(SHELTER), Some(&b"LD_PRELOAD=/lib/x.so"[..]));
        // One that already has the prefix keeps it for the guest.
        assert!(sheltered(moved).starts_with(b"ISAMORPH_GUEST_ISAMORPH_GUEST_"));
    }
}
