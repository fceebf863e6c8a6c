//! The emitter against an independent disassembler.

use super::emit::*;
use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

/// What the bytes say.
fn text(emit: &Emit) -> Vec<String> {
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_hex_prefix("0x");
    formatter.options_mut().set_hex_suffix("");
    formatter.options_mut().set_uppercase_hex(false);
    formatter.options_mut().set_branch_leading_zeros(false);
    let decoder = Decoder::with_ip(64, emit.code(), 0, DecoderOptions::NONE);
    decoder
        .into_iter()
        .map(|insn| {
            let mut out = String::new();
            formatter.format(&insn, &mut out);
            out
        })
        .collect()
}

fn one(avx: bool, emit: impl FnOnce(&mut Emit)) -> String {
    let mut e = Emit::new(avx);
    emit(&mut e);
    text(&e).join("; ")
}

const NAMES: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
    "r14", "r15",
];

#[test]
fn every_register_and_address() {
    for base in 0..16u8 {
        for index in (0..16u8).filter(|i| *i != 4) {
            for (disp, shown) in [(0, ""), (8, "+8"), (-8, "-8"), (0x1234, "+0x1234")] {
                let reg = Gpr(base ^ index);
                let m = Mem { base: Gpr(base), index: Some((Gpr(index), 2)), disp };
                let (b, i) = (NAMES[base as usize], NAMES[index as usize]);
                let r = NAMES[reg.0 as usize];
                let want = format!("add {r},[{b}+{i}*4{shown}]");
                assert_eq!(one(true, |e| e.alu(Alu::Add, true, reg, m)), want);
            }
        }
        for (disp, shown) in [(0, ""), (8, "+8"), (0x1000, "+0x1000")] {
            let b = NAMES[base as usize];
            let got = one(true, |e| e.mov(true, Gpr(15 - base), Mem::new(Gpr(base), disp)));
            assert_eq!(got, format!("mov {},[{b}{shown}]", NAMES[15 - base as usize]));
        }
        for other in 0..16u8 {
            let (a, b) = (NAMES[base as usize], NAMES[other as usize]);
            let got = one(true, |e| e.alu(Alu::Cmp, true, Gpr(base), Gpr(other)));
            assert_eq!(got, format!("cmp {a},{b}"));
        }
    }
}

#[test]
fn bytes_of_every_register() {
    // SPL to DIL need a prefix that AL to BL do not.
    let low = [
        "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b",
        "r13b", "r14b", "r15b",
    ];
    for (n, name) in low.iter().enumerate() {
        let r = Gpr(n as u8);
        assert_eq!(one(true, |e| e.setcc(Cc::B, r)), format!("setb {name}"));
        assert_eq!(one(true, |e| e.load_zx(1, RAX, r)), format!("movzx eax,{name}"));
        assert_eq!(one(true, |e| e.load_sx(1, true, RAX, r)), format!("movsx rax,{name}"));
        assert_eq!(one(true, |e| e.store(1, Mem::area(4), r)), format!("mov [rdi+4],{name}"));
    }
}

#[test]
fn constants_in_the_shortest_form() {
    for (imm, want, len) in [
        (0, "mov r9d,0", 6),
        (0xffff_ffff, "mov r9d,0xffffffff", 6),
        (u64::MAX, "mov r9,0xffffffffffffffff", 7),
        (0x1234_5678_9abc, "mov r9,0x123456789abc", 10),
    ] {
        let mut e = Emit::new(true);
        e.mov_imm(Gpr(9), imm);
        assert_eq!((text(&e).join(";"), e.code().len()), (want.into(), len));
    }
}

#[test]
fn integer_forms() {
    let m = Mem::new(RSP, 16);
    let r10 = Gpr(10);
    let forms: Vec<(String, &str)> = vec![
        (one(true, |e| e.alu_imm(Alu::And, false, r10, 127)), "and r10d,0x7f"),
        (one(true, |e| e.alu_imm(Alu::Sub, true, m, 0x1000)), "sub qword ptr [rsp+0x10],0x1000"),
        (one(true, |e| e.store_imm(2, m, -1)), "mov word ptr [rsp+0x10],0xffff"),
        (one(true, |e| e.store(2, m, r10)), "mov [rsp+0x10],r10w"),
        (one(true, |e| e.load_sx(4, true, r10, m)), "movsxd r10,[rsp+0x10]"),
        (one(true, |e| e.lea(false, RAX, m)), "lea eax,[rsp+0x10]"),
        (one(true, |e| e.imul_imm(true, RAX, r10, 7)), "imul rax,r10,7"),
        (one(true, |e| e.group3(6, true, r10)), "div r10"),
        (one(true, |e| e.shift_imm(Shift::Sar, true, r10, 63)), "sar r10,0x3f"),
        (one(true, |e| e.shift_cl(Shift::Ror, false, r10)), "ror r10d,cl"),
        (one(true, |e| e.shift_x(Shift::Shl, true, RAX, m, r10)), "shlx rax,[rsp+0x10],r10"),
        (one(true, |e| e.shift_x(Shift::Sar, false, RAX, r10, RCX)), "sarx eax,r10d,ecx"),
        (one(true, |e| e.andn(true, RAX, r10, m)), "andn rax,r10,[rsp+0x10]"),
        (one(true, |e| e.bits(0xf3, 0xbd, true, RAX, r10)), "lzcnt rax,r10"),
        (one(true, |e| e.bswap(true, r10)), "bswap r10"),
        (one(true, |e| e.bt(false, RAX, r10)), "bt eax,r10d"),
        (one(true, |e| e.cmov(Cc::Le, true, RAX, r10)), "cmovle rax,r10"),
        (one(true, |e| e.xchg(2, m, r10)), "xchg [rsp+0x10],r10w"),
        (one(true, |e| e.locked(0xc0, 1, m, RSI)), "lock xadd [rsp+0x10],sil"),
        (one(true, |e| e.locked(0xb0, 8, m, r10)), "lock cmpxchg [rsp+0x10],r10"),
        (one(true, |e| e.cmpxchg16b(m)), "lock cmpxchg16b [rsp+0x10]"),
        (one(true, |e| e.lock_or(m, 0)), "lock or dword ptr [rsp+0x10],0"),
        (one(true, |e| e.jmp_rm(m)), "jmp qword ptr [rsp+0x10]"),
        (one(true, |e| e.call_rm(Mem::area(8))), "call qword ptr [rdi+8]"),
    ];
    for (got, want) in forms {
        assert_eq!(got, want);
    }
}

#[test]
fn vectors_with_and_without_avx() {
    let (a, b, c) = (Xmm(3), Xmm(12), Xmm(7));
    let (m, add) = (Mem::area(32), code(0x66, 1, 0xfe));
    let forms: Vec<(String, &str)> = vec![
        (one(true, |e| e.v3(add, a, c, b)), "vpaddd xmm3,xmm7,xmm12"),
        (one(false, |e| e.v3(add, a, c, b)), "movaps xmm3,xmm7; paddd xmm3,xmm12"),
        (one(false, |e| e.v3(add, a, a, b)), "paddd xmm3,xmm12"),
        (one(true, |e| e.v3(add, a, c, m)), "vpaddd xmm3,xmm7,[rdi+0x20]"),
        (one(true, |e| e.load_x(4, false, b, m)), "vmovss xmm12,[rdi+0x20]"),
        (one(false, |e| e.load_x(8, false, b, c)), "movq xmm12,xmm7"),
        (one(true, |e| e.load_x(16, false, b, m)), "vmovups xmm12,[rdi+0x20]"),
        (one(false, |e| e.store_x(16, true, m, b)), "movaps [rdi+0x20],xmm12"),
        (one(true, |e| e.store_x(8, false, m, b)), "vmovq [rdi+0x20],xmm12"),
        (one(true, |e| e.movd_to(true, b, Gpr(9))), "vmovq xmm12,r9"),
        (one(false, |e| e.movd_from(false, Gpr(9), b)), "movd r9d,xmm12"),
        (one(true, |e| e.vshift(0x73, 3, a, b, 8)), "vpsrldq xmm3,xmm12,8"),
        (one(false, |e| e.vshift(0x72, 4, a, a, 31)), "psrad xmm3,0x1f"),
        (
            one(true, |e| e.v3w(code(0x66, 3, 0x22), true, a, b, Gpr(10), Some(1))),
            "vpinsrq xmm3,xmm12,r10,1",
        ),
        (
            one(true, |e| e.vex_only(code(0x66, 2, 0xa9), true, a, b, c)),
            "vfmadd213sd xmm3,xmm12,xmm7",
        ),
        (one(true, |e| e.zero_x(b)), "vxorps xmm12,xmm12,xmm12"),
    ];
    for (got, want) in forms {
        assert_eq!(got, want);
    }
}

#[test]
fn jumps_and_constants_find_their_places() {
    let mut e = Emit::new(false);
    let jump = e.jcc(Cc::Ne);
    let ones = e.constant(u128::MAX);
    e.load_x(16, true, Xmm(3), ones);
    e.bind(jump);
    let back = e.offset();
    e.jmp_back(back);
    let code = e.code().len();
    e.finish_pool();
    assert_eq!(e.code()[e.code().len() - 16..], [0xff; 16]);
    assert!(e.code().len().is_multiple_of(16));
    let pool = e.code().len() - 16;
    let lines = text(&e);
    assert_eq!(lines[0], format!("jne {back:#x}"));
    assert_eq!(lines[1], format!("movaps xmm3,[{pool:#x}]"));
    assert_eq!((lines[2].clone(), code), (format!("jmp short {back:#x}"), back as usize + 2));
}

#[test]
fn jumps_are_as_short_as_they_can_be() {
    let (near, far) = ((2, "jmp short 0"), (5, "jmp 0"));
    for (over, want) in [(0, near), (126, near), (127, far), (1000, far)] {
        let mut e = Emit::new(true);
        e.raw(&vec![0x90; over]);
        e.jmp_back(0);
        assert_eq!((e.code().len() - over, &*text(&e)[over]), want);
    }
    for (over, fits) in [(20, true), (127, true), (128, false)] {
        let mut e = Emit::new(true);
        let jump = e.jcc_near(Cc::A);
        e.raw(&vec![0x90; over]);
        e.bind(jump);
        assert_eq!(e.too_far, !fits);
        if fits {
            assert_eq!(text(&e)[0], format!("ja short {:#x}", over + 2));
        }
    }
}
