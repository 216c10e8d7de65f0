//! Finds a word in text, many starts at a time: where its first and its last byte stand, the bytes between are compared.

const LANES: usize = 32;

/// Where the word, not empty, begins first at or after `from`.
pub fn find(text: &[u8], from: usize, word: &[u8]) -> Option<usize> {
    let (first, last) = (*word.first()?, *word.last()?);
    let begins = text.get(from..)?;
    let ends = begins.get(word.len() - 1..)?;
    let begins = &begins[..ends.len()];
    let mut blocks = begins.chunks_exact(LANES).zip(ends.chunks_exact(LANES));
    let mut at = from;
    for (begin, end) in &mut blocks {
        if may_begin(begin, end, first, last) {
            if let Some(start) = (at..at + LANES).find(|start| is_at(text, *start, word)) {
                return Some(start);
            }
        }
        at += LANES;
    }
    (at..from + begins.len()).find(|start| is_at(text, *start, word))
}

fn is_at(text: &[u8], start: usize, word: &[u8]) -> bool {
    text.get(start..).is_some_and(|rest| rest.starts_with(word))
}

/// Whether some lane holds both bytes; in a form that compilers vectorise.
#[inline]
fn may_begin(begin: &[u8], end: &[u8], first: u8, last: u8) -> bool {
    let both = |(begin, end): (&u8, &u8)| u8::from(*begin == first) & u8::from(*end == last);
    begin.iter().zip(end).map(both).fold(0, |all, one| all | one) != 0
}
