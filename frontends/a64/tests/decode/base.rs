//! Words as GNU as 2.40 assembles them, and the pattern that each must decode to.
//!
//! PC-relative operands are written relative to the instruction (`.`).

#[rustfmt::skip]
const DP_IMM: &[(u32, &str)] = &[
    (0x50e6_b438, "adr"), // adr x24, .-0x3297a
    (0x70a7_4de4, "adr"), // adr x4, .-0xb1641
    (0x90b4_0aeb, "adrp"), // adrp x11, .-0x97ea4000
    (0xd0ab_8b4d, "adrp"), // adrp x13, .-0xa8e96000
    (0x111a_e3e6, "add_imm"), // add w6, wsp, #0x6b8
    (0x911d_616f, "add_imm"), // add x15, x11, #0x758
    (0x3156_4ce9, "adds_imm"), // adds w9, w7, #0x593, lsl #12
    (0xb129_15d0, "adds_imm"), // adds x16, x14, #0xa45
    (0xd120_169d, "sub_imm"), // sub x29, x20, #0x805
    (0xd12e_1de2, "sub_imm"), // sub x2, x15, #0xb87
    (0xf16c_1575, "subs_imm"), // subs x21, x11, #0xb05, lsl #12
    (0xf144_2276, "subs_imm"), // subs x22, x19, #0x108, lsl #12
    (0x9206_b18f, "and_imm"), // and x15, x12, #0xfc7ffc7ffc7ffc7f
    (0x9214_3f78, "and_imm"), // and x24, x27, #0xffff0000ffff000
    (0xb206_5d85, "orr_imm"), // orr x5, x12, #0xfc03fffffc03ffff
    (0xb251_04d7, "orr_imm"), // orr x23, x6, #0x1800000000000
    (0xd27c_30a8, "eor_imm"), // eor x8, x5, #0x1fff0
    (0x5219_7a29, "eor_imm"), // eor w9, w17, #0xffffffbf
    (0xf265_3d35, "ands_imm"), // ands x21, x9, #0x7fff8000000
    (0x720a_acd6, "ands_imm"), // ands w22, w6, #0xffc3ffc3
    (0x92be_3769, "movn"), // movn x9, #0xf1bb, lsl #16
    (0x92f5_0006, "movn"), // movn x6, #0xa800, lsl #48
    (0x52a0_6408, "movz"), // movz w8, #0x320, lsl #16
    (0x52a8_3bac, "movz"), // movz w12, #0x41dd, lsl #16
    (0xf2e6_c1bf, "movk"), // movk xzr, #0x360d, lsl #48
    (0xf2be_b4e6, "movk"), // movk x6, #0xf5a7, lsl #16
    (0x9344_be06, "sbfm"), // sbfm x6, x16, #4, #47
    (0x9365_16e3, "sbfm"), // sbfm x3, x23, #37, #5
    (0x330e_5f15, "bfm"), // bfm w21, w24, #14, #23
    (0xb362_1845, "bfm"), // bfm x5, x2, #34, #6
    (0xd357_9eb4, "ubfm"), // ubfm x20, x21, #23, #39
    (0xd356_587c, "ubfm"), // ubfm x28, x3, #22, #22
    (0x93c9_7906, "extr"), // extr x6, x8, x9, #30
    (0x138a_5b58, "extr"), // extr w24, w26, w10, #22
];

#[rustfmt::skip]
const DP_REG: &[(u32, &str)] = &[
    (0x0acf_6832, "and_sh"), // and w18, w1, w15, ror #26
    (0x8a8a_a104, "and_sh"), // and x4, x8, x10, asr #40
    (0x0a60_1c96, "bic_sh"), // bic w22, w4, w0, lsr #7
    (0x0aee_13b5, "bic_sh"), // bic w21, w29, w14, ror #4
    (0xaa5f_3535, "orr_sh"), // orr x21, x9, xzr, lsr #13
    (0xaac9_855e, "orr_sh"), // orr x30, x10, x9, ror #33
    (0xaa70_65d2, "orn_sh"), // orn x18, x14, x16, lsr #25
    (0x2a20_3f2e, "orn_sh"), // orn w14, w25, w0, lsl #15
    (0xcad6_fc81, "eor_sh"), // eor x1, x4, x22, ror #63
    (0xca40_baf8, "eor_sh"), // eor x24, x23, x0, lsr #46
    (0xca75_79e0, "eon_sh"), // eon x0, x15, x21, lsr #30
    (0x4ae1_525e, "eon_sh"), // eon w30, w18, w1, ror #20
    (0xea80_6a4d, "ands_sh"), // ands x13, x18, x0, asr #26
    (0xea11_5863, "ands_sh"), // ands x3, x3, x17, lsl #22
    (0xeaa0_3390, "bics_sh"), // bics x16, x28, x0, asr #12
    (0xeaed_b237, "bics_sh"), // bics x23, x17, x13, ror #44
    (0x8b93_fce5, "add_sh"), // add x5, x7, x19, asr #63
    (0x8b4d_b4eb, "add_sh"), // add x11, x7, x13, lsr #45
    (0x2b1a_1faf, "adds_sh"), // adds w15, w29, w26, lsl #7
    (0xab53_cea3, "adds_sh"), // adds x3, x21, x19, lsr #51
    (0xcb44_d788, "sub_sh"), // sub x8, x28, x4, lsr #53
    (0xcb0b_c1f8, "sub_sh"), // sub x24, x15, x11, lsl #48
    (0xeb94_201c, "subs_sh"), // subs x28, x0, x20, asr #8
    (0x6b96_063a, "subs_sh"), // subs w26, w17, w22, asr #1
    (0x0b36_f274, "add_ext"), // add w20, w19, w22, sxtx #4
    (0x8b35_c110, "add_ext"), // add x16, x8, w21, sxtw
    (0xab27_4762, "adds_ext"), // adds x2, x27, w7, uxtw #1
    (0x2b3c_ac96, "adds_ext"), // adds w22, w4, w28, sxth #3
    (0xcb3e_c7a1, "sub_ext"), // sub x1, x29, w30, sxtw #1
    (0x4b3d_c399, "sub_ext"), // sub w25, w28, w29, sxtw
    (0x6b2b_44e6, "subs_ext"), // subs w6, w7, w11, uxtw #1
    (0x6b2d_ec48, "subs_ext"), // subs w8, w2, w13, sxtx #3
    (0x9a18_02b8, "adc"), // adc x24, x21, x24
    (0x1a1f_0370, "adc"), // adc w16, w27, wzr
    (0x3a0c_018b, "adcs"), // adcs w11, w12, w12
    (0xba0f_0071, "adcs"), // adcs x17, x3, x15
    (0xda09_0107, "sbc"), // sbc x7, x8, x9
    (0x5a18_01f3, "sbc"), // sbc w19, w15, w24
    (0x7a13_039e, "sbcs"), // sbcs w30, w28, w19
    (0xfa18_00dd, "sbcs"), // sbcs x29, x6, x24
    (0x3a4f_a0ee, "ccmn_reg"), // ccmn w7, w15, #0xe, ge
    (0xba4a_20ab, "ccmn_reg"), // ccmn x5, x10, #0xb, cs
    (0xfa59_0061, "ccmp_reg"), // ccmp x3, x25, #0x1, eq
    (0xfa56_906e, "ccmp_reg"), // ccmp x3, x22, #0xe, ls
    (0xba44_8b87, "ccmn_imm"), // ccmn x28, #0x4, #0x7, hi
    (0x3a5d_38c8, "ccmn_imm"), // ccmn w6, #0x1d, #0x8, cc
    (0xfa56_b8e0, "ccmp_imm"), // ccmp x7, #0x16, #0x0, lt
    (0x7a4f_aa0f, "ccmp_imm"), // ccmp w16, #0xf, #0xf, ge
    (0x9a97_629d, "csel"), // csel x29, x20, x23, vs
    (0x9a97_3353, "csel"), // csel x19, x26, x23, cc
    (0x9a9c_74af, "csinc"), // csinc x15, x5, x28, vc
    (0x1a82_77a0, "csinc"), // csinc w0, w29, w2, vc
    (0x5a84_61dc, "csinv"), // csinv w28, w14, w4, vs
    (0xda82_4051, "csinv"), // csinv x17, x2, x2, mi
    (0xda9e_0798, "csneg"), // csneg x24, x28, x30, eq
    (0x5a9b_3627, "csneg"), // csneg w7, w17, w27, cc
    (0x1b12_2131, "madd"), // madd w17, w9, w18, w8
    (0x1b11_05ba, "madd"), // madd w26, w13, w17, w1
    (0x1b0e_a103, "msub"), // msub w3, w8, w14, w8
    (0x9b0d_e90b, "msub"), // msub x11, x8, x13, x26
    (0x9b35_360b, "smaddl"), // smaddl x11, w16, w21, x13
    (0x9b2b_79ce, "smaddl"), // smaddl x14, w14, w11, x30
    (0x9b2f_8958, "smsubl"), // smsubl x24, w10, w15, x2
    (0x9b2d_eb67, "smsubl"), // smsubl x7, w27, w13, x26
    (0x9b43_7cb5, "smulh"), // smulh x21, x5, x3
    (0x9b5d_7e1b, "smulh"), // smulh x27, x16, x29
    (0x9ba8_7133, "umaddl"), // umaddl x19, w9, w8, x28
    (0x9ba8_76f1, "umaddl"), // umaddl x17, w23, w8, x29
    (0x9bbd_e46c, "umsubl"), // umsubl x12, w3, w29, x25
    (0x9bb8_ac1a, "umsubl"), // umsubl x26, w0, w24, x11
    (0x9bda_7ce8, "umulh"), // umulh x8, x7, x26
    (0x9bd1_7e7d, "umulh"), // umulh x29, x19, x17
    (0x1ac9_0a64, "udiv"), // udiv w4, w19, w9
    (0x1ade_0ae8, "udiv"), // udiv w8, w23, w30
    (0x9ac3_0d71, "sdiv"), // sdiv x17, x11, x3
    (0x1ada_0f5b, "sdiv"), // sdiv w27, w26, w26
    (0x9acf_21ff, "lslv"), // lslv xzr, x15, x15
    (0x9ad0_2247, "lslv"), // lslv x7, x18, x16
    (0x9ac9_26f0, "lsrv"), // lsrv x16, x23, x9
    (0x9ac5_24d6, "lsrv"), // lsrv x22, x6, x5
    (0x9adb_29b3, "asrv"), // asrv x19, x13, x27
    (0x9adf_28a2, "asrv"), // asrv x2, x5, xzr
    (0x9acd_2e23, "rorv"), // rorv x3, x17, x13
    (0x9ac4_2d53, "rorv"), // rorv x19, x10, x4
    (0x5ac0_0131, "rbit"), // rbit w17, w9
    (0xdac0_0246, "rbit"), // rbit x6, x18
    (0x5ac0_06cf, "rev16"), // rev16 w15, w22
    (0x5ac0_04f3, "rev16"), // rev16 w19, w7
    (0x5ac0_09ef, "rev_w"), // rev w15, w15
    (0x5ac0_0bb4, "rev_w"), // rev w20, w29
    (0xdac0_09dd, "rev32"), // rev32 x29, x14
    (0xdac0_0b11, "rev32"), // rev32 x17, x24
    (0xdac0_0cc2, "rev_x"), // rev x2, x6
    (0xdac0_0fef, "rev_x"), // rev x15, xzr
    (0x5ac0_13db, "clz"), // clz w27, w30
    (0xdac0_10af, "clz"), // clz x15, x5
    (0xdac0_151c, "cls"), // cls x28, x8
    (0xdac0_1796, "cls"), // cls x22, x28
];

#[rustfmt::skip]
const BRANCH: &[(u32, &str)] = &[
    (0x17d7_90e4, "b"), // b .-0xa1bc70
    (0x1702_adb5, "b"), // b .-0x3f5492c
    (0x95db_1b4f, "bl"), // bl .+0x76c6d3c
    (0x97e0_f1ce, "bl"), // bl .-0x7c38c8
    (0x5415_0c02, "b_cond"), // b.cs .+0x2a180
    (0x5449_f1cd, "b_cond"), // b.le .+0x93e38
    (0x5458_b44a, "b_cond"), // b.ge .+0xb1688
    (0x34f7_2f5f, "cbz"), // cbz wzr, .-0x11a18
    (0xb4e1_ca07, "cbz"), // cbz x7, .-0x3c6c0
    (0xb5a0_758e, "cbnz"), // cbnz x14, .-0xbf150
    (0xb544_9d37, "cbnz"), // cbnz x23, .+0x893a4
    (0x362e_fbd6, "tbz"), // tbz w22, #5, .-0x2088
    (0x369a_77cc, "tbz"), // tbz w12, #19, .+0x4ef8
    (0x37c5_7999, "tbnz"), // tbnz w25, #24, .-0x50d0
    (0xb7a1_71e0, "tbnz"), // tbnz x0, #52, .+0x2e3c
    (0xd61f_0220, "br"), // br x17
    (0xd61f_02c0, "br"), // br x22
    (0xd63f_0020, "blr"), // blr x1
    (0xd63f_01a0, "blr"), // blr x13
    (0xd65f_03a0, "ret"), // ret x29
    (0xd65f_03e0, "ret"), // ret xzr
    (0xd69f_03e0, "eret"), // eret
    (0xd6bf_03e0, "drps"), // drps
    (0xd404_16c1, "svc"), // svc #0x20b6
    (0xd416_d761, "svc"), // svc #0xb6bb
    (0xd414_5b62, "hvc"), // hvc #0xa2db
    (0xd418_9862, "hvc"), // hvc #0xc4c3
    (0xd41f_a843, "smc"), // smc #0xfd42
    (0xd40a_6663, "smc"), // smc #0x5333
    (0xd438_1b40, "brk"), // brk #0xc0da
    (0xd42d_11a0, "brk"), // brk #0x688d
    (0xd448_b980, "hlt"), // hlt #0x45cc
    (0xd440_0e00, "hlt"), // hlt #0x70
    (0xd4bd_e081, "dcps"), // dcps1 #0xef04
    (0xd4ab_db43, "dcps"), // dcps3 #0x5eda
    (0xd4b7_fd42, "dcps"), // dcps2 #0xbfea
];

#[rustfmt::skip]
const SYSTEM: &[(u32, &str)] = &[
    (0xd503_203f, "yield_hint"), // hint #0x1
    (0xd503_205f, "wfe"), // hint #0x2
    (0xd503_207f, "wfi"), // hint #0x3
    (0xd503_2a3f, "hint"), // hint #0x51
    (0xd503_245f, "hint"), // hint #0x22
    (0xd503_355f, "clrex"), // clrex #0x5
    (0xd503_3a5f, "clrex"), // clrex #0xa
    (0xd503_309f, "dsb"), // dsb #0x00
    (0xd503_379f, "dsb"), // dsb nsh
    (0xd503_3dbf, "dmb"), // dmb ld
    (0xd503_35bf, "dmb"), // dmb nshld
    (0xd503_3ddf, "isb"), // isb #0xd
    (0xd503_36df, "isb"), // isb #0x6
    (0xd503_36ff, "sb"), // msr s0_3_c3_c6_7, xzr
    (0xd503_30ff, "sb"), // sb
    (0xd53b_421a, "mrs_nzcv"), // mrs x26, nzcv
    (0xd53b_4206, "mrs_nzcv"), // mrs x6, nzcv
    (0xd51b_4207, "msr_nzcv"), // msr nzcv, x7
    (0xd51b_420a, "msr_nzcv"), // msr nzcv, x10
    (0xd53b_4413, "mrs_fpcr"), // mrs x19, fpcr
    (0xd53b_441d, "mrs_fpcr"), // mrs x29, fpcr
    (0xd51b_4409, "msr_fpcr"), // msr fpcr, x9
    (0xd51b_441e, "msr_fpcr"), // msr fpcr, x30
    (0xd53b_443d, "mrs_fpsr"), // mrs x29, fpsr
    (0xd53b_4420, "mrs_fpsr"), // mrs x0, fpsr
    (0xd51b_443d, "msr_fpsr"), // msr fpsr, x29
    (0xd51b_4433, "msr_fpsr"), // msr fpsr, x19
    (0xd53b_d049, "mrs_tpidr_el0"), // mrs x9, tpidr_el0
    (0xd53b_d04c, "mrs_tpidr_el0"), // mrs x12, tpidr_el0
    (0xd51b_d055, "msr_tpidr_el0"), // msr tpidr_el0, x21
    (0xd51b_d04c, "msr_tpidr_el0"), // msr tpidr_el0, x12
    (0xd53b_d075, "mrs_tpidrro_el0"), // mrs x21, tpidrro_el0
    (0xd53b_d070, "mrs_tpidrro_el0"), // mrs x16, tpidrro_el0
    (0xd53b_0028, "mrs_ctr_el0"), // mrs x8, ctr_el0
    (0xd53b_003b, "mrs_ctr_el0"), // mrs x27, ctr_el0
    (0xd53b_00ff, "mrs_dczid_el0"), // mrs xzr, dczid_el0
    (0xd53b_00f5, "mrs_dczid_el0"), // mrs x21, dczid_el0
    (0xd53b_e013, "mrs_cntfrq_el0"), // mrs x19, cntfrq_el0
    (0xd53b_e019, "mrs_cntfrq_el0"), // mrs x25, cntfrq_el0
    (0xd53b_e05b, "mrs_cntvct_el0"), // mrs x27, cntvct_el0
    (0xd53b_e04a, "mrs_cntvct_el0"), // mrs x10, cntvct_el0
    (0xd538_0014, "mrs_midr_el1"), // mrs x20, midr_el1
    (0xd538_0005, "mrs_midr_el1"), // mrs x5, midr_el1
    (0xd538_00a3, "mrs_mpidr_el1"), // mrs x3, mpidr_el1
    (0xd538_00a9, "mrs_mpidr_el1"), // mrs x9, mpidr_el1
    (0xd538_00dd, "mrs_revidr_el1"), // mrs x29, revidr_el1
    (0xd538_00c9, "mrs_revidr_el1"), // mrs x9, revidr_el1
    (0xd538_03fa, "mrs_id"), // mrs x26, s3_0_c0_c3_7
    (0xd538_04a5, "mrs_id"), // mrs x5, id_aa64smfr0_el1
    (0xd50b_742c, "dc_zva"), // sys #3, C7, C4, #1, x12
    (0xd50b_7424, "dc_zva"), // sys #3, C7, C4, #1, x4
    (0xd50b_7b2e, "dc_clean"), // sys #3, C7, C11, #1, x14
    (0xd50b_7b21, "dc_clean"), // sys #3, C7, C11, #1, x1
    (0xd50b_7535, "ic_ivau"), // sys #3, C7, C5, #1, x21
    (0xd50b_753b, "ic_ivau"), // sys #3, C7, C5, #1, x27
];

#[rustfmt::skip]
const LDST: &[(u32, &str)] = &[
    (0x1852_1a93, "ldr_lit"), // ldr w19, .+0xa4350
    (0x5801_bd05, "ldr_lit"), // ldr x5, .+0x37a0
    (0x9887_667d, "ldrsw_lit"), // ldrsw x29, .-0xf1334
    (0x983c_9dab, "ldrsw_lit"), // ldrsw x11, .+0x793b4
    (0xd88f_0037, "prfm_lit"), // prfm #0x17, .-0xe1ffc
    (0xd82c_89a0, "prfm_lit"), // prfm pldl1keep, .+0x59134
    (0x7804_43d6, "stur"), // sturh w22, [x30, #68]
    (0x381c_f20b, "stur"), // sturb w11, [x16, #-49]
    (0xb80c_a272, "stur"), // stur w18, [x19, #202]
    (0x3852_32c9, "ldur"), // ldurb w9, [x22, #-221]
    (0xb852_02dc, "ldur"), // ldur w28, [x22, #-224]
    (0x7854_a2d8, "ldur"), // ldurh w24, [x22, #-182]
    (0x78d6_a36a, "ldurs"), // ldursh w10, [x27, #-150]
    (0x3880_22af, "ldurs"), // ldursb x15, [x21, #2]
    (0xb89c_32b0, "ldurs"), // ldursw x16, [x21, #-61]
    (0xf890_b2ed, "prfum"), // prfum plil3strm, [x23, #-245]
    (0xf883_7215, "prfum"), // prfum pstl3strm, [x16, #55]
    (0xb816_b793, "str_wb"), // str w19, [x28], #-149
    (0x7800_7d7f, "str_wb"), // strh wzr, [x11, #7]!
    (0x381b_877f, "str_wb"), // strb wzr, [x27], #-72
    (0xb857_b62b, "ldr_wb"), // ldr w11, [x17], #-133
    (0x784e_f723, "ldr_wb"), // ldrh w3, [x25], #239
    (0x384f_f46b, "ldr_wb"), // ldrb w11, [x3], #255
    (0x7885_1c5d, "ldrs_wb"), // ldrsh x29, [x2, #81]!
    (0xb882_5c2f, "ldrs_wb"), // ldrsw x15, [x1, #37]!
    (0x389b_041b, "ldrs_wb"), // ldrsb x27, [x0], #-80
    (0xb81b_c8e8, "sttr"), // sttr w8, [x7, #-68]
    (0x7817_0966, "sttr"), // sttrh w6, [x11, #-144]
    (0x3816_38b4, "sttr"), // sttrb w20, [x5, #-157]
    (0x7856_8a03, "ldtr"), // ldtrh w3, [x16, #-152]
    (0x384d_da65, "ldtr"), // ldtrb w5, [x19, #221]
    (0xf84f_caef, "ldtr"), // ldtr x15, [x23, #252]
    (0x78c0_69ed, "ldtrs"), // ldtrsh w13, [x15, #6]
    (0xb880_c8ef, "ldtrs"), // ldtrsw x15, [x7, #12]
    (0x38c6_894b, "ldtrs"), // ldtrsb w11, [x10, #104]
    (0xf834_6ad5, "str_reg"), // str x21, [x22, x20]
    (0x783d_7bae, "str_reg"), // strh w14, [x29, x29, lsl #1]
    (0x3833_4a80, "str_reg"), // strb w0, [x20, w19, uxtw]
    (0xb868_c9eb, "ldr_reg"), // ldr w11, [x15, w8, sxtw]
    (0x7876_7b5f, "ldr_reg"), // ldrh wzr, [x26, x22, lsl #1]
    (0x3869_7a8d, "ldr_reg"), // ldrb w13, [x20, x9, lsl #0]
    (0x78b7_48ce, "ldrs_reg"), // ldrsh x14, [x6, w23, uxtw]
    (0x38ed_68e7, "ldrs_reg"), // ldrsb w7, [x7, x13]
    (0xb8ac_5aaf, "ldrs_reg"), // ldrsw x15, [x21, w12, uxtw #2]
    (0xf8ac_cac9, "prfm_reg"), // prfm plil1strm, [x22, w12, sxtw]
    (0xf8a5_dba3, "prfm_reg"), // prfm pldl2strm, [x29, w5, sxtw #3]
    (0xf92a_0687, "str_imm"), // str x7, [x20, #21512]
    (0x3901_2ba7, "str_imm"), // strb w7, [x29, #74]
    (0x7919_c105, "str_imm"), // strh w5, [x8, #3296]
    (0xf950_fb25, "ldr_imm"), // ldr x5, [x25, #8688]
    (0x7946_1bff, "ldr_imm"), // ldrh wzr, [sp, #780]
    (0x3967_c2f9, "ldr_imm"), // ldrb w25, [x23, #2544]
    (0x799e_619e, "ldrs_imm"), // ldrsh x30, [x12, #3888]
    (0x39b9_7422, "ldrs_imm"), // ldrsb x2, [x1, #3677]
    (0xb980_5c6f, "ldrs_imm"), // ldrsw x15, [x3, #92]
    (0xf9b3_fab8, "prfm_imm"), // prfm #0x18, [x21, #26608]
    (0xf9ae_732c, "prfm_imm"), // prfm plil3keep, [x25, #23776]
    (0x2830_67dc, "stnp"), // stnp w28, w25, [x30, #-128]
    (0xa838_8608, "stnp"), // stnp x8, x1, [x16, #-120]
    (0x2842_5445, "ldnp"), // ldnp w5, w21, [x2, #16]
    (0x2845_519e, "ldnp"), // ldnp w30, w20, [x12, #40]
    (0x2886_0bb0, "stp_wb"), // stp w16, w2, [x29], #48
    (0xa9aa_5dab, "stp_wb"), // stp x11, x23, [x13, #-352]!
    (0x29d6_c4f2, "ldp_wb"), // ldp w18, w17, [x7, #180]!
    (0x28cd_576d, "ldp_wb"), // ldp w13, w21, [x27], #104
    (0x2918_9bee, "stp"), // stp w14, w6, [sp, #196]
    (0xa917_9af4, "stp"), // stp x20, x6, [x23, #376]
    (0xa97c_1ff5, "ldp"), // ldp x21, x7, [sp, #-64]
    (0x2941_6556, "ldp"), // ldp w22, w25, [x10, #8]
    (0x68e0_bd03, "ldpsw_wb"), // ldpsw x3, x15, [x8], #-252
    (0x69c8_08bb, "ldpsw_wb"), // ldpsw x27, x2, [x5, #64]!
    (0x6941_20bc, "ldpsw"), // ldpsw x28, x8, [x5, #8]
    (0x6950_bfc6, "ldpsw"), // ldpsw x6, x15, [x30, #132]
];

#[rustfmt::skip]
const LDST_EXCLUSIVE: &[(u32, &str)] = &[
    (0x0803_fd51, "stxr"), // stlxrb w3, w17, [x10]
    (0x4814_7d09, "stxr"), // stxrh w20, w9, [x8]
    (0x881d_fdd8, "stxr"), // stlxr w29, w24, [x14]
    (0x485f_fcd0, "ldxr"), // ldaxrh w16, [x6]
    (0xc85f_7c24, "ldxr"), // ldxr x4, [x1]
    (0xc85f_fd34, "ldxr"), // ldaxr x20, [x9]
    (0x8836_6592, "stxp"), // stxp w22, w18, w25, [x12]
    (0x882c_d906, "stxp"), // stlxp w12, w6, w22, [x8]
    (0xc87f_ab62, "ldxp"), // ldaxp x2, x10, [x27]
    (0x887f_3794, "ldxp"), // ldxp w20, w13, [x28]
    (0x489f_7c22, "stllr"), // stllrh w2, [x1]
    (0xc89f_7c36, "stllr"), // stllr x22, [x1]
    (0x089f_7dbc, "stllr"), // stllrb w28, [x13]
    (0x089f_fd1f, "stlr"), // stlrb wzr, [x8]
    (0xc89f_fe75, "stlr"), // stlr x21, [x19]
    (0x489f_fcd6, "stlr"), // stlrh w22, [x6]
    (0x88df_7f9f, "ldlar"), // ldlar wzr, [x28]
    (0x08df_7ce3, "ldlar"), // ldlarb w3, [x7]
    (0x48df_7db6, "ldlar"), // ldlarh w22, [x13]
    (0x08df_fffe, "ldar"), // ldarb w30, [sp]
    (0xc8df_ff12, "ldar"), // ldar x18, [x24]
    (0x48df_fe65, "ldar"), // ldarh w5, [x19]
];

#[rustfmt::skip]
const LDST_ATOMIC: &[(u32, &str)] = &[
    (0xc8b9_7dc8, "cas"), // cas x25, x8, [x14]
    (0xc8bd_fdce, "cas"), // casl x29, x14, [x14]
    (0x08e8_fc32, "cas"), // casalb w8, w18, [x1]
    (0x082a_fcac, "casp"), // caspl w10, w11, w12, w13, [x5]
    (0x4878_7f38, "casp"), // caspa x24, x25, x24, x25, [x25]
    (0x4872_fc26, "casp"), // caspal x18, x19, x6, x7, [x1]
    (0xb878_004d, "ldadd"), // ldaddl w24, w13, [x2]
    (0x387d_0276, "ldadd"), // ldaddlb w29, w22, [x19]
    (0xf8a9_031f, "ldadd"), // ldadda x9, xzr, [x24]
    (0xb8b9_1124, "ldclr"), // ldclra w25, w4, [x9]
    (0x38a2_12af, "ldclr"), // ldclrab w2, w15, [x21]
    (0x3862_1277, "ldclr"), // ldclrlb w2, w23, [x19]
    (0x78ea_221d, "ldeor"), // ldeoralh w10, w29, [x16]
    (0x38ab_237b, "ldeor"), // ldeorab w11, w27, [x27]
    (0xb8fd_2158, "ldeor"), // ldeoral w29, w24, [x10]
    (0xb862_31e3, "ldset"), // ldsetl w2, w3, [x15]
    (0x7861_3067, "ldset"), // ldsetlh w1, w7, [x3]
    (0xb8fc_312f, "ldset"), // ldsetal w28, w15, [x9]
    (0xf8f7_4222, "ldsmax"), // ldsmaxal x23, x2, [x17]
    (0x78a6_42c2, "ldsmax"), // ldsmaxah w6, w2, [x22]
    (0x783a_428a, "ldsmax"), // ldsmaxh w26, w10, [x20]
    (0x783d_5236, "ldsmin"), // ldsminh w29, w22, [x17]
    (0xb8a4_50d2, "ldsmin"), // ldsmina w4, w18, [x6]
    (0x3838_5140, "ldsmin"), // ldsminb w24, w0, [x10]
    (0x78ff_6133, "ldumax"), // ldumaxalh wzr, w19, [x9]
    (0xf8ff_6379, "ldumax"), // ldumaxal xzr, x25, [x27]
    (0x3867_6278, "ldumax"), // ldumaxlb w7, w24, [x19]
    (0xf863_72bd, "ldumin"), // lduminl x3, x29, [x21]
    (0x3872_7178, "ldumin"), // lduminlb w18, w24, [x11]
    (0xb8a7_7040, "ldumin"), // ldumina w7, w0, [x2]
    (0xb823_8293, "swp"), // swp w3, w19, [x20]
    (0xf866_8131, "swp"), // swpl x6, x17, [x9]
    (0x78e9_80a8, "swp"), // swpalh w9, w8, [x5]
    (0x78bf_c0aa, "ldapr"), // ldaprh w10, [x5]
    (0xf8bf_c0f0, "ldapr"), // ldapr x16, [x7]
    (0x38bf_c13e, "ldapr"), // ldaprb w30, [x9]
];

#[rustfmt::skip]
const CRC32: &[(u32, &str)] = &[
    (0x9aca_4fef, "crc32"), // crc32x w15, wzr, x10
    (0x1ac8_442c, "crc32"), // crc32h w12, w1, w8
    (0x1ad6_4288, "crc32"), // crc32b w8, w20, w22
    (0x9ac6_5f92, "crc32c"), // crc32cx w18, w28, x6
    (0x1ace_5720, "crc32c"), // crc32ch w0, w25, w14
    (0x1ac4_5947, "crc32c"), // crc32cw w7, w10, w4
];

/// Reserved encodings of otherwise allocated classes; gas refuses to assemble them.
#[rustfmt::skip]
const UNALLOCATED: &[u32] = &[
    0x0000_0000, // udf #0
    0x0b02_8020, // add w0, w1, w2, lsl #32
    0x8bc2_0020, // add x0, x1, x2, ror #0
    0x8b22_f420, // add x0, x1, x2, sxtx #5
    0x0a02_8020, // and w0, w1, w2, lsl #32
    0x1240_0020, // and w0, w1, with N = 1
    0x9240_fc20, // and x0, x1, #-1
    0x1200_7c20, // and w0, w1, #-1
    0x9200_f820, // and x0, x1, of no element size
    0x52c0_0000, // movz w0, #0, lsl #32
    0x3280_0000, // move wide, opc 01
    0x5340_0020, // ubfm w0, w1, with N = 1
    0x5300_8020, // ubfm w0, w1, #0, #32
    0x9300_fc20, // sbfm x0, x1, with N = 0
    0x13c2_0020, // extr w0, w1, w2, with N = 1
    0x1382_8020, // extr w0, w1, w2, #32
    0x9b42_8020, // smulh with bit 15 set
    0x1ac2_4c20, // crc32x with a W source
    0x9ac2_4020, // crc32b with an X source
    0x5ac0_0c20, // rev (64-bit) of a W register
    0xd61f_0001, // br with bits 4..0 set
    0xd400_0000, // exception generation, LL 00
    0xd4a0_0000, // dcps0
    0xb8c0_0020, // ldursw to a W register
    0xf8c0_0020, // ldurs of a doubleword to a W register
    0xf862_0820, // ldr x0, [x1, w2], with option 000
    0xf9c0_0000, // ldrs of a doubleword, unsigned offset
    0x0821_7c22, // casp of an odd register
];

/// Classes that are known and not implemented say so.
#[rustfmt::skip]
const TODO: &[u32] = &[
    0xdac1_8ffe, // autibsppcr x30
    0xd920_0820, // stg x0, [x1]
    0x1dc0_0441, // setgp [x1]!, x2!, x0
    0xd53b_42e0, // mrs x0, tco
    0x6900_0420, // stgp x0, x1, [x1]
    0x0420_e3e0, // cntb x0
];

#[test]
fn every_word_decodes_to_its_pattern() {
    let chapters = [DP_IMM, DP_REG, BRANCH, SYSTEM, LDST, LDST_EXCLUSIVE, LDST_ATOMIC, CRC32];
    super::all_decode(chapters.into_iter().flatten());
}

#[test]
fn reserved_words_are_unallocated() {
    super::all_unallocated(UNALLOCATED);
}

#[test]
fn unimplemented_classes_are_named() {
    super::all_named(TODO);
}
