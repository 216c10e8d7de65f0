//! Sources of any size, seen piece by piece in constant address space: as windows, as records, as lines.
//!
//! One window moves over the source; while a piece is worked on, the next one is read in from disk. A view is valid until the
//! next call, which the borrow checker sees to.
//!
//! Windows begin at the piece's begin and whole multiples of 2 MiB behind it, so that moving one costs a single step of the
//! host, and huge pages serve it. What begins between (a line, a record that the border cut) is seen again from there, with up
//! to 2 MiB before it.

use core::marker::PhantomData;
use core::num::{NonZeroU32, NonZeroU64};
use core::ops::RangeBounds;

use crate::window::Mapped;
use crate::{raw, Error, Request, Result, Source};

#[cfg(not(test))]
pub const WINDOW_BYTES: u32 = 64 << 20;
#[cfg(not(test))]
pub const WINDOW_STEP_BYTES: u32 = 2 << 20;
// The tests of this crate cross many borders with little data.
#[cfg(test)]
pub const WINDOW_BYTES: u32 = 64;
#[cfg(test)]
pub const WINDOW_STEP_BYTES: u32 = 16;

/// What a window holds of a line or record wherever in it that begins.
pub const UNIT_BYTES_MAX: u32 = WINDOW_BYTES - WINDOW_STEP_BYTES;

/// View after view: `while let Some(view) = windows.next_view()? { ... }`.
#[derive(Debug)]
pub struct Windows<'a> {
    source: u32,
    begin: u64, // the piece of the source: [begin, end)
    end: u64,
    at: u64,          // where the next view begins
    unit: NonZeroU32, // bytes that are not cut: all views but the last are multiples of it
    window: Mapped,
    invocation: PhantomData<&'a Request>,
}

impl<'a> Windows<'a> {
    pub(crate) fn begin(source: &Source<'a>, piece: impl RangeBounds<u64>, unit: u32) -> Result<Self> {
        let (begin, length) = source.piece(piece)?;
        let unit = NonZeroU32::new(unit).filter(|unit| unit.get() <= UNIT_BYTES_MAX).ok_or(Error::Argument)?;
        let end = begin + length;
        Ok(Windows { source: source.id(), begin, end, at: begin, unit, window: Mapped::NONE, invocation: PhantomData })
    }

    /// The next view, or None when there are no more. Errors: NoRoom, Limit, Io.
    pub fn next_view(&mut self) -> Result<Option<&[u8]>> {
        let view = self.advance()?;
        Ok(view.and_then(|(begin, end)| self.window.bytes().get(begin..end)))
    }

    /// Moves to the next view, and gives where in the window it lies: [begin, end).
    fn advance(&mut self) -> Result<Option<(usize, usize)>> {
        if self.at == self.end {
            self.window = Mapped::NONE;
            return Ok(None);
        }
        let ahead = (self.at - self.begin) % u64::from(WINDOW_STEP_BYTES);
        let start = self.at - ahead;
        let left = self.end - start;
        let length = left.min(u64::from(WINDOW_BYTES));
        if self.window.bytes().is_empty() {
            self.window = Mapped::map(self.source, start, length, 0)?;
        } else if let Err(error) = self.window.move_to(start, length) {
            self.window = Mapped::NONE;
            return Err(error);
        }
        if left > length {
            // SAFETY: the call touches no memory of the guest. It is a hint: an error has no meaning.
            unsafe { raw::prefetch(self.source, start + length, (left - length).min(u64::from(WINDOW_BYTES))) };
        }
        let cut = if left > length { (length - ahead) % NonZeroU64::from(self.unit) } else { 0 };
        self.at = start + length - cut;
        Ok(Some((ahead as usize, (length - cut) as usize)))
    }
}

/// Line after line, without their newlines. A last line without one counts, an empty one does not.
#[derive(Debug)]
pub struct Lines<'a> {
    windows: Windows<'a>,
    rest: (usize, usize), // of the window, not given yet: [begin, end)
}

impl<'a> Lines<'a> {
    pub(crate) fn of(windows: Windows<'a>) -> Self {
        Lines { windows, rest: (0, 0) }
    }

    /// The next line, or None when there are no more. Errors: NoRoom, Limit (also: a line is longer than [`UNIT_BYTES_MAX`]),
    /// Io.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>> {
        let mut length = self.line_length();
        let size = self.rest.1 - self.rest.0;
        if length == size && (self.windows.at < self.windows.end || length == 0) {
            // The window's border cuts this line, or none is begun: it is seen whole from its beginning.
            self.windows.at -= length as u64;
            self.rest = (0, 0);
            let Some(view) = self.windows.advance()? else {
                return Ok(None);
            };
            self.rest = view;
            length = self.line_length();
            if length == view.1 - view.0 && self.windows.at < self.windows.end {
                self.windows.at -= length as u64;
                self.windows.window = Mapped::NONE;
                self.rest = (0, 0);
                return Err(Error::Limit);
            }
        }
        let begin = self.rest.0;
        self.rest.0 = (begin + length + 1).min(self.rest.1);
        Ok(self.windows.window.bytes().get(begin..begin + length))
    }

    /// Bytes of the rest before its first newline, or all of them.
    fn line_length(&self) -> usize {
        let rest = self.windows.window.bytes().get(self.rest.0..self.rest.1).unwrap_or_default();
        find_byte(rest, b'\n').unwrap_or(rest.len())
    }
}

/// Record after record of N bytes, each as it lies in the source. A part of one at the end is left out.
#[derive(Debug)]
pub struct Records<'a, const N: usize> {
    windows: Windows<'a>,
    rest: (usize, usize), // of the window, not given yet: [begin, end), whole records
}

impl<'a, const N: usize> Records<'a, N> {
    pub(crate) fn of(windows: Windows<'a>) -> Self {
        Records { windows, rest: (0, 0) }
    }

    /// The next record, or None when there are no more. Errors: NoRoom, Limit, Io.
    #[inline]
    pub fn next_record(&mut self) -> Result<Option<&[u8; N]>> {
        if self.rest.0 == self.rest.1 {
            let Some((begin, end)) = self.windows.advance()? else {
                return Ok(None);
            };
            self.rest = (begin, end - (end - begin) % N);
        }
        let begin = self.rest.0;
        let Some(record) = self.windows.window.bytes().get(begin..).and_then(|rest| rest.first_chunk::<N>()) else {
            return Ok(None);
        };
        self.rest.0 = begin + N;
        Ok(Some(record))
    }
}

/// Where the byte is first.
pub fn find_byte(bytes: &[u8], byte: u8) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut words = bytes.chunks_exact(8);
    let mut at = 0;
    for word in &mut words {
        let word = word.first_chunk().map_or(0, |word| u64::from_le_bytes(*word)) ^ (ONES * u64::from(byte));
        // The lowest byte that was the one asked for gets its highest bit; bytes above it may get theirs for nothing.
        let found = word.wrapping_sub(ONES) & !word & (ONES << 7);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    words.remainder().iter().position(|one| *one == byte).map(|rest| at + rest)
}

#[cfg(test)]
#[path = "windows_test.rs"]
mod tests;
