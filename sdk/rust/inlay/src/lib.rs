//! Functions for Inlay in Rust: stored objects, request bodies and outputs are pages mapped into the guest's memory, and here
//! they are slices.
//!
//! ```
//! use inlay::{Answer, Request};
//!
//! #[inlay::function]
//! fn echo(request: &Request) -> Answer {
//!     let input = request.input()?.map(..)?; // a &[u8] over the pages the object lies in
//!     request.response().content_type("text/plain").window(input)
//! }
//! # let answer = inlay::testing::Host::new().body("as it is").run(echo);
//! # assert_eq!(answer.body, b"as it is");
//! ```
//!
//! Each request gets a fresh instance, which runs the function once. `?` on an [`Error`] ends it with the 404, 400 or 413 that
//! tells the client of it; see [`Failure`].
//!
//! Ownership: a [`Window`] and an [`Output`] own what they map and take it away when they are dropped; responding or publishing
//! an output takes it, because the pages are then the host's to read. A [`Source`] is a name of the host's and a value. All are
//! bound to the [`Request`].
//!
//! Natively the same functions run over [`testing::Host`], so that `cargo test` needs no server.

#![cfg_attr(target_arch = "wasm32", no_std)]
#![deny(unsafe_op_in_unsafe_fn)]

#[cfg(any(feature = "alloc", feature = "std", not(target_arch = "wasm32")))]
extern crate alloc;

mod around;
mod calls;
mod error;
#[cfg(any(all(feature = "alloc", not(feature = "std"), target_arch = "wasm32"), test))]
mod heap;
#[cfg(all(feature = "panic-handler", not(feature = "std"), target_arch = "wasm32"))]
mod panic;
pub mod raw;
mod request;
mod response;
mod source;
mod stream;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text;
mod window;
mod windows;

pub use around::{cost, elapsed_ns, log, random, wall_clock_ns, Cost, Level};
pub use calls::{Called, Child, Ending};
pub use error::{About, Answer, Error, Failure, Result};
#[cfg(all(feature = "alloc", not(feature = "std"), target_arch = "wasm32"))]
pub use heap::heap_bytes;
pub use inlay_macros::function;
pub use request::{Part, Request, NAME_BYTES_MAX};
pub use response::Response;
pub use source::Source;
pub use stream::{Receiver, Sender};
pub use text::{parse_u64, Text};
pub use window::{Output, PrivateWindow, Range, Window};
pub use windows::{find_byte, Lines, Records, Windows, UNIT_BYTES_MAX, WINDOW_BYTES, WINDOW_STEP_BYTES};

/// Runs the function and gives what `inlay_handle` returns. For `#[inlay::function]`.
///
/// # Safety
///
/// No other invocation runs: pieces of a body that is received would be taken away under its borrow.
#[doc(hidden)]
#[inline(always)]
pub unsafe fn invoke(function: impl FnOnce(&Request) -> Answer) -> i32 {
    let request = Request::new();
    let answer = function(&request);
    error::conclude(&request, answer)
}
