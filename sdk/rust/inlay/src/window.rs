//! Windows: pieces of sources and of new output that lie in the guest's memory; and ranges, which name pieces of them.

use core::marker::PhantomData;
use core::mem;
use core::ops::{Deref, DerefMut};
use core::slice;

use crate::error::check;
use crate::request::publish;
use crate::{raw, Error, Request, Result};

/// Owns one mapped range, which it takes away when it is dropped. Length 0: there is none.
#[derive(Debug)]
pub(crate) struct Mapped {
    range: raw::Range,
}

impl Mapped {
    pub(crate) const NONE: Mapped = Mapped { range: raw::Range { address: 0, length: 0 } };

    pub(crate) fn map(source: u32, offset: u64, length: u64, flags: u32) -> Result<Mapped> {
        let mut mapped = Mapped::NONE;
        // SAFETY: the host writes one structure.
        check(unsafe { raw::map(source, offset, length, flags, &mut mapped.range) })?;
        Ok(mapped)
    }

    /// Shows another piece of the source. After NoRoom, Limit and Io there is no window any more.
    pub(crate) fn move_to(&mut self, offset: u64, length: u64) -> Result<()> {
        let mut moved = raw::Range::default();
        // SAFETY: nobody borrows the window's bytes: self is borrowed mutably.
        let done = check(unsafe { raw::move_window(self.range.address, offset, length, &mut moved) });
        match done {
            Ok(_) => self.range = moved,
            Err(Error::NoRoom | Error::Limit | Error::Io) => self.range = raw::Range::default(),
            Err(_) => {}
        }
        done.map(|_| ())
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.range.length == 0 {
            return &[];
        }
        // SAFETY: the host has mapped these bytes, and they stay until self is dropped or borrowed mutably.
        unsafe { slice::from_raw_parts(self.range.address as *const u8, self.range.length) }
    }

    /// REQUIRES: the window is writable.
    #[inline]
    unsafe fn bytes_mut(&mut self) -> &mut [u8] {
        if self.range.length == 0 {
            return &mut [];
        }
        // SAFETY: as in bytes, and by contract.
        unsafe { slice::from_raw_parts_mut(self.range.address as *mut u8, self.range.length) }
    }

    /// The window stays mapped until the invocation ends.
    fn release(self) {
        mem::forget(self);
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        if self.range.length != 0 {
            // SAFETY: nobody borrows the window's bytes any more. What was responded or published from it is not lost.
            unsafe { raw::unmap(self.range.address) };
        }
    }
}

/// Input that lies in the guest's memory, read-only: a slice. At least 64 bytes after its end can be loaded by SIMD code; what
/// they hold is not defined.
///
/// A window ends with its value, and is bound to its invocation. This compiles:
///
/// ```
/// fn input<'a>(request: &'a inlay::Request) -> inlay::Result<inlay::Window<'a>> {
///     request.input()?.map(..)
/// }
/// ```
///
/// and a window that is to outlive the invocation does not:
///
/// ```compile_fail
/// fn input(request: &inlay::Request) -> inlay::Result<inlay::Window<'static>> {
///     request.input()?.map(..)
/// }
/// ```
///
/// nor does a view that is to outlive its window:
///
/// ```compile_fail,E0515
/// fn first_half<'a>(request: &'a inlay::Request) -> inlay::Result<&'a [u8]> {
///     let window = request.input()?.map(..)?;
///     Ok(&window[..window.len() / 2])
/// }
/// ```
#[derive(Debug)]
pub struct Window<'a> {
    mapped: Mapped,
    invocation: PhantomData<&'a Request>,
}

impl Window<'_> {
    pub(crate) fn map(source: u32, offset: u64, length: u64, flags: u32) -> Result<Self> {
        Ok(Window { mapped: Mapped::map(source, offset, length, flags)?, invocation: PhantomData })
    }

    /// Moves the window over its source, mapped as it was: in the same place, and for less than a new one costs, when the length
    /// is the same, at least 16 KiB, and the offset has moved by a multiple of 2 MiB. After NoRoom, Limit and Io it is empty.
    /// Errors: Absent (it is empty, or its source is closed), Range, NoRoom, Limit, Io.
    pub fn move_to(&mut self, offset: u64, length: u64) -> Result<()> {
        self.mapped.move_to(offset, length)
    }

    pub(crate) fn release(self) {
        self.mapped.release();
    }
}

impl Deref for Window<'_> {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        self.mapped.bytes()
    }
}

impl AsRef<[u8]> for Window<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// Input that may be written, for this invocation alone.
#[derive(Debug)]
pub struct PrivateWindow<'a> {
    mapped: Mapped,
    invocation: PhantomData<&'a Request>,
}

impl PrivateWindow<'_> {
    pub(crate) fn map(source: u32, offset: u64, length: u64) -> Result<Self> {
        Ok(PrivateWindow { mapped: Mapped::map(source, offset, length, raw::MAP_PRIVATE)?, invocation: PhantomData })
    }
}

impl Deref for PrivateWindow<'_> {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        self.mapped.bytes()
    }
}

impl DerefMut for PrivateWindow<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: it was mapped writable.
        unsafe { self.mapped.bytes_mut() }
    }
}

/// Pages to be written once, and then responded or published by reference, which takes them. An output of which a range was
/// handed to another function is final: a store into it ends the invocation.
#[derive(Debug)]
pub struct Output<'a> {
    mapped: Mapped,
    invocation: PhantomData<&'a Request>,
}

impl Output<'_> {
    pub(crate) fn create(length: u64) -> Result<Self> {
        let mut mapped = Mapped::NONE;
        if length != 0 {
            // SAFETY: the host writes one structure.
            check(unsafe { raw::output(length, &mut mapped.range) })?;
        }
        Ok(Output { mapped, invocation: PhantomData })
    }

    /// Stages the whole output as the new version of the object "BUCKET/KEY", by reference, and gives its size in bytes.
    /// `content_type` may be empty. Errors: Name, Argument (content type), Limit, Io.
    pub fn publish(self, name: impl AsRef<[u8]>, content_type: impl AsRef<[u8]>) -> Result<u64> {
        self.publish_first(usize::MAX, name, content_type)
    }

    /// The same with the first `length` bytes of it, or all where it has less.
    pub fn publish_first(self, length: usize, name: impl AsRef<[u8]>, content_type: impl AsRef<[u8]>) -> Result<u64> {
        let first = self.first(length);
        publish(name.as_ref(), content_type.as_ref(), &[first.into()])?;
        let size = first.len() as u64;
        self.release();
        Ok(size)
    }

    /// The first `length` bytes, or all where it has less.
    pub(crate) fn first(&self, length: usize) -> &[u8] {
        self.get(..length).unwrap_or(self)
    }

    pub(crate) fn release(self) {
        self.mapped.release();
    }
}

impl Deref for Output<'_> {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        self.mapped.bytes()
    }
}

impl DerefMut for Output<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: outputs are writable.
        unsafe { self.mapped.bytes_mut() }
    }
}

impl AsRef<[u8]> for Output<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// A piece of memory as the host is told of it. Inside a window it goes by reference, elsewhere the host copies it.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct Range<'b> {
    range: raw::Range,
    bytes: PhantomData<&'b [u8]>,
}

impl Range<'_> {
    pub const EMPTY: Range<'static> = Range { range: raw::Range { address: 0, length: 0 }, bytes: PhantomData };

    /// Bytes.
    pub fn size(&self) -> usize {
        self.range.length
    }

    pub(crate) fn raw(ranges: &[Range<'_>]) -> *const raw::Range {
        ranges.as_ptr().cast() // repr(transparent)
    }
}

impl<'b> From<&'b [u8]> for Range<'b> {
    fn from(bytes: &'b [u8]) -> Range<'b> {
        if bytes.is_empty() {
            return Range::EMPTY;
        }
        Range { range: raw::Range { address: bytes.as_ptr() as usize, length: bytes.len() }, bytes: PhantomData }
    }
}

impl<'b> From<&'b str> for Range<'b> {
    fn from(text: &'b str) -> Range<'b> {
        Range::from(text.as_bytes())
    }
}

impl<'b> From<&'b Window<'_>> for Range<'b> {
    fn from(window: &'b Window<'_>) -> Range<'b> {
        Range::from(&window[..])
    }
}

impl<'b> From<&'b Output<'_>> for Range<'b> {
    fn from(output: &'b Output<'_>) -> Range<'b> {
        Range::from(&output[..])
    }
}
