//! Floating-point and Advanced SIMD words as GNU as 2.40 assembles them, and the pattern each must decode to.
//!
//! PC-relative operands are written relative to the instruction (`.`).

#[rustfmt::skip]
const LDST_FP: &[(u32, &str)] = &[
    (0xbd36_7c45, "str_fp_uimm"), // str s5, [x2, #13948]
    (0x7d0f_e75d, "str_fp_uimm"), // str h29, [x26, #2034]
    (0x7d59_7bdc, "ldr_fp_uimm"), // ldr h28, [x30, #3260]
    (0xbd6d_bee0, "ldr_fp_uimm"), // ldr s0, [x23, #11708]
    (0xbc17_c162, "stur_fp"), // stur s2, [x11, #-132]
    (0x3c96_f33d, "stur_fp"), // stur q29, [x25, #-145]
    (0xfc53_00c3, "ldur_fp"), // ldur d3, [x6, #-208]
    (0x3c5b_51d5, "ldur_fp"), // ldur b21, [x14, #-75]
    (0xbc13_0d8e, "str_fp_wb"), // str s14, [x12, #-208]!
    (0xbc16_a673, "str_fp_wb"), // str s19, [x19], #-150
    (0x7c4f_cdde, "ldr_fp_wb"), // ldr h30, [x14, #252]!
    (0xbc42_b435, "ldr_fp_wb"), // ldr s21, [x1], #43
    (0x3c2c_fb7f, "str_fp_reg"), // str b31, [x27, x12, sxtx #0]
    (0x3c24_e82e, "str_fp_reg"), // str b14, [x1, x4, sxtx]
    (0x7c6f_db0f, "ldr_fp_reg"), // ldr h15, [x24, w15, sxtw #1]
    (0xfc63_6b4e, "ldr_fp_reg"), // ldr d14, [x26, x3]
    (0x5cb6_b12d, "ldr_fp_lit"), // ldr d13, .-0x929dc
    (0x1c9d_a6d2, "ldr_fp_lit"), // ldr s18, .-0xc4b28
    (0xac1f_87ff, "stnp_fp"), // stnp q31, q1, [sp, #1008]
    (0xac1d_7d1e, "stnp_fp"), // stnp q30, q31, [x8, #928]
    (0x6c4d_a832, "ldnp_fp"), // ldnp d18, d10, [x1, #216]
    (0x6c61_db20, "ldnp_fp"), // ldnp d0, d22, [x25, #-488]
    (0xad95_c087, "stp_fp_wb"), // stp q7, q16, [x4, #688]!
    (0x2c8c_5fa9, "stp_fp_wb"), // stp s9, s23, [x29], #96
    (0x2ce4_46d1, "ldp_fp_wb"), // ldp s17, s17, [x22], #-224
    (0x2cd7_ac01, "ldp_fp_wb"), // ldp s1, s11, [x0], #188
    (0x2d14_c3f6, "stp_fp"), // stp s22, s16, [sp, #164]
    (0xad38_657b, "stp_fp"), // stp q27, q25, [x11, #-256]
    (0x2d4f_c3bf, "ldp_fp"), // ldp s31, s16, [x29, #124]
    (0xad40_3e47, "ldp_fp"), // ldp q7, q15, [x18]
];

#[rustfmt::skip]
const SIMD_COPY: &[(u32, &str)] = &[
    (0x0e1b_0579, "dup_v"), // dup v25.8b, v11.b[13]
    (0x0e06_05fc, "dup_v"), // dup v28.4h, v15.h[1]
    (0x4e01_0faf, "dup_gen"), // dup v15.16b, w29
    (0x4e02_0cd6, "dup_gen"), // dup v22.8h, w6
    (0x4e0a_2da2, "smov"), // smov x2, v13.h[2]
    (0x4e1b_2d55, "smov"), // smov x21, v10.b[13]
    (0x0e05_3fb1, "umov"), // umov w17, v29.b[2]
    (0x0e09_3e70, "umov"), // umov w16, v19.b[4]
    (0x4e16_1d15, "ins_gen"), // ins v21.h[5], w8
    (0x4e03_1cc2, "ins_gen"), // ins v2.b[1], w6
    (0x6e04_45bd, "ins_elem"), // ins v29.s[0], v13.s[2]
    (0x6e01_7e28, "ins_elem"), // ins v8.b[0], v17.b[15]
    (0x5e15_07fc, "dup_s"), // dup b28, v31.b[10]
    (0x5e0c_0576, "dup_s"), // dup s22, v11.s[1]
    (0x4f07_a510, "movi"), // movi v16.8h, #0xe8, lsl #8
    (0x0f02_8422, "movi"), // movi v2.4h, #0x41
    (0x2f05_e725, "movi_d"), // movi d5, #0xff00ffffff0000ff
    (0x6f05_e41b, "movi_d"), // movi v27.2d, #0xff00ff0000000000
    (0x2f02_d7d0, "mvni"), // mvni v16.2s, #0x5e, msl #16
    (0x2f02_c50e, "mvni"), // mvni v14.2s, #0x48, msl #8
    (0x4f05_164a, "orr_imm_v"), // orr v10.4s, #0xb2
    (0x0f03_b695, "orr_imm_v"), // orr v21.4h, #0x74, lsl #8
    (0x2f00_347d, "bic_imm_v"), // bic v29.2s, #0x3, lsl #8
    (0x6f06_1604, "bic_imm_v"), // bic v4.4s, #0xd0
    (0x0f02_f755, "fmov_imm_vs"), // fmov v21.2s, #4.062500000000000000e-01
    (0x4f06_f746, "fmov_imm_vs"), // fmov v6.4s, #-4.062500000000000000e-01
    (0x6f07_f72c, "fmov_imm_vd"), // fmov v12.2d, #-1.562500000000000000e+00
    (0x6f00_f60c, "fmov_imm_vd"), // fmov v12.2d, #4.000000000000000000e+00
];

#[rustfmt::skip]
const SIMD_THREE_SAME: &[(u32, &str)] = &[
    (0x4e38_077f, "shadd_v"), // shadd v31.16b, v27.16b, v24.16b
    (0x0e6c_052f, "shadd_v"), // shadd v15.4h, v9.4h, v12.4h
    (0x2e31_075c, "uhadd_v"), // uhadd v28.8b, v26.8b, v17.8b
    (0x2e2f_07f3, "uhadd_v"), // uhadd v19.8b, v31.8b, v15.8b
    (0x4e78_0ff6, "sqadd_v"), // sqadd v22.8h, v31.8h, v24.8h
    (0x4eaa_0ff9, "sqadd_v"), // sqadd v25.4s, v31.4s, v10.4s
    (0x2ea6_0fe0, "uqadd_v"), // uqadd v0.2s, v31.2s, v6.2s
    (0x6e27_0f29, "uqadd_v"), // uqadd v9.16b, v25.16b, v7.16b
    (0x0e3f_16ce, "srhadd_v"), // srhadd v14.8b, v22.8b, v31.8b
    (0x4e7a_1583, "srhadd_v"), // srhadd v3.8h, v12.8h, v26.8h
    (0x2ea4_15ef, "urhadd_v"), // urhadd v15.2s, v15.2s, v4.2s
    (0x2e75_162f, "urhadd_v"), // urhadd v15.4h, v17.4h, v21.4h
    (0x0e3e_1ca6, "and_v"), // and v6.8b, v5.8b, v30.8b
    (0x4e21_1f7f, "and_v"), // and v31.16b, v27.16b, v1.16b
    (0x4e6a_1ca7, "bic_v"), // bic v7.16b, v5.16b, v10.16b
    (0x4e78_1e53, "bic_v"), // bic v19.16b, v18.16b, v24.16b
    (0x4ebe_1d7f, "orr_v"), // orr v31.16b, v11.16b, v30.16b
    (0x4ebe_1e18, "orr_v"), // orr v24.16b, v16.16b, v30.16b
    (0x0ef0_1f76, "orn_v"), // orn v22.8b, v27.8b, v16.8b
    (0x0ee8_1ee5, "orn_v"), // orn v5.8b, v23.8b, v8.8b
    (0x2e3d_1e5d, "eor_v"), // eor v29.8b, v18.8b, v29.8b
    (0x2e36_1d34, "eor_v"), // eor v20.8b, v9.8b, v22.8b
    (0x6e71_1c7a, "bsl_v"), // bsl v26.16b, v3.16b, v17.16b
    (0x6e68_1f90, "bsl_v"), // bsl v16.16b, v28.16b, v8.16b
    (0x6ebe_1e69, "bit_v"), // bit v9.16b, v19.16b, v30.16b
    (0x6eaa_1c78, "bit_v"), // bit v24.16b, v3.16b, v10.16b
    (0x6ef0_1f92, "bif_v"), // bif v18.16b, v28.16b, v16.16b
    (0x6eec_1c7a, "bif_v"), // bif v26.16b, v3.16b, v12.16b
    (0x0e72_2403, "shsub_v"), // shsub v3.4h, v0.4h, v18.4h
    (0x4e23_2633, "shsub_v"), // shsub v19.16b, v17.16b, v3.16b
    (0x6e67_2647, "uhsub_v"), // uhsub v7.8h, v18.8h, v7.8h
    (0x6e37_243e, "uhsub_v"), // uhsub v30.16b, v1.16b, v23.16b
    (0x4e7f_2c65, "sqsub_v"), // sqsub v5.8h, v3.8h, v31.8h
    (0x4e64_2f61, "sqsub_v"), // sqsub v1.8h, v27.8h, v4.8h
    (0x2e2a_2f0a, "uqsub_v"), // uqsub v10.8b, v24.8b, v10.8b
    (0x2ebd_2da3, "uqsub_v"), // uqsub v3.2s, v13.2s, v29.2s
    (0x0ead_37bb, "cmgt_v"), // cmgt v27.2s, v29.2s, v13.2s
    (0x0e35_3511, "cmgt_v"), // cmgt v17.8b, v8.8b, v21.8b
    (0x2e65_36ce, "cmhi_v"), // cmhi v14.4h, v22.4h, v5.4h
    (0x6e7f_36a9, "cmhi_v"), // cmhi v9.8h, v21.8h, v31.8h
    (0x4ef6_3d3e, "cmge_v"), // cmge v30.2d, v9.2d, v22.2d
    (0x4e22_3e85, "cmge_v"), // cmge v5.16b, v20.16b, v2.16b
    (0x6e23_3fbd, "cmhs_v"), // cmhs v29.16b, v29.16b, v3.16b
    (0x6ebd_3e77, "cmhs_v"), // cmhs v23.4s, v19.4s, v29.4s
    (0x4e68_462f, "sshl_v"), // sshl v15.8h, v17.8h, v8.8h
    (0x4e68_4732, "sshl_v"), // sshl v18.8h, v25.8h, v8.8h
    (0x6e6b_44fc, "ushl_v"), // ushl v28.8h, v7.8h, v11.8h
    (0x6eb6_4599, "ushl_v"), // ushl v25.4s, v12.4s, v22.4s
    (0x4e65_4e8a, "sqshl_v"), // sqshl v10.8h, v20.8h, v5.8h
    (0x4e61_4e53, "sqshl_v"), // sqshl v19.8h, v18.8h, v1.8h
    (0x2e38_4f49, "uqshl_v"), // uqshl v9.8b, v26.8b, v24.8b
    (0x2e6d_4dfd, "uqshl_v"), // uqshl v29.4h, v15.4h, v13.4h
    (0x0e36_57b7, "srshl_v"), // srshl v23.8b, v29.8b, v22.8b
    (0x0e2b_5666, "srshl_v"), // srshl v6.8b, v19.8b, v11.8b
    (0x6e27_555d, "urshl_v"), // urshl v29.16b, v10.16b, v7.16b
    (0x6eb1_5583, "urshl_v"), // urshl v3.4s, v12.4s, v17.4s
    (0x0ea8_5d28, "sqrshl_v"), // sqrshl v8.2s, v9.2s, v8.2s
    (0x0eae_5c18, "sqrshl_v"), // sqrshl v24.2s, v0.2s, v14.2s
    (0x6ea8_5c76, "uqrshl_v"), // uqrshl v22.4s, v3.4s, v8.4s
    (0x6e60_5fb3, "uqrshl_v"), // uqrshl v19.8h, v29.8h, v0.8h
    (0x0e6c_646d, "smax_v"), // smax v13.4h, v3.4h, v12.4h
    (0x4e77_647d, "smax_v"), // smax v29.8h, v3.8h, v23.8h
    (0x6e6d_64e1, "umax_v"), // umax v1.8h, v7.8h, v13.8h
    (0x2e61_65b6, "umax_v"), // umax v22.4h, v13.4h, v1.4h
    (0x0e39_6d17, "smin_v"), // smin v23.8b, v8.8b, v25.8b
    (0x4ea3_6fec, "smin_v"), // smin v12.4s, v31.4s, v3.4s
    (0x2e7a_6c74, "umin_v"), // umin v20.4h, v3.4h, v26.4h
    (0x6e6c_6ee6, "umin_v"), // umin v6.8h, v23.8h, v12.8h
    (0x4e33_75cf, "sabd_v"), // sabd v15.16b, v14.16b, v19.16b
    (0x0eb0_749d, "sabd_v"), // sabd v29.2s, v4.2s, v16.2s
    (0x6e3f_7611, "uabd_v"), // uabd v17.16b, v16.16b, v31.16b
    (0x6ea5_745e, "uabd_v"), // uabd v30.4s, v2.4s, v5.4s
    (0x0e7a_7ebe, "saba_v"), // saba v30.4h, v21.4h, v26.4h
    (0x0ea5_7f5d, "saba_v"), // saba v29.2s, v26.2s, v5.2s
    (0x6e7b_7e96, "uaba_v"), // uaba v22.8h, v20.8h, v27.8h
    (0x2e6b_7e1b, "uaba_v"), // uaba v27.4h, v16.4h, v11.4h
    (0x4e33_8707, "add_v"), // add v7.16b, v24.16b, v19.16b
    (0x0e61_8465, "add_v"), // add v5.4h, v3.4h, v1.4h
    (0x2ea5_84f9, "sub_v"), // sub v25.2s, v7.2s, v5.2s
    (0x6e33_844e, "sub_v"), // sub v14.16b, v2.16b, v19.16b
    (0x0eaf_8d98, "cmtst_v"), // cmtst v24.2s, v12.2s, v15.2s
    (0x4e29_8c01, "cmtst_v"), // cmtst v1.16b, v0.16b, v9.16b
    (0x6e24_8fa0, "cmeq_v"), // cmeq v0.16b, v29.16b, v4.16b
    (0x2ebf_8ce9, "cmeq_v"), // cmeq v9.2s, v7.2s, v31.2s
    (0x4e6c_9571, "mla_v"), // mla v17.8h, v11.8h, v12.8h
    (0x4ea1_9670, "mla_v"), // mla v16.4s, v19.4s, v1.4s
    (0x2ea4_95ea, "mls_v"), // mls v10.2s, v15.2s, v4.2s
    (0x2e7b_9571, "mls_v"), // mls v17.4h, v11.4h, v27.4h
    (0x4ea6_9c72, "mul_v"), // mul v18.4s, v3.4s, v6.4s
    (0x4ea6_9e46, "mul_v"), // mul v6.4s, v18.4s, v6.4s
    (0x6e2c_9e32, "pmul_v"), // pmul v18.16b, v17.16b, v12.16b
    (0x6e32_9f59, "pmul_v"), // pmul v25.16b, v26.16b, v18.16b
    (0x4e6b_a438, "smaxp_v"), // smaxp v24.8h, v1.8h, v11.8h
    (0x0e31_a511, "smaxp_v"), // smaxp v17.8b, v8.8b, v17.8b
    (0x6e7d_a61e, "umaxp_v"), // umaxp v30.8h, v16.8h, v29.8h
    (0x6ea4_a565, "umaxp_v"), // umaxp v5.4s, v11.4s, v4.4s
    (0x4e38_ace8, "sminp_v"), // sminp v8.16b, v7.16b, v24.16b
    (0x4e6f_ae72, "sminp_v"), // sminp v18.8h, v19.8h, v15.8h
    (0x6e77_af50, "uminp_v"), // uminp v16.8h, v26.8h, v23.8h
    (0x6ea9_adf0, "uminp_v"), // uminp v16.4s, v15.4s, v9.4s
    (0x0ebe_b458, "sqdmulh_v"), // sqdmulh v24.2s, v2.2s, v30.2s
    (0x4ea8_b6b5, "sqdmulh_v"), // sqdmulh v21.4s, v21.4s, v8.4s
    (0x2ea8_b4ef, "sqrdmulh_v"), // sqrdmulh v15.2s, v7.2s, v8.2s
    (0x6e7a_b7f0, "sqrdmulh_v"), // sqrdmulh v16.8h, v31.8h, v26.8h
    (0x0eaa_bd3b, "addp_v"), // addp v27.2s, v9.2s, v10.2s
    (0x4e76_bf16, "addp_v"), // addp v22.8h, v24.8h, v22.8h
    (0x4e3a_c5ad, "fmaxnm_v"), // fmaxnm v13.4s, v13.4s, v26.4s
    (0x0e22_c7ed, "fmaxnm_v"), // fmaxnm v13.2s, v31.2s, v2.2s
    (0x2e34_c5bc, "fmaxnmp_v"), // fmaxnmp v28.2s, v13.2s, v20.2s
    (0x2e2a_c5d1, "fmaxnmp_v"), // fmaxnmp v17.2s, v14.2s, v10.2s
    (0x4efa_c412, "fminnm_v"), // fminnm v18.2d, v0.2d, v26.2d
    (0x4ee3_c442, "fminnm_v"), // fminnm v2.2d, v2.2d, v3.2d
    (0x6ebf_c66c, "fminnmp_v"), // fminnmp v12.4s, v19.4s, v31.4s
    (0x2ea7_c528, "fminnmp_v"), // fminnmp v8.2s, v9.2s, v7.2s
    (0x0e39_cd16, "fmla_v"), // fmla v22.2s, v8.2s, v25.2s
    (0x4e2a_cef3, "fmla_v"), // fmla v19.4s, v23.4s, v10.4s
    (0x4eff_cff4, "fmls_v"), // fmls v20.2d, v31.2d, v31.2d
    (0x0ea5_cf3d, "fmls_v"), // fmls v29.2s, v25.2s, v5.2s
    (0x0e23_d683, "fadd_v"), // fadd v3.2s, v20.2s, v3.2s
    (0x0e24_d767, "fadd_v"), // fadd v7.2s, v27.2s, v4.2s
    (0x6e6e_d4c1, "faddp_v"), // faddp v1.2d, v6.2d, v14.2d
    (0x6e35_d5af, "faddp_v"), // faddp v15.4s, v13.4s, v21.4s
    (0x4ef6_d668, "fsub_v"), // fsub v8.2d, v19.2d, v22.2d
    (0x4ea5_d519, "fsub_v"), // fsub v25.4s, v8.4s, v5.4s
    (0x6ef6_d5ff, "fabd_v"), // fabd v31.2d, v15.2d, v22.2d
    (0x2eb9_d451, "fabd_v"), // fabd v17.2s, v2.2s, v25.2s
    (0x4e7e_dcaa, "fmulx_v"), // fmulx v10.2d, v5.2d, v30.2d
    (0x0e39_de14, "fmulx_v"), // fmulx v20.2s, v16.2s, v25.2s
    (0x6e29_df01, "fmul_v"), // fmul v1.4s, v24.4s, v9.4s
    (0x6e33_dcaf, "fmul_v"), // fmul v15.4s, v5.4s, v19.4s
    (0x4e27_e6ee, "fcmeq_v"), // fcmeq v14.4s, v23.4s, v7.4s
    (0x0e20_e586, "fcmeq_v"), // fcmeq v6.2s, v12.2s, v0.2s
    (0x2e29_e574, "fcmge_v"), // fcmge v20.2s, v11.2s, v9.2s
    (0x6e79_e7dd, "fcmge_v"), // fcmge v29.2d, v30.2d, v25.2d
    (0x2ebb_e6c6, "fcmgt_v"), // fcmgt v6.2s, v22.2s, v27.2s
    (0x6eb3_e561, "fcmgt_v"), // fcmgt v1.4s, v11.4s, v19.4s
    (0x6e61_ec33, "facge_v"), // facge v19.2d, v1.2d, v1.2d
    (0x6e3f_efb9, "facge_v"), // facge v25.4s, v29.4s, v31.4s
    (0x6ebb_ed2c, "facgt_v"), // facgt v12.4s, v9.4s, v27.4s
    (0x2ea7_ec6f, "facgt_v"), // facgt v15.2s, v3.2s, v7.2s
    (0x4e70_f4fa, "fmax_v"), // fmax v26.2d, v7.2d, v16.2d
    (0x4e22_f7a4, "fmax_v"), // fmax v4.4s, v29.4s, v2.4s
    (0x6e20_f41b, "fmaxp_v"), // fmaxp v27.4s, v0.4s, v0.4s
    (0x2e20_f6d2, "fmaxp_v"), // fmaxp v18.2s, v22.2s, v0.2s
    (0x0ea0_f708, "fmin_v"), // fmin v8.2s, v24.2s, v0.2s
    (0x4eb8_f6a9, "fmin_v"), // fmin v9.4s, v21.4s, v24.4s
    (0x6eb0_f6be, "fminp_v"), // fminp v30.4s, v21.4s, v16.4s
    (0x2ea9_f47f, "fminp_v"), // fminp v31.2s, v3.2s, v9.2s
    (0x0e22_fca1, "frecps_v"), // frecps v1.2s, v5.2s, v2.2s
    (0x4e30_ffbc, "frecps_v"), // frecps v28.4s, v29.4s, v16.4s
    (0x4eb9_fe43, "frsqrts_v"), // frsqrts v3.4s, v18.4s, v25.4s
    (0x0ebc_fca6, "frsqrts_v"), // frsqrts v6.2s, v5.2s, v28.2s
    (0x2e2b_fd09, "fdiv_v"), // fdiv v9.2s, v8.2s, v11.2s
    (0x6e76_ffaf, "fdiv_v"), // fdiv v15.2d, v29.2d, v22.2d
];

#[rustfmt::skip]
const SIMD_THREE_DIFF: &[(u32, &str)] = &[
    (0x0eb1_03e6, "saddl"), // saddl v6.2d, v31.2s, v17.2s
    (0x4e29_031b, "saddl"), // saddl2 v27.8h, v24.16b, v9.16b
    (0x6eae_02db, "uaddl"), // uaddl2 v27.2d, v22.4s, v14.4s
    (0x6e72_02f5, "uaddl"), // uaddl2 v21.4s, v23.8h, v18.8h
    (0x4e7b_1277, "saddw"), // saddw2 v23.4s, v19.4s, v27.8h
    (0x0e7d_1247, "saddw"), // saddw v7.4s, v18.4s, v29.4h
    (0x6e31_1395, "uaddw"), // uaddw2 v21.8h, v28.8h, v17.16b
    (0x6e27_134e, "uaddw"), // uaddw2 v14.8h, v26.8h, v7.16b
    (0x4ea3_2158, "ssubl"), // ssubl2 v24.2d, v10.4s, v3.4s
    (0x0ea4_20da, "ssubl"), // ssubl v26.2d, v6.2s, v4.2s
    (0x6e73_235a, "usubl"), // usubl2 v26.4s, v26.8h, v19.8h
    (0x6ea2_22f8, "usubl"), // usubl2 v24.2d, v23.4s, v2.4s
    (0x4e63_3128, "ssubw"), // ssubw2 v8.4s, v9.4s, v3.8h
    (0x4eb6_338c, "ssubw"), // ssubw2 v12.2d, v28.2d, v22.4s
    (0x6eab_33a2, "usubw"), // usubw2 v2.2d, v29.2d, v11.4s
    (0x6ea4_309f, "usubw"), // usubw2 v31.2d, v4.2d, v4.4s
    (0x4e3c_43b9, "addhn"), // addhn2 v25.16b, v29.8h, v28.8h
    (0x4e34_419f, "addhn"), // addhn2 v31.16b, v12.8h, v20.8h
    (0x2eb5_41f9, "raddhn"), // raddhn v25.2s, v15.2d, v21.2d
    (0x6e22_43c1, "raddhn"), // raddhn2 v1.16b, v30.8h, v2.8h
    (0x4e71_5240, "sabal"), // sabal2 v0.4s, v18.8h, v17.8h
    (0x0e30_515d, "sabal"), // sabal v29.8h, v10.8b, v16.8b
    (0x2e6b_51ab, "uabal"), // uabal v11.4s, v13.4h, v11.4h
    (0x2e25_5159, "uabal"), // uabal v25.8h, v10.8b, v5.8b
    (0x4e34_6200, "subhn"), // subhn2 v0.16b, v16.8h, v20.8h
    (0x4ebd_6359, "subhn"), // subhn2 v25.4s, v26.2d, v29.2d
    (0x2ea6_62d5, "rsubhn"), // rsubhn v21.2s, v22.2d, v6.2d
    (0x2e32_60b4, "rsubhn"), // rsubhn v20.8b, v5.8h, v18.8h
    (0x0e3f_7199, "sabdl"), // sabdl v25.8h, v12.8b, v31.8b
    (0x0ea3_7355, "sabdl"), // sabdl v21.2d, v26.2s, v3.2s
    (0x2ea1_7398, "uabdl"), // uabdl v24.2d, v28.2s, v1.2s
    (0x2e21_7393, "uabdl"), // uabdl v19.8h, v28.8b, v1.8b
    (0x4e34_80d4, "smlal"), // smlal2 v20.8h, v6.16b, v20.16b
    (0x4eb6_8127, "smlal"), // smlal2 v7.2d, v9.4s, v22.4s
    (0x2e7d_814c, "umlal"), // umlal v12.4s, v10.4h, v29.4h
    (0x6e7b_82ad, "umlal"), // umlal2 v13.4s, v21.8h, v27.8h
    (0x0e36_a228, "smlsl"), // smlsl v8.8h, v17.8b, v22.8b
    (0x0e2e_a3ea, "smlsl"), // smlsl v10.8h, v31.8b, v14.8b
    (0x6e37_a23e, "umlsl"), // umlsl2 v30.8h, v17.16b, v23.16b
    (0x6ea1_a2fe, "umlsl"), // umlsl2 v30.2d, v23.4s, v1.4s
    (0x4e63_c1cf, "smull"), // smull2 v15.4s, v14.8h, v3.8h
    (0x4e71_c0b7, "smull"), // smull2 v23.4s, v5.8h, v17.8h
    (0x2eb1_c02b, "umull"), // umull v11.2d, v1.2s, v17.2s
    (0x6e3a_c3c2, "umull"), // umull2 v2.8h, v30.16b, v26.16b
    (0x4eba_9382, "sqdmlal"), // sqdmlal2 v2.2d, v28.4s, v26.4s
    (0x0eb5_911b, "sqdmlal"), // sqdmlal v27.2d, v8.2s, v21.2s
    (0x4e7b_b083, "sqdmlsl"), // sqdmlsl2 v3.4s, v4.8h, v27.8h
    (0x4ea3_b117, "sqdmlsl"), // sqdmlsl2 v23.2d, v8.4s, v3.4s
    (0x0eaa_d36a, "sqdmull"), // sqdmull v10.2d, v27.2s, v10.2s
    (0x4e6a_d16d, "sqdmull"), // sqdmull2 v13.4s, v11.8h, v10.8h
    (0x0e33_e071, "pmull"), // pmull v17.8h, v3.8b, v19.8b
    (0x4e34_e20c, "pmull"), // pmull2 v12.8h, v16.16b, v20.16b
    (0x0efb_e1ff, "pmull_1q"), // pmull v31.1q, v15.1d, v27.1d
    (0x0ef9_e263, "pmull_1q"), // pmull v3.1q, v19.1d, v25.1d
];

#[rustfmt::skip]
const SIMD_TWO_REG_MISC: &[(u32, &str)] = &[
    (0x0ea0_0b51, "rev64_v"), // rev64 v17.2s, v26.2s
    (0x4ea0_0bce, "rev64_v"), // rev64 v14.4s, v30.4s
    (0x2e60_083e, "rev32_v"), // rev32 v30.4h, v1.4h
    (0x6e60_0834, "rev32_v"), // rev32 v20.8h, v1.8h
    (0x0e20_1ab4, "rev16_v"), // rev16 v20.8b, v21.8b
    (0x0e20_1ba4, "rev16_v"), // rev16 v4.8b, v29.8b
    (0x4ea0_2980, "saddlp_v"), // saddlp v0.2d, v12.4s
    (0x0ea0_2885, "saddlp_v"), // saddlp v5.1d, v4.2s
    (0x6ea0_28f8, "uaddlp_v"), // uaddlp v24.2d, v7.4s
    (0x6e60_2b55, "uaddlp_v"), // uaddlp v21.4s, v26.8h
    (0x4e20_38ca, "suqadd_v"), // suqadd v10.16b, v6.16b
    (0x4e20_382a, "suqadd_v"), // suqadd v10.16b, v1.16b
    (0x6ea0_3a3b, "usqadd_v"), // usqadd v27.4s, v17.4s
    (0x2e20_38bf, "usqadd_v"), // usqadd v31.8b, v5.8b
    (0x0e20_4abd, "cls_v"), // cls v29.8b, v21.8b
    (0x4e60_49a2, "cls_v"), // cls v2.8h, v13.8h
    (0x6ea0_4b19, "clz_v"), // clz v25.4s, v24.4s
    (0x6ea0_4bb9, "clz_v"), // clz v25.4s, v29.4s
    (0x4e20_58dc, "cnt_v"), // cnt v28.16b, v6.16b
    (0x0e20_5b8d, "cnt_v"), // cnt v13.8b, v28.8b
    (0x6e20_58a4, "not_v"), // not v4.16b, v5.16b
    (0x2e20_59ff, "not_v"), // not v31.8b, v15.8b
    (0x6e60_59ac, "rbit_v"), // rbit v12.16b, v13.16b
    (0x2e60_5bd8, "rbit_v"), // rbit v24.8b, v30.8b
    (0x0ea0_6956, "sadalp_v"), // sadalp v22.1d, v10.2s
    (0x0e60_68f0, "sadalp_v"), // sadalp v16.2s, v7.4h
    (0x2e60_6862, "uadalp_v"), // uadalp v2.2s, v3.4h
    (0x6ea0_6a7f, "uadalp_v"), // uadalp v31.2d, v19.4s
    (0x0e20_7bfd, "sqabs_v"), // sqabs v29.8b, v31.8b
    (0x4ea0_794c, "sqabs_v"), // sqabs v12.4s, v10.4s
    (0x6e20_7b7a, "sqneg_v"), // sqneg v26.16b, v27.16b
    (0x2ea0_7ba8, "sqneg_v"), // sqneg v8.2s, v29.2s
    (0x0e60_89b1, "cmgt_zv"), // cmgt v17.4h, v13.4h, #0
    (0x0ea0_8b00, "cmgt_zv"), // cmgt v0.2s, v24.2s, #0
    (0x6e60_8a3e, "cmge_zv"), // cmge v30.8h, v17.8h, #0
    (0x6e20_8b55, "cmge_zv"), // cmge v21.16b, v26.16b, #0
    (0x0e20_9ac2, "cmeq_zv"), // cmeq v2.8b, v22.8b, #0
    (0x4e60_9ab5, "cmeq_zv"), // cmeq v21.8h, v21.8h, #0
    (0x2e20_9abc, "cmle_zv"), // cmle v28.8b, v21.8b, #0
    (0x2e20_9baf, "cmle_zv"), // cmle v15.8b, v29.8b, #0
    (0x4e20_a93a, "cmlt_zv"), // cmlt v26.16b, v9.16b, #0
    (0x4e60_aa53, "cmlt_zv"), // cmlt v19.8h, v18.8h, #0
    (0x4e60_b984, "abs_v"), // abs v4.8h, v12.8h
    (0x0ea0_bbff, "abs_v"), // abs v31.2s, v31.2s
    (0x2ea0_b83d, "neg_v"), // neg v29.2s, v1.2s
    (0x6e60_ba7b, "neg_v"), // neg v27.8h, v19.8h
    (0x0e21_2bc2, "xtn_v"), // xtn v2.8b, v30.8h
    (0x0ea1_288c, "xtn_v"), // xtn v12.2s, v4.2d
    (0x6ea1_2bc6, "sqxtun_v"), // sqxtun2 v6.4s, v30.2d
    (0x2ea1_291e, "sqxtun_v"), // sqxtun v30.2s, v8.2d
    (0x6e21_390f, "shll_v"), // shll2 v15.8h, v8.16b, #8
    (0x6ea1_3a02, "shll_v"), // shll2 v2.2d, v16.4s, #32
    (0x0ea1_4b4b, "sqxtn_v"), // sqxtn v11.2s, v26.2d
    (0x0e21_481d, "sqxtn_v"), // sqxtn v29.8b, v0.8h
    (0x2ea1_4a41, "uqxtn_v"), // uqxtn v1.2s, v18.2d
    (0x6e21_48ed, "uqxtn_v"), // uqxtn2 v13.16b, v7.8h
    (0x4e61_6a1c, "fcvtn_v"), // fcvtn2 v28.4s, v16.2d
    (0x4e61_6a40, "fcvtn_v"), // fcvtn2 v0.4s, v18.2d
    (0x6e61_6baa, "fcvtxn_v"), // fcvtxn2 v10.4s, v29.2d
    (0x6e61_6bd9, "fcvtxn_v"), // fcvtxn2 v25.4s, v30.2d
    (0x0e61_7a2e, "fcvtl_v"), // fcvtl v14.2d, v17.2s
    (0x0e21_7871, "fcvtl_v"), // fcvtl v17.4s, v3.4h
    (0x4e21_8a8a, "frintn_v"), // frintn v10.4s, v20.4s
    (0x0e21_8bf3, "frintn_v"), // frintn v19.2s, v31.2s
    (0x6e21_88be, "frinta_v"), // frinta v30.4s, v5.4s
    (0x2e21_89e7, "frinta_v"), // frinta v7.2s, v15.2s
    (0x0ea1_8a66, "frintp_v"), // frintp v6.2s, v19.2s
    (0x0ea1_8874, "frintp_v"), // frintp v20.2s, v3.2s
    (0x4e61_9b48, "frintm_v"), // frintm v8.2d, v26.2d
    (0x4e21_9b17, "frintm_v"), // frintm v23.4s, v24.4s
    (0x6e21_9aa8, "frintx_v"), // frintx v8.4s, v21.4s
    (0x2e21_9a2e, "frintx_v"), // frintx v14.2s, v17.2s
    (0x4ea1_99ba, "frintz_v"), // frintz v26.4s, v13.4s
    (0x0ea1_9832, "frintz_v"), // frintz v18.2s, v1.2s
    (0x6ea1_986d, "frinti_v"), // frinti v13.4s, v3.4s
    (0x6ee1_9b47, "frinti_v"), // frinti v7.2d, v26.2d
    (0x4e61_aa73, "fcvtns_v"), // fcvtns v19.2d, v19.2d
    (0x4e61_abb2, "fcvtns_v"), // fcvtns v18.2d, v29.2d
    (0x6e61_aad8, "fcvtnu_v"), // fcvtnu v24.2d, v22.2d
    (0x6e61_aa08, "fcvtnu_v"), // fcvtnu v8.2d, v16.2d
    (0x4ea1_abe2, "fcvtps_v"), // fcvtps v2.4s, v31.4s
    (0x4ea1_a95f, "fcvtps_v"), // fcvtps v31.4s, v10.4s
    (0x2ea1_a9c9, "fcvtpu_v"), // fcvtpu v9.2s, v14.2s
    (0x6ee1_aa78, "fcvtpu_v"), // fcvtpu v24.2d, v19.2d
    (0x4e21_b823, "fcvtms_v"), // fcvtms v3.4s, v1.4s
    (0x4e61_bb85, "fcvtms_v"), // fcvtms v5.2d, v28.2d
    (0x6e61_b896, "fcvtmu_v"), // fcvtmu v22.2d, v4.2d
    (0x2e21_ba5b, "fcvtmu_v"), // fcvtmu v27.2s, v18.2s
    (0x0ea1_b811, "fcvtzs_v"), // fcvtzs v17.2s, v0.2s
    (0x0ea1_babc, "fcvtzs_v"), // fcvtzs v28.2s, v21.2s
    (0x6ea1_b9d8, "fcvtzu_v"), // fcvtzu v24.4s, v14.4s
    (0x6ea1_bbb3, "fcvtzu_v"), // fcvtzu v19.4s, v29.4s
    (0x0e21_ca98, "fcvtas_v"), // fcvtas v24.2s, v20.2s
    (0x4e21_ca7e, "fcvtas_v"), // fcvtas v30.4s, v19.4s
    (0x6e61_c849, "fcvtau_v"), // fcvtau v9.2d, v2.2d
    (0x6e21_c9b0, "fcvtau_v"), // fcvtau v16.4s, v13.4s
    (0x4ea1_ca55, "urecpe_v"), // urecpe v21.4s, v18.4s
    (0x0ea1_ca34, "urecpe_v"), // urecpe v20.2s, v17.2s
    (0x2ea1_c939, "ursqrte_v"), // ursqrte v25.2s, v9.2s
    (0x2ea1_c8f9, "ursqrte_v"), // ursqrte v25.2s, v7.2s
    (0x4e61_d9a6, "scvtf_v"), // scvtf v6.2d, v13.2d
    (0x4e61_d8aa, "scvtf_v"), // scvtf v10.2d, v5.2d
    (0x6e61_d89b, "ucvtf_v"), // ucvtf v27.2d, v4.2d
    (0x6e21_daa7, "ucvtf_v"), // ucvtf v7.4s, v21.4s
    (0x0ea1_d87f, "frecpe_v"), // frecpe v31.2s, v3.2s
    (0x4ee1_d87e, "frecpe_v"), // frecpe v30.2d, v3.2d
    (0x6ea1_db4a, "frsqrte_v"), // frsqrte v10.4s, v26.4s
    (0x6ea1_da27, "frsqrte_v"), // frsqrte v7.4s, v17.4s
    (0x4ee0_c9e6, "fcmgt_zv"), // fcmgt v6.2d, v15.2d, #0.0
    (0x4ee0_cad1, "fcmgt_zv"), // fcmgt v17.2d, v22.2d, #0.0
    (0x2ea0_cb3f, "fcmge_zv"), // fcmge v31.2s, v25.2s, #0.0
    (0x6ea0_c99f, "fcmge_zv"), // fcmge v31.4s, v12.4s, #0.0
    (0x0ea0_d99b, "fcmeq_zv"), // fcmeq v27.2s, v12.2s, #0.0
    (0x0ea0_d84d, "fcmeq_zv"), // fcmeq v13.2s, v2.2s, #0.0
    (0x2ea0_d907, "fcmle_zv"), // fcmle v7.2s, v8.2s, #0.0
    (0x2ea0_da3d, "fcmle_zv"), // fcmle v29.2s, v17.2s, #0.0
    (0x4ee0_eb11, "fcmlt_zv"), // fcmlt v17.2d, v24.2d, #0.0
    (0x4ea0_e8fa, "fcmlt_zv"), // fcmlt v26.4s, v7.4s, #0.0
    (0x4ea0_f8be, "fabs_v"), // fabs v30.4s, v5.4s
    (0x4ee0_fac7, "fabs_v"), // fabs v7.2d, v22.2d
    (0x2ea0_fa3b, "fneg_v"), // fneg v27.2s, v17.2s
    (0x6ee0_fbc2, "fneg_v"), // fneg v2.2d, v30.2d
    (0x6ee1_fb10, "fsqrt_v"), // fsqrt v16.2d, v24.2d
    (0x6ea1_f91d, "fsqrt_v"), // fsqrt v29.4s, v8.4s
];

#[rustfmt::skip]
const SIMD_ACROSS: &[(u32, &str)] = &[
    (0x4e30_38a6, "saddlv"), // saddlv h6, v5.16b
    (0x4e70_381d, "saddlv"), // saddlv s29, v0.8h
    (0x6eb0_3826, "uaddlv"), // uaddlv d6, v1.4s
    (0x6e70_395b, "uaddlv"), // uaddlv s27, v10.8h
    (0x4e70_a801, "smaxv"), // smaxv h1, v0.8h
    (0x0e70_a80d, "smaxv"), // smaxv h13, v0.4h
    (0x2e70_a959, "umaxv"), // umaxv h25, v10.4h
    (0x6e30_a90a, "umaxv"), // umaxv b10, v8.16b
    (0x4e31_a876, "sminv"), // sminv b22, v3.16b
    (0x4e71_aab6, "sminv"), // sminv h22, v21.8h
    (0x6e31_aae6, "uminv"), // uminv b6, v23.16b
    (0x6e71_a9e5, "uminv"), // uminv h5, v15.8h
    (0x0e71_b917, "addv"), // addv h23, v8.4h
    (0x0e71_baba, "addv"), // addv h26, v21.4h
    (0x6e30_c9ab, "fmaxnmv"), // fmaxnmv s11, v13.4s
    (0x6e30_c89b, "fmaxnmv"), // fmaxnmv s27, v4.4s
    (0x6eb0_cb9c, "fminnmv"), // fminnmv s28, v28.4s
    (0x6eb0_c910, "fminnmv"), // fminnmv s16, v8.4s
    (0x6e30_f9c7, "fmaxv"), // fmaxv s7, v14.4s
    (0x6e30_fa7a, "fmaxv"), // fmaxv s26, v19.4s
    (0x6eb0_f873, "fminv"), // fminv s19, v3.4s
    (0x6eb0_f8d8, "fminv"), // fminv s24, v6.4s
];

#[rustfmt::skip]
const SIMD_PERMUTE: &[(u32, &str)] = &[
    (0x0e44_1bf7, "uzp1"), // uzp1 v23.4h, v31.4h, v4.4h
    (0x4e53_1b10, "uzp1"), // uzp1 v16.8h, v24.8h, v19.8h
    (0x0e95_2a39, "trn1"), // trn1 v25.2s, v17.2s, v21.2s
    (0x0e4a_2a11, "trn1"), // trn1 v17.4h, v16.4h, v10.4h
    (0x4e87_3936, "zip1"), // zip1 v22.4s, v9.4s, v7.4s
    (0x4ec4_3963, "zip1"), // zip1 v3.2d, v11.2d, v4.2d
    (0x0e94_5b59, "uzp2"), // uzp2 v25.2s, v26.2s, v20.2s
    (0x4e4b_58c3, "uzp2"), // uzp2 v3.8h, v6.8h, v11.8h
    (0x4e4e_6976, "trn2"), // trn2 v22.8h, v11.8h, v14.8h
    (0x4e95_6bee, "trn2"), // trn2 v14.4s, v31.4s, v21.4s
    (0x0e96_7b29, "zip2"), // zip2 v9.2s, v25.2s, v22.2s
    (0x4e18_7829, "zip2"), // zip2 v9.16b, v1.16b, v24.16b
    (0x6e00_7bca, "ext_v"), // ext v10.16b, v30.16b, v0.16b, #15
    (0x6e13_6a35, "ext_v"), // ext v21.16b, v17.16b, v19.16b, #13
    (0x4e1d_4150, "tbl"), // tbl v16.16b, {v10.16b-v12.16b}, v29.16b
    (0x4e1a_4272, "tbl"), // tbl v18.16b, {v19.16b-v21.16b}, v26.16b
    (0x4e10_7039, "tbx"), // tbx v25.16b, {v1.16b-v4.16b}, v16.16b
    (0x0e18_51ff, "tbx"), // tbx v31.8b, {v15.16b-v17.16b}, v24.8b
];

#[rustfmt::skip]
const SIMD_SHIFT_IMM: &[(u32, &str)] = &[
    (0x4f77_05d6, "sshr_v"), // sshr v22.2d, v14.2d, #9
    (0x4f5d_04a9, "sshr_v"), // sshr v9.2d, v5.2d, #35
    (0x2f37_0730, "ushr_v"), // ushr v16.2s, v25.2s, #9
    (0x6f68_0493, "ushr_v"), // ushr v19.2d, v4.2d, #24
    (0x4f23_1677, "ssra_v"), // ssra v23.4s, v19.4s, #29
    (0x0f0f_179f, "ssra_v"), // ssra v31.8b, v28.8b, #1
    (0x6f0c_15d2, "usra_v"), // usra v18.16b, v14.16b, #4
    (0x6f63_15c7, "usra_v"), // usra v7.2d, v14.2d, #29
    (0x4f53_270c, "srshr_v"), // srshr v12.2d, v24.2d, #45
    (0x4f73_26b7, "srshr_v"), // srshr v23.2d, v21.2d, #13
    (0x6f4d_2418, "urshr_v"), // urshr v24.2d, v0.2d, #51
    (0x6f13_245f, "urshr_v"), // urshr v31.8h, v2.8h, #13
    (0x4f12_35ab, "srsra_v"), // srsra v11.8h, v13.8h, #14
    (0x4f6c_3621, "srsra_v"), // srsra v1.2d, v17.2d, #20
    (0x6f5d_35f4, "ursra_v"), // ursra v20.2d, v15.2d, #35
    (0x2f30_34f5, "ursra_v"), // ursra v21.2s, v7.2s, #16
    (0x2f36_4434, "sri_v"), // sri v20.2s, v1.2s, #10
    (0x2f2f_45bd, "sri_v"), // sri v29.2s, v13.2s, #17
    (0x4f58_5423, "shl_v"), // shl v3.2d, v1.2d, #24
    (0x4f76_5688, "shl_v"), // shl v8.2d, v20.2d, #54
    (0x6f54_55e6, "sli_v"), // sli v6.2d, v15.2d, #20
    (0x6f09_5788, "sli_v"), // sli v8.16b, v28.16b, #1
    (0x6f2d_6551, "sqshlu_v"), // sqshlu v17.4s, v10.4s, #13
    (0x6f54_66c6, "sqshlu_v"), // sqshlu v6.2d, v22.2d, #20
    (0x4f47_7440, "sqshl_iv"), // sqshl v0.2d, v2.2d, #7
    (0x0f13_761a, "sqshl_iv"), // sqshl v26.4h, v16.4h, #3
    (0x6f6f_76a5, "uqshl_iv"), // uqshl v5.2d, v21.2d, #47
    (0x6f3f_7420, "uqshl_iv"), // uqshl v0.4s, v1.4s, #31
    (0x4f2c_8633, "shrn_v"), // shrn2 v19.4s, v17.2d, #20
    (0x4f24_87fe, "shrn_v"), // shrn2 v30.4s, v31.2d, #28
    (0x2f1a_84ca, "sqshrun_v"), // sqshrun v10.4h, v6.4s, #6
    (0x6f0c_87b1, "sqshrun_v"), // sqshrun2 v17.16b, v29.8h, #4
    (0x4f12_8cd5, "rshrn_v"), // rshrn2 v21.8h, v6.4s, #14
    (0x4f2a_8e88, "rshrn_v"), // rshrn2 v8.4s, v20.2d, #22
    (0x6f11_8d87, "sqrshrun_v"), // sqrshrun2 v7.8h, v12.4s, #15
    (0x2f21_8d20, "sqrshrun_v"), // sqrshrun v0.2s, v9.2d, #31
    (0x0f16_95a4, "sqshrn_v"), // sqshrn v4.4h, v13.4s, #10
    (0x0f3f_9487, "sqshrn_v"), // sqshrn v7.2s, v4.2d, #1
    (0x2f0d_9589, "uqshrn_v"), // uqshrn v9.8b, v12.8h, #3
    (0x2f1f_9714, "uqshrn_v"), // uqshrn v20.4h, v24.4s, #1
    (0x4f28_9e20, "sqrshrn_v"), // sqrshrn2 v0.4s, v17.2d, #24
    (0x4f37_9fc4, "sqrshrn_v"), // sqrshrn2 v4.4s, v30.2d, #9
    (0x6f3a_9ddc, "uqrshrn_v"), // uqrshrn2 v28.4s, v14.2d, #6
    (0x6f2e_9ec5, "uqrshrn_v"), // uqrshrn2 v5.4s, v22.2d, #18
    (0x0f20_a7bb, "sshll_v"), // sshll v27.2d, v29.2s, #0
    (0x4f1c_a48f, "sshll_v"), // sshll2 v15.4s, v4.8h, #12
    (0x2f0d_a645, "ushll_v"), // ushll v5.8h, v18.8b, #5
    (0x6f20_a531, "ushll_v"), // ushll2 v17.2d, v9.4s, #0
    (0x4f40_e61a, "scvtf_fv"), // scvtf v26.2d, v16.2d, #64
    (0x4f7d_e78f, "scvtf_fv"), // scvtf v15.2d, v28.2d, #3
    (0x6f49_e7a5, "ucvtf_fv"), // ucvtf v5.2d, v29.2d, #55
    (0x6f2d_e479, "ucvtf_fv"), // ucvtf v25.4s, v3.4s, #19
    (0x4f52_fec5, "fcvtzs_fv"), // fcvtzs v5.2d, v22.2d, #46
    (0x4f72_ff87, "fcvtzs_fv"), // fcvtzs v7.2d, v28.2d, #14
    (0x6f34_fe4b, "fcvtzu_fv"), // fcvtzu v11.4s, v18.4s, #12
    (0x6f5b_ff3a, "fcvtzu_fv"), // fcvtzu v26.2d, v25.2d, #37
];

#[rustfmt::skip]
const SIMD_LDST: &[(u32, &str)] = &[
    (0x4cd7_0af0, "ld4_multi"), // ld4 {v16.4s-v19.4s}, [x23], x23
    (0x0cde_095a, "ld4_multi"), // ld4 {v26.2s-v29.2s}, [x10], x30
    (0x0c9a_07f1, "st4_multi"), // st4 {v17.4h-v20.4h}, [sp], x26
    (0x0c90_08d4, "st4_multi"), // st4 {v20.2s-v23.2s}, [x6], x16
    (0x0ccf_4353, "ld3_multi"), // ld3 {v19.8b-v21.8b}, [x26], x15
    (0x4cc4_43d4, "ld3_multi"), // ld3 {v20.16b-v22.16b}, [x30], x4
    (0x0c85_436c, "st3_multi"), // st3 {v12.8b-v14.8b}, [x27], x5
    (0x4c98_4492, "st3_multi"), // st3 {v18.8h-v20.8h}, [x4], x24
    (0x4cd2_85a7, "ld2_multi"), // ld2 {v7.8h, v8.8h}, [x13], x18
    (0x4c40_8891, "ld2_multi"), // ld2 {v17.4s, v18.4s}, [x4]
    (0x4c9e_86ce, "st2_multi"), // st2 {v14.8h, v15.8h}, [x22], x30
    (0x4c9c_82c5, "st2_multi"), // st2 {v5.16b, v6.16b}, [x22], x28
    (0x4cd0_2ed4, "ld1_multi"), // ld1 {v20.2d-v23.2d}, [x22], x16
    (0x0cdc_adf2, "ld1_multi"), // ld1 {v18.1d, v19.1d}, [x15], x28
    (0x0c9b_2bae, "st1_multi"), // st1 {v14.2s-v17.2s}, [x29], x27
    (0x0c80_a33e, "st1_multi"), // st1 {v30.8b, v31.8b}, [x25], x0
    (0x4dc3_51f6, "ld1_lane"), // ld1 {v22.h}[6], [x15], x3
    (0x4dc1_824d, "ld1_lane"), // ld1 {v13.s}[2], [x18], x1
    (0x0d86_0d5b, "st1_lane"), // st1 {v27.b}[3], [x10], x6
    (0x4d8f_1598, "st1_lane"), // st1 {v24.b}[13], [x12], x15
    (0x0df1_0740, "ld2_lane"), // ld2 {v0.b, v1.b}[1], [x26], x17
    (0x4deb_046e, "ld2_lane"), // ld2 {v14.b, v15.b}[9], [x3], x11
    (0x4da2_921a, "st2_lane"), // st2 {v26.s, v27.s}[3], [x16], x2
    (0x0dbc_14f1, "st2_lane"), // st2 {v17.b, v18.b}[5], [x7], x28
    (0x4dd3_a465, "ld3_lane"), // ld3 {v5.d-v7.d}[1], [x3], x19
    (0x0dc9_a38f, "ld3_lane"), // ld3 {v15.s-v17.s}[0], [x28], x9
    (0x0d9c_a590, "st3_lane"), // st3 {v16.d-v18.d}[0], [x12], x28
    (0x4d89_72b9, "st3_lane"), // st3 {v25.h-v27.h}[6], [x21], x9
    (0x0de5_23a4, "ld4_lane"), // ld4 {v4.b-v7.b}[0], [x29], x5
    (0x0dfd_22b4, "ld4_lane"), // ld4 {v20.b-v23.b}[0], [x21], x29
    (0x4da2_31e3, "st4_lane"), // st4 {v3.b-v6.b}[12], [x15], x2
    (0x0db7_6025, "st4_lane"), // st4 {v5.h-v8.h}[0], [x1], x23
    (0x0dcf_ccb5, "ld1r"), // ld1r {v21.1d}, [x5], x15
    (0x4dce_c354, "ld1r"), // ld1r {v20.16b}, [x26], x14
    (0x0df9_ca7d, "ld2r"), // ld2r {v29.2s, v30.2s}, [x19], x25
    (0x4def_cf29, "ld2r"), // ld2r {v9.2d, v10.2d}, [x25], x15
    (0x0dc8_e9b6, "ld3r"), // ld3r {v22.2s-v24.2s}, [x13], x8
    (0x0dd7_e31f, "ld3r"), // ld3r {v31.8b, v0.8b, v1.8b}, [x24], x23
    (0x0dfb_e458, "ld4r"), // ld4r {v24.4h-v27.4h}, [x2], x27
    (0x4df1_e5f8, "ld4r"), // ld4r {v24.8h-v27.8h}, [x15], x17
];

#[rustfmt::skip]
const SIMD_INDEXED: &[(u32, &str)] = &[
    (0x6f9e_0b40, "mla_e"), // mla v0.4s, v26.4s, v30.s[2]
    (0x2f53_036e, "mla_e"), // mla v14.4h, v27.4h, v3.h[1]
    (0x2fa6_4256, "mls_e"), // mls v22.2s, v18.2s, v6.s[1]
    (0x6f77_4b45, "mls_e"), // mls v5.8h, v26.8h, v7.h[7]
    (0x4f74_89e1, "mul_e"), // mul v1.8h, v15.8h, v4.h[7]
    (0x0f48_812c, "mul_e"), // mul v12.4h, v9.4h, v8.h[0]
    (0x0f75_23de, "smlal_e"), // smlal v30.4s, v30.4h, v5.h[3]
    (0x4f71_2b42, "smlal_e"), // smlal2 v2.4s, v26.8h, v1.h[7]
    (0x2fbb_224a, "umlal_e"), // umlal v10.2d, v18.2s, v27.s[1]
    (0x6f5e_21d7, "umlal_e"), // umlal2 v23.4s, v14.8h, v14.h[1]
    (0x0f6d_6895, "smlsl_e"), // smlsl v21.4s, v4.4h, v13.h[6]
    (0x4f6a_6b80, "smlsl_e"), // smlsl2 v0.4s, v28.8h, v10.h[6]
    (0x2f64_60d3, "umlsl_e"), // umlsl v19.4s, v6.4h, v4.h[2]
    (0x6f97_63a7, "umlsl_e"), // umlsl2 v7.2d, v29.4s, v23.s[0]
    (0x0f42_ab09, "smull_e"), // smull v9.4s, v24.4h, v2.h[4]
    (0x0f9b_a2de, "smull_e"), // smull v30.2d, v22.2s, v27.s[0]
    (0x6fb5_a3d3, "umull_e"), // umull2 v19.2d, v30.4s, v21.s[1]
    (0x6fb7_a208, "umull_e"), // umull2 v8.2d, v16.4s, v23.s[1]
    (0x4fb8_3bc0, "sqdmlal_e"), // sqdmlal2 v0.2d, v30.4s, v24.s[3]
    (0x4fa3_3bce, "sqdmlal_e"), // sqdmlal2 v14.2d, v30.4s, v3.s[3]
    (0x0f55_78fb, "sqdmlsl_e"), // sqdmlsl v27.4s, v7.4h, v5.h[5]
    (0x4f79_71d0, "sqdmlsl_e"), // sqdmlsl2 v16.4s, v14.8h, v9.h[3]
    (0x4fa7_ba0c, "sqdmull_e"), // sqdmull2 v12.2d, v16.4s, v7.s[3]
    (0x4fb3_ba42, "sqdmull_e"), // sqdmull2 v2.2d, v18.4s, v19.s[3]
    (0x0f40_cb8e, "sqdmulh_e"), // sqdmulh v14.4h, v28.4h, v0.h[4]
    (0x4f6d_c14b, "sqdmulh_e"), // sqdmulh v11.8h, v10.8h, v13.h[2]
    (0x4fa0_d941, "sqrdmulh_e"), // sqrdmulh v1.4s, v10.4s, v0.s[3]
    (0x4f97_d9f2, "sqrdmulh_e"), // sqrdmulh v18.4s, v15.4s, v23.s[2]
    (0x0fbf_12bd, "fmla_e"), // fmla v29.2s, v21.2s, v31.s[1]
    (0x0fa6_13bc, "fmla_e"), // fmla v28.2s, v29.2s, v6.s[1]
    (0x0f80_52c2, "fmls_e"), // fmls v2.2s, v22.2s, v0.s[0]
    (0x4fa9_5871, "fmls_e"), // fmls v17.4s, v3.4s, v9.s[3]
    (0x0f89_930b, "fmul_e"), // fmul v11.2s, v24.2s, v9.s[0]
    (0x0fac_9b4a, "fmul_e"), // fmul v10.2s, v26.2s, v12.s[3]
    (0x6f96_99e5, "fmulx_e"), // fmulx v5.4s, v15.4s, v22.s[2]
    (0x2f8f_92c3, "fmulx_e"), // fmulx v3.2s, v22.2s, v15.s[0]
    (0x5f9f_3ac2, "sqdmlal_es"), // sqdmlal d2, s22, v31.s[2]
    (0x5f94_3917, "sqdmlal_es"), // sqdmlal d23, s8, v20.s[2]
    (0x5f70_72b3, "sqdmlsl_es"), // sqdmlsl s19, h21, v0.h[3]
    (0x5f80_7bbc, "sqdmlsl_es"), // sqdmlsl d28, s29, v0.s[2]
    (0x5fb7_b2c7, "sqdmull_es"), // sqdmull d7, s22, v23.s[1]
    (0x5f6a_b124, "sqdmull_es"), // sqdmull s4, h9, v10.h[2]
    (0x5fbd_c21f, "sqdmulh_es"), // sqdmulh s31, s16, v29.s[1]
    (0x5f86_cace, "sqdmulh_es"), // sqdmulh s14, s22, v6.s[2]
    (0x5f71_d2e0, "sqrdmulh_es"), // sqrdmulh h0, h23, v1.h[3]
    (0x5f44_d94f, "sqrdmulh_es"), // sqrdmulh h15, h10, v4.h[4]
    (0x5fd4_11f2, "fmla_es"), // fmla d18, d15, v20.d[0]
    (0x5fc7_1bb7, "fmla_es"), // fmla d23, d29, v7.d[1]
    (0x5fd4_5ba7, "fmls_es"), // fmls d7, d29, v20.d[1]
    (0x5f97_5896, "fmls_es"), // fmls s22, s4, v23.s[2]
    (0x5fa7_9946, "fmul_es"), // fmul s6, s10, v7.s[3]
    (0x5fd5_907d, "fmul_es"), // fmul d29, d3, v21.d[0]
    (0x7f80_98cb, "fmulx_es"), // fmulx s11, s6, v0.s[2]
    (0x7fa8_9b4e, "fmulx_es"), // fmulx s14, s26, v8.s[3]
];

#[rustfmt::skip]
const SIMD_SCALAR: &[(u32, &str)] = &[
    (0x5ebe_0eff, "sqadd_s"), // sqadd s31, s23, s30
    (0x5e2a_0f56, "sqadd_s"), // sqadd b22, b26, b10
    (0x7e7c_0d3a, "uqadd_s"), // uqadd h26, h9, h28
    (0x7ee8_0e70, "uqadd_s"), // uqadd d16, d19, d8
    (0x5ead_2f27, "sqsub_s"), // sqsub s7, s25, s13
    (0x5eb3_2cbf, "sqsub_s"), // sqsub s31, s5, s19
    (0x7e7d_2d66, "uqsub_s"), // uqsub h6, h11, h29
    (0x7ebd_2c6a, "uqsub_s"), // uqsub s10, s3, s29
    (0x5eff_37eb, "cmgt_s"), // cmgt d11, d31, d31
    (0x5eed_342e, "cmgt_s"), // cmgt d14, d1, d13
    (0x7ef9_37db, "cmhi_s"), // cmhi d27, d30, d25
    (0x7ef6_37e9, "cmhi_s"), // cmhi d9, d31, d22
    (0x5eed_3e48, "cmge_s"), // cmge d8, d18, d13
    (0x5ef8_3d0e, "cmge_s"), // cmge d14, d8, d24
    (0x7eff_3f9d, "cmhs_s"), // cmhs d29, d28, d31
    (0x7ee3_3e74, "cmhs_s"), // cmhs d20, d19, d3
    (0x5efe_447e, "sshl_s"), // sshl d30, d3, d30
    (0x5eff_474f, "sshl_s"), // sshl d15, d26, d31
    (0x7ee7_453b, "ushl_s"), // ushl d27, d9, d7
    (0x7ef9_4777, "ushl_s"), // ushl d23, d27, d25
    (0x5e31_4dab, "sqshl_s"), // sqshl b11, b13, b17
    (0x5e77_4d1c, "sqshl_s"), // sqshl h28, h8, h23
    (0x7eb6_4cc9, "uqshl_s"), // uqshl s9, s6, s22
    (0x7ebc_4d5b, "uqshl_s"), // uqshl s27, s10, s28
    (0x5eea_5461, "srshl_s"), // srshl d1, d3, d10
    (0x5ef6_5526, "srshl_s"), // srshl d6, d9, d22
    (0x7ef0_54d4, "urshl_s"), // urshl d20, d6, d16
    (0x7ee7_54cf, "urshl_s"), // urshl d15, d6, d7
    (0x5e71_5d2f, "sqrshl_s"), // sqrshl h15, h9, h17
    (0x5eb4_5e2a, "sqrshl_s"), // sqrshl s10, s17, s20
    (0x7ef5_5e28, "uqrshl_s"), // uqrshl d8, d17, d21
    (0x7ee5_5cd3, "uqrshl_s"), // uqrshl d19, d6, d5
    (0x5ee2_859d, "add_s"), // add d29, d12, d2
    (0x5ee5_8402, "add_s"), // add d2, d0, d5
    (0x7ef0_8554, "sub_s"), // sub d20, d10, d16
    (0x7ee2_844e, "sub_s"), // sub d14, d2, d2
    (0x5eed_8f4f, "cmtst_s"), // cmtst d15, d26, d13
    (0x5eeb_8ee0, "cmtst_s"), // cmtst d0, d23, d11
    (0x7ef4_8c0d, "cmeq_s"), // cmeq d13, d0, d20
    (0x7ef7_8e0f, "cmeq_s"), // cmeq d15, d16, d23
    (0x5ea3_b6d7, "sqdmulh_s"), // sqdmulh s23, s22, s3
    (0x5eae_b72a, "sqdmulh_s"), // sqdmulh s10, s25, s14
    (0x7ea1_b469, "sqrdmulh_s"), // sqrdmulh s9, s3, s1
    (0x7e66_b5b0, "sqrdmulh_s"), // sqrdmulh h16, h13, h6
    (0x7ea8_d7d1, "fabd_s"), // fabd s17, s30, s8
    (0x7eac_d418, "fabd_s"), // fabd s24, s0, s12
    (0x5e76_dd6f, "fmulx_s"), // fmulx d15, d11, d22
    (0x5e3e_de3f, "fmulx_s"), // fmulx s31, s17, s30
    (0x5e79_e609, "fcmeq_s"), // fcmeq d9, d16, d25
    (0x5e7e_e4ea, "fcmeq_s"), // fcmeq d10, d7, d30
    (0x7e37_e642, "fcmge_s"), // fcmge s2, s18, s23
    (0x7e7f_e498, "fcmge_s"), // fcmge d24, d4, d31
    (0x7efc_e44f, "fcmgt_s"), // fcmgt d15, d2, d28
    (0x7ee2_e4d8, "fcmgt_s"), // fcmgt d24, d6, d2
    (0x7e6b_eec8, "facge_s"), // facge d8, d22, d11
    (0x7e22_eddf, "facge_s"), // facge s31, s14, s2
    (0x7ea9_ee73, "facgt_s"), // facgt s19, s19, s9
    (0x7ef2_ee04, "facgt_s"), // facgt d4, d16, d18
    (0x5e3b_ff2f, "frecps_s"), // frecps s15, s25, s27
    (0x5e69_fc00, "frecps_s"), // frecps d0, d0, d9
    (0x5ea8_fcda, "frsqrts_s"), // frsqrts s26, s6, s8
    (0x5eb2_ffdd, "frsqrts_s"), // frsqrts s29, s30, s18
    (0x5e67_9116, "sqdmlal_s"), // sqdmlal s22, h8, h7
    (0x5eab_9197, "sqdmlal_s"), // sqdmlal d23, s12, s11
    (0x5eb5_b043, "sqdmlsl_s"), // sqdmlsl d3, s2, s21
    (0x5e6a_b223, "sqdmlsl_s"), // sqdmlsl s3, h17, h10
    (0x5e61_d12d, "sqdmull_s"), // sqdmull s13, h9, h1
    (0x5eb6_d14d, "sqdmull_s"), // sqdmull d13, s10, s22
    (0x5e60_3ad4, "suqadd_s"), // suqadd h20, h22
    (0x5e60_38db, "suqadd_s"), // suqadd h27, h6
    (0x7ee0_3b42, "usqadd_s"), // usqadd d2, d26
    (0x7e20_39a9, "usqadd_s"), // usqadd b9, b13
    (0x5e60_7acd, "sqabs_s"), // sqabs h13, h22
    (0x5e20_7b19, "sqabs_s"), // sqabs b25, b24
    (0x7ee0_7b2b, "sqneg_s"), // sqneg d11, d25
    (0x7ee0_7b64, "sqneg_s"), // sqneg d4, d27
    (0x5ee0_8b27, "cmgt_zs"), // cmgt d7, d25, #0
    (0x5ee0_8898, "cmgt_zs"), // cmgt d24, d4, #0
    (0x7ee0_8ae7, "cmge_zs"), // cmge d7, d23, #0
    (0x7ee0_89a3, "cmge_zs"), // cmge d3, d13, #0
    (0x5ee0_9895, "cmeq_zs"), // cmeq d21, d4, #0
    (0x5ee0_9bac, "cmeq_zs"), // cmeq d12, d29, #0
    (0x7ee0_98d9, "cmle_zs"), // cmle d25, d6, #0
    (0x7ee0_9b2e, "cmle_zs"), // cmle d14, d25, #0
    (0x5ee0_a8c2, "cmlt_zs"), // cmlt d2, d6, #0
    (0x5ee0_a8d6, "cmlt_zs"), // cmlt d22, d6, #0
    (0x5ee0_b8cf, "abs_s"), // abs d15, d6
    (0x5ee0_babd, "abs_s"), // abs d29, d21
    (0x7ee0_b820, "neg_s"), // neg d0, d1
    (0x7ee0_b94f, "neg_s"), // neg d15, d10
    (0x7e61_2a02, "sqxtun_s"), // sqxtun h2, s16
    (0x7ea1_290b, "sqxtun_s"), // sqxtun s11, d8
    (0x5ea1_4bb6, "sqxtn_s"), // sqxtn s22, d29
    (0x5e21_4bf9, "sqxtn_s"), // sqxtn b25, h31
    (0x7ea1_49ba, "uqxtn_s"), // uqxtn s26, d13
    (0x7e61_49e1, "uqxtn_s"), // uqxtn h1, s15
    (0x7e61_69be, "fcvtxn_s"), // fcvtxn s30, d13
    (0x7e61_6bf6, "fcvtxn_s"), // fcvtxn s22, d31
    (0x5e21_a8f1, "fcvtns_s"), // fcvtns s17, s7
    (0x5e21_ab05, "fcvtns_s"), // fcvtns s5, s24
    (0x7e21_ab48, "fcvtnu_s"), // fcvtnu s8, s26
    (0x7e21_aa80, "fcvtnu_s"), // fcvtnu s0, s20
    (0x5ea1_a9c2, "fcvtps_s"), // fcvtps s2, s14
    (0x5ea1_a93a, "fcvtps_s"), // fcvtps s26, s9
    (0x7ea1_ab6c, "fcvtpu_s"), // fcvtpu s12, s27
    (0x7ee1_aa39, "fcvtpu_s"), // fcvtpu d25, d17
    (0x5e21_b872, "fcvtms_s"), // fcvtms s18, s3
    (0x5e21_bb9c, "fcvtms_s"), // fcvtms s28, s28
    (0x7e61_ba4c, "fcvtmu_s"), // fcvtmu d12, d18
    (0x7e21_bb79, "fcvtmu_s"), // fcvtmu s25, s27
    (0x5ee1_b97f, "fcvtzs_s"), // fcvtzs d31, d11
    (0x5ea1_b926, "fcvtzs_s"), // fcvtzs s6, s9
    (0x7ea1_b97a, "fcvtzu_s"), // fcvtzu s26, s11
    (0x7ea1_b95f, "fcvtzu_s"), // fcvtzu s31, s10
    (0x5e61_c808, "fcvtas_s"), // fcvtas d8, d0
    (0x5e21_c9fc, "fcvtas_s"), // fcvtas s28, s15
    (0x7e61_c90c, "fcvtau_s"), // fcvtau d12, d8
    (0x7e21_c84b, "fcvtau_s"), // fcvtau s11, s2
    (0x5e21_d8ca, "scvtf_s"), // scvtf s10, s6
    (0x5e21_db0c, "scvtf_s"), // scvtf s12, s24
    (0x7e61_da40, "ucvtf_s"), // ucvtf d0, d18
    (0x7e61_d969, "ucvtf_s"), // ucvtf d9, d11
    (0x5ea1_da36, "frecpe_s"), // frecpe s22, s17
    (0x5ea1_dbac, "frecpe_s"), // frecpe s12, s29
    (0x7ee1_db01, "frsqrte_s"), // frsqrte d1, d24
    (0x7ee1_dab7, "frsqrte_s"), // frsqrte d23, d21
    (0x5ea1_fbfc, "frecpx_s"), // frecpx s28, s31
    (0x5ee1_fbbe, "frecpx_s"), // frecpx d30, d29
    (0x5ee0_cab9, "fcmgt_zs"), // fcmgt d25, d21, #0.0
    (0x5ee0_c966, "fcmgt_zs"), // fcmgt d6, d11, #0.0
    (0x7ea0_c947, "fcmge_zs"), // fcmge s7, s10, #0.0
    (0x7ea0_ca9c, "fcmge_zs"), // fcmge s28, s20, #0.0
    (0x5ee0_da8f, "fcmeq_zs"), // fcmeq d15, d20, #0.0
    (0x5ea0_dbd4, "fcmeq_zs"), // fcmeq s20, s30, #0.0
    (0x7ea0_da02, "fcmle_zs"), // fcmle s2, s16, #0.0
    (0x7ee0_db7e, "fcmle_zs"), // fcmle d30, d27, #0.0
    (0x5ea0_e8a4, "fcmlt_zs"), // fcmlt s4, s5, #0.0
    (0x5ea0_ebf4, "fcmlt_zs"), // fcmlt s20, s31, #0.0
    (0x5ef1_ba05, "addp_s"), // addp d5, v16.2d
    (0x5ef1_b859, "addp_s"), // addp d25, v2.2d
    (0x7e30_cb57, "fmaxnmp_s"), // fmaxnmp s23, v26.2s
    (0x7e70_cb09, "fmaxnmp_s"), // fmaxnmp d9, v24.2d
    (0x7ef0_c884, "fminnmp_s"), // fminnmp d4, v4.2d
    (0x7ef0_ca98, "fminnmp_s"), // fminnmp d24, v20.2d
    (0x7e70_d83f, "faddp_s"), // faddp d31, v1.2d
    (0x7e70_db29, "faddp_s"), // faddp d9, v25.2d
    (0x7e70_fb8c, "fmaxp_s"), // fmaxp d12, v28.2d
    (0x7e70_f90b, "fmaxp_s"), // fmaxp d11, v8.2d
    (0x7ef0_fa01, "fminp_s"), // fminp d1, v16.2d
    (0x7eb0_f95b, "fminp_s"), // fminp s27, v10.2s
    (0x5f72_07c2, "sshr_s"), // sshr d2, d30, #14
    (0x5f77_0786, "sshr_s"), // sshr d6, d28, #9
    (0x7f71_05e2, "ushr_s"), // ushr d2, d15, #15
    (0x7f5d_0698, "ushr_s"), // ushr d24, d20, #35
    (0x5f52_17b9, "ssra_s"), // ssra d25, d29, #46
    (0x5f79_15fe, "ssra_s"), // ssra d30, d15, #7
    (0x7f75_141d, "usra_s"), // usra d29, d0, #11
    (0x7f45_1699, "usra_s"), // usra d25, d20, #59
    (0x5f55_24e9, "srshr_s"), // srshr d9, d7, #43
    (0x5f62_24d4, "srshr_s"), // srshr d20, d6, #30
    (0x7f66_26f0, "urshr_s"), // urshr d16, d23, #26
    (0x7f4a_249a, "urshr_s"), // urshr d26, d4, #54
    (0x5f76_37d5, "srsra_s"), // srsra d21, d30, #10
    (0x5f5a_3722, "srsra_s"), // srsra d2, d25, #38
    (0x7f61_35d0, "ursra_s"), // ursra d16, d14, #31
    (0x7f4c_379a, "ursra_s"), // ursra d26, d28, #52
    (0x7f79_460c, "sri_s"), // sri d12, d16, #7
    (0x7f41_461b, "sri_s"), // sri d27, d16, #63
    (0x5f74_57fb, "shl_s"), // shl d27, d31, #52
    (0x5f54_55e8, "shl_s"), // shl d8, d15, #20
    (0x7f62_5670, "sli_s"), // sli d16, d19, #34
    (0x7f4b_5674, "sli_s"), // sli d20, d19, #11
    (0x7f26_6459, "sqshlu_s"), // sqshlu s25, s2, #6
    (0x7f5a_66ab, "sqshlu_s"), // sqshlu d11, d21, #26
    (0x5f2d_7474, "sqshl_is"), // sqshl s20, s3, #13
    (0x5f69_75f4, "sqshl_is"), // sqshl d20, d15, #41
    (0x7f1b_75bb, "uqshl_is"), // uqshl h27, h13, #11
    (0x7f3c_74ac, "uqshl_is"), // uqshl s12, s5, #28
    (0x7f1d_84f7, "sqshrun_s"), // sqshrun h23, s7, #3
    (0x7f37_84c5, "sqshrun_s"), // sqshrun s5, d6, #9
    (0x7f16_8c1d, "sqrshrun_s"), // sqrshrun h29, s0, #10
    (0x7f30_8fd5, "sqrshrun_s"), // sqrshrun s21, d30, #16
    (0x5f27_958b, "sqshrn_s"), // sqshrn s11, d12, #25
    (0x5f15_9595, "sqshrn_s"), // sqshrn h21, s12, #11
    (0x7f2c_96d4, "uqshrn_s"), // uqshrn s20, d22, #20
    (0x7f0b_9620, "uqshrn_s"), // uqshrn b0, h17, #5
    (0x5f30_9ce3, "sqrshrn_s"), // sqrshrn s3, d7, #16
    (0x5f3a_9cd6, "sqrshrn_s"), // sqrshrn s22, d6, #6
    (0x7f26_9eae, "uqrshrn_s"), // uqrshrn s14, d21, #26
    (0x7f38_9c89, "uqrshrn_s"), // uqrshrn s9, d4, #8
    (0x5f7c_e483, "scvtf_fs"), // scvtf d3, d4, #4
    (0x5f7d_e5ec, "scvtf_fs"), // scvtf d12, d15, #3
    (0x7f60_e670, "ucvtf_fs"), // ucvtf d16, d19, #32
    (0x7f5a_e715, "ucvtf_fs"), // ucvtf d21, d24, #38
    (0x5f2b_ffc9, "fcvtzs_fs"), // fcvtzs s9, s30, #21
    (0x5f2d_fdc9, "fcvtzs_fs"), // fcvtzs s9, s14, #19
    (0x7f4b_fdba, "fcvtzu_fs"), // fcvtzu d26, d13, #53
    (0x7f5f_ffbf, "fcvtzu_fs"), // fcvtzu d31, d29, #33
];

#[rustfmt::skip]
const FP_SCALAR: &[(u32, &str)] = &[
    (0x1e20_4352, "fmov"), // fmov s18, s26
    (0x1e60_41fd, "fmov"), // fmov d29, d15
    (0x1e20_c0f5, "fabs"), // fabs s21, s7
    (0x1e20_c1eb, "fabs"), // fabs s11, s15
    (0x1e61_409c, "fneg"), // fneg d28, d4
    (0x1e61_42bf, "fneg"), // fneg d31, d21
    (0x1e61_c381, "fsqrt"), // fsqrt d1, d28
    (0x1e21_c27f, "fsqrt"), // fsqrt s31, s19
    (0x1e23_c161, "fcvt"), // fcvt h1, s11
    (0x1e22_c258, "fcvt"), // fcvt d24, s18
    (0x1e64_4010, "frintn"), // frintn d16, d0
    (0x1e64_4362, "frintn"), // frintn d2, d27
    (0x1e64_c2d2, "frintp"), // frintp d18, d22
    (0x1e64_c344, "frintp"), // frintp d4, d26
    (0x1e25_419a, "frintm"), // frintm s26, s12
    (0x1e65_4238, "frintm"), // frintm d24, d17
    (0x1e25_c26d, "frintz"), // frintz s13, s19
    (0x1e25_c00b, "frintz"), // frintz s11, s0
    (0x1e66_4228, "frinta"), // frinta d8, d17
    (0x1e66_41ba, "frinta"), // frinta d26, d13
    (0x1e27_43da, "frintx"), // frintx s26, s30
    (0x1e67_4274, "frintx"), // frintx d20, d19
    (0x1e67_c1a4, "frinti"), // frinti d4, d13
    (0x1e27_c09c, "frinti"), // frinti s28, s4
    (0x1e63_0a17, "fmul"), // fmul d23, d16, d3
    (0x1e2b_0bf9, "fmul"), // fmul s25, s31, s11
    (0x1e71_1b36, "fdiv"), // fdiv d22, d25, d17
    (0x1e74_1add, "fdiv"), // fdiv d29, d22, d20
    (0x1e2e_2ae0, "fadd"), // fadd s0, s23, s14
    (0x1e7f_283c, "fadd"), // fadd d28, d1, d31
    (0x1e7d_39b9, "fsub"), // fsub d25, d13, d29
    (0x1e3d_3a7e, "fsub"), // fsub s30, s19, s29
    (0x1e29_4bf2, "fmax"), // fmax s18, s31, s9
    (0x1e62_4ac3, "fmax"), // fmax d3, d22, d2
    (0x1e3e_5810, "fmin"), // fmin s16, s0, s30
    (0x1e72_589f, "fmin"), // fmin d31, d4, d18
    (0x1e6a_6aac, "fmaxnm"), // fmaxnm d12, d21, d10
    (0x1e61_69f6, "fmaxnm"), // fmaxnm d22, d15, d1
    (0x1e24_7a7b, "fminnm"), // fminnm s27, s19, s4
    (0x1e76_798e, "fminnm"), // fminnm d14, d12, d22
    (0x1e78_885b, "fnmul"), // fnmul d27, d2, d24
    (0x1e6e_8b64, "fnmul"), // fnmul d4, d27, d14
    (0x1f47_7b23, "fmadd"), // fmadd d3, d25, d7, d30
    (0x1f5b_65b3, "fmadd"), // fmadd d19, d13, d27, d25
    (0x1f5a_9760, "fmsub"), // fmsub d0, d27, d26, d5
    (0x1f18_d79f, "fmsub"), // fmsub s31, s28, s24, s21
    (0x1f2c_46ef, "fnmadd"), // fnmadd s15, s23, s12, s17
    (0x1f2b_3670, "fnmadd"), // fnmadd s16, s19, s11, s13
    (0x1f35_fbc9, "fnmsub"), // fnmsub s9, s30, s21, s30
    (0x1f67_e15a, "fnmsub"), // fnmsub d26, d10, d7, d24
    (0x1e73_23e0, "fcmp"), // fcmp d31, d19
    (0x1e21_2060, "fcmp"), // fcmp s3, s1
    (0x1e20_2188, "fcmp_z"), // fcmp s12, #0.0
    (0x1e60_2328, "fcmp_z"), // fcmp d25, #0.0
    (0x1e2e_22f0, "fcmpe"), // fcmpe s23, s14
    (0x1e6a_2270, "fcmpe"), // fcmpe d19, d10
    (0x1e60_21f8, "fcmpe_z"), // fcmpe d15, #0.0
    (0x1e20_2278, "fcmpe_z"), // fcmpe s19, #0.0
    (0x1e71_e6e3, "fccmp"), // fccmp d23, d17, #0x3, al
    (0x1e2d_772c, "fccmp"), // fccmp s25, s13, #0xc, vc
    (0x1e39_7595, "fccmpe"), // fccmpe s12, s25, #0x5, vc
    (0x1e3d_e7de, "fccmpe"), // fccmpe s30, s29, #0xe, al
    (0x1e6b_df91, "fcsel"), // fcsel d17, d28, d11, le
    (0x1e72_de16, "fcsel"), // fcsel d22, d16, d18, le
    (0x1e7d_3007, "fmov_imm"), // fmov d7, #-7.812500000000000000e-01
    (0x1e2c_101b, "fmov_imm"), // fmov s27, #5.000000000000000000e-01
    (0x9e20_0135, "fcvtns_gen"), // fcvtns x21, s9
    (0x1e20_0363, "fcvtns_gen"), // fcvtns w3, s27
    (0x9e61_0295, "fcvtnu_gen"), // fcvtnu x21, d20
    (0x9e21_03c3, "fcvtnu_gen"), // fcvtnu x3, s30
    (0x1e68_018c, "fcvtps_gen"), // fcvtps w12, d12
    (0x1e68_0187, "fcvtps_gen"), // fcvtps w7, d12
    (0x1e29_0392, "fcvtpu_gen"), // fcvtpu w18, s28
    (0x1e69_00a6, "fcvtpu_gen"), // fcvtpu w6, d5
    (0x1e70_0006, "fcvtms_gen"), // fcvtms w6, d0
    (0x9e70_017f, "fcvtms_gen"), // fcvtms xzr, d11
    (0x1e71_02ca, "fcvtmu_gen"), // fcvtmu w10, d22
    (0x9e31_016c, "fcvtmu_gen"), // fcvtmu x12, s11
    (0x9e78_01b7, "fcvtzs_gen"), // fcvtzs x23, d13
    (0x9e78_022e, "fcvtzs_gen"), // fcvtzs x14, d17
    (0x9e79_03ef, "fcvtzu_gen"), // fcvtzu x15, d31
    (0x9e79_03b9, "fcvtzu_gen"), // fcvtzu x25, d29
    (0x9e64_03e3, "fcvtas_gen"), // fcvtas x3, d31
    (0x9e64_02ee, "fcvtas_gen"), // fcvtas x14, d23
    (0x1e25_0029, "fcvtau_gen"), // fcvtau w9, s1
    (0x1e25_0263, "fcvtau_gen"), // fcvtau w3, s19
    (0x1e62_033c, "scvtf_gen"), // scvtf d28, w25
    (0x1e62_03b7, "scvtf_gen"), // scvtf d23, w29
    (0x9e23_0239, "ucvtf_gen"), // ucvtf s25, x17
    (0x1e63_01ff, "ucvtf_gen"), // ucvtf d31, w15
    (0x9e66_0291, "fmov_to_gen"), // fmov x17, d20
    (0x9e66_02ba, "fmov_to_gen"), // fmov x26, d21
    (0x1e27_02a4, "fmov_from_gen"), // fmov s4, w21
    (0x9e67_013b, "fmov_from_gen"), // fmov d27, x9
    (0x9eae_026f, "fmov_to_gen_top"), // fmov x15, v19.d[1]
    (0x9eae_00b2, "fmov_to_gen_top"), // fmov x18, v5.d[1]
    (0x9eaf_0124, "fmov_from_gen_top"), // fmov v4.d[1], x9
    (0x9eaf_0380, "fmov_from_gen_top"), // fmov v0.d[1], x28
    (0x1e42_dc48, "scvtf_fix"), // scvtf d8, w2, #9
    (0x9e02_748d, "scvtf_fix"), // scvtf s13, x4, #35
    (0x9e43_1ee6, "ucvtf_fix"), // ucvtf d6, x23, #57
    (0x9e03_7380, "ucvtf_fix"), // ucvtf s0, x28, #36
    (0x9e18_bfa8, "fcvtzs_fix"), // fcvtzs x8, s29, #17
    (0x1e18_b52a, "fcvtzs_fix"), // fcvtzs w10, s9, #19
    (0x9e19_c1dd, "fcvtzu_fix"), // fcvtzu x29, s14, #16
    (0x9e59_bb4b, "fcvtzu_fix"), // fcvtzu x11, d26, #18
];

#[rustfmt::skip]
const CRYPTO: &[(u32, &str)] = &[
    (0x4e28_48d5, "aese"), // aese v21.16b, v6.16b
    (0x4e28_485c, "aese"), // aese v28.16b, v2.16b
    (0x4e28_5b03, "aesd"), // aesd v3.16b, v24.16b
    (0x4e28_5972, "aesd"), // aesd v18.16b, v11.16b
    (0x4e28_6846, "aesmc"), // aesmc v6.16b, v2.16b
    (0x4e28_6b9d, "aesmc"), // aesmc v29.16b, v28.16b
    (0x4e28_7819, "aesimc"), // aesimc v25.16b, v0.16b
    (0x4e28_7834, "aesimc"), // aesimc v20.16b, v1.16b
    (0x5e12_02f7, "sha1c"), // sha1c q23, s23, v18.4s
    (0x5e19_02c9, "sha1c"), // sha1c q9, s22, v25.4s
    (0x5e06_1001, "sha1p"), // sha1p q1, s0, v6.4s
    (0x5e0c_120b, "sha1p"), // sha1p q11, s16, v12.4s
    (0x5e16_22f5, "sha1m"), // sha1m q21, s23, v22.4s
    (0x5e03_2026, "sha1m"), // sha1m q6, s1, v3.4s
    (0x5e06_32c4, "sha1su0"), // sha1su0 v4.4s, v22.4s, v6.4s
    (0x5e1d_3276, "sha1su0"), // sha1su0 v22.4s, v19.4s, v29.4s
    (0x5e18_4266, "sha256h"), // sha256h q6, q19, v24.4s
    (0x5e1b_40b3, "sha256h"), // sha256h q19, q5, v27.4s
    (0x5e13_5296, "sha256h2"), // sha256h2 q22, q20, v19.4s
    (0x5e04_5179, "sha256h2"), // sha256h2 q25, q11, v4.4s
    (0x5e01_632c, "sha256su1"), // sha256su1 v12.4s, v25.4s, v1.4s
    (0x5e19_60d1, "sha256su1"), // sha256su1 v17.4s, v6.4s, v25.4s
    (0x5e28_09ae, "sha1h"), // sha1h s14, s13
    (0x5e28_0bcd, "sha1h"), // sha1h s13, s30
    (0x5e28_194b, "sha1su1"), // sha1su1 v11.4s, v10.4s
    (0x5e28_181d, "sha1su1"), // sha1su1 v29.4s, v0.4s
    (0x5e28_2a68, "sha256su0"), // sha256su0 v8.4s, v19.4s
    (0x5e28_2946, "sha256su0"), // sha256su0 v6.4s, v10.4s
];

#[rustfmt::skip]
const UNALLOCATED: &[u32] = &[
    0x0ee2_8420, // add v0.1d, v1.1d, v2.1d
    0x4ee2_9c20, // mul v0.2d, v1.2d, v2.2d
    0x6e62_9c20, // pmul v0.8h, v1.8h, v2.8h
    0x4e22_b420, // sqdmulh v0.16b, v1.16b, v2.16b
    0x0e62_d420, // fadd v0.1d, v1.1d, v2.1d
    0x6ea0_0820, // rev32 v0.4s, v1.4s
    0x0eb1_b820, // addv s0, v1.2s
    0x4e10_0420, // dup of no element size
    0x0e08_0c20, // dup v0.1d, x1
    0x0e04_2c20, // smov w0, v1.s[0]
    0x4e04_3c20, // umov x0, v1.s[0]
    0x2e04_0420, // ins with Q = 0
    0x2f00_f400, // fmov v0.1d, #2.0
    0x2e02_4020, // ext v0.8b, v1.8b, v2.8b, #8
    0x0ec2_1820, // uzp1 v0.1d, v1.1d, v2.1d
    0x0f40_0420, // sshr v0.1d, v1.1d, #64
    0x4f40_8420, // shrn with 128-bit source
    0x4f08_e420, // scvtf of bytes, fixed-point
    0x5f08_0420, // sshr b0, b1, #8
    0x5ea2_8420, // add s0, s1, s2
    0x0ee2_0020, // saddl with 128-bit result elements
    0x4e62_e020, // pmull of halfwords
    0x4fe2_1020, // fmla v0.2d, v1.2d, with L = 1
    0x4fc2_8020, // mul v0.2d by element
    0x0c40_8c20, // ld2 {v0.1d, v1.1d}, [x1]
    0x4c41_7020, // ld1, no offset, with Rm
    0x4d40_4420, // ld1 of a halfword with size<0> set
    0x4d40_9420, // ld1 of a doubleword with S set
    0x4d00_c020, // st1r
    0x7d80_0420, // str with size 01 and opc<1> set
    0xed00_0440, // stp with opc 11
    0x3c22_0820, // str b0, [x1, w2], with option 000
    0x1ea2_2820, // fadd with ftype 10
    0x1e22_4020, // fcvt s0, s1
    0x1e02_7c20, // scvtf s0, w1, #33
    0x1e66_0020, // fmov w0, d1
    0x9e26_0020, // fmov x0, s1
    0x1e20_1020, // fmov (immediate) with imm5 set
];

/// Extensions that are known and not implemented say so.
#[rustfmt::skip]
const TODO: &[u32] = &[
    0x1d00_0820, // stlur b0, [x1]
    0x0ec2_dc20, // famax v0.4h, v1.4h, v2.4h
    0x4e82_1020, // luti4 v0.16b, {v1.16b}, v2[0]
    0x0d01_8420, // stl1 {v0.d}[0], [x1]
];

const CHAPTERS: [&[(u32, &str)]; 13] = [
    LDST_FP,
    SIMD_COPY,
    SIMD_THREE_SAME,
    SIMD_THREE_DIFF,
    SIMD_TWO_REG_MISC,
    SIMD_ACROSS,
    SIMD_PERMUTE,
    SIMD_SHIFT_IMM,
    SIMD_LDST,
    SIMD_INDEXED,
    SIMD_SCALAR,
    FP_SCALAR,
    CRYPTO,
];

#[test]
fn every_word_decodes_to_its_pattern() {
    super::all_decode(CHAPTERS.into_iter().flatten());
}

#[test]
fn reserved_words_are_unallocated() {
    super::all_unallocated(UNALLOCATED);
}

#[test]
fn unimplemented_extensions_are_named() {
    super::all_named(TODO);
}
