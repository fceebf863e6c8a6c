//! Every word has one meaning: overlaps are found, and the tree agrees with the linear scan.

use isamorph_decode::{Generator, Table, Tree, check, grammar};

fn table(text: &str) -> Table {
    let (table, errors) = grammar::parse(&[("t.isa".to_owned(), text.to_owned())]);
    assert!(errors.0.is_empty(), "{errors}");
    table
}

fn check(text: &str) -> Vec<String> {
    check::check(&table(text)).iter().map(ToString::to_string).collect()
}

#[test]
fn overlap_outside_a_group_is_an_error_with_an_example() {
    let errors = check("width 8\ninsn a \"A\" 00 n:6\ninsn b \"B\" 0x01 m:4");
    let text = "t.isa:3:1: `b` overlaps `a` (t.isa:2:1): both match 0x00000010: make their bits or \
                `where` clauses disjoint, or put both into one `prefer` group, where the first \
                match wins";
    assert_eq!(errors, [text]);
}

#[test]
fn overlap_of_holes_and_of_two_groups_is_an_error() {
    assert_eq!(check("width 4\nunallocated \"A\" 00xx\nunallocated \"B\" 000x\n").len(), 1);
    let text = "width 4\nprefer g {\ninsn a \"A\" 0000\n}\nprefer h {\ninsn b \"B\" 000x\n}";
    assert_eq!(check(text).len(), 1);
}

#[test]
fn groups_and_todo_may_overlap() {
    let text = "width 4\nprefer g {\ninsn a \"A\" 0000\ninsn b \"B\" 000x\n}\ntodo t \"T\" xxxx\n\
                todo u \"U\" 00xx";
    assert_eq!(check(text), [""; 0]);
}

#[test]
fn clauses_are_decided_exactly() {
    // Over different fields at the same bits, with fixed bits of the other pattern between.
    let disjoint = "width 8\ninsn a \"A\" n:4 00 m:2 where n < 5 | m == 1\n\
                    insn b \"B\" h:2 l:2 00 m:2 where h[0], l, m != 1 | h == 3\n";
    let words: Vec<u32> = (0..256)
        .filter(|&w| {
            let (n, m, h, l) = (w >> 4, w & 3, w >> 6, w >> 4 & 3);
            w & 12 == 0 && (n < 5 || m == 1) && h & 1 != 0 && l != 0 && (m != 1 || h == 3)
        })
        .collect();
    // n in 5..=7 or m == 1 only: the one overlap is h == 3, m == 1.
    assert!(!words.is_empty());
    assert!(check(disjoint)[0].contains(&format!("both match {:#010x}", words[0])));
    let disjoint = disjoint.replace("h == 3", "h == 3 & m == 2");
    assert_eq!(check(&disjoint), [""; 0]);
}

#[test]
fn too_many_bits_to_decide_is_an_error() {
    let text = "width 32\ninsn a \"A\" n:32 where n < 5\ninsn b \"B\" n:32 where n > 5\n";
    let errors = check(text);
    assert!(errors[0].contains("read 32 bits, more than the 20 whose values are tried"));
}

#[test]
fn useless_clauses_and_patterns_are_errors() {
    let errors = check("width 4\ninsn a \"A\" 00 n:2 where n == 1, n == 2");
    assert!(errors[0].contains("the `where` of `a` is never true"), "{errors:?}");
    let errors = check("width 4\ninsn a \"A\" 00 n:2 where n == 1 | n != 1");
    assert!(errors[0].contains("the `where` of `a` is always true"), "{errors:?}");
    let group = "width 4\nprefer g {\ninsn a \"A\" 00 n:2 where n != 3\ninsn b \"B\" 000 n:1\n}";
    assert!(check(group)[0].contains("`b` is never reached: `a` (t.isa:3:1) takes all its words"));
    let done =
        "width 4\ninsn a \"A\" 00 n:2\ntodo t \"T\" 000x\ntodo u \"U\" 1111\ntodo v \"V\" 1111\n";
    let errors = check(done);
    assert!(errors[0].contains("`t` is never reached"), "{errors:?}");
    assert!(errors[0].ends_with("the class is implemented: remove its `todo`"), "{errors:?}");
    assert!(errors[1].ends_with("remove one of the two"), "{errors:?}");
}

/// Random tables of 10-bit words, all patterns in one group so that overlap is allowed.
fn random_table(next: &mut dyn FnMut(usize) -> usize) -> Table {
    let mut text = String::from("width 10\nprefer g {\n");
    for i in 0..1 + next(40) {
        let mut bits = String::new();
        let mut fields = Vec::new();
        let mut left = 10;
        let free = 1 + next(9);
        while left > 0 {
            let width = 1 + next(left.min(4));
            if next(10) < free {
                fields.push((format!("f{left}"), width));
                bits += &format!(" f{left}:{width}");
            } else {
                bits.push(' ');
                bits.extend((0..width).map(|_| ['0', '1', '0', '1', 'x'][next(5)]));
            }
            left -= width;
        }
        let mut clause = String::new();
        if !fields.is_empty() && next(3) == 0 {
            let (name, width) = &fields[next(fields.len())];
            let op = ["==", "!=", "<", "<=", ">", ">="][next(6)];
            clause = format!(" where {name} {op} {} | !{name}[0]", next(1 << width));
        }
        let kind = ["insn", "unallocated"][next(2)];
        text += &format!("{kind} p{i} \"P\" {bits}{clause}\n");
    }
    text += "}\n";
    for i in 0..next(4) {
        let bits: String = (0..10).map(|_| ['0', '1', 'x', 'x', 'x'][next(5)]).collect();
        text += &format!("todo t{i} \"T\" {bits}\n");
    }
    table(&text)
}

#[test]
fn tree_agrees_with_linear_scan_on_random_tables() {
    let mut random = 1u64;
    let mut next = |n: usize| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % n
    };
    for _ in 0..300 {
        let table = random_table(&mut next);
        let tree = Tree::build(&table);
        for w in 0..1 << 10 {
            assert_eq!(tree.decode(&table, w), table.decode(w), "{w:#x} {:#?}", table.patterns);
        }
    }
}

#[test]
fn tree_agrees_with_linear_scan_and_encode_with_decode_on_32_bits() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/isa/w32.isa");
    let table = Generator::new("w32").tables(path).load().unwrap_or_else(|e| panic!("{e}"));
    let tree = Tree::build(&table);
    let mut random = 1u64;
    let mut next = || {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 32) as u32
    };
    for round in 0..200_000 {
        let p = &table.patterns[round % table.patterns.len()];
        let w = if round % 2 == 0 { next() } else { next() & !p.mask | p.value };
        let meaning = tree.decode(&table, w);
        assert_eq!(meaning, table.decode(w), "{w:#x}");
        if let Some(i) = meaning {
            let p = &table.patterns[i];
            assert_eq!(p.encode(&p.extract(w)), p.canonical(w), "{w:#x}");
            assert!(p.matches(p.canonical(w)));
        }
    }
}

#[test]
fn a_table_without_files_or_instructions_is_an_error() {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty");
    std::fs::create_dir_all(&dir).unwrap();
    let error =
        |path: &std::path::Path| Generator::new("x").tables(path).load().unwrap_err().to_string();
    assert!(error(&dir).starts_with("no .isa file in "));
    assert!(error(&dir.join("absent.isa")).contains("cannot read "));
    let file = dir.with_extension("isa");
    std::fs::write(&file, "width 4\ntodo t \"T\" xxxx\n").unwrap();
    assert!(error(&file).ends_with(":1:1: the table has no instruction: add a line `insn ..`"));
}
