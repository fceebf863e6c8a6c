//! Words of the optional features as GNU as 2.40 assembles them, and the pattern each must decode to.
//!
//! PC-relative operands are written relative to the instruction (`.`).

#[rustfmt::skip]
const BF16: &[(u32, &str)] = &[
    (0x1e63_4268, "bfcvt"), // bfcvt h8, s19
    (0x1e63_42eb, "bfcvt"), // bfcvt h11, s23
    (0x4ea1_6ade, "bfcvtn_v"), // bfcvtn2 v30.8h, v22.4s
    (0x4ea1_6af4, "bfcvtn_v"), // bfcvtn2 v20.8h, v23.4s
    (0x6e50_fc1a, "bfdot_v"), // bfdot v26.4s, v0.8h, v16.8h
    (0x2e58_ffc7, "bfdot_v"), // bfdot v7.2s, v30.4h, v24.4h
    (0x6e54_ec3c, "bfmmla"), // bfmmla v28.4s, v1.8h, v20.8h
    (0x6e45_ec6b, "bfmmla"), // bfmmla v11.4s, v3.8h, v5.8h
    (0x2edb_fcec, "bfmlal_v"), // bfmlalb v12.4s, v7.8h, v27.8h
    (0x6ec3_fe47, "bfmlal_v"), // bfmlalt v7.4s, v18.8h, v3.8h
    (0x0f66_f0bd, "bfdot_e"), // bfdot v29.2s, v5.4h, v6.2h[1]
    (0x4f62_fb22, "bfdot_e"), // bfdot v2.4s, v25.8h, v2.2h[3]
    (0x0ff7_f080, "bfmlal_e"), // bfmlalb v0.4s, v4.8h, v7.h[3]
    (0x4fe3_f8de, "bfmlal_e"), // bfmlalt v30.4s, v6.8h, v3.h[6]
];

#[rustfmt::skip]
const BRANCH: &[(u32, &str)] = &[
    (0x548a_0a9e, "bc_cond"), // bc.al .-0xebeb0
    (0x54f0_e3df, "bc_cond"), // bc.nv .-0x1e388
];

#[rustfmt::skip]
const CRC32: &[(u32, &str)] = &[
    (0x9ac6_4fdc, "crc32"), // crc32x w28, w30, x6
    (0x1ac9_416d, "crc32"), // crc32b w13, w11, w9
    (0x1add_5102, "crc32c"), // crc32cb w2, w8, w29
    (0x1ad3_5aca, "crc32c"), // crc32cw w10, w22, w19
];

#[rustfmt::skip]
const CRYPTO: &[(u32, &str)] = &[
    (0x4e28_4849, "aese"), // aese v9.16b, v2.16b
    (0x4e28_497a, "aese"), // aese v26.16b, v11.16b
    (0x4e28_592f, "aesd"), // aesd v15.16b, v9.16b
    (0x4e28_5aca, "aesd"), // aesd v10.16b, v22.16b
    (0x4e28_68af, "aesmc"), // aesmc v15.16b, v5.16b
    (0x4e28_69f6, "aesmc"), // aesmc v22.16b, v15.16b
    (0x4e28_78a1, "aesimc"), // aesimc v1.16b, v5.16b
    (0x4e28_791f, "aesimc"), // aesimc v31.16b, v8.16b
    (0x5e1e_001e, "sha1c"), // sha1c q30, s0, v30.4s
    (0x5e17_017b, "sha1c"), // sha1c q27, s11, v23.4s
    (0x5e0c_1011, "sha1p"), // sha1p q17, s0, v12.4s
    (0x5e19_11ab, "sha1p"), // sha1p q11, s13, v25.4s
    (0x5e0c_225a, "sha1m"), // sha1m q26, s18, v12.4s
    (0x5e00_21c1, "sha1m"), // sha1m q1, s14, v0.4s
    (0x5e16_30b3, "sha1su0"), // sha1su0 v19.4s, v5.4s, v22.4s
    (0x5e1e_33c6, "sha1su0"), // sha1su0 v6.4s, v30.4s, v30.4s
    (0x5e03_4307, "sha256h"), // sha256h q7, q24, v3.4s
    (0x5e1d_435e, "sha256h"), // sha256h q30, q26, v29.4s
    (0x5e0e_5170, "sha256h2"), // sha256h2 q16, q11, v14.4s
    (0x5e0b_5390, "sha256h2"), // sha256h2 q16, q28, v11.4s
    (0x5e08_630e, "sha256su1"), // sha256su1 v14.4s, v24.4s, v8.4s
    (0x5e03_6257, "sha256su1"), // sha256su1 v23.4s, v18.4s, v3.4s
    (0x5e28_0b19, "sha1h"), // sha1h s25, s24
    (0x5e28_097b, "sha1h"), // sha1h s27, s11
    (0x5e28_1921, "sha1su1"), // sha1su1 v1.4s, v9.4s
    (0x5e28_19be, "sha1su1"), // sha1su1 v30.4s, v13.4s
    (0x5e28_2be2, "sha256su0"), // sha256su0 v2.4s, v31.4s
    (0x5e28_28ca, "sha256su0"), // sha256su0 v10.4s, v6.4s
];

#[rustfmt::skip]
const CRYPTO_SHA3: &[(u32, &str)] = &[
    (0xce70_826b, "sha512h"), // sha512h q11, q19, v16.2d
    (0xce7d_808a, "sha512h"), // sha512h q10, q4, v29.2d
    (0xce68_87b6, "sha512h2"), // sha512h2 q22, q29, v8.2d
    (0xce71_8449, "sha512h2"), // sha512h2 q9, q2, v17.2d
    (0xcec0_82aa, "sha512su0"), // sha512su0 v10.2d, v21.2d
    (0xcec0_8125, "sha512su0"), // sha512su0 v5.2d, v9.2d
    (0xce79_8854, "sha512su1"), // sha512su1 v20.2d, v2.2d, v25.2d
    (0xce64_8af6, "sha512su1"), // sha512su1 v22.2d, v23.2d, v4.2d
    (0xce09_7de5, "eor3"), // eor3 v5.16b, v15.16b, v9.16b, v31.16b
    (0xce17_045f, "eor3"), // eor3 v31.16b, v2.16b, v23.16b, v1.16b
    (0xce33_47ac, "bcax"), // bcax v12.16b, v29.16b, v19.16b, v17.16b
    (0xce21_1ef3, "bcax"), // bcax v19.16b, v23.16b, v1.16b, v7.16b
    (0xce6b_8f48, "rax1"), // rax1 v8.2d, v26.2d, v11.2d
    (0xce6e_8e8d, "rax1"), // rax1 v13.2d, v20.2d, v14.2d
    (0xce84_0ffd, "xar"), // xar v29.2d, v31.2d, v4.2d, #3
    (0xce94_0b2f, "xar"), // xar v15.2d, v25.2d, v20.2d, #2
];

#[rustfmt::skip]
const CRYPTO_SM: &[(u32, &str)] = &[
    (0xce4a_68c4, "sm3ss1"), // sm3ss1 v4.4s, v6.4s, v10.4s, v26.4s
    (0xce5f_5e5e, "sm3ss1"), // sm3ss1 v30.4s, v18.4s, v31.4s, v23.4s
    (0xce44_a399, "sm3tt1a"), // sm3tt1a v25.4s, v28.4s, v4.s[2]
    (0xce4d_80ad, "sm3tt1a"), // sm3tt1a v13.4s, v5.4s, v13.s[0]
    (0xce4b_843b, "sm3tt1b"), // sm3tt1b v27.4s, v1.4s, v11.s[0]
    (0xce4d_948e, "sm3tt1b"), // sm3tt1b v14.4s, v4.4s, v13.s[1]
    (0xce5d_ba7b, "sm3tt2a"), // sm3tt2a v27.4s, v19.4s, v29.s[3]
    (0xce45_ba0e, "sm3tt2a"), // sm3tt2a v14.4s, v16.4s, v5.s[3]
    (0xce5e_9ed7, "sm3tt2b"), // sm3tt2b v23.4s, v22.4s, v30.s[1]
    (0xce4a_9d09, "sm3tt2b"), // sm3tt2b v9.4s, v8.4s, v10.s[1]
    (0xce6f_c19c, "sm3partw1"), // sm3partw1 v28.4s, v12.4s, v15.4s
    (0xce64_c06c, "sm3partw1"), // sm3partw1 v12.4s, v3.4s, v4.4s
    (0xce7a_c7f1, "sm3partw2"), // sm3partw2 v17.4s, v31.4s, v26.4s
    (0xce7e_c4b4, "sm3partw2"), // sm3partw2 v20.4s, v5.4s, v30.4s
    (0xcec0_87af, "sm4e"), // sm4e v15.4s, v29.4s
    (0xcec0_876a, "sm4e"), // sm4e v10.4s, v27.4s
    (0xce65_c84f, "sm4ekey"), // sm4ekey v15.4s, v2.4s, v5.4s
    (0xce68_ca19, "sm4ekey"), // sm4ekey v25.4s, v16.4s, v8.4s
];

#[rustfmt::skip]
const CSSC: &[(u32, &str)] = &[
    (0x91c3_7a0b, "smax_imm"), // smax x11, x16, #-34
    (0x11c3_2738, "smax_imm"), // smax w24, w25, #-55
    (0x11c6_c655, "umax_imm"), // umax w21, w18, #177
    (0x11c7_092b, "umax_imm"), // umax w11, w9, #194
    (0x91ca_d2a8, "smin_imm"), // smin x8, x21, #-76
    (0x91c9_f118, "smin_imm"), // smin x24, x8, #124
    (0x91ce_c2c9, "umin_imm"), // umin x9, x22, #176
    (0x91cf_c954, "umin_imm"), // umin x20, x10, #242
    (0x1ad2_6360, "smax_reg"), // smax w0, w27, w18
    (0x1ad1_6308, "smax_reg"), // smax w8, w24, w17
    (0x1ad5_650e, "umax_reg"), // umax w14, w8, w21
    (0x1ada_6614, "umax_reg"), // umax w20, w16, w26
    (0x9ad9_696b, "smin_reg"), // smin x11, x11, x25
    (0x1ad4_6977, "smin_reg"), // smin w23, w11, w20
    (0x9ada_6dab, "umin_reg"), // umin x11, x13, x26
    (0x9ada_6cbb, "umin_reg"), // umin x27, x5, x26
    (0xdac0_1ace, "ctz"), // ctz x14, x22
    (0xdac0_197e, "ctz"), // ctz x30, x11
    (0x5ac0_1e04, "cnt"), // cnt w4, w16
    (0xdac0_1fe5, "cnt"), // cnt x5, xzr
    (0x5ac0_234b, "abs"), // abs w11, w26
    (0xdac0_236f, "abs"), // abs x15, x27
];

#[rustfmt::skip]
const FHM: &[(u32, &str)] = &[
    (0x0ea2_eef5, "fmlal_v"), // fmlsl v21.2s, v23.2h, v2.2h
    (0x4e25_ee78, "fmlal_v"), // fmlal v24.4s, v19.4h, v5.4h
    (0x6eb0_cebd, "fmlal2_v"), // fmlsl2 v29.4s, v21.4h, v16.4h
    (0x2e33_ce38, "fmlal2_v"), // fmlal2 v24.2s, v17.2h, v19.2h
    (0x4fab_40c5, "fmlal_e"), // fmlsl v5.4s, v6.4h, v11.h[2]
    (0x4f9a_0315, "fmlal_e"), // fmlal v21.4s, v24.4h, v10.h[1]
    (0x2fb0_c3e7, "fmlal2_e"), // fmlsl2 v7.2s, v31.2h, v0.h[3]
    (0x2f92_83c5, "fmlal2_e"), // fmlal2 v5.2s, v30.2h, v2.h[1]
];

#[rustfmt::skip]
const FLAGS: &[(u32, &str)] = &[
    (0xba0f_04c8, "rmif"), // rmif x6, #30, #8
    (0xba01_05a7, "rmif"), // rmif x13, #2, #7
    (0x3a00_098d, "setf"), // setf8 w12
    (0x3a00_4a6d, "setf"), // setf16 w19
    (0xd500_401f, "cfinv"), // cfinv
    (0xd500_403f, "xaflag"), // xaflag
    (0xd500_405f, "axflag"), // axflag
];

#[rustfmt::skip]
const FP_SCALAR: &[(u32, &str)] = &[
    (0x1ee0_4246, "fmov"), // fmov h6, h18
    (0x1ee0_42dc, "fmov"), // fmov h28, h22
    (0x1ee0_c00b, "fabs"), // fabs h11, h0
    (0x1ee0_c3c8, "fabs"), // fabs h8, h30
    (0x1ee1_41bb, "fneg"), // fneg h27, h13
    (0x1ee1_42da, "fneg"), // fneg h26, h22
    (0x1ee1_c17e, "fsqrt"), // fsqrt h30, h11
    (0x1ee1_c233, "fsqrt"), // fsqrt h19, h17
    (0x1ee4_4069, "frintn"), // frintn h9, h3
    (0x1ee4_420a, "frintn"), // frintn h10, h16
    (0x1ee4_c249, "frintp"), // frintp h9, h18
    (0x1ee4_c17a, "frintp"), // frintp h26, h11
    (0x1ee5_41ad, "frintm"), // frintm h13, h13
    (0x1ee5_4254, "frintm"), // frintm h20, h18
    (0x1ee5_c16e, "frintz"), // frintz h14, h11
    (0x1ee5_c0b3, "frintz"), // frintz h19, h5
    (0x1ee6_424f, "frinta"), // frinta h15, h18
    (0x1ee6_40de, "frinta"), // frinta h30, h6
    (0x1ee7_4262, "frintx"), // frintx h2, h19
    (0x1ee7_435c, "frintx"), // frintx h28, h26
    (0x1ee7_c00c, "frinti"), // frinti h12, h0
    (0x1ee7_c152, "frinti"), // frinti h18, h10
    (0x1ef3_0a24, "fmul"), // fmul h4, h17, h19
    (0x1ef4_0b9c, "fmul"), // fmul h28, h28, h20
    (0x1eec_19ad, "fdiv"), // fdiv h13, h13, h12
    (0x1ee7_19e9, "fdiv"), // fdiv h9, h15, h7
    (0x1eff_2acc, "fadd"), // fadd h12, h22, h31
    (0x1efe_2b7d, "fadd"), // fadd h29, h27, h30
    (0x1ef3_3a68, "fsub"), // fsub h8, h19, h19
    (0x1eff_392f, "fsub"), // fsub h15, h9, h31
    (0x1eed_480a, "fmax"), // fmax h10, h0, h13
    (0x1eff_492f, "fmax"), // fmax h15, h9, h31
    (0x1ee9_588f, "fmin"), // fmin h15, h4, h9
    (0x1ee3_5ab3, "fmin"), // fmin h19, h21, h3
    (0x1eee_68e9, "fmaxnm"), // fmaxnm h9, h7, h14
    (0x1ef9_689a, "fmaxnm"), // fmaxnm h26, h4, h25
    (0x1ee0_79f1, "fminnm"), // fminnm h17, h15, h0
    (0x1ee8_78fd, "fminnm"), // fminnm h29, h7, h8
    (0x1ef9_8827, "fnmul"), // fnmul h7, h1, h25
    (0x1ee8_8b64, "fnmul"), // fnmul h4, h27, h8
    (0x1fdf_252f, "fmadd"), // fmadd h15, h9, h31, h9
    (0x1fdf_3e14, "fmadd"), // fmadd h20, h16, h31, h15
    (0x1fd3_f2fc, "fmsub"), // fmsub h28, h23, h19, h28
    (0x1fc0_e089, "fmsub"), // fmsub h9, h4, h0, h24
    (0x1ff1_5953, "fnmadd"), // fnmadd h19, h10, h17, h22
    (0x1ff7_400e, "fnmadd"), // fnmadd h14, h0, h23, h16
    (0x1feb_d6fa, "fnmsub"), // fnmsub h26, h23, h11, h21
    (0x1fe4_8408, "fnmsub"), // fnmsub h8, h0, h4, h1
    (0x1eee_22a0, "fcmp"), // fcmp h21, h14
    (0x1ee3_2380, "fcmp"), // fcmp h28, h3
    (0x1ee0_2228, "fcmp_z"), // fcmp h17, #0.0
    (0x1ee0_2008, "fcmp_z"), // fcmp h0, #0.0
    (0x1ef8_2330, "fcmpe"), // fcmpe h25, h24
    (0x1ef3_2250, "fcmpe"), // fcmpe h18, h19
    (0x1ee0_22d8, "fcmpe_z"), // fcmpe h22, #0.0
    (0x1ee0_2298, "fcmpe_z"), // fcmpe h20, #0.0
    (0x1eef_d7ad, "fccmp"), // fccmp h29, h15, #0xd, le
    (0x1eef_66ad, "fccmp"), // fccmp h21, h15, #0xd, vs
    (0x1ee6_e537, "fccmpe"), // fccmpe h9, h6, #0x7, al
    (0x1ef6_c5b9, "fccmpe"), // fccmpe h13, h22, #0x9, gt
    (0x1ef4_cdfd, "fcsel"), // fcsel h29, h15, h20, gt
    (0x1efc_7fea, "fcsel"), // fcsel h10, h31, h28, vc
    (0x1ee4_f00d, "fmov_imm"), // fmov h13, #1.150000000000000000e+01
    (0x1ef1_5019, "fmov_imm"), // fmov h25, #-3.250000000000000000e+00
    (0x1ee0_02e7, "fcvtns_gen"), // fcvtns w7, h23
    (0x1ee0_0059, "fcvtns_gen"), // fcvtns w25, h2
    (0x1ee1_03c0, "fcvtnu_gen"), // fcvtnu w0, h30
    (0x1ee1_01bf, "fcvtnu_gen"), // fcvtnu wzr, h13
    (0x1ee8_0196, "fcvtps_gen"), // fcvtps w22, h12
    (0x1ee8_007a, "fcvtps_gen"), // fcvtps w26, h3
    (0x1ee9_0274, "fcvtpu_gen"), // fcvtpu w20, h19
    (0x9ee9_0076, "fcvtpu_gen"), // fcvtpu x22, h3
    (0x9ef0_03e9, "fcvtms_gen"), // fcvtms x9, h31
    (0x9ef0_01c4, "fcvtms_gen"), // fcvtms x4, h14
    (0x1ef1_00ad, "fcvtmu_gen"), // fcvtmu w13, h5
    (0x9ef1_0053, "fcvtmu_gen"), // fcvtmu x19, h2
    (0x1ef8_0223, "fcvtzs_gen"), // fcvtzs w3, h17
    (0x9ef8_02e2, "fcvtzs_gen"), // fcvtzs x2, h23
    (0x1ef9_0252, "fcvtzu_gen"), // fcvtzu w18, h18
    (0x1ef9_019c, "fcvtzu_gen"), // fcvtzu w28, h12
    (0x9ee4_000d, "fcvtas_gen"), // fcvtas x13, h0
    (0x1ee4_02b3, "fcvtas_gen"), // fcvtas w19, h21
    (0x1ee5_017e, "fcvtau_gen"), // fcvtau w30, h11
    (0x9ee5_03a1, "fcvtau_gen"), // fcvtau x1, h29
    (0x1ee2_0124, "scvtf_gen"), // scvtf h4, w9
    (0x9ee2_02b0, "scvtf_gen"), // scvtf h16, x21
    (0x1ee3_03d1, "ucvtf_gen"), // ucvtf h17, w30
    (0x9ee3_00e8, "ucvtf_gen"), // ucvtf h8, x7
    (0x1ee6_00e8, "fmov_to_gen"), // fmov w8, h7
    (0x9ee6_0130, "fmov_to_gen"), // fmov x16, h9
    (0x9ee7_0327, "fmov_from_gen"), // fmov h7, x25
    (0x9ee7_01d7, "fmov_from_gen"), // fmov h23, x14
    (0x1e7e_0185, "fjcvtzs"), // fjcvtzs w5, d12
    (0x1e7e_0096, "fjcvtzs"), // fjcvtzs w22, d4
    (0x9ec2_1763, "scvtf_fix"), // scvtf h3, x27, #59
    (0x9ec2_74ec, "scvtf_fix"), // scvtf h12, x7, #35
    (0x9ec3_7bca, "ucvtf_fix"), // ucvtf h10, x30, #34
    (0x1ec3_8411, "ucvtf_fix"), // ucvtf h17, w0, #31
    (0x9ed8_0f64, "fcvtzs_fix"), // fcvtzs x4, h27, #61
    (0x9ed8_6eb9, "fcvtzs_fix"), // fcvtzs x25, h21, #37
    (0x9ed9_7f46, "fcvtzu_fix"), // fcvtzu x6, h26, #33
    (0x1ed9_9d8b, "fcvtzu_fix"), // fcvtzu w11, h12, #25
];

#[rustfmt::skip]
const FRINTTS: &[(u32, &str)] = &[
    (0x1e68_c34b, "frintts"), // frint32x d11, d26
    (0x1e28_4061, "frintts"), // frint32z s1, s3
    (0x0e21_e82f, "frintts_v"), // frint32z v15.2s, v1.2s
    (0x6e21_fb0b, "frintts_v"), // frint64x v11.4s, v24.4s
];

#[rustfmt::skip]
const LDST_ATOMIC: &[(u32, &str)] = &[
    (0x08af_7f9d, "cas"), // casb w15, w29, [x28]
    (0x88ed_7dce, "cas"), // casa w13, w14, [x14]
    (0x0824_fca2, "casp"), // caspl w4, w5, w2, w3, [x5]
    (0x0868_7d1a, "casp"), // caspa w8, w9, w26, w27, [x8]
    (0x38b5_00e1, "ldadd"), // ldaddab w21, w1, [x7]
    (0x78ab_03b8, "ldadd"), // ldaddah w11, w24, [x29]
    (0x7861_12c0, "ldclr"), // ldclrlh w1, w0, [x22]
    (0xb83b_13c4, "ldclr"), // ldclr w27, w4, [x30]
    (0x38ea_212e, "ldeor"), // ldeoralb w10, w14, [x9]
    (0xb87f_20a1, "ldeor"), // ldeorl wzr, w1, [x5]
    (0x38b2_30f5, "ldset"), // ldsetab w18, w21, [x7]
    (0x38bd_33f6, "ldset"), // ldsetab w29, w22, [sp]
    (0x78a5_41cb, "ldsmax"), // ldsmaxah w5, w11, [x14]
    (0x787f_42ce, "ldsmax"), // ldsmaxlh wzr, w14, [x22]
    (0x38a5_52a6, "ldsmin"), // ldsminab w5, w6, [x21]
    (0xf873_51b7, "ldsmin"), // ldsminl x19, x23, [x13]
    (0xf82e_602e, "ldumax"), // ldumax x14, x14, [x1]
    (0xf8a5_6021, "ldumax"), // ldumaxa x5, x1, [x1]
    (0xb8fa_7212, "ldumin"), // lduminal w26, w18, [x16]
    (0x78b6_7047, "ldumin"), // lduminah w22, w7, [x2]
    (0xf8a2_83af, "swp"), // swpa x2, x15, [x29]
    (0x38b4_802f, "swp"), // swpab w20, w15, [x1]
    (0x78bf_c321, "ldapr"), // ldaprh w1, [x25]
    (0x38bf_c11a, "ldapr"), // ldaprb w26, [x8]
];

#[rustfmt::skip]
const LDST_EXCLUSIVE: &[(u32, &str)] = &[
    (0x590e_4134, "stlur"), // stlurh w20, [x9, #228]
    (0x191c_003e, "stlur"), // stlurb w30, [x1, #-64]
    (0xd946_30b6, "ldapur"), // ldapur x22, [x5, #99]
    (0x9954_7186, "ldapur"), // ldapur w6, [x12, #-185]
    (0x9982_b3aa, "ldapurs"), // ldapursw x10, [x29, #43]
    (0x9993_f00e, "ldapurs"), // ldapursw x14, [x0, #-193]
];

#[rustfmt::skip]
const MOPS: &[(u32, &str)] = &[
    (0x1911_55ed, "cpyfp"), // cpyfpwtwn [x13]!, [x17]!, x15!
    (0x1912_c590, "cpyfp"), // cpyfpn [x16]!, [x18]!, x12!
    (0x1954_26e0, "cpyfm"), // cpyfmrt [x0]!, [x20]!, x23!
    (0x195d_c536, "cpyfm"), // cpyfmn [x22]!, [x29]!, x9!
    (0x1987_8464, "cpyfe"), // cpyfern [x4]!, [x7]!, x3!
    (0x1989_7458, "cpyfe"), // cpyfetwn [x24]!, [x9]!, x2!
    (0x1d18_474c, "cpyp"), // cpypwn [x12]!, [x24]!, x26!
    (0x1d0a_2491, "cpyp"), // cpyprt [x17]!, [x10]!, x4!
    (0x1d42_74f6, "cpym"), // cpymtwn [x22]!, [x2]!, x7!
    (0x1d42_c5be, "cpym"), // cpymn [x30]!, [x2]!, x13!
    (0x1d92_a4e8, "cpye"), // cpyertrn [x8]!, [x18]!, x7!
    (0x1d81_76c7, "cpye"), // cpyetwn [x7]!, [x1]!, x22!
    (0x19c1_24d9, "setp"), // setpn [x25]!, x6!, x1
    (0x19c9_357c, "setp"), // setptn [x28]!, x11!, x9
    (0x19c3_45b8, "setm"), // setm [x24]!, x13!, x3
    (0x19d1_4789, "setm"), // setm [x9]!, x28!, x17
    (0x19d4_b704, "sete"), // setetn [x4]!, x24!, x20
    (0x19d2_85c4, "sete"), // sete [x4]!, x14!, x18
];

#[rustfmt::skip]
const PAUTH: &[(u32, &str)] = &[
    (0xdac1_1f3e, "pac_reg"), // autdb x30, x25
    (0xdac1_0acd, "pac_reg"), // pacda x13, x22
    (0xdac1_27f9, "pac_zero"), // pacizb x25
    (0xdac1_2bea, "pac_zero"), // pacdza x10
    (0xdac1_43e9, "xpac"), // xpaci x9
    (0xdac1_43e4, "xpac"), // xpaci x4
    (0x9ac8_31f5, "pacga"), // pacga x21, x15, x8
    (0x9aca_3121, "pacga"), // pacga x1, x9, x10
    (0xd61f_0a3f, "braz"), // braaz x17
    (0xd61f_0eff, "braz"), // brabz x23
    (0xd63f_0c1f, "blraz"), // blrabz x0
    (0xd63f_087f, "blraz"), // blraaz x3
    (0xd65f_0bff, "reta"), // retaa
    (0xd65f_0fff, "reta"), // retab
    (0xd69f_0bff, "ereta"), // eretaa
    (0xd69f_0fff, "ereta"), // eretab
    (0xd71f_09bb, "bra"), // braa x13, x27
    (0xd71f_0bde, "bra"), // braa x30, x30
    (0xd73f_0c07, "blra"), // blrab x0, x7
    (0xd73f_0da4, "blra"), // blrab x13, x4
    (0xf82a_9405, "ldra"), // ldraa x5, [x0, #1352]
    (0xf8fa_76ff, "ldra"), // ldrab xzr, [x23, #-712]
];

#[rustfmt::skip]
const SIMD_ACROSS: &[(u32, &str)] = &[
    (0x0e30_c910, "fmaxnmv_h"), // fmaxnmv h16, v8.4h
    (0x4e30_c8b4, "fmaxnmv_h"), // fmaxnmv h20, v5.8h
    (0x4eb0_c88e, "fminnmv_h"), // fminnmv h14, v4.8h
    (0x4eb0_cbcd, "fminnmv_h"), // fminnmv h13, v30.8h
    (0x4e30_f9a3, "fmaxv_h"), // fmaxv h3, v13.8h
    (0x0e30_f94e, "fmaxv_h"), // fmaxv h14, v10.4h
    (0x4eb0_f8ee, "fminv_h"), // fminv h14, v7.8h
    (0x4eb0_f9a5, "fminv_h"), // fminv h5, v13.8h
];

#[rustfmt::skip]
const SIMD_COMPLEX: &[(u32, &str)] = &[
    (0x6e5f_ce60, "fcmla_v"), // fcmla v0.8h, v19.8h, v31.8h, #90
    (0x2e46_c51a, "fcmla_v"), // fcmla v26.4h, v8.4h, v6.4h, #0
    (0x2e51_f578, "fcadd_v"), // fcadd v24.4h, v11.4h, v17.4h, #270
    (0x6ec7_e579, "fcadd_v"), // fcadd v25.2d, v11.2d, v7.2d, #90
    (0x2f42_71ec, "fcmla_e"), // fcmla v12.4h, v15.4h, v2.h[0], #270
    (0x2f41_7272, "fcmla_e"), // fcmla v18.4h, v19.4h, v1.h[0], #270
];

#[rustfmt::skip]
const SIMD_COPY: &[(u32, &str)] = &[
    (0x4f06_ffd6, "fmov_imm_vh"), // fmov v22.8h, #-4.687500000000000000e-01
    (0x0f02_ffdd, "fmov_imm_vh"), // fmov v29.4h, #4.687500000000000000e-01
];

#[rustfmt::skip]
const SIMD_DOT: &[(u32, &str)] = &[
    (0x0e88_97b6, "sdot_v"), // sdot v22.2s, v29.8b, v8.8b
    (0x0e82_9438, "sdot_v"), // sdot v24.2s, v1.8b, v2.8b
    (0x2e95_97de, "udot_v"), // udot v30.2s, v30.8b, v21.8b
    (0x2e9c_9576, "udot_v"), // udot v22.2s, v11.8b, v28.8b
    (0x4e9a_9fb7, "usdot_v"), // usdot v23.4s, v29.16b, v26.16b
    (0x4e93_9e26, "usdot_v"), // usdot v6.4s, v17.16b, v19.16b
    (0x4e8f_a602, "smmla"), // smmla v2.4s, v16.16b, v15.16b
    (0x4e9c_a467, "smmla"), // smmla v7.4s, v3.16b, v28.16b
    (0x6e8a_a7f9, "ummla"), // ummla v25.4s, v31.16b, v10.16b
    (0x6e91_a5ac, "ummla"), // ummla v12.4s, v13.16b, v17.16b
    (0x4e9f_ac15, "usmmla"), // usmmla v21.4s, v0.16b, v31.16b
    (0x4e8c_ad85, "usmmla"), // usmmla v5.4s, v12.16b, v12.16b
    (0x4fbe_e3b5, "sdot_e"), // sdot v21.4s, v29.16b, v30.4b[1]
    (0x4f85_e356, "sdot_e"), // sdot v22.4s, v26.16b, v5.4b[0]
    (0x6fbb_e967, "udot_e"), // udot v7.4s, v11.16b, v27.4b[3]
    (0x6f84_e328, "udot_e"), // udot v8.4s, v25.16b, v4.4b[0]
    (0x4fae_f8a2, "usdot_e"), // usdot v2.4s, v5.16b, v14.4b[3]
    (0x4f92_f282, "usdot_e"), // usdot v2.4s, v20.16b, v18.4b[0]
    (0x4f3d_fb91, "sudot_e"), // sudot v17.4s, v28.16b, v29.4b[3]
    (0x4f03_f1f0, "sudot_e"), // sudot v16.4s, v15.16b, v3.4b[0]
];

#[rustfmt::skip]
const SIMD_INDEXED: &[(u32, &str)] = &[
    (0x4f24_1102, "fmla_eh"), // fmla v2.8h, v8.8h, v4.h[2]
    (0x4f35_11a0, "fmla_eh"), // fmla v0.8h, v13.8h, v5.h[3]
    (0x0f09_5a72, "fmls_eh"), // fmls v18.4h, v19.4h, v9.h[4]
    (0x0f05_5874, "fmls_eh"), // fmls v20.4h, v3.4h, v5.h[4]
    (0x4f2b_903e, "fmul_eh"), // fmul v30.8h, v1.8h, v11.h[2]
    (0x0f18_984a, "fmul_eh"), // fmul v10.4h, v2.4h, v8.h[5]
    (0x2f2a_93bc, "fmulx_eh"), // fmulx v28.4h, v29.4h, v10.h[2]
    (0x2f39_9b2f, "fmulx_eh"), // fmulx v15.4h, v25.4h, v9.h[7]
    (0x5f20_12a5, "fmla_esh"), // fmla h5, h21, v0.h[2]
    (0x5f05_1173, "fmla_esh"), // fmla h19, h11, v5.h[0]
    (0x5f29_59d7, "fmls_esh"), // fmls h23, h14, v9.h[6]
    (0x5f1c_58b6, "fmls_esh"), // fmls h22, h5, v12.h[5]
    (0x5f38_9a54, "fmul_esh"), // fmul h20, h18, v8.h[7]
    (0x5f3d_9163, "fmul_esh"), // fmul h3, h11, v13.h[3]
    (0x7f23_914b, "fmulx_esh"), // fmulx h11, h10, v3.h[2]
    (0x7f0e_9bf7, "fmulx_esh"), // fmulx h23, h31, v14.h[4]
    (0x2f55_dae2, "sqrdmlah_e"), // sqrdmlah v2.4h, v23.4h, v5.h[5]
    (0x6f6c_d8dd, "sqrdmlah_e"), // sqrdmlah v29.8h, v6.8h, v12.h[6]
    (0x7f44_d9f4, "sqrdmlah_es"), // sqrdmlah h20, h15, v4.h[4]
    (0x7fb1_d869, "sqrdmlah_es"), // sqrdmlah s9, s3, v17.s[3]
    (0x2f71_f9a1, "sqrdmlsh_e"), // sqrdmlsh v1.4h, v13.4h, v1.h[7]
    (0x2f64_fae2, "sqrdmlsh_e"), // sqrdmlsh v2.4h, v23.4h, v4.h[6]
    (0x7f8f_f0df, "sqrdmlsh_es"), // sqrdmlsh s31, s6, v15.s[0]
    (0x7f7d_f9f0, "sqrdmlsh_es"), // sqrdmlsh h16, h15, v13.h[7]
];

#[rustfmt::skip]
const SIMD_SCALAR: &[(u32, &str)] = &[
    (0x7e94_8674, "sqrdmlah_s"), // sqrdmlah s20, s19, s20
    (0x7e81_84c0, "sqrdmlah_s"), // sqrdmlah s0, s6, s1
    (0x7e58_8eed, "sqrdmlsh_s"), // sqrdmlsh h13, h23, h24
    (0x7e5d_8f8c, "sqrdmlsh_s"), // sqrdmlsh h12, h28, h29
    (0x7ec0_17fa, "fabd_sh"), // fabd h26, h31, h0
    (0x7ed8_14bc, "fabd_sh"), // fabd h28, h5, h24
    (0x5e4a_1c89, "fmulx_sh"), // fmulx h9, h4, h10
    (0x5e58_1ccd, "fmulx_sh"), // fmulx h13, h6, h24
    (0x5e5a_27e2, "fcmeq_sh"), // fcmeq h2, h31, h26
    (0x5e5f_2566, "fcmeq_sh"), // fcmeq h6, h11, h31
    (0x7e4c_25a6, "fcmge_sh"), // fcmge h6, h13, h12
    (0x7e48_248f, "fcmge_sh"), // fcmge h15, h4, h8
    (0x7ecb_2520, "fcmgt_sh"), // fcmgt h0, h9, h11
    (0x7ed5_2683, "fcmgt_sh"), // fcmgt h3, h20, h21
    (0x7e58_2cb8, "facge_sh"), // facge h24, h5, h24
    (0x7e4e_2c42, "facge_sh"), // facge h2, h2, h14
    (0x7ed5_2d81, "facgt_sh"), // facgt h1, h12, h21
    (0x7edc_2dbc, "facgt_sh"), // facgt h28, h13, h28
    (0x5e44_3cd4, "frecps_sh"), // frecps h20, h6, h4
    (0x5e40_3efa, "frecps_sh"), // frecps h26, h23, h0
    (0x5ecf_3fca, "frsqrts_sh"), // frsqrts h10, h30, h15
    (0x5ed3_3dc4, "frsqrts_sh"), // frsqrts h4, h14, h19
    (0x5e79_a9c7, "fcvtns_sh"), // fcvtns h7, h14
    (0x5e79_a85d, "fcvtns_sh"), // fcvtns h29, h2
    (0x7e79_a97e, "fcvtnu_sh"), // fcvtnu h30, h11
    (0x7e79_aa60, "fcvtnu_sh"), // fcvtnu h0, h19
    (0x5ef9_a805, "fcvtps_sh"), // fcvtps h5, h0
    (0x5ef9_ab2d, "fcvtps_sh"), // fcvtps h13, h25
    (0x7ef9_a848, "fcvtpu_sh"), // fcvtpu h8, h2
    (0x7ef9_a898, "fcvtpu_sh"), // fcvtpu h24, h4
    (0x5e79_ba8b, "fcvtms_sh"), // fcvtms h11, h20
    (0x5e79_b958, "fcvtms_sh"), // fcvtms h24, h10
    (0x7e79_b8c4, "fcvtmu_sh"), // fcvtmu h4, h6
    (0x7e79_b930, "fcvtmu_sh"), // fcvtmu h16, h9
    (0x5ef9_bb9f, "fcvtzs_sh"), // fcvtzs h31, h28
    (0x5ef9_bb96, "fcvtzs_sh"), // fcvtzs h22, h28
    (0x7ef9_ba22, "fcvtzu_sh"), // fcvtzu h2, h17
    (0x7ef9_b923, "fcvtzu_sh"), // fcvtzu h3, h9
    (0x5e79_c874, "fcvtas_sh"), // fcvtas h20, h3
    (0x5e79_c98b, "fcvtas_sh"), // fcvtas h11, h12
    (0x7e79_c92b, "fcvtau_sh"), // fcvtau h11, h9
    (0x7e79_cbaf, "fcvtau_sh"), // fcvtau h15, h29
    (0x5e79_da32, "scvtf_sh"), // scvtf h18, h17
    (0x5e79_d9de, "scvtf_sh"), // scvtf h30, h14
    (0x7e79_db67, "ucvtf_sh"), // ucvtf h7, h27
    (0x7e79_dbd2, "ucvtf_sh"), // ucvtf h18, h30
    (0x5ef9_d888, "frecpe_sh"), // frecpe h8, h4
    (0x5ef9_d811, "frecpe_sh"), // frecpe h17, h0
    (0x7ef9_d817, "frsqrte_sh"), // frsqrte h23, h0
    (0x7ef9_d984, "frsqrte_sh"), // frsqrte h4, h12
    (0x5ef9_f8ef, "frecpx_sh"), // frecpx h15, h7
    (0x5ef9_fab6, "frecpx_sh"), // frecpx h22, h21
    (0x5ef8_c820, "fcmgt_zsh"), // fcmgt h0, h1, #0.0
    (0x5ef8_c818, "fcmgt_zsh"), // fcmgt h24, h0, #0.0
    (0x7ef8_c8cd, "fcmge_zsh"), // fcmge h13, h6, #0.0
    (0x7ef8_c8f0, "fcmge_zsh"), // fcmge h16, h7, #0.0
    (0x5ef8_dad3, "fcmeq_zsh"), // fcmeq h19, h22, #0.0
    (0x5ef8_d8f9, "fcmeq_zsh"), // fcmeq h25, h7, #0.0
    (0x7ef8_d921, "fcmle_zsh"), // fcmle h1, h9, #0.0
    (0x7ef8_db30, "fcmle_zsh"), // fcmle h16, h25, #0.0
    (0x5ef8_e8e1, "fcmlt_zsh"), // fcmlt h1, h7, #0.0
    (0x5ef8_eacc, "fcmlt_zsh"), // fcmlt h12, h22, #0.0
    (0x5e30_cb8b, "fmaxnmp_sh"), // fmaxnmp h11, v28.2h
    (0x5e30_cb00, "fmaxnmp_sh"), // fmaxnmp h0, v24.2h
    (0x5eb0_ca29, "fminnmp_sh"), // fminnmp h9, v17.2h
    (0x5eb0_c9ce, "fminnmp_sh"), // fminnmp h14, v14.2h
    (0x5e30_d874, "faddp_sh"), // faddp h20, v3.2h
    (0x5e30_d87d, "faddp_sh"), // faddp h29, v3.2h
    (0x5e30_fb8b, "fmaxp_sh"), // fmaxp h11, v28.2h
    (0x5e30_fa50, "fmaxp_sh"), // fmaxp h16, v18.2h
    (0x5eb0_f916, "fminp_sh"), // fminp h22, v8.2h
    (0x5eb0_fa5d, "fminp_sh"), // fminp h29, v18.2h
    (0x5f1f_e59f, "scvtf_fs"), // scvtf h31, h12, #1
    (0x5f12_e765, "scvtf_fs"), // scvtf h5, h27, #14
    (0x7f1f_e6a2, "ucvtf_fs"), // ucvtf h2, h21, #1
    (0x7f13_e437, "ucvtf_fs"), // ucvtf h23, h1, #13
    (0x5f1c_fe6c, "fcvtzs_fs"), // fcvtzs h12, h19, #4
    (0x5f1f_fe09, "fcvtzs_fs"), // fcvtzs h9, h16, #1
    (0x7f1c_fd7a, "fcvtzu_fs"), // fcvtzu h26, h11, #4
    (0x7f11_fdcb, "fcvtzu_fs"), // fcvtzu h11, h14, #15
];

#[rustfmt::skip]
const SIMD_SHIFT_IMM: &[(u32, &str)] = &[
    (0x0f18_e652, "scvtf_fv"), // scvtf v18.4h, v18.4h, #8
    (0x0f1b_e421, "scvtf_fv"), // scvtf v1.4h, v1.4h, #5
    (0x6f18_e55c, "ucvtf_fv"), // ucvtf v28.8h, v10.8h, #8
    (0x2f1f_e548, "ucvtf_fv"), // ucvtf v8.4h, v10.4h, #1
    (0x4f13_ff24, "fcvtzs_fv"), // fcvtzs v4.8h, v25.8h, #13
    (0x4f1a_fd1a, "fcvtzs_fv"), // fcvtzs v26.8h, v8.8h, #6
    (0x2f12_fd85, "fcvtzu_fv"), // fcvtzu v5.4h, v12.4h, #14
    (0x6f11_fec8, "fcvtzu_fv"), // fcvtzu v8.8h, v22.8h, #15
];

#[rustfmt::skip]
const SIMD_THREE_DIFF: &[(u32, &str)] = &[
    (0x4efc_e38e, "pmull_1q"), // pmull2 v14.1q, v28.2d, v28.2d
    (0x4efc_e345, "pmull_1q"), // pmull2 v5.1q, v26.2d, v28.2d
];

#[rustfmt::skip]
const SIMD_THREE_SAME: &[(u32, &str)] = &[
    (0x4e44_0641, "fmaxnm_vh"), // fmaxnm v1.8h, v18.8h, v4.8h
    (0x4e57_0571, "fmaxnm_vh"), // fmaxnm v17.8h, v11.8h, v23.8h
    (0x2e40_05c1, "fmaxnmp_vh"), // fmaxnmp v1.4h, v14.4h, v0.4h
    (0x6e5a_066f, "fmaxnmp_vh"), // fmaxnmp v15.8h, v19.8h, v26.8h
    (0x4edb_0681, "fminnm_vh"), // fminnm v1.8h, v20.8h, v27.8h
    (0x0ed2_05a3, "fminnm_vh"), // fminnm v3.4h, v13.4h, v18.4h
    (0x2ed7_0613, "fminnmp_vh"), // fminnmp v19.4h, v16.4h, v23.4h
    (0x2ed3_0647, "fminnmp_vh"), // fminnmp v7.4h, v18.4h, v19.4h
    (0x4e5e_0ec3, "fmla_vh"), // fmla v3.8h, v22.8h, v30.8h
    (0x4e42_0ef5, "fmla_vh"), // fmla v21.8h, v23.8h, v2.8h
    (0x4ec2_0c22, "fmls_vh"), // fmls v2.8h, v1.8h, v2.8h
    (0x4ece_0d34, "fmls_vh"), // fmls v20.8h, v9.8h, v14.8h
    (0x4e5c_1637, "fadd_vh"), // fadd v23.8h, v17.8h, v28.8h
    (0x4e42_17d4, "fadd_vh"), // fadd v20.8h, v30.8h, v2.8h
    (0x6e5a_1503, "faddp_vh"), // faddp v3.8h, v8.8h, v26.8h
    (0x2e58_1528, "faddp_vh"), // faddp v8.4h, v9.4h, v24.4h
    (0x0ec9_1520, "fsub_vh"), // fsub v0.4h, v9.4h, v9.4h
    (0x4ed8_1550, "fsub_vh"), // fsub v16.8h, v10.8h, v24.8h
    (0x6edc_15ee, "fabd_vh"), // fabd v14.8h, v15.8h, v28.8h
    (0x2ec4_1686, "fabd_vh"), // fabd v6.4h, v20.4h, v4.4h
    (0x4e48_1d5e, "fmulx_vh"), // fmulx v30.8h, v10.8h, v8.8h
    (0x4e46_1dc2, "fmulx_vh"), // fmulx v2.8h, v14.8h, v6.8h
    (0x2e4b_1fe2, "fmul_vh"), // fmul v2.4h, v31.4h, v11.4h
    (0x6e4d_1dd3, "fmul_vh"), // fmul v19.8h, v14.8h, v13.8h
    (0x4e54_2585, "fcmeq_vh"), // fcmeq v5.8h, v12.8h, v20.8h
    (0x0e44_27af, "fcmeq_vh"), // fcmeq v15.4h, v29.4h, v4.4h
    (0x2e55_260e, "fcmge_vh"), // fcmge v14.4h, v16.4h, v21.4h
    (0x6e52_257d, "fcmge_vh"), // fcmge v29.8h, v11.8h, v18.8h
    (0x2ec4_25a8, "fcmgt_vh"), // fcmgt v8.4h, v13.4h, v4.4h
    (0x6ecf_2611, "fcmgt_vh"), // fcmgt v17.8h, v16.8h, v15.8h
    (0x6e5c_2cd1, "facge_vh"), // facge v17.8h, v6.8h, v28.8h
    (0x2e55_2cad, "facge_vh"), // facge v13.4h, v5.4h, v21.4h
    (0x6ed9_2d1a, "facgt_vh"), // facgt v26.8h, v8.8h, v25.8h
    (0x2ec9_2e63, "facgt_vh"), // facgt v3.4h, v19.4h, v9.4h
    (0x0e48_35ab, "fmax_vh"), // fmax v11.4h, v13.4h, v8.4h
    (0x4e5c_3608, "fmax_vh"), // fmax v8.8h, v16.8h, v28.8h
    (0x2e54_36d4, "fmaxp_vh"), // fmaxp v20.4h, v22.4h, v20.4h
    (0x2e5e_3743, "fmaxp_vh"), // fmaxp v3.4h, v26.4h, v30.4h
    (0x4ed8_346a, "fmin_vh"), // fmin v10.8h, v3.8h, v24.8h
    (0x0ec3_3774, "fmin_vh"), // fmin v20.4h, v27.4h, v3.4h
    (0x2edb_3712, "fminp_vh"), // fminp v18.4h, v24.4h, v27.4h
    (0x2ec1_371f, "fminp_vh"), // fminp v31.4h, v24.4h, v1.4h
    (0x4e4c_3cb4, "frecps_vh"), // frecps v20.8h, v5.8h, v12.8h
    (0x0e57_3f08, "frecps_vh"), // frecps v8.4h, v24.4h, v23.4h
    (0x0ecd_3f6a, "frsqrts_vh"), // frsqrts v10.4h, v27.4h, v13.4h
    (0x4ec3_3d22, "frsqrts_vh"), // frsqrts v2.8h, v9.8h, v3.8h
    (0x2e56_3d4d, "fdiv_vh"), // fdiv v13.4h, v10.4h, v22.4h
    (0x6e5b_3da2, "fdiv_vh"), // fdiv v2.8h, v13.8h, v27.8h
    (0x2e42_84a1, "sqrdmlah_v"), // sqrdmlah v1.4h, v5.4h, v2.4h
    (0x6e8d_846e, "sqrdmlah_v"), // sqrdmlah v14.4s, v3.4s, v13.4s
    (0x6e91_8d34, "sqrdmlsh_v"), // sqrdmlsh v20.4s, v9.4s, v17.4s
    (0x2e90_8d5d, "sqrdmlsh_v"), // sqrdmlsh v29.2s, v10.2s, v16.2s
];

#[rustfmt::skip]
const SIMD_TWO_REG_MISC: &[(u32, &str)] = &[
    (0x0e79_8bc2, "frintn_vh"), // frintn v2.4h, v30.4h
    (0x0e79_8983, "frintn_vh"), // frintn v3.4h, v12.4h
    (0x2e79_8b07, "frinta_vh"), // frinta v7.4h, v24.4h
    (0x2e79_8a71, "frinta_vh"), // frinta v17.4h, v19.4h
    (0x0ef9_8854, "frintp_vh"), // frintp v20.4h, v2.4h
    (0x4ef9_8ab1, "frintp_vh"), // frintp v17.8h, v21.8h
    (0x0e79_99a3, "frintm_vh"), // frintm v3.4h, v13.4h
    (0x0e79_9931, "frintm_vh"), // frintm v17.4h, v9.4h
    (0x2e79_9bfa, "frintx_vh"), // frintx v26.4h, v31.4h
    (0x2e79_9826, "frintx_vh"), // frintx v6.4h, v1.4h
    (0x4ef9_9a1f, "frintz_vh"), // frintz v31.8h, v16.8h
    (0x4ef9_988c, "frintz_vh"), // frintz v12.8h, v4.8h
    (0x6ef9_9a85, "frinti_vh"), // frinti v5.8h, v20.8h
    (0x6ef9_98ca, "frinti_vh"), // frinti v10.8h, v6.8h
    (0x4e79_ab36, "fcvtns_vh"), // fcvtns v22.8h, v25.8h
    (0x4e79_a844, "fcvtns_vh"), // fcvtns v4.8h, v2.8h
    (0x2e79_a83b, "fcvtnu_vh"), // fcvtnu v27.4h, v1.4h
    (0x6e79_aa8e, "fcvtnu_vh"), // fcvtnu v14.8h, v20.8h
    (0x0ef9_a9d1, "fcvtps_vh"), // fcvtps v17.4h, v14.4h
    (0x4ef9_ab32, "fcvtps_vh"), // fcvtps v18.8h, v25.8h
    (0x6ef9_aa08, "fcvtpu_vh"), // fcvtpu v8.8h, v16.8h
    (0x2ef9_a8b7, "fcvtpu_vh"), // fcvtpu v23.4h, v5.4h
    (0x4e79_b90e, "fcvtms_vh"), // fcvtms v14.8h, v8.8h
    (0x0e79_b998, "fcvtms_vh"), // fcvtms v24.4h, v12.4h
    (0x6e79_ba63, "fcvtmu_vh"), // fcvtmu v3.8h, v19.8h
    (0x2e79_ba66, "fcvtmu_vh"), // fcvtmu v6.4h, v19.4h
    (0x0ef9_bade, "fcvtzs_vh"), // fcvtzs v30.4h, v22.4h
    (0x4ef9_bb03, "fcvtzs_vh"), // fcvtzs v3.8h, v24.8h
    (0x2ef9_bbe7, "fcvtzu_vh"), // fcvtzu v7.4h, v31.4h
    (0x2ef9_b8e5, "fcvtzu_vh"), // fcvtzu v5.4h, v7.4h
    (0x4e79_c857, "fcvtas_vh"), // fcvtas v23.8h, v2.8h
    (0x0e79_c913, "fcvtas_vh"), // fcvtas v19.4h, v8.4h
    (0x2e79_cb75, "fcvtau_vh"), // fcvtau v21.4h, v27.4h
    (0x2e79_cb36, "fcvtau_vh"), // fcvtau v22.4h, v25.4h
    (0x0e79_d869, "scvtf_vh"), // scvtf v9.4h, v3.4h
    (0x4e79_db88, "scvtf_vh"), // scvtf v8.8h, v28.8h
    (0x6e79_d976, "ucvtf_vh"), // ucvtf v22.8h, v11.8h
    (0x2e79_da37, "ucvtf_vh"), // ucvtf v23.4h, v17.4h
    (0x4ef9_d866, "frecpe_vh"), // frecpe v6.8h, v3.8h
    (0x4ef9_d80a, "frecpe_vh"), // frecpe v10.8h, v0.8h
    (0x6ef9_da4f, "frsqrte_vh"), // frsqrte v15.8h, v18.8h
    (0x6ef9_db4f, "frsqrte_vh"), // frsqrte v15.8h, v26.8h
    (0x4ef8_cb70, "fcmgt_zvh"), // fcmgt v16.8h, v27.8h, #0.0
    (0x4ef8_ca69, "fcmgt_zvh"), // fcmgt v9.8h, v19.8h, #0.0
    (0x6ef8_c941, "fcmge_zvh"), // fcmge v1.8h, v10.8h, #0.0
    (0x6ef8_c924, "fcmge_zvh"), // fcmge v4.8h, v9.8h, #0.0
    (0x4ef8_d9a9, "fcmeq_zvh"), // fcmeq v9.8h, v13.8h, #0.0
    (0x0ef8_d97f, "fcmeq_zvh"), // fcmeq v31.4h, v11.4h, #0.0
    (0x6ef8_d889, "fcmle_zvh"), // fcmle v9.8h, v4.8h, #0.0
    (0x6ef8_d8d8, "fcmle_zvh"), // fcmle v24.8h, v6.8h, #0.0
    (0x4ef8_eae1, "fcmlt_zvh"), // fcmlt v1.8h, v23.8h, #0.0
    (0x0ef8_e9fe, "fcmlt_zvh"), // fcmlt v30.4h, v15.4h, #0.0
    (0x0ef8_f93e, "fabs_vh"), // fabs v30.4h, v9.4h
    (0x4ef8_f9b5, "fabs_vh"), // fabs v21.8h, v13.8h
    (0x2ef8_f9ba, "fneg_vh"), // fneg v26.4h, v13.4h
    (0x6ef8_fa55, "fneg_vh"), // fneg v21.8h, v18.8h
    (0x2ef9_f95d, "fsqrt_vh"), // fsqrt v29.4h, v10.4h
    (0x6ef9_fa10, "fsqrt_vh"), // fsqrt v16.8h, v16.8h
];

#[rustfmt::skip]
const SYSTEM: &[(u32, &str)] = &[
    (0xd503_363f, "dsb_nxs"), // dsb nshnxs
    (0xd503_3a3f, "dsb_nxs"), // dsb ishnxs
    (0xd503_30ff, "sb"), // sb
    (0xd503_1016, "wfet"), // wfet x22
    (0xd503_1013, "wfet"), // wfet x19
    (0xd503_1039, "wfit"), // wfit x25
    (0xd503_1039, "wfit"), // wfit x25
    (0xd503_403f, "msr_imm_ssbs"), // msr ssbs, #0x0
    (0xd503_423f, "msr_imm_ssbs"), // msr s0_3_c4_c2_1, xzr
    (0xd503_495f, "msr_imm_dit"), // msr s0_3_c4_c9_2, xzr
    (0xd503_475f, "msr_imm_dit"), // msr s0_3_c4_c7_2, xzr
    (0xd53b_42b4, "mrs_dit"), // mrs x20, dit
    (0xd53b_42a0, "mrs_dit"), // mrs x0, dit
    (0xd51b_42b1, "msr_dit"), // msr dit, x17
    (0xd51b_42b9, "msr_dit"), // msr dit, x25
    (0xd53b_42cf, "mrs_ssbs"), // mrs x15, ssbs
    (0xd53b_42d8, "mrs_ssbs"), // mrs x24, ssbs
    (0xd51b_42ce, "msr_ssbs"), // msr ssbs, x14
    (0xd51b_42da, "msr_ssbs"), // msr ssbs, x26
    (0xd53b_e0cb, "mrs_cntvctss"), // mrs x11, cntvctss_el0
    (0xd53b_e0c1, "mrs_cntvctss"), // mrs x1, cntvctss_el0
    (0xd53b_2411, "mrs_rndr"), // mrs x17, rndr
    (0xd53b_240f, "mrs_rndr"), // mrs x15, rndr
    (0xd50b_7c37, "dc_clean"), // sys #3, C7, C12, #1, x23
    (0xd50b_7c3f, "dc_clean"), // sys #3, C7, C12, #1
];

/// What the extensions leave unallocated.
#[rustfmt::skip]
const UNALLOCATED: &[u32] = &[
    0x1ea2_2820, // fadd with ftype 10
    0x0ec2_c420, // fcmla v0.1d, v1.1d, v2.1d, #0
    0x2f62_1820, // fcmla v0.4h, v1.4h, v2.h[2], #0
    0x0e82_a420, // smmla with Q = 0
    0x2e02_8420, // sqrdmlah of bytes
    0x0f08_e420, // scvtf of bytes, fixed-point
    0x1e6a_c020, // one source, opcode 010101
    0xce60_9020, // three registers, opcode 100
    0x1901_0400, // cpyfp with x0 twice
    0x19c2_043f, // setp to x31
    0x99c0_0020, // ldapursw to a W register
];

const CHAPTERS: [&[(u32, &str)]; 26] = [
    BF16,
    BRANCH,
    CRC32,
    CRYPTO,
    CRYPTO_SHA3,
    CRYPTO_SM,
    CSSC,
    FHM,
    FLAGS,
    FP_SCALAR,
    FRINTTS,
    LDST_ATOMIC,
    LDST_EXCLUSIVE,
    MOPS,
    PAUTH,
    SIMD_ACROSS,
    SIMD_COMPLEX,
    SIMD_COPY,
    SIMD_DOT,
    SIMD_INDEXED,
    SIMD_SCALAR,
    SIMD_SHIFT_IMM,
    SIMD_THREE_DIFF,
    SIMD_THREE_SAME,
    SIMD_TWO_REG_MISC,
    SYSTEM,
];

#[test]
fn every_word_decodes_to_its_pattern() {
    super::all_decode(CHAPTERS.into_iter().flatten());
}

#[test]
fn reserved_words_are_unallocated() {
    super::all_unallocated(UNALLOCATED);
}
