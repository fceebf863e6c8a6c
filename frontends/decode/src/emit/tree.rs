//! The decision tree as data, and the loop that walks it: no branch of it depends on the word but at a leaf, where matches
//! in code would be an indirect jump each.

use std::collections::HashMap;

use super::{Emit, Write, put};
use crate::condition::ones;
use crate::tree::{MAX_SWITCH_BITS, Node, Test, Tree};

/// Marks a leaf. A switch is `first arm << 13 | mask << 5 | lowest bit`.
const LEAF: u32 = 1 << 31;
/// Of a leaf: its low half is a pattern, no index of a test.
const CERTAIN: u32 = 1 << 30;
/// What stands for no pattern.
const NOTHING: u16 = u16::MAX;

const _: () = assert!(MAX_SWITCH_BITS <= 8);

/// The walk.
const WALK: &str = r#"
/// The first pattern that matches `w`, by the tree; `u16::MAX` if there is none.
#[inline]
#[allow(clippy::all)]
fn find(w: WORD) -> u16 {
    let mut node = ROOT;
    while node & LEAF == 0 {
        let bits = (w as u32 >> (node & 31)) & (node >> 5) & 0xff;
        node = NODES[((node >> 13) + bits) as usize];
    }
    if node & CERTAIN != 0 { node as u16 } else { first_of(node as u16, w) }
}

/// The first pattern that matches `w` of the tests from `first` on.
#[inline(never)]
fn first_of(first: u16, w: WORD) -> u16 {
    let holds = |test: &&LeafTest| {
        w & test.mask == test.value && (!test.clause || allows(test.pattern, w))
    };
    TESTS[usize::from(first)..].iter().find(holds).map_or(u16::MAX, |test| test.pattern)
}

/// What is to be tested at a leaf; the last of a leaf's tests always holds.
struct LeafTest {
    mask: WORD,
    value: WORD,
    pattern: u16,
    clause: bool,
}
"#;

/// The tables under construction.
#[derive(Default)]
struct Tables<'t> {
    nodes: Vec<u32>,
    tests: Vec<Test>,
    /// What was placed, since subtrees repeat.
    placed: HashMap<&'t Node, u32>,
}

impl<'t> Tables<'t> {
    /// Puts the tree at `node` into the tables; the word that stands for it.
    fn place(&mut self, node: &'t Node) -> u32 {
        if let Some(&word) = self.placed.get(node) {
            return word;
        }
        let word = match node {
            Node::Leaf(tests) => self.leaf(tests),
            Node::Switch { lo, width, arms } => {
                let mut row = vec![0; 1 << width];
                for (values, below) in arms {
                    let word = self.place(below);
                    for &value in values {
                        row[value as usize] = word;
                    }
                }
                let first = self.nodes.len() as u32;
                assert!(first < LEAF >> 13, "a switch's first arm has 18 bits");
                self.nodes.extend(row);
                first << 13 | ones(*width) << 5 | lo
            }
        };
        self.placed.insert(node, word);
        word
    }

    fn leaf(&mut self, tests: &[Test]) -> u32 {
        let certain = |pattern: usize| {
            u16::try_from(pattern)
                .ok()
                .filter(|&p| p != NOTHING)
                .expect("a pattern's number has 16 bits")
        };
        match tests {
            [] => LEAF | CERTAIN | u32::from(NOTHING),
            [first, ..] if first.is_certain() => LEAF | CERTAIN | u32::from(certain(first.pattern)),
            _ => {
                let first = u16::try_from(self.tests.len()).expect("tests are numbered by 16 bits");
                self.tests.extend(tests);
                if !tests.last().is_some_and(Test::is_certain) {
                    let pattern = usize::from(NOTHING);
                    self.tests.push(Test { pattern, mask: 0, value: 0, clause: false });
                }
                LEAF | u32::from(first)
            }
        }
    }
}

impl Emit<'_> {
    pub(super) fn tree(&self, out: &mut String, tree: &Tree) {
        let mut tables = Tables::default();
        let root = tables.place(&tree.root);
        put!(out, "const LEAF: u32 = {LEAF:#x};\nconst CERTAIN: u32 = {CERTAIN:#x};");
        put!(out, "const ROOT: u32 = {root:#x};");
        out.push_str(&WALK.replace("WORD", self.word()));
        put!(out, "static NODES: [u32; {}] = [", tables.nodes.len());
        for row in tables.nodes.chunks(16) {
            for node in row {
                write!(out, "{node:#x},").expect("a String takes any text");
            }
            put!(out, "");
        }
        put!(out, "];\nstatic TESTS: [LeafTest; {}] = [", tables.tests.len());
        for &Test { pattern, mask, value, clause } in &tables.tests {
            let (mask, value) = (self.hex(mask), self.hex(value));
            put!(
                out,
                "LeafTest {{ mask: {mask}, value: {value}, pattern: {pattern}, clause: {clause} }},"
            );
        }
        put!(out, "];");
    }
}
