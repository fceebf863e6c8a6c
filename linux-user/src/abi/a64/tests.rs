use super::*;
use crate::abi::{AltStack, Fault, FaultReport};
use isamorph_ir::contract::TrapKind;
use isamorph_ir::{SlotInfo, Ty};

/// A layout with the registers of this ABI, in an order of its own.
fn layout() -> StateLayout {
    let mut names: Vec<(String, Ty)> = Vec::new();
    names.extend((0..32).map(|n| (format!("v{n}"), Ty::V128)));
    names.push(("qc".into(), Ty::V128));
    names.extend((0..31).map(|n| (format!("x{n}"), Ty::I64)));
    for name in ["sp", "pc", "tpidr_el0", "excl_addr", "dit", "ssbs", "btype", "checks_targets"] {
        names.push((name.into(), Ty::I64));
    }
    for key in ["ia", "ib", "da", "db", "ga"] {
        names.extend(["lo", "hi"].map(|half| (format!("ap{key}key_{half}"), Ty::I64)));
    }
    names.push(("nzcv".into(), Ty::Flags));
    names.push(("fpcr".into(), Ty::I32));
    names.push(("fpsr".into(), Ty::I32));
    let mut offset = 0;
    let slots: Vec<SlotInfo> = names
        .into_iter()
        .map(|(name, ty)| {
            let info = SlotInfo { name: name.leak(), ty, offset };
            offset += ty.bytes();
            info
        })
        .collect();
    let pc = slots.iter().position(|s| s.name == "pc").unwrap();
    StateLayout { slots: slots.leak(), size: offset, pc: Slot(pc as u16) }
}

fn filled(abi: &A64) -> Vec<u8> {
    let mut state = vec![0; abi.layout.size as usize];
    for (n, slot) in abi.x.into_iter().enumerate() {
        abi.set(&mut state, slot, 0x1000 + n as u64);
    }
    for (n, slot) in abi.v.into_iter().enumerate() {
        abi.layout.write(&mut state, slot, (n as u128) << 100 | 7);
    }
    abi.set(&mut state, abi.pc, 0x40_0000);
    abi.set(&mut state, abi.nzcv, 0b1010);
    abi.set(&mut state, abi.fpsr, 0x11);
    abi.set(&mut state, abi.fpcr, 3 << 22);
    abi.layout.write(&mut state, abi.qc, 1 << 90);
    state
}

#[test]
fn a_missing_register_has_a_name() {
    let layout = StateLayout { slots: &layout().slots[..40], ..layout() };
    assert!(A64::new(&layout).err().unwrap().to_string().contains("`x7`"));
}

#[test]
fn the_named_pointer_keys_are_reset() {
    let abi = A64::new(&layout()).unwrap();
    let mut state = filled(&abi);
    let random = [1, 2, 3, 4, 5].map(|n: u128| n << 64 | (10 + n));
    let keys = |state: &[u8]| {
        abi.pointer_keys.map(|[low, high]| (abi.get(state, low), abi.get(state, high)))
    };
    abi.reset_pointer_keys(&mut state, 0b10100, &random).unwrap();
    assert_eq!(keys(&state), [(0, 0), (0, 0), (13, 3), (0, 0), (15, 5)]);
    abi.reset_pointer_keys(&mut state, 0, &random).unwrap();
    assert_eq!(keys(&state), [(11, 1), (12, 2), (13, 3), (14, 4), (15, 5)]);
    assert_eq!(abi.reset_pointer_keys(&mut state, 1 << 5, &random), Err(Errno::EINVAL));
}

#[test]
fn calls_results_and_restarts() {
    let abi = A64::new(&layout()).unwrap();
    let mut state = filled(&abi);
    abi.set(&mut state, abi.x[8], 0xdead_0000_0040);
    let (number, args) = abi.call(&state);
    assert_eq!((number, args[0], args[5]), (0x40, 0x1000, 0x1005));
    abi.rewind_call(&mut state);
    assert_eq!(abi.get(&state, abi.pc), 0x3f_fffc);
    abi.set_result(&mut state, -2i64 as u64);
    assert_eq!(abi.result(&state), u64::MAX - 1);
    abi.become_child(&mut state, Some(0x7000), Some(0x9000));
    assert_eq!((abi.result(&state), abi.stack_pointer(&state)), (0, 0x7000));
}

#[test]
fn a_frame_comes_back_as_it_went() {
    let abi = A64::new(&layout()).unwrap();
    let memory = GuestMemory::default();
    let stack = vec![0u64; 4096];
    let top = stack.as_ptr_range().end.addr() as u64 & !15;
    let mut state = filled(&abi);
    abi.set(&mut state, abi.sp, top - 24);
    let before = state.clone();
    let mut info = [0; 128];
    info[0] = 11;
    let fault = FaultReport { addr: 0x123, fault: Fault::Write, kind: TrapKind::Protected };
    let frame = SignalFrame {
        signal: 11,
        info: &info,
        handler: 0x50_0000,
        with_info: true,
        restorer: 0x60_0004,
        stack_top: None,
        alt_stack: AltStack { base: 1, flags: 2, size: 3 },
        mask: 0xf0f0,
        fault: Some(fault),
    };
    abi.push_frame(&mut state, &memory, &frame).unwrap();
    let x = |n: usize, state: &[u8]| abi.get(state, abi.x[n]);
    let sp = abi.stack_pointer(&state);
    assert_eq!(sp % 16, 0);
    assert_eq!((x(0, &state), x(1, &state), x(2, &state)), (11, sp, sp + 128));
    assert_eq!((abi.get(&state, abi.pc), x(30, &state)), (0x50_0000, 0x60_0004));
    // The frame record chains to the interrupted function's.
    assert_eq!(memory.read::<[u64; 2]>(x(29, &state)), Ok([0x101d, 0x101e]));
    // What a handler reads: fault address, x3, pc, pstate; the records' magics; the syndrome.
    assert_eq!(memory.read(sp + 128 + 176), Ok(0x123u64));
    assert_eq!(memory.read(sp + 128 + 176 + 8 + 24), Ok(0x1003u64));
    assert_eq!(memory.read(sp + 128 + 176 + 264), Ok(0x40_0000u64));
    assert_eq!(memory.read(sp + 128 + 176 + 272), Ok(0b1010u64 << 28));
    assert_eq!(memory.read(sp + 128 + 464), Ok(0x4650_8001u32));
    assert_eq!(memory.read(sp + 128 + 464 + 8), Ok(0x11u32 | 1 << 27));
    assert_eq!(memory.read(sp + 128 + 464 + 528), Ok(0x4553_5201u32));
    assert_eq!(memory.read(sp + 128 + 464 + 536), Ok(0x9200_004fu64));

    let resumed = abi.pop_frame(&mut state, &memory).unwrap();
    assert_eq!(resumed, Resumed { mask: 0xf0f0, alt_stack: frame.alt_stack });
    for slot in 0..abi.layout.slots.len() as u16 {
        let slot = Slot(slot);
        if slot == abi.exclusive || slot == abi.qc {
            continue;
        }
        let name = abi.layout.info(slot).name;
        assert_eq!(abi.layout.read(&state, slot), abi.layout.read(&before, slot), "{name}");
    }
    assert_ne!(abi.layout.read(&state, abi.qc), 0);
}

#[test]
fn a_frame_without_room_or_sense_is_refused() {
    let abi = A64::new(&layout()).unwrap();
    let memory = GuestMemory::default();
    let mut state = filled(&abi);
    let before = state.clone();
    let info = [0; 128];
    let frame = SignalFrame {
        signal: 1,
        info: &info,
        handler: 0,
        with_info: false,
        restorer: 0,
        stack_top: Some(0x100),
        alt_stack: AltStack { base: 0, flags: 0, size: 0 },
        mask: 0,
        fault: None,
    };
    assert_eq!(abi.push_frame(&mut state, &memory, &frame), Err(Errno::EFAULT));
    assert_eq!(state, before);
    let zeroes = vec![0u128; 512];
    abi.set(&mut state, abi.sp, zeroes.as_ptr().addr() as u64);
    assert_eq!(abi.pop_frame(&mut state, &memory), Err(Errno::EINVAL));
    abi.set(&mut state, abi.sp, 8);
    assert_eq!(abi.pop_frame(&mut state, &memory), Err(Errno::EFAULT));
}

/// Offsets against Debian's cross headers, where the cross compiler is installed.
#[test]
fn the_frame_agrees_with_the_headers() {
    let source = r#"
        #include <signal.h>
        #include <asm/sigcontext.h>
        #include <stddef.h>
        #include <ucontext.h>
        _Static_assert(offsetof(ucontext_t, uc_stack) == 16, "");
        _Static_assert(offsetof(ucontext_t, uc_sigmask) == 40, "");
        _Static_assert(offsetof(ucontext_t, uc_mcontext) == 176, "");
        _Static_assert(offsetof(struct sigcontext, regs) == 8, "");
        _Static_assert(offsetof(struct sigcontext, sp) == 256, "");
        _Static_assert(offsetof(struct sigcontext, pstate) == 272, "");
        _Static_assert(offsetof(struct sigcontext, __reserved) == 288, "");
        _Static_assert(sizeof(struct fpsimd_context) == 528, "");
        _Static_assert(sizeof(siginfo_t) == 128, "");
    "#;
    use std::io::Write;
    use std::process::{Command, Stdio};
    let compiler = Command::new("aarch64-linux-gnu-gcc")
        .args(["-fsyntax-only", "-xc", "-"])
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut compiler) = compiler else {
        eprintln!("skipped: aarch64-linux-gnu-gcc is not installed");
        return;
    };
    compiler.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
    assert!(compiler.wait().unwrap().success());
}

#[test]
fn a_handler_is_called_as_by_a_register() {
    let abi = A64::new(&layout()).unwrap();
    let memory = GuestMemory::default();
    let stack = vec![0u64; 4096];
    let mut state = filled(&abi);
    abi.set(&mut state, abi.sp, stack.as_ptr_range().end.addr() as u64 & !15);
    let frame = SignalFrame {
        signal: 4,
        info: &[0; 128],
        handler: 0x50_0000,
        with_info: false,
        restorer: 0,
        stack_top: None,
        alt_stack: AltStack { base: 0, flags: 0, size: 0 },
        mask: 0,
        fault: None,
    };
    // Who does not look at branch targets keeps no BTYPE.
    abi.push_frame(&mut state, &memory, &frame).unwrap();
    assert_eq!(abi.get(&state, abi.btype), 0);
    abi.pop_frame(&mut state, &memory).unwrap();

    abi.check_branch_targets(&mut state);
    abi.set(&mut state, abi.btype, 3 << 10);
    abi.push_frame(&mut state, &memory, &frame).unwrap();
    assert_eq!(abi.get(&state, abi.btype), 2 << 10);
    abi.set(&mut state, abi.btype, 0);
    abi.pop_frame(&mut state, &memory).unwrap();
    assert_eq!(abi.get(&state, abi.btype), 3 << 10);
}
