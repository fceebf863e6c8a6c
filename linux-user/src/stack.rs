//! The first stack of a program: arguments, environment, auxiliary vector.
//!
//! Third stage of a guest process: the loaded image's addresses → **the bytes at the top of the main
//! stack** → first instruction. As `Documentation` of ELF on Linux and the psABI have it, from the
//! stack pointer upwards: argc, argv, NULL, envp, NULL, auxv, AT_NULL, then the strings.
//!
//! Invariant: the stack pointer is 16-byte aligned, and every pointer points into the bytes made here.

use std::ops::Range;

use libc as sys;

/// What the auxiliary vector tells, besides what follows from the strings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuxInfo {
    /// Program headers in memory, their size and number.
    pub headers: u64,
    /// Size of one.
    pub header_size: u64,
    /// Their number.
    pub header_count: u64,
    /// Load address of the dynamic linker, or 0.
    pub interpreter_base: u64,
    /// Address of the program's own first instruction.
    pub entry: u64,
    /// `AT_HWCAP`, `AT_HWCAP2`.
    pub hwcap: [u64; 2],
    /// `AT_MINSIGSTKSZ`.
    pub min_signal_stack: u64,
    /// Real and effective user, real and effective group.
    pub ids: [u64; 4],
    /// Does the program run with rights that its caller has not?
    pub secure: bool,
    /// 16 random bytes.
    pub random: [u8; 16],
}

/// The strings a program starts with, without their NULs.
#[derive(Clone, Copy, Debug)]
pub struct Strings<'a> {
    /// `argv`.
    pub argv: &'a [Vec<u8>],
    /// `envp`.
    pub env: &'a [Vec<u8>],
    /// `AT_EXECFN`: the path given to `execve`.
    pub path: &'a [u8],
    /// `AT_PLATFORM`.
    pub platform: &'a str,
}

/// The finished stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialStack {
    /// Stack pointer: where `bytes` go.
    pub pointer: u64,
    /// From the pointer to the top.
    pub bytes: Vec<u8>,
    /// The auxiliary vector's bytes, with its AT_NULL.
    pub auxv: Vec<u8>,
    /// Addresses of the strings of `argv`, which follow one another.
    pub args: Range<u64>,
    /// Addresses of the strings of the environment, which follow one another.
    pub env: Range<u64>,
}

/// Strings from the top downwards.
struct Area {
    top: u64,
    /// The area's bytes, last first.
    reversed: Vec<u8>,
}

impl Area {
    fn push(&mut self, bytes: &[u8]) -> u64 {
        self.reversed.extend(bytes.iter().rev());
        self.top - self.reversed.len() as u64
    }

    fn push_str(&mut self, bytes: &[u8]) -> u64 {
        self.reversed.push(0);
        self.push(bytes)
    }

    /// Addresses of the strings and of their whole. The last is pushed first, so that they follow one
    /// another upwards.
    fn push_list(&mut self, list: &[Vec<u8>]) -> (Vec<u64>, Range<u64>) {
        let end = self.top - self.reversed.len() as u64;
        let mut at: Vec<u64> = list.iter().rev().map(|s| self.push_str(s)).collect();
        at.reverse();
        (at, self.top - self.reversed.len() as u64..end)
    }
}

/// Lays out the stack of a 64-bit little-endian program that ends at `top` (16-byte aligned).
pub fn build(top: u64, strings: &Strings<'_>, aux: &AuxInfo) -> InitialStack {
    let mut area = Area { top, reversed: vec![0; 8] };
    let path = area.push_str(strings.path);
    let (env, env_range) = area.push_list(strings.env);
    let (argv, args_range) = area.push_list(strings.argv);
    let platform = area.push_str(strings.platform.as_bytes());
    let random = area.push(&aux.random);

    let [uid, euid, gid, egid] = aux.ids;
    let auxv: [(u64, u64); 20] = [
        (sys::AT_HWCAP, aux.hwcap[0]),
        (sys::AT_PAGESZ, crate::vma::PAGE),
        (sys::AT_CLKTCK, 100),
        (sys::AT_PHDR, aux.headers),
        (sys::AT_PHENT, aux.header_size),
        (sys::AT_PHNUM, aux.header_count),
        (sys::AT_BASE, aux.interpreter_base),
        (sys::AT_FLAGS, 0),
        (sys::AT_ENTRY, aux.entry),
        (sys::AT_UID, uid),
        (sys::AT_EUID, euid),
        (sys::AT_GID, gid),
        (sys::AT_EGID, egid),
        (sys::AT_SECURE, aux.secure as u64),
        (sys::AT_RANDOM, random),
        (sys::AT_HWCAP2, aux.hwcap[1]),
        (sys::AT_EXECFN, path),
        (sys::AT_PLATFORM, platform),
        (sys::AT_MINSIGSTKSZ, aux.min_signal_stack),
        (sys::AT_NULL, 0),
    ];
    let auxv: Vec<u8> =
        auxv.iter().flat_map(|&(kind, value)| [kind, value]).flat_map(u64::to_le_bytes).collect();

    let words = [strings.argv.len() as u64]
        .into_iter()
        .chain(argv)
        .chain([0])
        .chain(env)
        .chain([0])
        .flat_map(u64::to_le_bytes);
    let mut bytes: Vec<u8> = words.collect();
    bytes.extend_from_slice(&auxv);
    let strings_start = top - area.reversed.len() as u64;
    let pointer = (strings_start - bytes.len() as u64) & !15;
    bytes.resize((strings_start - pointer) as usize, 0);
    bytes.extend(area.reversed.iter().rev());
    InitialStack { pointer, bytes, auxv, args: args_range, env: env_range }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: u64 = 0x8000;

    fn word(s: &InitialStack, addr: u64) -> u64 {
        let at = (addr - s.pointer) as usize;
        u64::from_le_bytes(s.bytes[at..at + 8].try_into().unwrap())
    }

    fn string(s: &InitialStack, addr: u64) -> &[u8] {
        let tail = &s.bytes[(addr - s.pointer) as usize..];
        &tail[..tail.iter().position(|&b| b == 0).unwrap()]
    }

    fn build_with(argv: &[&str], env: &[&str]) -> InitialStack {
        let list = |l: &[&str]| l.iter().map(|s| s.as_bytes().to_vec()).collect::<Vec<_>>();
        let strings =
            Strings { argv: &list(argv), env: &list(env), path: b"/bin/prog", platform: "aarch64" };
        let aux = AuxInfo {
            headers: 0x40_0040,
            hwcap: [0x83, 0],
            random: [7; 16],
            ids: [1, 2, 3, 4],
            ..AuxInfo::default()
        };
        build(TOP, &strings, &aux)
    }

    #[test]
    fn arguments_environment_and_vector_are_found_from_the_pointer() {
        for argc in 0..5usize {
            let args = &["prog", "", "two words", "x"][..argc.min(4)];
            let s = build_with(args, &["A=1", "LONG=yes"]);
            assert_eq!(s.pointer % 16, 0);
            assert_eq!(s.pointer + s.bytes.len() as u64, TOP);
            assert_eq!(word(&s, s.pointer), args.len() as u64);
            let mut at = s.pointer + 8;
            for arg in args {
                assert_eq!(string(&s, word(&s, at)), arg.as_bytes());
                at += 8;
            }
            assert_eq!(word(&s, at), 0);
            assert_eq!(s.env, word(&s, at + 8)..word(&s, at + 8) + 13);
            assert_eq!(s.args.end, s.env.start);
            assert_eq!(string(&s, word(&s, at + 8)), b"A=1");
            assert_eq!(string(&s, word(&s, at + 16)), b"LONG=yes");
            assert_eq!(word(&s, at + 24), 0);
            let auxv = at + 32;
            let at_auxv = (auxv - s.pointer) as usize;
            assert_eq!(s.bytes[at_auxv..at_auxv + s.auxv.len()], s.auxv);
        }
    }

    #[test]
    fn the_vector_points_to_its_strings() {
        let s = build_with(&["p"], &[]);
        let entries: std::collections::HashMap<u64, u64> = s
            .auxv
            .chunks(16)
            .map(|e| {
                let word = |at: usize| u64::from_le_bytes(e[at..at + 8].try_into().unwrap());
                (word(0), word(8))
            })
            .collect();
        let entry = |kind: u64| entries[&kind];
        assert_eq!(string(&s, entry(sys::AT_EXECFN)), b"/bin/prog");
        assert_eq!(string(&s, entry(sys::AT_PLATFORM)), b"aarch64");
        assert_eq!(word(&s, entry(sys::AT_RANDOM)), 0x0707_0707_0707_0707);
        assert_eq!(entry(sys::AT_PHDR), 0x40_0040);
        assert_eq!(entry(sys::AT_EGID), 4);
        assert_eq!(entry(sys::AT_PAGESZ), 4096);
        assert!(!entries.contains_key(&sys::AT_SYSINFO_EHDR));
        assert_eq!(s.auxv[s.auxv.len() - 16..], [0; 16]);
        // The top word is NULL, as Linux leaves it.
        assert_eq!(s.bytes[s.bytes.len() - 8..], [0; 8]);
    }
}
