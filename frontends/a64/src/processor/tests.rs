use super::*;
use crate::A64;
use isamorph_ir::{Block, CodeSource, Exception, Frontend, Mode, Term};

struct Word(u32);

impl CodeSource for Word {
    fn fetch(&self, _: u64, buf: &mut [u8]) -> usize {
        let n = buf.len().min(4);
        buf[..n].copy_from_slice(&self.0.to_le_bytes()[..n]);
        n
    }
}

fn lifted(features: Features, word: u32) -> Block {
    let model = CpuModel { features, ..CpuModel::MAX };
    A64::new(model).lift(&Word(word), 0x1000, Mode::default(), 1)
}

fn is_undefined(block: &Block) -> bool {
    matches!(block.term, Term::Exception { exception: Exception::Undefined(_), .. })
}

#[test]
fn what_is_claimed_is_there_and_what_is_not_is_undefined() {
    for f in Feature::all() {
        let word = f.info().sample;
        if word == 0 {
            continue;
        }
        assert!(!is_undefined(&lifted(Features::ALL, word)), "{f:?} is not in the tables");
        assert!(
            !is_undefined(&lifted(Features::NONE.with(f), word)),
            "{f:?} needs more than it says"
        );
        assert!(is_undefined(&lifted(Features::ALL.without(f), word)), "{f:?} does not matter");
    }
}

#[test]
fn every_need_is_met_by_max_alone() {
    use crate::isa::PATTERNS;
    for need in PATTERNS.iter().flat_map(|p| p.needs) {
        assert!(Features::ALL.has(need.feature) && !Features::NONE.has(need.feature));
        assert!(CpuModel::MAX.features.has(need.feature) || need.feature == Feature::MOPS);
        assert!(!CpuModel::MAX.features.has(Feature::LSE2));
    }
}

#[test]
fn features_bring_and_take_what_depends_on_them() {
    let pmull = Features::NONE.with(Feature::PMULL);
    assert!(pmull.has(Feature::AES));
    assert_eq!(pmull.without(Feature::AES), Features::NONE);
}

#[test]
fn models_are_parsed_with_switches() {
    assert_eq!("max".parse(), Ok(CpuModel::MAX));
    let model: CpuModel = "cortex-a53, -pmull,+lse".parse().expect("a model");
    assert_eq!(model.midr, 0x410f_d034);
    use Feature::*;
    assert_eq!(model.features, Features::of(&[AES, SHA1, SHA256, CRC32, LSE]));
    let error = |text: &str| text.parse::<CpuModel>().expect_err("an error").to_string();
    assert!(error("pentium").contains("take one of max, cortex-a53"));
    assert_eq!(
        error("max,lse"),
        "switch `lse`: write `+lse` to add a feature, `-lse` to take it away"
    );
    assert!(error("max,+avx").starts_with("no feature `avx`: take one of aes, pmull"));
    assert_eq!(error("max,+lse3"), "no feature `lse3`: did you mean lse, lse2?");
    assert_eq!(
        error("cortex-a73"),
        "no processor `cortex-a73`: did you mean cortex-a53, cortex-a57, cortex-a72, cortex-a76?"
    );
}

#[test]
fn a_model_is_what_its_text_says() {
    for text in ["max", "neoverse-v1", "cortex-a53,-pmull,+lse", "max,+mops,-fp16,-fhm"] {
        let model: CpuModel = text.parse().expect("a model");
        assert_eq!(model.to_string().parse(), Ok(model), "{text}: {model}");
    }
    assert_eq!(
        "cortex-a72,-aes".parse().map(|m: CpuModel| m.to_string()),
        Ok("cortex-a72,-aes,-pmull".into())
    );
}

/// The registers of qemu-aarch64 10 for these models, which follow their manuals.
#[test]
fn registers_and_hwcap_of_models() {
    let a72: CpuModel = "cortex-a72".parse().expect("a model");
    assert_eq!(a72.hwcap(), [0x8fb, 0]);
    assert_eq!(a72.id_register(6, 0), 0x11120);
    assert_eq!(a72.id_register(4, 0), 0x11);
    assert_eq!(a72.id_register(7, 0), 0xff00_0000);
    assert_eq!(a72.id_register(7, 1), 0);

    // The oracle does not tell SSBS in HWCAP, as Linux does where the field is 2.
    let n1: CpuModel = "neoverse-n1".parse().expect("a model");
    assert_eq!(n1.hwcap(), [0x1011_9ffb, 0]);
    let registers =
        |m: CpuModel| [(4, 0), (4, 1), (6, 0), (6, 1)].map(|(crm, op2)| m.id_register(crm, op2));
    assert_eq!(registers(n1), [0x11_0011, 0x20, 0x1000_1021_1120, 0x10_0001]);

    // Less SVE, DGH, and the later versions of PAuth.
    let v1: CpuModel = "neoverse-v1".parse().expect("a model");
    assert_eq!(v1.hwcap(), [0xdfbf_fffb & !(1 << 29), 0x1_6001]);
    let pfr0 = 0x0001_0000_0011_0011;
    assert_eq!(registers(v1), [pfr0, 0x20, 0x1011_1111_1021_2120, 0x0010_1000_1021_1102]);
    assert_eq!(v1.id_register(7, 2), 1 << 32);
}
