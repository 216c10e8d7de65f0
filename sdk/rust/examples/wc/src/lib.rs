//! Counts lines, words and bytes of its input as `LC_ALL=C wc -lwc` does. The input may be of any size; with `stream=1` it is
//! the body while it comes.
//!
//! A word ends at a space (\t \n \v \f \r and blank) and holds at least one printable byte (0x21 to 0x7e); all other bytes
//! neither make a word nor end one.
#![cfg_attr(target_arch = "wasm32", no_std)]

use inlay::{Answer, Request, Result, Text};

mod classes;

use classes::{classes, BLOCK};

#[derive(Default)]
struct Counts {
    lines: u64,
    words: u64, // that have ended
    bytes: u64,
    in_word: bool, // the word before this point has not ended
}

impl Counts {
    /// Adds what a piece adds to what came before it. Best with pieces that are multiples of a block.
    fn add(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        let mut blocks = piece.chunks_exact(BLOCK);
        for block in &mut blocks {
            if let Some(block) = block.first_chunk() {
                self.add_block(block);
            }
        }
        let mut rest = [0; BLOCK]; // zeros are neither spaces nor printable: they change nothing
        for (to, from) in rest.iter_mut().zip(blocks.remainder()) {
            *to = *from;
        }
        self.add_block(&rest);
    }

    #[inline]
    fn add_block(&mut self, block: &[u8; BLOCK]) {
        let (newlines, spaces, printables) = classes(block);
        self.lines += u64::from(newlines.count_ones());
        // Each run of ones in !spaces is a word if it holds a printable. Adding the printables to the run, and the carry of an
        // unfinished word to its lowest bit, makes it overflow exactly then, and exactly into the bit of the space that ends it.
        // No further: the sum stays below twice that bit's value, because the printables are part of the run.
        let (sum, carry) = (!spaces).overflowing_add(printables);
        let (ends, late_carry) = sum.overflowing_add(u64::from(self.in_word));
        self.in_word = carry | late_carry;
        self.words += u64::from((ends & spaces).count_ones());
    }
}

fn count_input(request: &Request) -> Result<Counts> {
    let mut counts = Counts::default();
    let mut windows = request.input()?.windows_of(BLOCK as u32, ..)?;
    while let Some(view) = windows.next_view()? {
        counts.add(view);
    }
    Ok(counts)
}

fn count_stream(request: &Request) -> Result<Counts> {
    let mut counts = Counts::default();
    let mut receiver = request.receiver()?;
    while let Some(piece) = receiver.next_piece()? {
        counts.add(piece);
    }
    Ok(counts)
}

#[inlay::function]
fn wc(request: &Request) -> Answer {
    let counts = if request.wants_stream() { count_stream(request)? } else { count_input(request)? };
    let mut json = Text::<128>::new();
    json.push("{\"lines\":").push_u64(counts.lines);
    json.push(",\"words\":").push_u64(counts.words + u64::from(counts.in_word));
    json.push(",\"bytes\":").push_u64(counts.bytes).push("}\n");
    request.response().content_type("application/json").bytes(json.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use inlay::testing::Host;

    fn counted(text: &[u8]) -> String {
        String::from_utf8(Host::new().body(text).run(wc).body).unwrap()
    }

    #[test]
    fn it_counts_as_wc_does() {
        assert_eq!(counted(b""), "{\"lines\":0,\"words\":0,\"bytes\":0}\n");
        assert_eq!(counted(b"two words\n"), "{\"lines\":1,\"words\":2,\"bytes\":10}\n");
        assert_eq!(counted(b"\x80 \xff\x01 a\x80b\n"), "{\"lines\":1,\"words\":1,\"bytes\":9}\n");
        assert_eq!(counted(&b"word ".repeat(100)), "{\"lines\":0,\"words\":100,\"bytes\":500}\n");
    }

    #[test]
    fn a_word_may_lie_in_several_pieces() {
        let answer = Host::new().stream(&[b"on", b"e tw", b"o"]).run(wc);
        assert_eq!(answer.body, b"{\"lines\":0,\"words\":2,\"bytes\":7}\n");
    }
}
