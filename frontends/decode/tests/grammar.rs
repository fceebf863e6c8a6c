//! What the grammar accepts, and what it says about the rest: exact messages, one per fault.

use isamorph_decode::{Kind, Table, grammar};

fn parse(text: &str) -> (Table, Vec<String>) {
    let (table, errors) = grammar::parse(&[("t.isa".to_owned(), text.to_owned())]);
    (table, errors.0.iter().map(ToString::to_string).collect())
}

fn good(text: &str) -> Table {
    let (table, errors) = parse(text);
    assert!(errors.is_empty(), "{errors:#?}");
    table
}

/// The messages for `line` in a table of width 8; the line is the second.
fn errors_of(line: &str) -> Vec<String> {
    parse(&format!("width 8\n{line}\n")).1
}

#[test]
fn bits_become_mask_value_and_fields() {
    let table =
        good("# c\n\nwidth 32 # c\ninsn a \"A # b\" sf:1 0 01x (1) Rm:5 \\ # c\n (0)1 x:19");
    let a = &table.patterns[0];
    assert_eq!((a.kind, a.name.as_str(), a.title.as_str()), (Kind::Insn, "a", "A # b"));
    assert_eq!((a.at.line, a.at.col), (4, 1));
    assert_eq!(a.mask, 0b111 << 28 | 1 << 19);
    assert_eq!(a.value, 1 << 28 | 1 << 19);
    assert_eq!(a.should, 1 << 26);
    let fields: Vec<_> = a.fields.iter().map(|f| (f.name.as_str(), f.lo, f.width)).collect();
    assert_eq!(fields, [("sf", 31, 1), ("rm", 21, 5), ("x", 0, 19)]);
    let w = 0x9abc_def0;
    assert_eq!(a.encode(&a.extract(w)) & !(a.mask | a.should), w & a.field_bits());
    assert_eq!(a.canonical(a.encode(&a.extract(w))), a.encode(&a.extract(w)));
}

#[test]
fn a_field_may_fill_the_word() {
    let table = good("width 32\ninsn raw \"RAW\" w:32 where w > 0xffff_fffe");
    assert_eq!(table.decode(u32::MAX), Some(0));
    assert_eq!(table.decode(u32::MAX - 1), None);
}

#[test]
fn only_one_file_needs_to_state_the_width() {
    let files = [("a", "width 4\ninsn a \"A\" 0000"), ("b", "insn b \"B\" 0001\r\n")];
    let files: Vec<_> = files.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect();
    let (table, errors) = grammar::parse(&files);
    assert!(errors.0.is_empty(), "{errors}");
    assert_eq!((table.width, table.patterns.len()), (4, 2));
}

#[test]
fn todo_is_the_remainder() {
    let table = good(
        "width 4\ntodo wide \"WIDE\" 1xxx\ntodo narrow \"NARROW\" 10xx\ninsn a \"A\" 100 n:1\n\
         insn b \"B\" 11 m:2 where m != 3\nunallocated \"hole\" 1011",
    );
    let meaning = |w| table.decode(w).map(|i| table.patterns[i].label());
    let all: Vec<_> = (7..16).map(meaning).collect();
    let (a, b, narrow, wide) = (Some("a"), Some("b"), Some("narrow"), Some("wide"));
    assert_eq!(all, [None, a, a, narrow, Some("hole"), b, b, b, wide]);
}

#[test]
fn conditions_mean_what_they_say() {
    type Meaning = fn(u32, u32) -> bool;
    let cases: [(&str, Meaning); 16] = [
        ("a", |a, _| a != 0),
        ("!a", |a, _| a == 0),
        ("a[2]", |a, _| a & 4 != 0),
        ("!a[3]", |a, _| a & 8 == 0),
        ("a == b", |a, b| a == b),
        ("a != 0b11", |a, _| a != 3),
        ("a < 0xA", |a, _| a < 10),
        ("a <= b", |a, b| a <= b),
        ("3 > b", |_, b| 3 > b),
        ("b >= 7", |_, b| b >= 7),
        ("a | b & a[0]", |a, b| a != 0 || b != 0 && a & 1 != 0),
        ("a == 1, b == 2 | b == 3", |a, b| a == 1 && (b == 2 || b == 3)),
        ("!(a == 1 | b == 2)", |a, b| !(a == 1 || b == 2)),
        ("(a == 1 | b == 2) & a[0]", |a, b| (a == 1 || b == 2) && a & 1 != 0),
        ("!(!a) & A == B", |a, b| a != 0 && a == b),
        ("!(!(a > b))", |a, b| a > b),
    ];
    for (text, meaning) in cases {
        let table = good(&format!("width 8\ninsn i \"I\" a:4 B:4 where {text}"));
        for w in 0..256 {
            assert_eq!(table.decode(w).is_some(), meaning(w >> 4, w & 15), "{text} {w:#x}");
        }
    }
}

#[test]
fn faults_of_lines_are_named() {
    let cases = [
        (
            "insn a \"A\" 0000 n:3",
            "t.isa:2:12: the bits of `a` add up to 7, not 8: add 1 (0000@6:3 n:3@2:0)",
        ),
        (
            "insn a \"A\" 0000 n:5",
            "t.isa:2:12: the bits of `a` add up to 9, not 8: remove 1 (0000@8:5 n:5@4:0)",
        ),
        ("insn a \"A\" n:30 000", "t.isa:2:17: `000` goes beyond 32 bits: n:30@29:0: remove bits"),
        ("insn a \"A\" n:99", "t.isa:2:12: field `n` is 99 bits wide: a field has 1 to 32 bits"),
        ("insn a \"A\" n:0", "t.isa:2:12: field `n` is 0 bits wide: a field has 1 to 32 bits"),
        ("insn a \"A\" n:x 0", "t.isa:2:14: unexpected `x`: expected the field's width in bits"),
        (
            "insn a \"A\" 0000 Rn",
            "t.isa:2:17: `Rn` is neither bits nor a field: write 0, 1, x or `Rn:WIDTH`",
        ),
        (
            "insn a \"A\" n:4 N:4",
            "t.isa:2:16: field `n` twice in one pattern: give the parts names of their own (immhi, immlo)",
        ),
        (
            "insn a \"A\" type:8",
            "t.isa:2:12: `type` is a Rust keyword: choose another, such as `type_insn`",
        ),
        (
            "insn a \"A\" 0n:4 000",
            "t.isa:2:12: `0n` is not a field name: begin it with a letter; leave a space after bits",
        ),
        ("insn a \"A\" (x) 0", "t.isa:2:12: `x` in parentheses: a should-be bit is `(0)` or `(1)`"),
        ("insn a \"A\" (1 0", "t.isa:2:15: unexpected `0`: expected `)`"),
        (
            "insn a \"A\"",
            "t.isa:2:11: unexpected the end of the line: expected the bits, most significant first",
        ),
        (
            "insn a \"A\" 0000 : 000",
            "t.isa:2:12: `0000` is not a field name: begin it with a letter; leave a space after bits",
        ),
        ("insn a 0000", "t.isa:2:8: unexpected `0000`: expected the manual's title in quotes"),
        ("insn a \" \" 00000000", "t.isa:2:8: empty title: take the manual's"),
        ("insn \"A\" 0000", "t.isa:2:6: unexpected \"A\": expected a snake_case name"),
        (
            "insn Add \"A\" 00000000",
            "t.isa:2:6: `Add` is not a snake_case name: begin with a letter; use lower-case letters, digits and `_`",
        ),
        (
            "insn yield \"YIELD\" 00000000",
            "t.isa:2:6: `yield` is a Rust keyword: choose another, such as `yield_insn`",
        ),
        (
            "insn insn \"A\" 00000000",
            "t.isa:2:6: `insn` is a name that the generated code has itself: choose another",
        ),
        ("insn a \"A 00000000", "t.isa:2:8: title without its closing quote: add `\"`"),
        (
            "insn a \"A\" 0000 \\ 0000",
            "t.isa:2:17: `\\` inside a line: put `\\` at the end of the line that is continued",
        ),
        ("insn a \"A\" n:8 where n = 1", "t.isa:2:24: unexpected character `=`: equality is `==`"),
        ("insn a \"A\" n:8 where m", "t.isa:2:22: unknown field `m`: the pattern has n"),
        (
            "insn a \"A\" 0000000x where m",
            "t.isa:2:27: unknown field `m`: the pattern has no fields",
        ),
        ("insn a \"A\" n:8 where n[8]", "t.isa:2:22: `n` has no bit 8: its bits are 0 to 7"),
        (
            "insn a \"A\" n:8 where n < 256",
            "t.isa:2:22: 256 does not fit into 8 bits: the field reaches 255 at most",
        ),
        (
            "insn a \"A\" n:8 where 1 == 1",
            "t.isa:2:22: comparison of two constants: compare with a field",
        ),
        (
            "insn a \"A\" n:8 where 1",
            "t.isa:2:23: unexpected the end of the line: expected a comparison after a constant",
        ),
        (
            "insn a \"A\" n:8 where !n == 1",
            "t.isa:2:23: `!` before a comparison: put the comparison in parentheses",
        ),
        (
            "insn a \"A\" n:8 where !(n) == 1",
            "t.isa:2:27: unexpected `==`: expected `where`, `needs` or the end of the line after the bits",
        ),
        ("insn a \"A\" n:8 where n == 1 || n == 2", "t.isa:2:30: `||`: write `|` once"),
        (
            "insn a \"A\" n:8 where (n == 1",
            "t.isa:2:29: unexpected the end of the line: expected `)`",
        ),
        (
            "insn a \"A\" n:8 where",
            "t.isa:2:21: unexpected the end of the line: expected a field, a constant, `!` or `(`",
        ),
        (
            "insn a \"A\" n:8 where n == 0xg",
            "t.isa:2:27: unexpected `0xg`: expected a number (decimal, 0x or 0b, 32 bits)",
        ),
        (
            "insn a \"A\" n:8 extra",
            "t.isa:2:16: `extra` is neither bits nor a field: write 0, 1, x or `extra:WIDTH`",
        ),
        (
            "inst a \"A\" n:8",
            "t.isa:2:1: a line cannot begin with `inst`: begin it with width, insn, unallocated, todo, prefer or `}`",
        ),
        (
            "width 8",
            "t.isa:2:1: `width` after other lines: move it to the first content line of the file",
        ),
        ("width 33", "t.isa:2:1: width 33: 1 to 32 bits are possible"),
        ("}", "t.isa:2:1: `}` without a `prefer`: remove it"),
        ("prefer g {", "t.isa:2:1: group is not closed: add a line `}`"),
        (
            "prefer g { insn",
            "t.isa:2:12: unexpected `insn`: expected patterns on lines of their own after `{`",
        ),
        (
            "prefer g {\nprefer h {\n}",
            "t.isa:3:1: group inside the group of line 2: groups do not nest: close the first with `}`",
        ),
        (
            "prefer g {\ntodo t \"T\" n:8\n}",
            "t.isa:3:1: `todo` in a `prefer` group: move it out: a `todo` is the remainder of its bits wherever it stands",
        ),
        (
            "prefer g {\n}\nprefer g {\n}",
            "t.isa:4:8: group `g` is already defined at t.isa:2:8: give it another name",
        ),
        (
            "insn a \"A\" 00000000\ninsn a \"B\" 00000001",
            "t.isa:3:1: `a` is already defined at t.isa:2:1: names are unique in the whole table",
        ),
        (
            "insn a_1 \"A\" 00000000\ninsn a1 \"B\" 00000001",
            "t.isa:3:1: `a1` and `a_1` (t.isa:2:1) would both be `A1`: names are unique in the whole table",
        ),
        (
            "todo t \"T\" n:8 needs F",
            "t.isa:2:16: `needs` of what is not an `insn`: name the feature in the title",
        ),
        (
            "insn a \"A\" n:8 needs 16",
            "t.isa:2:22: feature `16`: take the manual's name without `FEAT_`",
        ),
        ("insn ä \"A\" 00000000", "t.isa:2:6: unexpected character `\\u{e4}`: remove it"),
    ];
    for (line, message) in cases {
        let errors = errors_of(line);
        assert!(errors.iter().any(|e| e == message), "{line}\nhoped for {message}\n{errors:#?}");
    }
}

#[test]
fn needs_follow_the_where() {
    let table = good("width 8\ninsn a \"A\" n:8 where n != 9 needs F16 needs Dot if n[0], n > 1");
    let needs = &table.patterns[0].needs;
    let names: Vec<&str> = needs.iter().map(|n| n.feature.as_str()).collect();
    assert_eq!(names, ["F16", "Dot"]);
    assert!(needs[0].condition.is_none());
    let dot = needs[1].condition.as_ref().expect("there is an `if`");
    assert_eq!([1, 2, 3].map(|w| dot.holds(w)), [false, false, true]);
}

#[test]
fn all_faults_are_reported_and_the_rest_is_kept() {
    let (table, errors) = parse(
        "width 8\ninsn a \"A\" 0\ninsn b \"B\" = 0\ninsn c \"C\" 00000001\nfoo\nprefer {\n\
         insn d \"D\" 0000001x\n}",
    );
    let lines: Vec<_> = errors.iter().map(|e| e.split(':').nth(1).unwrap()).collect();
    assert_eq!(lines, ["2", "3", "5", "6"], "{errors:#?}");
    let names: Vec<_> = table.patterns.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["c", "d"]);
}

#[test]
fn width_must_be_stated_once_and_for_all() {
    let (_, errors) = parse("insn a \"A\" 0");
    let missing = "t.isa:1:1: no file states the width: begin a file of the table with a line such \
                   as `width 32`";
    assert_eq!(errors, [missing]);
    let files = [("a".to_owned(), "width 4".to_owned()), ("b".to_owned(), "width 5".to_owned())];
    let (_, errors) = grammar::parse(&files);
    assert_eq!(errors.0[0].what, "width 5, but a:1:1 says 4");
}

#[test]
fn no_text_panics() {
    let seed_text = include_str!("isa/w32.isa");
    let pieces = "\" \\ \n ( ) (1) x:32 n:0 where ! | & , == 0x 0b2 [ ] { } width insn todo prefer needs if é \u{0}";
    let pieces: Vec<&str> = pieces.split(' ').collect();
    let mut random = 1u64;
    let mut next = |n: usize| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % n
    };
    for _ in 0..2000 {
        let mut chars: Vec<char> = seed_text.chars().collect();
        for _ in 0..=next(12) {
            let at = next(chars.len());
            let to = (at + next(9)).min(chars.len());
            chars.splice(at..to, pieces[next(pieces.len())].chars());
        }
        let text: String = chars.into_iter().collect();
        let (table, _) = parse(&text);
        isamorph_decode::check::check(&table);
    }
    let deep = format!("width 1\ninsn a \"A\" n:1 where {}n", "!(".repeat(100_000));
    assert!(!parse(&deep).1.is_empty());
}
