//! The response: its head, then its content, by reference wherever that lies in windows.

use core::marker::PhantomData;

use crate::error::check;
use crate::{raw, Answer, Failure, Output, Range, Request, Result, Sender, Text, Window};

/// Builds the response; made by [`Request::response`]. What takes the content ends it, and gives what the function is to return:
/// an error on the way, of a field too, is the invocation's, with its code.
#[derive(Debug)]
#[must_use = "the content ends it: bytes, window, output, ranges, empty"]
pub struct Response<'a> {
    head: Result<()>,
    request: PhantomData<&'a Request>,
}

impl<'a> Response<'a> {
    pub(crate) fn new() -> Self {
        Response { head: Ok(()), request: PhantomData }
    }

    fn and(mut self, step: impl FnOnce() -> i32) -> Self {
        if self.head.is_ok() {
            self.head = check(step()).map(|_| ());
        }
        self
    }

    /// 200 to 599; 200 without this call.
    pub fn status(self, status: u16) -> Self {
        // SAFETY: the call touches no memory of the guest.
        self.and(|| unsafe { raw::status(status.into()) })
    }

    /// Adds a field. Those of the connection, Content-Length, Date and Inlay-* are the host's.
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        // SAFETY: the host reads both during the call.
        self.and(|| unsafe { raw::header(name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
    }

    /// Sets Content-Type, once. An empty one sets none: then a response with content is application/octet-stream.
    pub fn content_type(self, value: impl AsRef<[u8]>) -> Self {
        if value.as_ref().is_empty() {
            return self;
        }
        self.header("Content-Type", value)
    }

    /// The ranges, one after the other: by reference where they lie in windows, else copied now, counted.
    pub fn ranges(self, ranges: &[Range<'_>]) -> Answer {
        // SAFETY: the host reads the ranges during the call; what lies in windows it holds itself.
        let done = self.and(|| unsafe { raw::respond(Range::raw(ranges), ranges.len()) });
        done.head.map_err(|error| Failure::Code(error.code()))
    }

    /// Bytes: by reference where they lie in a window, else copied now, counted.
    pub fn bytes(self, bytes: impl AsRef<[u8]>) -> Answer {
        self.ranges(&[bytes.as_ref().into()])
    }

    /// A whole window, by reference.
    pub fn window(self, window: Window<'a>) -> Answer {
        let answer = self.ranges(&[Range::from(&window)]);
        window.release();
        answer
    }

    /// A whole output, by reference.
    pub fn output(self, output: Output<'a>) -> Answer {
        self.output_first(usize::MAX, output)
    }

    /// The first `length` bytes of an output, or all where it has less, by reference.
    pub fn output_first(self, length: usize, output: Output<'a>) -> Answer {
        let answer = self.ranges(&[output.first(length).into()]);
        output.release();
        answer
    }

    /// A number on a line of its own, as text/plain.
    pub fn number(self, number: u64) -> Answer {
        let mut line = Text::<24>::new();
        line.push_u64(number).push("\n");
        self.content_type("text/plain").bytes(line.as_bytes())
    }

    /// No content.
    pub fn empty(self) -> Answer {
        self.ranges(&[])
    }

    /// The way to send the content part by part, each of them now if the request is a stream.
    pub fn sender(self) -> Result<Sender<'a>, Failure> {
        Sender::begin(self.head)
    }
}
