//! The assembly stubs of the contract ([`crate::abi`]): by which code is entered and left, and what it calls.
//!
//! Way of the data: [`enter`] → compiled code → stubs, for what the code does not do itself → … → [`enter`] returns.
//!
//! Invariant: no stub touches more of the host's registers than the contract says for its kind.

use crate::abi::{
    ExitReason, JUMP_CACHE_OFFSET, JUMP_CACHE_PART, RETURNS, Stubs, VcpuArea, engine_offset,
};
use crate::slot;
use std::mem::offset_of;

core::arch::global_asm!(
    r#"
    // Asks a function of the engine, with its own MXCSR, where to go on, and goes there.
    .macro ask_engine function
    stmxcsr [rdi + {guest_mxcsr}]
    ldmxcsr [rdi + {host_mxcsr}]
    mov rbx, rdi
    call [rdi + \function]
    mov rdi, rbx
    ldmxcsr [rdi + {guest_mxcsr}]
    jmp rax
    .endm

    // Goes on at the guest address in RSI if the table of the process knows it, which the jump cache then does too. Else
    // on at label 1.
    .macro find_shared
    mov rdx, rsi
    mov rax, rsi
    shr rdx, 19
    shr rax, 2
    xor eax, edx
    mov r8, [rdi + {shared_jumps}]
    and eax, [r8 + {shared_mask}]
    mov rdx, [r8 + 8*rax + {shared_entries}]
    test rdx, rdx
    jz 1f
    cmp rsi, [rdx + {slot_pc}]
    je 2f
    xor eax, 1
    mov rdx, [r8 + 8*rax + {shared_entries}]
    test rdx, rdx
    jz 1f
    cmp rsi, [rdx + {slot_pc}]
    jne 1f
2:  dec dword ptr [rdi + {jump_patience}]
    js 1f
    inc qword ptr [rdi + {shared}]
    mov rax, [rdx]
    cmp eax, [rdx + {slot_thunk}]
    je 3f
    mov ecx, [rdi + {jump_shift}]
    mov rdx, rsi
    shr rdx, cl
    and edx, [rdi + {jump_mask}]
    mov ecx, edx
    shr ecx, {jump_part}
    mov r8d, 1
    shl r8, cl
    or [rdi + {jump_used}], r8
    shl edx, 4
    mov [rdi + rdx + {jump_cache}], rsi
    mov [rdi + rdx + {jump_cache} + 8], rax
3:  jmp rax
    .endm

    .text
    .p2align 4
    .globl isamorph_region_enter
    .globl isamorph_region_exit
    .globl isamorph_region_leave
    .globl isamorph_region_interrupted
    .globl isamorph_region_link
    .globl isamorph_region_lookup
    .globl isamorph_region_lookup_return
    .globl isamorph_region_mispredicted
    .globl isamorph_region_hot
    .globl isamorph_region_flags
    .globl isamorph_region_context
    .globl isamorph_region_eval
    .globl isamorph_region_fp_read
    .globl isamorph_region_fp_clear
isamorph_region_enter:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    mov [rdi + {host_rsp}], rsp
    stmxcsr [rdi + {host_mxcsr}]
    ldmxcsr [rdi + {guest_mxcsr}]
    sub rsp, 16
    mov [rsp], rdi
    lea rax, [rsp - 8]
    mov [rdi + {return_base}], rax
    sub rax, {returns}
    mov [rdi + {return_limit}], rax
    mov rax, rsi
    // A call, so that the host predicts the return for which no call of the guest waits: behind it.
7:  call 8f
isamorph_region_no_return:
    lea rax, [rip + 5f]
    jmp 7b
8:  jmp rax

    .p2align 4
isamorph_region_interrupted:
    mov eax, [rdi + {pc_offset}]
    mov [rdi + rax], rsi
    mov dword ptr [rdi + {exit_reason}], {interrupted}
    jmp isamorph_region_leave

    .p2align 4
isamorph_region_exit:
    pop rax
    mov [rdi + {exit_host_pc}], rax
isamorph_region_leave:
    stmxcsr [rdi + {guest_mxcsr}]
    ldmxcsr [rdi + {host_mxcsr}]
    mov rsp, [rdi + {host_rsp}]
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    // Not a return: what the host would predict it by are calls of the guest.
    pop rcx
    jmp rcx

    .p2align 4
isamorph_region_link:
    ask_engine {link_fn}

    .p2align 4
isamorph_region_lookup:
    find_shared
1:  ask_engine {lookup_fn}

    .p2align 4
isamorph_region_lookup_return:
    mov rax, [rsp - 16]
    sub rsp, 8
    call 6f
6:  mov [rsp], rax
5:  inc qword ptr [rdi + {elsewhere}]
    cmp dword ptr [rdi + {poll}], 0
    jne 1f
    mov ecx, [rdi + {jump_shift}]
    mov rax, rsi
    shr rax, cl
    and eax, [rdi + {jump_mask}]
    shl eax, 4
    cmp rsi, [rdi + rax + {jump_cache}]
    jne 4f
    jmp [rdi + rax + {jump_cache} + 8]
4:
    find_shared
1:  ask_engine {lookup_return_fn}

    .p2align 4
isamorph_region_mispredicted:
    inc qword ptr [rdi + {mispredicted}]
    dec dword ptr [rdx + {patience}]
    js 1f
    mov ecx, [rdi + {jump_shift}]
    mov rax, rsi
    shr rax, cl
    and eax, [rdi + {jump_mask}]
    shl eax, 4
    cmp rsi, [rdi + rax + {jump_cache}]
    jne isamorph_region_lookup
    jmp [rdi + rax + {jump_cache} + 8]
1:  ask_engine {mispredicted_fn}

    .p2align 4
isamorph_region_hot:
    ask_engine {hot_fn}

    .p2align 4
isamorph_region_flags:
    mov rdx, [rax]
    mov rcx, [rax + 16]
    mov rax, [rax + 8]
    cmp rdx, 4
    je 2f
    cmp rdx, 3
    je 3f
    cmp rdx, 6
    je 6f
    cmp rdx, 5
    je 5f
    cmp rdx, 2
    je 4f
    cmp rdx, 1
    je 7f
    and eax, 15
    ret
2:  cmp rax, rcx
    jmp 8f
3:  cmp eax, ecx
8:  setae dl
    jmp 9f
4:  add rax, rcx
    jmp 8f
7:  add eax, ecx
8:  setb dl
    jmp 9f
6:  test rax, rax
    jmp 8f
5:  test eax, eax
8:  mov edx, 0
9:  seto cl
    lahf
    shr eax, 12
    and eax, 12
    movzx ecx, cl
    movzx edx, dl
    or eax, ecx
    lea eax, [rax + 2*rdx]
    ret

    .p2align 4
isamorph_region_context:
    push rbx
    mov rbx, rdi
    stmxcsr [rdi + {guest_mxcsr}]
    ldmxcsr [rdi + {host_mxcsr}]
    call [rdi + {context_fn}]
    ldmxcsr [rbx + {guest_mxcsr}]
    pop rbx
    ret

    .p2align 4
isamorph_region_eval:
    push rax
    push rcx
    push rdx
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
    sub rsp, 256
    movaps [rsp], xmm0
    movaps [rsp + 16], xmm1
    movaps [rsp + 32], xmm2
    movaps [rsp + 48], xmm3
    movaps [rsp + 64], xmm4
    movaps [rsp + 80], xmm5
    movaps [rsp + 96], xmm6
    movaps [rsp + 112], xmm7
    movaps [rsp + 128], xmm8
    movaps [rsp + 144], xmm9
    movaps [rsp + 160], xmm10
    movaps [rsp + 176], xmm11
    movaps [rsp + 192], xmm12
    movaps [rsp + 208], xmm13
    movaps [rsp + 224], xmm14
    movaps [rsp + 240], xmm15
    stmxcsr [rdi + {guest_mxcsr}]
    ldmxcsr [rdi + {host_mxcsr}]
    call [rdi + {eval_fn}]
    movaps xmm0, [rsp]
    movaps xmm1, [rsp + 16]
    movaps xmm2, [rsp + 32]
    movaps xmm3, [rsp + 48]
    movaps xmm4, [rsp + 64]
    movaps xmm5, [rsp + 80]
    movaps xmm6, [rsp + 96]
    movaps xmm7, [rsp + 112]
    movaps xmm8, [rsp + 128]
    movaps xmm9, [rsp + 144]
    movaps xmm10, [rsp + 160]
    movaps xmm11, [rsp + 176]
    movaps xmm12, [rsp + 192]
    movaps xmm13, [rsp + 208]
    movaps xmm14, [rsp + 224]
    movaps xmm15, [rsp + 240]
    add rsp, 256
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    ldmxcsr [rdi + {guest_mxcsr}]
    pop rsi
    pop rdx
    pop rcx
    pop rax
    ret

    .p2align 4
isamorph_region_fp_read:
    stmxcsr [rdi + {guest_mxcsr}]
    ret

    .p2align 4
isamorph_region_fp_clear:
    stmxcsr [rdi + {guest_mxcsr}]
    and dword ptr [rdi + {guest_mxcsr}], -64
    ldmxcsr [rdi + {guest_mxcsr}]
    ret

    .purgem ask_engine
    .purgem find_shared
"#,
    host_rsp = const engine_offset!(host_rsp),
    host_mxcsr = const engine_offset!(host_mxcsr),
    guest_mxcsr = const engine_offset!(guest_mxcsr),
    exit_host_pc = const engine_offset!(exit_host_pc),
    pc_offset = const engine_offset!(pc_offset),
    exit_reason = const engine_offset!(exit_reason),
    interrupted = const ExitReason::Interrupted as u32,
    link_fn = const engine_offset!(callbacks.link),
    lookup_fn = const engine_offset!(callbacks.lookup),
    lookup_return_fn = const engine_offset!(callbacks.lookup_return),
    mispredicted_fn = const engine_offset!(callbacks.mispredicted),
    shared_jumps = const engine_offset!(shared_jumps),
    shared_mask = const slot::SHARED_MASK,
    shared_entries = const slot::SHARED_ENTRIES,
    jump_shift = const engine_offset!(jump_shift),
    jump_mask = const engine_offset!(jump_mask),
    jump_patience = const engine_offset!(jump_patience),
    jump_cache = const JUMP_CACHE_OFFSET,
    jump_part = const JUMP_CACHE_PART.trailing_zeros(),
    jump_used = const offset_of!(VcpuArea, jump_cache_used),
    slot_pc = const slot::SLOT_PC,
    slot_thunk = const slot::SLOT_THUNK,
    patience = const slot::PATIENCE,
    hot_fn = const engine_offset!(callbacks.hot),
    context_fn = const engine_offset!(callbacks.context_helper),
    eval_fn = const engine_offset!(callbacks.eval),
    poll = const engine_offset!(poll),
    shared = const engine_offset!(transitions.shared),
    elsewhere = const engine_offset!(transitions.elsewhere),
    mispredicted = const engine_offset!(transitions.mispredicted),
    return_base = const engine_offset!(return_base),
    return_limit = const engine_offset!(return_limit),
    returns = const RETURNS,
);

unsafe extern "C" {
    fn isamorph_region_enter(area: *mut std::ffi::c_void, code: *const u8);
    fn isamorph_region_exit();
    fn isamorph_region_leave();
    fn isamorph_region_interrupted();
    fn isamorph_region_link();
    fn isamorph_region_lookup();
    fn isamorph_region_lookup_return();
    fn isamorph_region_mispredicted();
    fn isamorph_region_hot();
    fn isamorph_region_flags();
    fn isamorph_region_context();
    fn isamorph_region_eval();
    fn isamorph_region_fp_read();
    fn isamorph_region_fp_clear();
}

/// The stubs' addresses.
pub fn stubs() -> Stubs {
    Stubs {
        exit: isamorph_region_leave,
        region_exit: isamorph_region_exit,
        interrupted: isamorph_region_interrupted,
        link: isamorph_region_link,
        lookup: isamorph_region_lookup,
        lookup_return: isamorph_region_lookup_return,
        mispredicted: isamorph_region_mispredicted,
        hot: isamorph_region_hot,
        eval: isamorph_region_eval,
        context: isamorph_region_context,
        fp_read: isamorph_region_fp_read,
        fp_clear: isamorph_region_fp_clear,
        flags: isamorph_region_flags,
        nzcv: crate::helpers::nzcv,
        sha256_rounds: crate::sha_stubs::isamorph_sha256_rounds,
        sha256_schedule0: crate::sha_stubs::isamorph_sha256_schedule0,
        sha256_schedule1: crate::sha_stubs::isamorph_sha256_schedule1,
    }
}

/// Runs compiled code from `code` until something leaves it; then `exit_reason` says why.
///
/// # Safety
/// `area` is valid and used by this thread alone (except `poll`); `code` is an entry of an installed
/// [`crate::CodeBlob`] compiled for the area's guest, all of whose link slots hold code or thunks
/// ([`crate::abi::link_thunk`], [`crate::abi::thunk_page`]).
/// The host stack has [`RETURNS`] and [`crate::abi::MAX_FRAME`] bytes and what the callbacks need to spare.
pub unsafe fn enter(area: *mut VcpuArea, code: *const u8) {
    // SAFETY: the caller's promise; the stub keeps every callee-saved register and the stack.
    unsafe { isamorph_region_enter(area.cast(), code) }
}
