//! The contract below the safe layer, as abi/inlay.h has it: constants, structures, host functions.
//!
//! Sizes and addresses of memory are `usize`, which is 32 bits in a guest: there the structures have the layout of the
//! header. In native tests the same functions are those of [`crate::testing`], with native addresses.

pub const ABI_VERSION: u32 = 1;

pub const E_ABSENT: i32 = -1;
pub const E_ARGUMENT: i32 = -2;
pub const E_POINTER: i32 = -3;
pub const E_RANGE: i32 = -4;
pub const E_NO_ROOM: i32 = -5;
pub const E_LIMIT: i32 = -6;
pub const E_NAME: i32 = -7;
pub const E_DENIED: i32 = -8;
pub const E_IO: i32 = -9;
pub const E_TWICE: i32 = -10;
pub const E_CALLEE: i32 = -11;

pub const PART_METHOD: u32 = 1;
pub const PART_PATH: u32 = 2;
pub const PART_REST: u32 = 3;
pub const PART_QUERY: u32 = 4;
pub const PART_PARAMETER: u32 = 5;
pub const PART_HEADER: u32 = 6;
pub const PART_ENV: u32 = 7;
pub const PART_FUNCTION: u32 = 8;
pub const PART_INVOCATION: u32 = 9;

pub const MAP_RANDOM: u32 = 1;
pub const MAP_PRIVATE: u32 = 2;

pub const ENDING_COMPLETED: u32 = 0;
pub const ENDING_FAILED: u32 = 1;
pub const ENDING_TRAPPED: u32 = 2;
pub const ENDING_TIMED_OUT: u32 = 3;
pub const ENDING_REFUSED: u32 = 4;

pub const LOG_DEBUG: u32 = 0;
pub const LOG_INFO: u32 = 1;
pub const LOG_WARN: u32 = 2;
pub const LOG_ERROR: u32 = 3;

pub const CLOCK_WALL: u32 = 0;
pub const CLOCK_MONOTONIC: u32 = 1;

/// A source of bytes; `id` is its name in later calls.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Source {
    pub id: u32,
    pub reserved: u32,
    pub size: u64,
}

/// A piece of memory.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Range {
    pub address: usize,
    pub length: usize,
}

/// What the invocation has cost so far.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct CostCounts {
    pub mapped: u64,
    pub copied: u64,
    pub windows: u64,
    pub reserved: u64,
}

/// What a call has come to.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct CallResult {
    pub ending: u32,
    pub code: i32,
    pub status: u32,
    pub first: u32,
    pub count: u32,
    pub reserved: u32,
    pub size: u64,
}

#[cfg(target_arch = "wasm32")]
#[link(wasm_import_module = "inlay")]
extern "C" {
    pub fn request(part: u32, name: *const u8, name_length: usize, buffer: *mut u8, capacity: usize) -> i32;
    pub fn body(out: *mut Source) -> i32;
    pub fn call_input(index: u32, out: *mut Source) -> i32;
    pub fn open(name: *const u8, name_length: usize, out: *mut Source) -> i32;
    pub fn fd_source(fd: u32, out: *mut Source) -> i32;
    pub fn map(source: u32, offset: u64, length: u64, flags: u32, out: *mut Range) -> i32;
    #[link_name = "move"]
    pub fn move_window(address: usize, offset: u64, length: u64, out: *mut Range) -> i32;
    pub fn prefetch(source: u32, offset: u64, length: u64) -> i32;
    pub fn output(length: u64, out: *mut Range) -> i32;
    pub fn unmap(address: usize) -> i32;
    pub fn close(source: u32) -> i32;
    pub fn receive(out: *mut Range) -> i32;
    pub fn status(status: u32) -> i32;
    pub fn header(name: *const u8, name_length: usize, value: *const u8, value_length: usize) -> i32;
    pub fn respond(ranges: *const Range, count: usize) -> i32;
    pub fn send(ranges: *const Range, count: usize) -> i32;
    pub fn publish(
        name: *const u8,
        name_length: usize,
        content_type: *const u8,
        content_type_length: usize,
        ranges: *const Range,
        count: usize,
    ) -> i32;
    pub fn call(
        name: *const u8,
        name_length: usize,
        query: *const u8,
        query_length: usize,
        inputs: *const Range,
        count: usize,
        out: *mut CallResult,
    ) -> i32;
    pub fn spawn(
        name: *const u8,
        name_length: usize,
        query: *const u8,
        query_length: usize,
        inputs: *const Range,
        count: usize,
    ) -> i32;
    pub fn wait(child: u32, out: *mut CallResult) -> i32;
    pub fn wait_any(children: *const u32, count: usize, out: *mut CallResult) -> i32;
    pub fn log(level: u32, text: *const u8, length: usize) -> i32;
    pub fn clock(clock: u32, nanoseconds: *mut u64) -> i32;
    pub fn random(buffer: *mut u8, length: usize) -> i32;
    pub fn cost(out: *mut CostCounts) -> i32;
}

#[cfg(not(target_arch = "wasm32"))]
pub use crate::testing::stub::*;
