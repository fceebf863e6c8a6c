//! DejaGnu directives: the `{ dg-… }` comments by which GCC's tests say for what, how and whether they are built.
//!
//! Read for one target, little-endian LP64 AArch64 Linux with what our `max` processor has. The meaning of each
//! directive is in GCC's internals manual, "Testsuites".

const TRIPLET: &str = "aarch64-unknown-linux-gnu";

/// Effective targets (GCC's names for properties of target and compiler) that do not hold; all others are taken to.
const ABSENT: &[&str] = &[
    "aarch64_big_endian",
    "aarch64_sve_hw",
    "aarch64_sve2_hw",
    "be",
    "big_endian",
    "default_branch_protection",
    "dfp",
    "freestanding",
    "ia32",
    "ilp32",
    // Asks the user for a wrapper-free libc start-up.
    "unwrapped",
];

/// `dg-add-options` features and the flags that give them here.
const FEATURES: &[(&str, &str)] = &[
    ("arm_crypto", ""),
    ("arm_v8_neon", ""),
    ("arm_v8_1a_neon", "-march=armv8.1-a"),
    ("arm_v8_2a_bf16_neon", "-march=armv8.2-a+bf16"),
    ("arm_v8_2a_fp16_neon", "-march=armv8.2-a+fp16"),
    ("arm_v8_2a_fp16_scalar", "-march=armv8.2-a+fp16"),
    ("arm_v8_2a_i8mm", "-march=armv8.2-a+i8mm"),
    ("arm_v8_3a_complex_neon", "-march=armv8.3-a"),
    ("ieee", ""),
    ("stack_size", ""),
];

/// What a test does unless it says so itself.
#[derive(Clone, Copy, Debug)]
pub struct Defaults<'a> {
    /// Whether it is run.
    pub runs: bool,
    /// The flags in the place of `dg-options`.
    pub options: &'a str,
}

/// How a test is built, and what it prints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Compiler flags.
    pub flags: Vec<String>,
    /// What `dg-output` asks for.
    pub output: Option<String>,
}

/// The plan of the test with this text at `level` (`-O2`, or nothing); none if it is not to be run here.
pub fn plan(text: &str, level: &str, defaults: Defaults) -> Option<Plan> {
    let directives = directives(text);
    let mut runs = None;
    let mut options = words(defaults.options);
    let mut further = Vec::new();
    let mut output = None;
    for (name, args) in &directives {
        let arg = |at: usize| args.get(at).map_or("", String::as_str);
        // Flags are a word list or a quoted one, in braces or not.
        let flags = || list(arg(0)).iter().flat_map(|part| words(part)).collect::<Vec<_>>();
        match name.as_str() {
            "dg-do" if selected(arg(1)) => runs = Some(arg(0) == "run"),
            "dg-do" => runs = runs.or(Some(false)),
            "dg-options" if selected(arg(1)) => options = flags(),
            "dg-additional-options" if selected(arg(1)) => further.extend(flags()),
            "dg-add-options" => {
                let known = FEATURES.iter().find(|(feature, _)| *feature == arg(0));
                // An unknown feature is named by the compiler, which lacks what the test needs.
                further.extend(words(known.map_or("", |(_, flags)| flags)));
            }
            "dg-require-effective-target" if selected(arg(1)) && !holds(arg(0)) => return None,
            "dg-output" => output = Some(arg(0).to_owned()),
            _ => {}
        }
    }
    if !runs.unwrap_or(defaults.runs) {
        return None;
    }
    let mut flags = words(level);
    flags.extend(options);
    flags.extend(further);
    flags.retain(|flag| !leaves_files(flag));
    let is_skipped = directives.iter().any(|(name, args)| {
        let arg = |at: usize| args.get(at).map(String::as_str);
        let matches = |these: &str| list(these).iter().any(|f| f == "*" || flags.contains(f));
        name == "dg-skip-if"
            && holds(arg(1).unwrap_or(""))
            && arg(2).is_none_or(|with| with.is_empty() || matches(with))
            && !arg(3).is_some_and(matches)
    });
    (!is_skipped).then_some(Plan { flags, output })
}

/// Flags for tests that look at the compiler's own output.
fn leaves_files(flag: &str) -> bool {
    flag.ends_with("-save-temps") || flag.starts_with("-fdump-")
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// All `{ dg-… }` groups that end on their line: the name and the arguments without their braces or quotes.
fn directives(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let Some(at) = line.find("{ dg-").or_else(|| line.find("{dg-")) else { continue };
        let group = list(&line[at..]).into_iter().next();
        let mut parts = list(&group.unwrap_or_default()).into_iter();
        if let Some(name) = parts.next() {
            found.push((name, parts.collect()));
        }
    }
    found
}

/// Splits as Tcl does: at spaces, but not in braces or quotes, which are taken off.
fn list(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (item, after) = match first {
            '{' => {
                let mut depth = 0;
                let end = rest.char_indices().find(|&(_, c)| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    depth == 0
                });
                let Some((end, _)) = end else { break };
                (&rest[1..end], &rest[end + 1..])
            }
            '"' => rest[1..].split_once('"').unwrap_or((&rest[1..], "")),
            _ => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        items.push(item.trim().to_owned());
        rest = after.trim_start();
    }
    items
}

/// Does a condition argument (`target …`, `xfail …` or nothing) let the directive apply?
fn selected(condition: &str) -> bool {
    let mut parts = list(condition).into_iter();
    match parts.next().as_deref() {
        Some("target") => holds(&parts.next().unwrap_or_default()),
        _ => true,
    }
}

/// Does a selector hold: triplet patterns and effective targets, with `!`, `&&` and `||`?
fn holds(selector: &str) -> bool {
    let parts = list(selector);
    let sides = |operator: &str| -> Vec<bool> {
        if !parts.iter().any(|part| part == operator) {
            return Vec::new();
        }
        let sides = parts.split(|part| part == operator);
        sides
            .map(|side| holds(&side.iter().map(|part| format!("{{{part}}} ")).collect::<String>()))
            .collect()
    };
    let (any, all) = (sides("||"), sides("&&"));
    if !any.is_empty() {
        return any.contains(&true);
    }
    if !all.is_empty() {
        return !all.contains(&false);
    }
    match &parts[..] {
        [] => false,
        [not, rest] if not == "!" => !holds(rest),
        [one] if list(one).len() > 1 => holds(one),
        [one] if one.contains(['-', '*']) => glob(one, TRIPLET),
        [one] => !ABSENT.contains(&one.as_str()),
        // A plain list of triplets.
        several => several.iter().any(|one| holds(one)),
    }
}

/// Shell patterns: `*` and `?`.
fn glob(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let pattern = rest.as_str();
            (0..=text.len()).any(|at| text.get(at..).is_some_and(|text| glob(pattern, text)))
        }
        Some(c) => text.chars().next().is_some_and(|first| {
            (c == '?' || c == first) && glob(rest.as_str(), &text[first.len_utf8()..])
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Defaults = Defaults { runs: true, options: "-ansi" };

    fn flags(text: &str, level: &str) -> Option<String> {
        plan(text, level, RUN).map(|plan| plan.flags.join(" "))
    }

    #[test]
    fn options_of_other_targets_are_left_out() {
        let text = "/* { dg-options \"-fwrapv -O2 -save-temps\" } */\n\
                    /* { dg-additional-options \"-mpc64\" { target x86_64-*-* } } */\n\
                    /* { dg-additional-options \"-g\" {target \"aarch64*-*-*\"} } */\n\
                    /* { dg-add-options arm_v8_1a_neon } */";
        assert_eq!(flags(text, "-O0").as_deref(), Some("-O0 -fwrapv -O2 -g -march=armv8.1-a"));
        assert_eq!(flags("", "").as_deref(), Some("-ansi"));
        assert_eq!(flags("{ dg-options { \"-g -O1\" } }", "").as_deref(), Some("-g -O1"));
    }

    #[test]
    fn what_is_run_is_told_by_dg_do_and_the_target() {
        assert!(flags("/* { dg-do compile } */", "").is_none());
        assert!(flags("/* { dg-do run { target le } } */", "").is_some());
        assert!(flags("/* { dg-do run { target { arm*-*-* } } } */", "").is_none());
        assert!(flags("/* { dg-require-effective-target dfp } */", "").is_none());
        assert!(flags("{ dg-require-effective-target dfp { target arm*-*-* } }", "").is_some());
    }

    #[test]
    fn skips_depend_on_the_target_and_on_flags() {
        assert!(flags("{ dg-skip-if \"\" { arm*-*-* } }", "-O0").is_some());
        assert!(flags("{ dg-skip-if \"\" { *-*-* } { \"-O0\" } { \"\" } }", "-O0").is_none());
        assert!(flags("{ dg-skip-if \"\" { *-*-* } { \"-O0\" } { \"\" } }", "-O2").is_some());
        assert!(flags("{ dg-skip-if \"\" { ! { i?86-*-* x86_64-*-* } } }", "-O2").is_none());
    }

    #[test]
    fn selectors_combine() {
        assert!(holds("lp64 && { ! big_endian }"));
        assert!(!holds("ilp32 || { arm*-*-* }"));
        assert!(holds("{ x86_64-*-* aarch64*-*-* }"));
        assert!(holds("*-*-linux*"));
    }
}
