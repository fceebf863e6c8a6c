//! `--cpu`: the processor that a guest sees.
//!
//! Way of the data: text → the frontend's [`CpuModel`] → instructions that exist (frontend) and what the kernel
//! tells of it (`linux-user`). `help` in its place lists models and features.

use crate::terminal;
use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};
use isamorph_a64::processor::{CpuModel, Feature, MODELS};
use isamorph_linux_user::Processor;
use std::ffi::OsStr;

/// What Linux tells programs of a processor.
pub fn processor(model: &CpuModel) -> Processor {
    let guards = model.features.has(Feature::BTI);
    Processor { hwcap: model.hwcap(), identification: model.midr, guards }
}

/// Reads the option's value; at `help` it prints the list and ends the program well.
#[derive(Clone, Copy, Debug)]
pub struct CpuParser;

impl TypedValueParser for CpuParser {
    type Value = CpuModel;

    fn parse_ref(
        &self,
        command: &Command,
        _: Option<&Arg>,
        value: &OsStr,
    ) -> Result<CpuModel, Error> {
        let text = value.to_string_lossy();
        if text == "help" {
            let printed = terminal::print(help());
            std::process::exit(i32::from(printed.is_err()));
        }
        text.parse().map_err(|error| {
            let message =
                format!("--cpu {text}: {error}\n\n`--cpu help` lists models and features.\n");
            Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}

/// Models and features.
fn help() -> String {
    let mut out = String::from("Models, with the features they have:\n");
    for model in MODELS {
        let features: Vec<String> = model.features.iter().map(name).collect();
        let lacking: Vec<String> =
            Feature::all().filter(|f| !model.features.has(*f)).map(name).collect();
        let text = match model.name == CpuModel::MAX.name {
            true => format!("all but {}", lacking.join(", ")),
            false => features.join(", "),
        };
        out += &format!("  {:<13}{}\n", model.name, wrapped(&text, 13 + 2));
    }
    out += "\nFeatures, to be switched by `+` and `-`; one brings what it needs and takes what needs it along:\n";
    for feature in Feature::all() {
        out += &format!("  {:<13}{}\n", name(feature), feature.doc());
    }
    out + "\nExample: --cpu cortex-a53,+lse,-crc32\n"
}

fn name(feature: Feature) -> String {
    feature.name().to_ascii_lowercase()
}

/// Broken at spaces before column 100; further lines begin at column `indent`.
fn wrapped(text: &str, indent: usize) -> String {
    let (mut out, mut column) = (String::new(), indent);
    for word in text.split(' ') {
        if column > indent && column + 1 + word.len() > 100 {
            out += &format!("\n{:indent$}", "");
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out += word;
        column += word.len();
    }
    out
}
