//! What somebody who mistyped a name may have meant.

/// A sentence that offers the names that are like `wrong`, or all if none is.
pub(super) fn near(wrong: &str, names: impl Iterator<Item = &'static str>) -> String {
    let wrong = wrong.to_ascii_lowercase();
    let names: Vec<String> = names.map(str::to_ascii_lowercase).collect();
    let like: Vec<&str> = names.iter().map(String::as_str).filter(|n| alike(&wrong, n)).collect();
    match like[..] {
        [] => format!("take one of {}", names.join(", ")),
        _ => format!("did you mean {}?", like.join(", ")),
    }
}

/// One begins with the other, or no more than a third of the letters are wrong.
fn alike(wrong: &str, name: &str) -> bool {
    let longest = wrong.len().max(name.len());
    let begins = wrong.len() > 1 && (name.starts_with(wrong) || wrong.starts_with(name));
    begins || distance(wrong.as_bytes(), name.as_bytes()) * 3 <= longest
}

/// Letters to insert, remove or replace (Levenshtein).
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
        assert_eq!(distance(b"same", b"same"), 0);
    }

    #[test]
    fn likely_names_are_offered() {
        let names = ["LSE", "LSE2", "FP16", "SHA512"];
        assert_eq!(near("lse3", names.into_iter()), "did you mean lse, lse2?");
        assert_eq!(near("sha152", names.into_iter()), "did you mean sha512?");
        assert_eq!(near("mmx", names.into_iter()), "take one of lse, lse2, fp16, sha512");
    }
}
