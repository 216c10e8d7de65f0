//! Sources of bytes: the body, one version of an object, an input or a piece of a call's result.

use core::marker::PhantomData;
use core::ops::{Bound, RangeBounds};

use crate::error::check;
use crate::{raw, Error, Lines, PrivateWindow, Records, Request, Result, Window, Windows};

/// A name of the host's, and a value. It need not be closed, unless an invocation opens more than 1,024.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    raw: raw::Source,
    invocation: PhantomData<&'a Request>,
}

impl<'a> Source<'a> {
    pub(crate) fn given(give: impl FnOnce(*mut raw::Source) -> i32) -> Result<Self> {
        let mut source = raw::Source::default();
        check(give(&mut source))?;
        Ok(Source::of(source))
    }

    pub(crate) fn of(raw: raw::Source) -> Self {
        Source { raw, invocation: PhantomData }
    }

    pub(crate) fn id(&self) -> u32 {
        self.raw.id
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.raw.size
    }

    /// Offset and length of a piece. Errors: Range.
    pub(crate) fn piece(&self, piece: impl RangeBounds<u64>) -> Result<(u64, u64)> {
        let begin = match piece.start_bound() {
            Bound::Included(begin) => *begin,
            Bound::Excluded(before) => before.checked_add(1).ok_or(Error::Range)?,
            Bound::Unbounded => 0,
        };
        let end = match piece.end_bound() {
            Bound::Included(last) => last.checked_add(1).ok_or(Error::Range)?,
            Bound::Excluded(end) => *end,
            Bound::Unbounded => self.size(),
        };
        if begin > end || end > self.size() {
            return Err(Error::Range);
        }
        Ok((begin, end - begin))
    }

    /// Maps a piece, `..` for all: it lies in the guest's memory, uncopied (below 16 KiB: copied, counted). Errors: Range,
    /// NoRoom, Limit, Io.
    pub fn map(&self, piece: impl RangeBounds<u64>) -> Result<Window<'a>> {
        let (offset, length) = self.piece(piece)?;
        Window::map(self.raw.id, offset, length, 0)
    }

    /// The same for access that jumps about: only the pages that are touched are brought in.
    pub fn map_random(&self, piece: impl RangeBounds<u64>) -> Result<Window<'a>> {
        let (offset, length) = self.piece(piece)?;
        Window::map(self.raw.id, offset, length, raw::MAP_RANDOM)
    }

    /// The same, writable: what is written is the function's own, and nobody else sees it. Its whole length counts as the
    /// function's own memory.
    pub fn map_private(&self, piece: impl RangeBounds<u64>) -> Result<PrivateWindow<'a>> {
        let (offset, length) = self.piece(piece)?;
        PrivateWindow::map(self.raw.id, offset, length)
    }

    /// A piece of any size, seen window by window in constant address space. Errors: Range.
    pub fn windows(&self, piece: impl RangeBounds<u64>) -> Result<Windows<'a>> {
        Windows::begin(self, piece, 1)
    }

    /// The same with views that are multiples of `unit` bytes, but for the last. Errors: Range; Argument (0, or more than
    /// [`UNIT_BYTES_MAX`](crate::UNIT_BYTES_MAX)).
    pub fn windows_of(&self, unit: u32, piece: impl RangeBounds<u64>) -> Result<Windows<'a>> {
        Windows::begin(self, piece, unit)
    }

    /// A piece of any size, line by line. Errors: Range.
    pub fn lines(&self, piece: impl RangeBounds<u64>) -> Result<Lines<'a>> {
        Ok(Lines::of(self.windows(piece)?))
    }

    /// A piece of any size, record by record of N bytes each. Errors: as [`Source::windows_of`].
    pub fn records<const N: usize>(&self, piece: impl RangeBounds<u64>) -> Result<Records<'a, N>> {
        let unit = u32::try_from(N).map_err(|_| Error::Argument)?;
        Ok(Records::of(self.windows_of(unit, piece)?))
    }

    /// Asks for a piece to be read in from disk, at most 64 MiB of it, and does not wait. Errors: Range.
    pub fn prefetch(&self, piece: impl RangeBounds<u64>) -> Result<()> {
        let (offset, length) = self.piece(piece)?;
        // SAFETY: the call touches no memory of the guest.
        check(unsafe { raw::prefetch(self.raw.id, offset, length) })?;
        Ok(())
    }

    /// Lets the source go. Windows of it stay, but cannot be moved; copies of this value give Absent.
    pub fn close(self) {
        // SAFETY: the call touches no memory of the guest.
        unsafe { raw::close(self.raw.id) };
    }
}
