//! The engine end to end on A64 code in memory: every tier, faults, changed code, kicks.
//!
//! Expected values follow from the programs (assembled by GNU as), not from our own runs.

use isamorph_engine::{Access, Engine, EngineConfig, EngineKind, TrapKind, Vcpu, VmExit, fault};
use isamorph_ir::CodeSource;
use isamorph_ir::slot::Slot;
use std::sync::{Arc, Once};

/// Guest code and data in one anonymous mapping.
struct Guest {
    base: u64,
}

const SIZE: usize = 1 << 16;

impl Guest {
    fn new(words: &[u32]) -> Guest {
        // SAFETY: a fresh anonymous mapping.
        let p = unsafe {
            let (r, w) = (libc::PROT_READ, libc::PROT_WRITE);
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            libc::mmap(std::ptr::null_mut(), SIZE, r | w, flags, -1, 0)
        };
        assert_ne!(p, libc::MAP_FAILED);
        let guest = Guest { base: p as u64 };
        guest.write(0, words);
        guest
    }

    fn write(&self, offset: u64, words: &[u32]) {
        for (i, w) in words.iter().enumerate() {
            let at = (self.base + offset) as *mut u32;
            // SAFETY: inside of the mapping; no guest code runs now.
            unsafe { at.add(i).write_volatile(*w) };
        }
    }

    fn data(&self) -> u64 {
        self.base + 0x8000
    }
}

struct Flat;

impl CodeSource for Flat {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
        isamorph_engine::mem::user::UserMemory::new(0).read_some(addr, buf)
    }
}

extern "C" fn on_signal(sig: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the handler's own arguments.
    if !unsafe { fault::on_host_signal(sig, info, context) } {
        // SAFETY: async-signal-safe.
        unsafe { libc::abort() };
    }
}

fn install_handler() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handler does what its page says and no more.
        unsafe {
            let mut sa: libc::sigaction = std::mem::zeroed();
            sa.sa_sigaction = on_signal as *const () as usize;
            sa.sa_flags = libc::SA_SIGINFO;
            for signal in fault::SIGNALS {
                libc::sigaction(signal, &sa, std::ptr::null_mut());
            }
        }
    });
}

const KINDS: [EngineKind; 4] =
    [EngineKind::Interp, EngineKind::Baseline, EngineKind::Jit, EngineKind::Auto];

fn vcpu(kind: EngineKind, pc: u64) -> Vcpu {
    install_handler();
    let config = EngineConfig { kind, threshold: 5, code_bytes: 8 << 20, ..Default::default() };
    let frontend = Arc::new(isamorph_a64::A64);
    let engine = Engine::new(config, frontend, Arc::new(Flat)).unwrap();
    let mut vcpu = Vcpu::new(&engine);
    vcpu.set_pc(pc);
    vcpu
}

fn slot(v: &Vcpu, name: &str) -> Slot {
    v.engine().desc().layout.find(name).unwrap()
}

fn get(v: &Vcpu, name: &str) -> u64 {
    v.engine().desc().layout.read_u64(v.state(), slot(v, name))
}

fn set(v: &mut Vcpu, name: &str, value: u64) {
    let (layout, slot) = (v.engine().desc().layout, slot(v, name));
    layout.write(v.state_mut(), slot, value as u128);
}

const SUM: [u32; 11] = [
    0xaa0003f3, // mov x19, x0
    0xd2800014, // mov x20, #0
    0xaa1303e0, // 1: mov x0, x19
    0x94000006, // bl 2f
    0x8b000294, // add x20, x20, x0
    0xf1000673, // subs x19, x19, #1
    0x54ffff81, // b.ne 1b
    0xaa1403e0, // mov x0, x20
    0xd4000001, // svc #0
    0x91000400, // 2: add x0, x0, #1
    0xd65f03c0, // ret
];

#[test]
fn loops_calls_and_system_calls() {
    for kind in KINDS {
        let guest = Guest::new(&SUM);
        let mut v = vcpu(kind, guest.base);
        for n in [1u64, 10, 100_000] {
            v.set_pc(guest.base);
            set(&mut v, "x0", n);
            assert_eq!(v.run(), VmExit::Syscall { imm: 0 }, "{kind:?}");
            assert_eq!(get(&v, "x0"), n * (n + 1) / 2 + n, "{kind:?} {n}");
            assert_eq!(v.pc(), guest.base + 9 * 4);
            assert_eq!(get(&v, "nzcv"), 6, "x19 - 1 = 0 without borrow: Z and C");
        }
        if kind == EngineKind::Jit {
            assert_eq!(v.engine().stats().interpreted_insns, 0);
            assert!(v.engine().stats().regions >= 1);
        }
    }
}

#[test]
fn memory_and_exact_faults() {
    let code = [
        0xf9400001u32, // ldr x1, [x0]
        0xd4000021,    // svc #1
        0xf9000441,    // str x1, [x2, #8]
        0xb9400843,    // ldr w3, [x2, #8]
        0xa9000c43,    // stp x3, x3, [x2]
        0xd4000041,    // svc #2
        0xd28000e5,    // mov x5, #7
        0xf9400086,    // ldr x6, [x4]
        0xd4000061,    // svc #3
    ];
    for kind in KINDS {
        let guest = Guest::new(&code);
        let mut v = vcpu(kind, guest.base);
        let data = guest.data();
        guest.write(0x8100, &[0x89ab_cdef, 0x0123_4567]);
        set(&mut v, "x0", data + 0x100);
        set(&mut v, "x2", data);
        set(&mut v, "x4", 0x10);
        assert_eq!(v.run(), VmExit::Syscall { imm: 1 });
        assert_eq!(get(&v, "x1"), 0x0123_4567_89ab_cdef);
        assert_eq!(v.run(), VmExit::Syscall { imm: 2 });
        assert_eq!(get(&v, "x3"), 0x89ab_cdef);
        v.engine().set_precise();
        let VmExit::Fault(f) = v.run() else { panic!("{kind:?}: a fault") };
        assert_eq!((f.pc, f.addr), (guest.base + 28, 0x10), "{kind:?}");
        assert_eq!((f.access, f.kind, f.exact), (Access::Read, TrapKind::Unmapped, true));
        assert_eq!((v.pc(), get(&v, "x5")), (f.pc, 7));
    }
}

#[test]
fn changed_code_is_seen() {
    let code = [
        0xaa1e03f5u32, // mov x21, x30
        0xaa0103f4,    // mov x20, x1
        0xd63f0280,    // blr x20
        0x2a0003f6,    // mov w22, w0
        0xb9000282,    // str w2, [x20]
        0xd50b7b34,    // dc cvau, x20
        0xd5033b9f,    // dsb ish
        0xd50b7534,    // ic ivau, x20
        0xd5033b9f,    // dsb ish
        0xd5033fdf,    // isb
        0xd63f0280,    // blr x20
        0x0b161000,    // add w0, w0, w22, lsl #4
        0xd4000001,    // svc #0
    ];
    for kind in KINDS {
        let guest = Guest::new(&code);
        let mut v = vcpu(kind, guest.base);
        for _ in 0..20 {
            guest.write(0x8000, &[0x5280_0020, 0xd65f_03c0]); // mov w0, #1; ret
            v.engine().invalidate(guest.data()..guest.data() + 8);
            v.set_pc(guest.base);
            set(&mut v, "x1", guest.data());
            set(&mut v, "x2", 0x5280_0040); // mov w0, #2
            assert_eq!(v.run(), VmExit::Syscall { imm: 0 });
            assert_eq!(get(&v, "x0"), 0x12, "{kind:?}");
        }
    }
}

/// (1 + 2^-23) (1 - 2^-23) 2^-126 is below the least normal number and rounds to it: Arm, unlike the host, tells of it.
#[test]
fn underflow_is_told_of_once_the_guest_looks_at_the_flags() {
    let code = [
        0x94000006u32, // 1: bl 2f
        0xf1000673,    // subs x19, x19, #1
        0x54ffffc1,    // b.ne 1b
        0xd63f0280,    // blr x20
        0x94000002,    // bl 2f
        0xd61f02a0,    // br x21
        0x1e220820,    // 2: fmul s0, s1, s2
        0xd65f03c0,    // ret
        0xd51b443f,    // msr fpsr, xzr
        0xd65f03c0,    // ret
        0xd53b4420,    // mrs x0, fpsr
        0xd4000001,    // svc #0
    ];
    for kind in KINDS {
        let guest = Guest::new(&code);
        let mut v = vcpu(kind, guest.base);
        for (name, value) in [
            ("v1", 0x3f80_0001),
            ("v2", 0x007f_ffff),
            ("x19", 100_000),
            ("x20", guest.base + 32),
            ("x21", guest.base + 40),
        ] {
            set(&mut v, name, value);
        }
        assert_eq!(v.run(), VmExit::Syscall { imm: 0 }, "{kind:?}");
        assert_eq!(get(&v, "v0"), 0x0080_0000);
        assert_eq!(get(&v, "x0"), 0x18, "{kind:?}: underflow, inexact");
    }
}

/// FPCR.FZ: what is tiny before rounding becomes zero, though it rounds to the least normal number; operands too.
#[test]
fn denormals_are_flushed() {
    let code = [
        0xd51b4400u32, // msr fpcr, x0
        0x1e220820,    // fmul s0, s1, s2
        0x1e2428e3,    // fadd s3, s7, s4
        0x1e2638a4,    // fsub s4, s5, s6
        0xd4000001,    // svc #0
    ];
    for kind in KINDS {
        let guest = Guest::new(&code);
        let mut v = vcpu(kind, guest.base);
        for round in 0..20 {
            for (name, value) in [
                ("x0", 1 << 24),
                ("v1", 0x2000_0001), // (1 + 2^-23) 2^-63
                ("v2", 0x1fff_fffe), // (1 - 2^-23) 2^-63
                ("v7", 0x3f80_0001),
                ("v4", 0x807f_ffff),
                ("v5", 0x0080_0001),
                ("v6", 0x0080_0000),
            ] {
                set(&mut v, name, value);
            }
            v.set_pc(guest.base);
            assert_eq!(v.run(), VmExit::Syscall { imm: 0 }, "{kind:?}");
            let got = ["v0", "v3", "v4"].map(|name| get(&v, name));
            assert_eq!(got, [0, 0x3f80_0001, 0], "{kind:?} {round}");
        }
    }
}

#[test]
fn a_kick_interrupts_an_endless_loop() {
    for kind in KINDS {
        let guest = Guest::new(&[0x1400_0000]); // b .
        let mut v = vcpu(kind, guest.base);
        let kicker = v.kicker();
        let waiting = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(50));
            kicker.kick();
        });
        assert_eq!(v.run(), VmExit::Interrupted, "{kind:?}");
        assert_eq!(v.pc(), guest.base);
        waiting.join().unwrap();
    }
}

#[test]
fn fetching_nothing_and_undefined_words_are_reported() {
    for kind in KINDS {
        let guest = Guest::new(&[0x0000_0000]); // udf #0
        let mut v = vcpu(kind, guest.base);
        let exit = v.run();
        assert!(matches!(exit, VmExit::Exception(_)), "{kind:?}: {exit:?}");
        assert_eq!(v.pc(), guest.base);
        v.set_pc(0x40);
        let VmExit::Fault(f) = v.run() else { panic!("{kind:?}: a fault") };
        assert_eq!((f.addr, f.access, f.kind), (0x40, Access::Fetch, TrapKind::Unmapped));
    }
}
