//! Cranelift's text, line by line, with the source location that each line bears.

/// Marks that the compiler sets in a location besides the number.
const MARKS: u32 = 0xc000_0000;

/// The lines of a function's text, each with the number of its guest instruction, as far as it has one.
///
/// A block's heading and the other names of its arguments go with the instruction that follows it, other names of
/// results with the instruction that they are of.
pub fn lines(clif: &str) -> Vec<(Option<usize>, String)> {
    let mut lines = Vec::new();
    let mut waiting = Vec::new();
    for line in clif.lines().map(str::trim).filter(|l| !l.is_empty() && *l != "}") {
        let (number, text) = split(line);
        if line.starts_with("block") && line.ends_with(':') {
            waiting.push(text);
            continue;
        }
        if number.is_none() && text.starts_with('v') && text.contains(" -> ") {
            match lines.last() {
                Some((last, _)) if waiting.is_empty() => lines.push((*last, text)),
                _ => waiting.push(text),
            }
            continue;
        }
        lines.extend(waiting.drain(..).map(|heading| (number, heading)));
        lines.push((number, text));
    }
    lines.extend(waiting.into_iter().map(|heading| (None, heading)));
    lines
}

/// `@001f    v3 = iadd v1, v2` → number and the rest.
fn split(line: &str) -> (Option<usize>, String) {
    let located = line.strip_prefix('@').and_then(|rest| rest.split_once(char::is_whitespace));
    let Some((location, rest)) = located else { return (None, line.into()) };
    let number = u32::from_str_radix(location, 16).ok().map(|n| (n & !MARKS) as usize);
    (number, rest.trim_start().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart_by_their_location() {
        let text = "function u0:0(i64) winch {\nblock0(v0: i64):\n                v9 = iconst.i64 1\n\
                    \n                block1:\n   v8 -> v0\n@0001    v2 = iadd v0, v9  ; v9 = 1\n   v3 -> v2\n@40000002  return\n}\n";
        let lines = lines(text);
        let short: Vec<(Option<usize>, &str)> = lines.iter().map(|(n, l)| (*n, &**l)).collect();
        assert_eq!(
            short,
            [
                (None, "function u0:0(i64) winch {"),
                (None, "block0(v0: i64):"),
                (None, "v9 = iconst.i64 1"),
                (Some(1), "block1:"),
                (Some(1), "v8 -> v0"),
                (Some(1), "v2 = iadd v0, v9  ; v9 = 1"),
                (Some(1), "v3 -> v2"),
                (Some(2), "return"),
            ]
        );
    }
}
