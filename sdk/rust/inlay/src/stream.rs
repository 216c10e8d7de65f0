//! Bodies and responses that are never in memory whole: received piece by piece, sent part by part.

use core::slice;

use crate::error::check;
use crate::{raw, Answer, Error, Failure, Range, Request, Result};

/// Piece after piece of the request body, wherever that is: `while let Some(piece) = receiver.next_piece()? { ... }`.
#[derive(Debug)]
pub struct Receiver<'a> {
    request: &'a Request,
}

impl Request {
    /// The way to the body's pieces: of a stream as they come, else in windows of up to 2 MiB. Errors: Twice (one lives already).
    pub fn receiver(&self) -> Result<Receiver<'_>> {
        if self.is_receiving.replace(true) {
            return Err(Error::Twice);
        }
        Ok(Receiver { request: self })
    }
}

impl Receiver<'_> {
    /// The next piece, valid until the next call, or None at the end of the body. Waits for the client. Errors: NoRoom, Limit,
    /// Io (the client is gone or too slow: nothing of this invocation takes effect).
    pub fn next_piece(&mut self) -> Result<Option<&[u8]>> {
        let mut range = raw::Range::default();
        // SAFETY: the host writes one structure. Nobody borrows the piece before: self is borrowed mutably, and is the only one.
        check(unsafe { raw::receive(&mut range) })?;
        if range.length == 0 {
            return Ok(None);
        }
        // SAFETY: the piece stays until the next call.
        Ok(Some(unsafe { slice::from_raw_parts(range.address as *const u8, range.length) }))
    }
}

impl Drop for Receiver<'_> {
    fn drop(&mut self) {
        self.request.is_receiving.set(false);
    }
}

/// Part after part of the response; made by [`Response::sender`](crate::Response::sender).
#[derive(Debug)]
pub struct Sender<'a> {
    pub(crate) request: core::marker::PhantomData<&'a Request>,
}

impl Sender<'_> {
    /// Sends the bytes as the next part; then they may be written again. The head goes with the first part. In a stream bytes
    /// inside windows leave by reference; elsewhere all are copied, counted, and leave at the end. Errors: Limit, Twice (after a
    /// response), Denied (a response with this status has no content), Io (the client is gone or too slow).
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.send_ranges(&[bytes.as_ref().into()])
    }

    /// The same with several, one after the other. None: the head alone.
    pub fn send_ranges(&mut self, ranges: &[Range<'_>]) -> Result<()> {
        // SAFETY: the host reads the ranges during the call.
        check(unsafe { raw::send(Range::raw(ranges), ranges.len()) })?;
        Ok(())
    }

    /// What the function returns when all has been sent.
    pub fn end(self) -> Answer {
        Ok(())
    }
}

impl<'a> Sender<'a> {
    pub(crate) fn begin(head: Result<()>) -> Result<Self, Failure> {
        head.map_err(|error| Failure::Code(error.code()))?;
        Ok(Sender { request: core::marker::PhantomData })
    }
}
