//! Makes one static library of Wasmtime's C API.
pub use wasmtime_c_api::*;
