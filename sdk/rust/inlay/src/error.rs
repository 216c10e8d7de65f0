//! What can go wrong: the contract's codes, and what a client is told of them.

use crate::{raw, Request, Text, NAME_BYTES_MAX};

/// A code of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Error {
    /// There is no such part, object or window.
    Absent = raw::E_ABSENT,
    /// An argument has a value that is not allowed.
    Argument = raw::E_ARGUMENT,
    /// A pointer and length do not lie inside the guest's memory.
    Pointer = raw::E_POINTER,
    /// Offset and length do not lie inside the source.
    Range = raw::E_RANGE,
    /// No address space is left for this window: drop others, or map a smaller piece.
    NoRoom = raw::E_NO_ROOM,
    /// A limit of the invocation is reached.
    Limit = raw::E_LIMIT,
    /// The name of a bucket, object or header is not allowed.
    Name = raw::E_NAME,
    /// Not allowed here.
    Denied = raw::E_DENIED,
    /// The host could not read or write.
    Io = raw::E_IO,
    /// What can be done once was done already.
    Twice = raw::E_TWICE,
    /// The function that was called did not complete.
    Callee = raw::E_CALLEE,
}

pub type Result<T, E = Error> = core::result::Result<T, E>;

impl Error {
    /// The error of a negative code. A code that this version does not know is [`Error::Io`].
    pub fn from_code(code: i32) -> Error {
        match code {
            raw::E_ABSENT => Error::Absent,
            raw::E_ARGUMENT => Error::Argument,
            raw::E_POINTER => Error::Pointer,
            raw::E_RANGE => Error::Range,
            raw::E_NO_ROOM => Error::NoRoom,
            raw::E_LIMIT => Error::Limit,
            raw::E_NAME => Error::Name,
            raw::E_DENIED => Error::Denied,
            raw::E_TWICE => Error::Twice,
            raw::E_CALLEE => Error::Callee,
            _ => Error::Io,
        }
    }

    pub fn code(self) -> i32 {
        self as i32
    }

    /// The status that tells a client of it.
    pub fn status(self) -> u16 {
        match self {
            Error::Absent => 404,
            Error::Argument | Error::Range | Error::Name => 400,
            Error::NoRoom | Error::Limit => 413,
            Error::Denied => 403,
            _ => 500,
        }
    }

    /// The words that tell a client of it.
    pub fn words(self) -> &'static str {
        match self {
            Error::Absent => "there is no such object",
            Error::Argument => "this value is not allowed",
            Error::Range => "this lies outside of the data",
            Error::Name => "this name is not allowed",
            Error::NoRoom => "there is no room for this much data",
            Error::Limit => "this is more than the function may use",
            Error::Denied => "this is not allowed here",
            _ => "this did not work",
        }
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, to: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        to.write_str(self.words())
    }
}

impl core::error::Error for Error {}

/// The result of a host function that returns a value >= 0 or a code.
#[inline]
pub(crate) fn check(code: i32) -> Result<u32> {
    if code < 0 {
        return Err(Error::from_code(code));
    }
    Ok(code as u32)
}

/// What a function returns instead of an answer. `?` makes one of an [`Error`], about the parameter "object".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The client is told of the error and of the query parameter that led to it: 404, 400, 413, 403 or 500, with a line as
    /// "object=b/k: there is no such object". The invocation succeeds.
    Parameter(Error, &'static str),
    /// The client is told this line, which comes without a newline, with this status. The invocation succeeds.
    Status(u16, &'static str),
    /// The invocation fails with this code, which is not 0: nothing that it staged takes effect.
    Code(i32),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Parameter(error, "object")
    }
}

/// What a function returns. `Ok` without a response is an empty one of status 200.
pub type Answer = Result<(), Failure>;

/// Names the query parameter that led to an error: `request.open(name).about("from")?`.
pub trait About<T> {
    fn about(self, parameter: &'static str) -> Result<T, Failure>;
}

impl<T> About<T> for Result<T> {
    fn about(self, parameter: &'static str) -> Result<T, Failure> {
        self.map_err(|error| Failure::Parameter(error, parameter))
    }
}

/// The code that `inlay_handle` returns, after the client has been told what it is to be told. What comes too late for that,
/// because the response has begun, is the invocation's failure.
pub(crate) fn conclude(request: &Request, answer: Answer) -> i32 {
    let (told, otherwise) = match answer {
        Ok(()) => return 0,
        Err(Failure::Code(code)) => return code,
        Err(Failure::Parameter(error, parameter)) => (tell(request, error, parameter), error.code()),
        Err(Failure::Status(status, text)) => {
            let response = request.response().status(status).content_type("text/plain");
            (response.ranges(&[text.into(), "\n".into()]), i32::from(status))
        }
    };
    told.map_or(otherwise, |()| 0)
}

/// Where the request has no such parameter, its name stands alone, and instead of "object" the words "the request body".
#[inline(never)]
fn tell(request: &Request, error: Error, parameter: &'static str) -> Answer {
    let mut buffer = [0; NAME_BYTES_MAX];
    let mut line = Text::<{ NAME_BYTES_MAX + 256 }>::new();
    let value = request.parameter(parameter, &mut buffer);
    let is_body = value == Ok(None) && parameter == "object";
    line.push(if is_body { "the request body" } else { parameter });
    if let Ok(Some(value)) = value {
        line.push("=").push_bytes(value);
    }
    line.push(": ").push(error.words()).push("\n");
    request.response().status(error.status()).content_type("text/plain").bytes(line.as_bytes())
}
