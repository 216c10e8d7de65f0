//! Sums the little-endian 64-bit words of its input modulo 2^64; `offset` and `length` choose a piece, in bytes. The input may be
//! larger than memory: a window moves over it.
#![cfg_attr(target_arch = "wasm32", no_std)]

use inlay::{About, Answer, Error, Request};

const WORD: usize = 8;

fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}

/// A part of a word at the end is left out.
fn sum_words(view: &[u8]) -> u64 {
    // Many words a round: the host's deadline check costs as much as eight of them.
    let mut rounds = view.chunks_exact(32 * WORD);
    let mut sums = [0u64; 8];
    for round in &mut rounds {
        for words in round.chunks_exact(8 * WORD) {
            for (sum, bytes) in sums.iter_mut().zip(words.chunks_exact(WORD)) {
                *sum = sum.wrapping_add(word(bytes));
            }
        }
    }
    let rest = rounds.remainder().chunks_exact(WORD).map(word);
    rest.chain(sums).fold(0, u64::wrapping_add)
}

#[inlay::function]
fn sum(request: &Request) -> Answer {
    let source = request.input()?;
    let offset = request.parameter_u64("offset").about("offset")?.unwrap_or(0);
    let left = source.size().checked_sub(offset).ok_or(Error::Range).about("offset")?;
    let length = request.parameter_u64("length").about("length")?.unwrap_or(left);
    if length > left {
        return Err(Error::Range).about("length");
    }
    let mut sum = 0u64;
    let mut windows = source.windows_of(WORD as u32, offset..offset + length)?;
    while let Some(view) = windows.next_view()? {
        sum = sum.wrapping_add(sum_words(view));
    }
    request.response().number(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inlay::testing::Host;

    #[test]
    fn words_are_summed_and_a_part_of_one_is_not() {
        let words: Vec<u8> = (0..1000u64).flat_map(u64::to_le_bytes).chain([9; 7]).collect();
        assert_eq!(Host::new().body(&words).run(sum).body, b"499500\n");
        let host = Host::new().object("b/k", &words).parameter("object", "b/k");
        assert_eq!(host.clone().parameter("offset", "16").parameter("length", "24").run(sum).body, b"9\n");
        assert_eq!(host.parameter("offset", "9000").run(sum).status, 400);
    }
}
