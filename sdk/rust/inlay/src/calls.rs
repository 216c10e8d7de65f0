//! Calls of other functions: ranges of pages go there and come back, not bytes.

use core::marker::PhantomData;

use crate::error::check;
use crate::{raw, Error, Range, Request, Result, Source};

/// How a function ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its response counts, and has this status.
    Completed(u16),
    /// Its `inlay_handle` returned this code.
    Failed(i32),
    Trapped,
    /// Its time was over.
    TimedOut,
    /// It did not run: a limit of its own, or the state of the host.
    Refused,
}

/// What a call has come to.
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    raw: raw::CallResult,
    invocation: PhantomData<&'a Request>,
}

impl<'a> Called<'a> {
    fn of(raw: raw::CallResult) -> Self {
        Called { raw, invocation: PhantomData }
    }

    pub fn ending(&self) -> Ending {
        match self.raw.ending {
            raw::ENDING_COMPLETED => Ending::Completed(self.raw.status as u16),
            raw::ENDING_FAILED => Ending::Failed(self.raw.code),
            raw::ENDING_TRAPPED => Ending::Trapped,
            raw::ENDING_TIMED_OUT => Ending::TimedOut,
            _ => Ending::Refused,
        }
    }

    /// The same, if it has completed. Errors: Callee.
    pub fn completed(self) -> Result<Called<'a>> {
        match self.ending() {
            Ending::Completed(_) => Ok(self),
            _ => Err(Error::Callee),
        }
    }

    /// Bytes of all pieces of its response.
    pub fn size(&self) -> u64 {
        self.raw.size
    }

    /// Pieces of its response: one for each range that it responded with.
    pub fn count(&self) -> u32 {
        self.raw.count
    }

    /// Its response where that is one piece, or None where it is empty. Where it has not completed: a text that says why.
    /// Errors: Range (several pieces: see [`Called::piece`]).
    pub fn content(&self) -> Result<Option<Source<'a>>> {
        match self.raw.count {
            0 => Ok(None),
            1 => Ok(self.piece(0, self.raw.size)),
            _ => Err(Error::Range),
        }
    }

    /// One of several pieces. The host tells only the size of all, so caller and callee agree on that of each: a piece that is
    /// shorter than `size` gives Range when it is mapped.
    pub fn piece(&self, index: u32, size: u64) -> Option<Source<'a>> {
        let id = self.raw.first.checked_add(index)?;
        (index < self.raw.count).then(|| Source::of(raw::Source { id, reserved: 0, size }))
    }
}

/// A function that runs beside its caller, by its number. What is not waited for has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Child(u32);

impl Request {
    /// Calls another function and waits until it has ended, however that is. It sees POST /f/NAME with this query, which may be
    /// empty. Its inputs are the ranges, one source each: those inside windows are handed over where they lie, and an output is
    /// final from then on; others are copied, counted. Errors: Name, Absent (no such function), Limit, Denied, Io.
    pub fn call(&self, name: &str, query: impl AsRef<[u8]>, inputs: &[Range<'_>]) -> Result<Called<'_>> {
        let query = query.as_ref();
        let mut result = raw::CallResult::default();
        // SAFETY: the host reads these during the call and writes one structure; what lies in windows it holds itself.
        let code = unsafe {
            raw::call(name.as_ptr(), name.len(), query.as_ptr(), query.len(), Range::raw(inputs), inputs.len(), &mut result)
        };
        ended(code, result)
    }

    /// The same without waiting: it runs beside this function, where there is room for that, or while this one waits. Errors:
    /// Name, Limit, Denied, Io.
    pub fn spawn(&self, name: &str, query: impl AsRef<[u8]>, inputs: &[Range<'_>]) -> Result<Child> {
        let query = query.as_ref();
        // SAFETY: as in call.
        let code =
            unsafe { raw::spawn(name.as_ptr(), name.len(), query.as_ptr(), query.len(), Range::raw(inputs), inputs.len()) };
        Ok(Child(check(code)?))
    }

    /// Waits until it has ended, however that is; once for each. Errors: Argument (it has been waited for), Limit, Denied.
    pub fn wait(&self, child: Child) -> Result<Called<'_>> {
        let mut result = raw::CallResult::default();
        // SAFETY: the host writes one structure.
        let code = unsafe { raw::wait(child.0, &mut result) };
        ended(code, result)
    }

    /// Waits for the first of these that has ended, or, where there are none, of all that run. Errors: Argument (one of them has
    /// been waited for), Absent (none runs), Limit, Denied.
    pub fn wait_any(&self, children: &[Child]) -> Result<(Child, Called<'_>)> {
        let mut result = raw::CallResult::default();
        // SAFETY: the host reads the numbers, which a Child is, and writes one structure.
        let code = unsafe { raw::wait_any(children.as_ptr().cast(), children.len(), &mut result) };
        Ok((Child(check(code)?), Called::of(result)))
    }
}

fn ended<'a>(code: i32, result: raw::CallResult) -> Result<Called<'a>> {
    match check(code) {
        Ok(_) | Err(Error::Callee) => Ok(Called::of(result)),
        Err(error) => Err(error),
    }
}
