//! The request's parts, and the doors to everything else that an invocation has.

use core::cell::Cell;
use core::marker::PhantomData;

use crate::error::check;
use crate::{parse_u64, raw, Error, Output, Range, Response, Result, Source};

/// The longest "BUCKET/KEY" that this layer reads from a parameter, in bytes.
pub const NAME_BYTES_MAX: usize = 2048;

/// A part of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'n> {
    Method,
    /// As it came, percent-encoded, without the query.
    Path,
    /// What follows `/f/NAME` in the path: empty, or begins with `/`.
    Rest,
    /// Raw, without `?`.
    Query,
    /// The first query parameter of that name, decoded.
    Parameter(&'n str),
    /// The field's value, for a name in any case; several are joined by ", ".
    Header(&'n str),
    /// A variable given at deploy.
    Env(&'n str),
    /// The function's own name.
    Function,
    /// An identifier of this invocation, as the log shows it.
    Invocation,
}

impl<'n> Part<'n> {
    fn named(self) -> (u32, &'n str) {
        match self {
            Part::Method => (raw::PART_METHOD, ""),
            Part::Path => (raw::PART_PATH, ""),
            Part::Rest => (raw::PART_REST, ""),
            Part::Query => (raw::PART_QUERY, ""),
            Part::Parameter(name) => (raw::PART_PARAMETER, name),
            Part::Header(name) => (raw::PART_HEADER, name),
            Part::Env(name) => (raw::PART_ENV, name),
            Part::Function => (raw::PART_FUNCTION, ""),
            Part::Invocation => (raw::PART_INVOCATION, ""),
        }
    }
}

/// One invocation. What lies in windows is borrowed from it: nothing of it can be kept for longer.
#[derive(Debug)]
pub struct Request {
    /// Whether a [`Receiver`](crate::Receiver) lives; its pieces end with its next call, so there is one.
    pub(crate) is_receiving: Cell<bool>,
    one_thread: PhantomData<*const ()>,
}

impl Request {
    pub(crate) fn new() -> Request {
        Request { is_receiving: Cell::new(false), one_thread: PhantomData }
    }

    /// Reads a part. Errors: Absent; Argument (longer than the buffer).
    pub fn part<'b>(&self, part: Part<'_>, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        let length = self.read_part(part, buffer)?;
        buffer.get(..length).ok_or(Error::Argument)
    }

    /// Reads a part of any length. Errors: Absent.
    #[cfg(any(feature = "alloc", feature = "std", not(target_arch = "wasm32")))]
    pub fn part_owned(&self, part: Part<'_>) -> Result<alloc::vec::Vec<u8>> {
        let mut bytes = alloc::vec![0; self.read_part(part, &mut [])?];
        self.read_part(part, &mut bytes)?;
        Ok(bytes)
    }

    /// The part's length. When that is more than the buffer's, nothing is written.
    fn read_part(&self, part: Part<'_>, buffer: &mut [u8]) -> Result<usize> {
        let (number, name) = part.named();
        // SAFETY: the host reads the name and writes at most buffer.len() bytes, during the call only.
        let code = unsafe { raw::request(number, name.as_ptr(), name.len(), buffer.as_mut_ptr(), buffer.len()) };
        Ok(check(code)? as usize)
    }

    /// The first query parameter of that name, decoded. Errors: Argument (longer than the buffer).
    pub fn parameter<'b>(&self, name: &str, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>> {
        present(self.part(Part::Parameter(name), buffer))
    }

    /// The request's header field of that name. Errors: Argument (longer than the buffer).
    pub fn field<'b>(&self, name: &str, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>> {
        present(self.part(Part::Header(name), buffer))
    }

    /// The query parameter of that name as a decimal number. Errors: Argument.
    pub fn parameter_u64(&self, name: &str) -> Result<Option<u64>> {
        let mut digits = [0; 32]; // with room for leading zeros
        match self.parameter(name, &mut digits)? {
            None => Ok(None),
            Some(digits) => parse_u64(digits).map(Some).ok_or(Error::Argument),
        }
    }

    /// Whether the client asks for a stream: the query parameter "stream" is "1".
    pub fn wants_stream(&self) -> bool {
        self.parameter("stream", &mut [0; 2]) == Ok(Some(b"1"))
    }

    /// The request body, of a call its first input; one of size 0 where there is none. Errors: Denied (a stream's body is
    /// received).
    pub fn body(&self) -> Result<Source<'_>> {
        // SAFETY: the host writes one structure.
        Source::given(|out| unsafe { raw::body(out) })
    }

    /// An input: of a call those that the caller gave, from 0 on; of any other request the body is input 0. Errors: Absent,
    /// Denied.
    pub fn call_input(&self, index: u32) -> Result<Source<'_>> {
        // SAFETY: the host writes one structure.
        Source::given(|out| unsafe { raw::call_input(index, out) })
    }

    /// The current version of the object "BUCKET/KEY"; later writes do not show through. Errors: Absent, Name, Limit, Io.
    pub fn open(&self, name: impl AsRef<[u8]>) -> Result<Source<'_>> {
        let name = name.as_ref();
        // SAFETY: the host reads the name during the call, and writes one structure.
        Source::given(|out| unsafe { raw::open(name.as_ptr(), name.len(), out) })
    }

    /// The input: the object named by the query parameter "object", or else the request body. Errors: those of
    /// [`Request::open`]; Argument (name too long).
    pub fn input(&self) -> Result<Source<'_>> {
        match self.parameter("object", &mut [0; NAME_BYTES_MAX])? {
            Some(name) => self.open(name),
            None => self.body(),
        }
    }

    /// Writable pages, all zero, to be responded or published. Length 0 gives an empty output without a window. Errors:
    /// NoRoom, Limit, Io.
    pub fn output(&self, length: u64) -> Result<Output<'_>> {
        Output::create(length)
    }

    /// Begins the response.
    pub fn response(&self) -> Response<'_> {
        Response::new()
    }

    /// Stages the ranges, one after the other, as the new version of the object "BUCKET/KEY"; `content_type` may be empty. One
    /// range from the start of an output, of the body or of an object goes by reference; anything else is copied now, counted.
    /// See [`Output::publish`]. Errors: Name, Argument (content type), Limit, Io.
    pub fn publish(&self, name: impl AsRef<[u8]>, content_type: impl AsRef<[u8]>, ranges: &[Range<'_>]) -> Result<()> {
        publish(name.as_ref(), content_type.as_ref(), ranges)
    }
}

pub(crate) fn publish(name: &[u8], content_type: &[u8], ranges: &[Range<'_>]) -> Result<()> {
    // SAFETY: the host reads all of these during the call; what lies in windows it holds itself.
    check(unsafe {
        raw::publish(name.as_ptr(), name.len(), content_type.as_ptr(), content_type.len(), Range::raw(ranges), ranges.len())
    })?;
    Ok(())
}

fn present<T>(part: Result<T>) -> Result<Option<T>> {
    match part {
        Ok(value) => Ok(Some(value)),
        Err(Error::Absent) => Ok(None),
        Err(error) => Err(error),
    }
}
