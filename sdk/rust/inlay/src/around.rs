//! The function's log, clocks, random bytes and costs.

use crate::error::check;
use crate::{raw, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Level {
    Debug = raw::LOG_DEBUG,
    Info = raw::LOG_INFO,
    Warn = raw::LOG_WARN,
    Error = raw::LOG_ERROR,
}

/// Writes one line to the function's log; longer lines are cut. A log that is full takes no more, and says nothing of it.
pub fn log(level: Level, text: impl AsRef<[u8]>) {
    let text = text.as_ref();
    // SAFETY: the text is read during the call only.
    unsafe { raw::log(level as u32, text.as_ptr(), text.len()) };
}

/// Writes a formatted line, of at most 1 KiB, to the function's log: `inlay::log!(Level::Info, "{} bytes", size)`. Brings the
/// formatting of `core` into the module, which is some 10 KB; [`log`](crate::log()) with a [`Text`](crate::Text) does not.
#[macro_export]
macro_rules! log {
    ($level:expr, $($argument:tt)*) => {{
        let mut line = $crate::Text::<1024>::new();
        let _ = ::core::fmt::Write::write_fmt(&mut line, ::core::format_args!($($argument)*));
        $crate::log($level, line.as_bytes());
    }};
}

fn nanoseconds(clock: u32) -> u64 {
    let mut nanoseconds = 0;
    // SAFETY: the host writes one u64.
    unsafe { raw::clock(clock, &mut nanoseconds) };
    nanoseconds
}

/// Nanoseconds since 1970, in steps of a millisecond unless the server says otherwise.
pub fn wall_clock_ns() -> u64 {
    nanoseconds(raw::CLOCK_WALL)
}

/// Nanoseconds since the invocation began, in the same steps. Never goes back.
pub fn elapsed_ns() -> u64 {
    nanoseconds(raw::CLOCK_MONOTONIC)
}

/// Fills the buffer with random bytes, fit for keys. Errors: Limit.
pub fn random(buffer: &mut [u8]) -> Result<()> {
    for piece in buffer.chunks_mut(64 << 10) {
        // SAFETY: the host writes into the piece during the call only.
        check(unsafe { raw::random(piece.as_mut_ptr(), piece.len()) })?;
    }
    Ok(())
}

/// What the invocation has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Bytes of windows mapped.
    pub mapped: u64,
    /// Content bytes copied by the CPU on their way to, through or out of this function.
    pub copied: u64,
    /// Windows mapped now.
    pub windows: u64,
}

pub fn cost() -> Cost {
    let mut counts = raw::CostCounts::default();
    // SAFETY: the host writes one structure.
    unsafe { raw::cost(&mut counts) };
    Cost { mapped: counts.mapped, copied: counts.copied, windows: counts.windows }
}
