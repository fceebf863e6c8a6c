//! Stubs around the host's SHA instructions (SHA extensions and SSSE3), reached through [`crate::abi::Stubs`].
//!
//! Vectors come in XMM0 to XMM2 and leave in XMM0 and XMM1, lane 0 first as [`isamorph_ir::contract::Intrinsic`] has
//! them; every other register is preserved. To be called only where the host has the instructions.
//!
//! Invariant: nothing below the stack pointer but the red zone is used.

core::arch::global_asm!(
    r#"
    .text
    .p2align 4
    .globl isamorph_sha256_rounds
    .globl isamorph_sha256_schedule0
    .globl isamorph_sha256_schedule1
isamorph_sha256_rounds:
    movups [rsp - 16], xmm2
    movups [rsp - 32], xmm3
    // The host wants f, e, b, a and h, g, d, c from lane 0 on.
    movdqa xmm3, xmm1
    punpcklqdq xmm3, xmm2
    punpckhqdq xmm1, xmm2
    pshufd xmm3, xmm3, 0x1b
    pshufd xmm1, xmm1, 0x1b
    // Two rounds give a, b, e, f; what they were is the new c, d, g, h.
    sha256rnds2 xmm1, xmm3
    punpckhqdq xmm0, xmm0
    sha256rnds2 xmm3, xmm1
    movdqa xmm0, xmm1
    punpckhqdq xmm0, xmm3
    punpcklqdq xmm1, xmm3
    pshufd xmm0, xmm0, 0x1b
    pshufd xmm1, xmm1, 0x1b
    movups xmm2, [rsp - 16]
    movups xmm3, [rsp - 32]
    ret

    .p2align 4
isamorph_sha256_schedule0:
    sha256msg1 xmm0, xmm1
    ret

    .p2align 4
isamorph_sha256_schedule1:
    sha256msg2 xmm0, xmm1
    ret
"#
);

unsafe extern "C" {
    /// XMM0 = four words with constants, XMM1 = a to d, XMM2 = e to h: the new a to d in XMM0, e to h in XMM1.
    pub(crate) fn isamorph_sha256_rounds();
    /// XMM0 = words 0 to 3, XMM1 = words 4 to 7: their sums in XMM0.
    pub(crate) fn isamorph_sha256_schedule0();
    /// XMM0 = sums with words 9 to 12, XMM1 = words 12 to 15: words 16 to 19 in XMM0.
    pub(crate) fn isamorph_sha256_schedule1();
}
