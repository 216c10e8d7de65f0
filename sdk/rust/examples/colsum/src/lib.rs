//! Sums one column of an Arrow IPC file where it lies; nulls do not count.
//!
//! Of a file with large batches only the pages of this column are brought in from disk: the whole of it is mapped for random access,
//! and what is long of the column once more, piece by piece, to be read in at a stretch.
//!
//! Whole numbers are summed modulo 2^64. Floats are summed in eight lanes, so that the sum depends neither on the language nor on the
//! machine: lane k adds, in order, the rows of each batch whose number in that batch is k modulo 8; then
//! ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)).
#![cfg_attr(target_arch = "wasm32", no_std)]

use core::num::Wrapping;
use core::ops::{Add, AddAssign};

use inlay::{About, Answer, Failure, Request, Result, Source, Text, Window};

mod arrow;
mod decimal;
mod flat;

use arrow::{Chunk, Column, Error, File, Type};

const LANES: usize = 8;
const COLUMN_BYTES_MAX: usize = 1024;
/// Below this size of a batch, reading all of the file costs no more than seeking in it.
const BATCH_BYTES_MIN: usize = 4 << 20;
const PIECE_BYTES_MIN: usize = 256 << 10;
const PIECE_ROWS_MAX: usize = 8 << 20;

struct Sums<W>([W; LANES]);

impl<W: Copy + Default + Add<Output = W> + AddAssign> Sums<W> {
    fn new() -> Self {
        Sums([W::default(); LANES])
    }

    /// Adds values of N bytes each. REQUIRES: of `validity` there is a byte for each eight of them.
    fn add<const N: usize>(&mut self, values: &[u8], validity: Option<&[u8]>, wide: impl Fn([u8; N]) -> W) {
        let mut sums = self.0;
        let mut add = |eight: &[u8], valid: u8| {
            for ((k, sum), value) in sums.iter_mut().enumerate().zip(eight.chunks_exact(N)) {
                if let Some(value) = value.first_chunk().filter(|_| valid >> k & 1 != 0) {
                    *sum += wide(*value);
                }
            }
        };
        match validity {
            // Many rows a round: the host's deadline check costs as much as 64 bytes of them.
            None => {
                let mut rounds = values.chunks_exact(4 * LANES * N);
                for eight in (&mut rounds).flat_map(|round| round.chunks_exact(LANES * N)) {
                    add(eight, 0xff);
                }
                rounds.remainder().chunks(LANES * N).for_each(|eight| add(eight, 0xff));
            }
            Some(bits) => values.chunks(LANES * N).zip(bits).for_each(|(eight, bits)| add(eight, *bits)),
        }
        self.0 = sums;
    }

    fn total(&self) -> W {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

/// The sums of a column of any type; one of them is used.
struct Total {
    whole: Sums<Wrapping<u64>>,
    float: Sums<f64>,
}

impl Total {
    fn add(&mut self, kind: Type, values: &[u8], validity: Option<&[u8]>) {
        let Total { whole, float } = self;
        match kind {
            Type::Signed(1) => whole.add(values, validity, |value| Wrapping(i8::from_le_bytes(value) as u64)),
            Type::Signed(2) => whole.add(values, validity, |value| Wrapping(i16::from_le_bytes(value) as u64)),
            Type::Signed(4) => whole.add(values, validity, |value| Wrapping(i32::from_le_bytes(value) as u64)),
            Type::Unsigned(1) => whole.add(values, validity, |value| Wrapping(u8::from_le_bytes(value).into())),
            Type::Unsigned(2) => whole.add(values, validity, |value| Wrapping(u16::from_le_bytes(value).into())),
            Type::Unsigned(4) => whole.add(values, validity, |value| Wrapping(u32::from_le_bytes(value).into())),
            Type::Float(4) => float.add(values, validity, |value| f32::from_le_bytes(value).into()),
            Type::Float(_) => float.add(values, validity, f64::from_le_bytes),
            Type::Signed(_) | Type::Unsigned(_) => whole.add(values, validity, |value| Wrapping(u64::from_le_bytes(value))),
        }
    }

    /// Adds a chunk, by windows of its own where it is long.
    fn add_chunk(&mut self, source: &Source, kind: Type, chunk: &Chunk) {
        let mut offset = chunk.offset as u64;
        let mut validity = chunk.validity;
        for values in chunk.values.chunks(PIECE_ROWS_MAX * kind.bytes()) {
            let end = offset + values.len() as u64;
            // Where there is no room for one more window, the bytes are seen in the first.
            let window = Some(offset..end).filter(|_| values.len() >= PIECE_BYTES_MIN).and_then(|piece| source.map(piece).ok());
            self.add(kind, window.as_deref().unwrap_or(values), validity);
            validity = validity.map(|bits| bits.get(PIECE_ROWS_MAX / 8..).unwrap_or_default());
            offset = end;
        }
    }
}

/// Maps the whole input, for random access where its batches are large.
fn map_file<'a>(source: &Source<'a>) -> Result<Window<'a>> {
    if source.size() < BATCH_BYTES_MIN as u64 {
        return source.map(..);
    }
    let window = source.map_random(..)?;
    let has_small_batches = File::open(&window).is_ok_and(|file| window.len() / BATCH_BYTES_MIN < file.batches());
    if has_small_batches {
        drop(window);
        return source.map(..);
    }
    Ok(window)
}

fn sum_column(source: &Source, column: &mut Column) -> Result<Text<32>, Error> {
    let mut total = Total { whole: Sums::new(), float: Sums::new() };
    while let Some(chunk) = column.next_chunk()? {
        total.add_chunk(source, column.kind, &chunk);
    }
    let mut line = Text::new();
    let whole = total.whole.total().0;
    match column.kind {
        Type::Float(_) => decimal::push_f64(&mut line, total.float.total()),
        Type::Signed(_) if (whole as i64) < 0 => {
            line.push("-").push_u64((whole as i64).unsigned_abs());
        }
        Type::Signed(_) | Type::Unsigned(_) => {
            line.push_u64(whole);
        }
    }
    line.push("\n");
    Ok(line)
}

fn tell(request: &Request, error: Error, name: &[u8]) -> Answer {
    let mut line = Text::<{ COLUMN_BYTES_MAX + 256 }>::new();
    if error.is_about_column() {
        line.push("column=").push_bytes(name);
    } else {
        line.push("the file");
    }
    line.push(": ").push(error.words()).push("\n");
    request.response().status(422).content_type("text/plain").bytes(line.as_bytes())
}

#[inlay::function]
fn colsum(request: &Request) -> Answer {
    let mut buffer = [0; COLUMN_BYTES_MAX];
    let Some(name) = request.parameter("column", &mut buffer).about("column")? else {
        return Err(Failure::Status(400, "column: this parameter is needed"));
    };
    let source = request.input()?;
    let window = map_file(&source)?;
    let file = File::open(&window);
    let summed = file.and_then(|file| sum_column(&source, &mut file.column(name)?));
    match summed {
        Ok(line) => request.response().content_type("text/plain").bytes(line.as_bytes()),
        Err(error) => tell(request, error, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inlay::testing::Host;

    /// What no file is, and files that were cut: a line of text each, and no panic.
    #[test]
    fn what_is_no_file_is_refused() {
        for body in [&b""[..], b"ARROW1\0\0ARROW1", b"ARROW1\0\0\xff\xff\xff\xffARROW1", b"ARROW1\0\0\0\0\0\0ARROW1", b"PAR1"] {
            assert_eq!(Host::new().body(body).parameter("column", "x").run(colsum).status, 422);
        }
        assert_eq!(Host::new().run(colsum).status, 400);
    }

    #[test]
    fn lanes_take_rows_by_their_number() {
        let values: Vec<u8> = (1..=19u8).flat_map(|value| f64::from(value).to_le_bytes()).collect();
        let mut sums = Sums::new();
        sums.add(&values, Some(&[0xff, 0xfe, 0x03]), f64::from_le_bytes);
        assert_eq!(
            sums.0,
            [1.0 + 17.0, 2.0 + 10.0 + 18.0, 3.0 + 11.0, 4.0 + 12.0, 5.0 + 13.0, 6.0 + 14.0, 7.0 + 15.0, 8.0 + 16.0]
        );
        let mut all = Sums::new();
        all.add(&values, None, f64::from_le_bytes);
        assert_eq!(all.total(), 190.0);
    }
}
