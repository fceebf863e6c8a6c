//! Processors by name, as `--cpu` takes them: `max`, `cortex-a72`, `max,-lse`, `cortex-a53,+sha3`.
//!
//! Sources: the cores' Technical Reference Manuals (MIDR_EL1, and the fields that stand for the features).

use super::feature::{Feature, Features};
use super::near::near;
use std::fmt;
use std::str::FromStr;

/// A processor: its features and its identification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuModel {
    /// The name.
    pub name: &'static str,
    /// MIDR_EL1.
    pub midr: u64,
    /// Its features, as far as they are implemented.
    pub features: Features,
}

/// Armv8.0 with CRC and cryptography, as Cortex-A53, A57 and A72 are built.
const V8_0: Features = {
    use Feature::*;
    Features::of(&[AES, PMULL, SHA1, SHA256, CRC32])
};

/// Cortex-A76 and Neoverse N1: Armv8.2 with a part of 8.3 and 8.4.
const V8_2: Features = {
    use Feature::*;
    V8_0.and(Features::of(&[LSE, RDM, DPB, FP16, DotProd, LRCPC]))
};

/// Neoverse V1: Armv8.4 with a part of 8.5 and 8.6. It has SVE, which is not implemented.
const V8_4: Features = {
    use Feature::*;
    V8_2.and(Features::of(&[
        SSBS, SHA3, SHA512, SM3, SM4, FHM, JSCVT, FCMA, LRCPC2, FlagM, DIT, DPB2, RNG, I8MM, BF16,
        PAuth, LSE2,
    ]))
};

/// Every model; the first is the default.
pub static MODELS: &[CpuModel] = &[
    CpuModel::MAX,
    CpuModel { name: "cortex-a53", midr: 0x410f_d034, features: V8_0 },
    CpuModel { name: "cortex-a57", midr: 0x411f_d070, features: V8_0 },
    CpuModel { name: "cortex-a72", midr: 0x410f_d083, features: V8_0 },
    CpuModel { name: "cortex-a76", midr: 0x414f_d0b1, features: V8_2 },
    CpuModel {
        name: "neoverse-n1",
        midr: 0x414f_d0c1,
        features: V8_2.and(Features::of(&[Feature::SSBS])),
    },
    CpuModel { name: "neoverse-v1", midr: 0x411f_d402, features: V8_4 },
];

impl CpuModel {
    /// Everything that is implemented and does not make programs slower. Libraries that see MOPS use it for copies of
    /// any size, which ordinary loads and stores do faster here; LSE2 makes every pair of X registers one access of 16
    /// bytes. Implementer 0 (software), architecture by identification registers.
    pub const MAX: CpuModel = CpuModel {
        name: "max",
        midr: 0xf << 16,
        features: Features::ALL.less(Features::of(&[Feature::MOPS, Feature::LSE2])),
    };
}

impl Default for CpuModel {
    fn default() -> CpuModel {
        CpuModel::MAX
    }
}

/// Why a text names no processor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The first word is no model.
    #[error("no processor `{0}`: {offer}", offer = near(.0, MODELS.iter().map(|m| m.name)))]
    Model(String),
    /// A switch does not begin with `+` or `-`.
    #[error("switch `{0}`: write `+{0}` to add a feature, `-{0}` to take it away")]
    Sign(String),
    /// A switch names no feature.
    #[error("no feature `{0}`: {offer}", offer = near(.0, Feature::all().map(Feature::name)))]
    Feature(String),
}

impl fmt::Display for CpuModel {
    /// The shortest text that [`FromStr`] makes this of: the model's name, then the switches.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        let known = MODELS.iter().find(|m| m.name == self.name);
        let base = known.map_or(Features::NONE, |m| m.features);
        for (sign, list) in [('-', base.less(self.features)), ('+', self.features.less(base))] {
            for feature in list.iter() {
                write!(f, ",{sign}{}", feature.name().to_ascii_lowercase())?;
            }
        }
        Ok(())
    }
}

impl FromStr for CpuModel {
    type Err = ParseError;

    /// A model, then switches `+feature` and `-feature` in their order, all separated by commas.
    fn from_str(text: &str) -> Result<CpuModel, ParseError> {
        let mut words = text.split(',').map(str::trim);
        let name = words.next().unwrap_or_default();
        let model = MODELS.iter().find(|m| m.name == name);
        let mut model = *model.ok_or_else(|| ParseError::Model(name.to_owned()))?;
        for word in words {
            let feature = |name: &str| {
                Feature::all()
                    .find(|f| f.name().eq_ignore_ascii_case(name))
                    .ok_or_else(|| ParseError::Feature(name.to_owned()))
            };
            model.features = match word.split_at_checked(1) {
                Some(("+", name)) => model.features.with(feature(name)?),
                Some(("-", name)) => model.features.without(feature(name)?),
                _ => return Err(ParseError::Sign(word.to_owned())),
            };
        }
        Ok(model)
    }
}
