//! The contract's functions over the [`State`] of the invocation that runs on this thread. Pointers are native ones.
//!
//! REQUIRES of all: what pointers and ranges name can be read, and written where the contract writes.
#![allow(clippy::missing_safety_doc)]

use std::rc::Rc;
use std::slice;

pub use super::stub_calls::*;

use super::state;
use super::state::{text, Content, Piece, State};
use crate::raw::*;
use crate::Level;

const RECEIVE_BYTES: usize = 2 << 20;

pub(super) unsafe fn bytes<'b>(begin: *const u8, length: usize) -> &'b [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: by contract.
    unsafe { slice::from_raw_parts(begin, length) }
}

/// Writes a result to `out` and returns 0, or a code.
unsafe fn give<T>(out: *mut T, result: Result<T, i32>) -> i32 {
    match result {
        Ok(value) => {
            // SAFETY: by contract.
            unsafe { out.write(value) };
            0
        }
        Err(code) => code,
    }
}

pub unsafe fn request(part: u32, name: *const u8, name_length: usize, buffer: *mut u8, capacity: usize) -> i32 {
    let name = unsafe { bytes(name, name_length) };
    let name = match part {
        PART_PARAMETER | PART_ENV => name.to_vec(),
        PART_HEADER => name.to_ascii_lowercase(),
        PART_METHOD..=PART_INVOCATION => Vec::new(),
        _ => return E_ARGUMENT,
    };
    let Some(value) = state(|state| state.host.parts.get(&(part, name)).cloned()) else {
        return E_ABSENT;
    };
    if value.len() <= capacity {
        // SAFETY: the buffer has room for it.
        unsafe { buffer.copy_from(value.as_ptr(), value.len()) };
    }
    value.len() as i32
}

pub unsafe fn body(out: *mut Source) -> i32 {
    unsafe { call_input(0, out) }
}

pub unsafe fn call_input(index: u32, out: *mut Source) -> i32 {
    let input = |state: &mut State| {
        if state.host.pieces.is_some() {
            return Err(E_DENIED);
        }
        let count = state.host.inputs.len().max(1);
        let input = state.sources[..count].get(index as usize).ok_or(E_ABSENT)?.as_ref().ok_or(E_ABSENT)?;
        Ok(Source { id: index, reserved: 0, size: input.bytes.len() as u64 })
    };
    unsafe { give(out, state(input)) }
}

/// Whether it has the form BUCKET/KEY, without steps upwards.
fn is_object_name(name: &[u8]) -> bool {
    let mut segments = name.split(|byte| *byte == b'/');
    let are_right = |segment: &[u8]| !segment.is_empty() && segment != b"." && segment != b".." && !segment.contains(&0);
    name.contains(&b'/') && segments.all(are_right)
}

pub unsafe fn open(name: *const u8, name_length: usize, out: *mut Source) -> i32 {
    let name = unsafe { bytes(name, name_length) };
    if !is_object_name(name) {
        return E_NAME;
    }
    let opened = |state: &mut State| {
        let content = state.host.objects.get(name).cloned().ok_or(E_ABSENT)?;
        Ok(state.add_source(Content { bytes: content, place: 0 }))
    };
    unsafe { give(out, state(opened)) }
}

/// There are no descriptors here.
pub unsafe fn fd_source(_: u32, _: *mut Source) -> i32 {
    E_ABSENT
}

pub unsafe fn map(source: u32, offset: u64, length: u64, flags: u32, out: *mut Range) -> i32 {
    unsafe { give(out, state(|state| state.map(source, offset, length, flags))) }
}

pub unsafe fn move_window(address: usize, offset: u64, length: u64, out: *mut Range) -> i32 {
    let moved = |state: &mut State| {
        let (source, flags) = state.source_of(address).ok_or(E_ABSENT)?;
        let range = state.map(source, offset, length, flags)?;
        state.unmap(address);
        Ok(range)
    };
    unsafe { give(out, state(moved)) }
}

pub unsafe fn prefetch(source: u32, offset: u64, length: u64) -> i32 {
    state(|state| match state.sources.get(source as usize) {
        Some(Some(content)) if offset.saturating_add(length) <= content.bytes.len() as u64 => 0,
        Some(Some(_)) => E_RANGE,
        _ => E_ABSENT,
    })
}

pub unsafe fn output(length: u64, out: *mut Range) -> i32 {
    if length == 0 {
        return E_ARGUMENT;
    }
    if length > 1 << 32 {
        return E_NO_ROOM;
    }
    unsafe { give(out, Ok(state(|state| state.add_window(&[], length as usize)))) }
}

pub unsafe fn unmap(address: usize) -> i32 {
    state(|state| state.unmap(address))
}

pub unsafe fn close(source: u32) -> i32 {
    state(|state| match state.sources.get_mut(source as usize) {
        Some(one) if one.is_some() => {
            *one = None;
            0
        }
        _ => E_ABSENT,
    })
}

/// The piece before is unmapped, as it ends with the next call.
pub unsafe fn receive(out: *mut Range) -> i32 {
    let received = |state: &mut State| {
        if let Some(address) = state.piece.take() {
            state.unmap(address);
        }
        let next: Rc<[u8]> = match &state.host.pieces {
            Some(pieces) => pieces.get(state.received).cloned().unwrap_or_default(),
            None => {
                let body = state.host.inputs.first().cloned().unwrap_or_default();
                body.bytes.chunks(RECEIVE_BYTES).nth(state.received).unwrap_or(&[]).into()
            }
        };
        if next.is_empty() {
            return Range::default();
        }
        state.received += 1;
        let range = state.add_window(&next, next.len());
        state.piece = Some(range.address);
        range
    };
    unsafe { give(out, Ok(state(received))) }
}

pub unsafe fn status(status: u32) -> i32 {
    if !(200..600).contains(&status) {
        return E_ARGUMENT;
    }
    state(|state| {
        if state.parts_sent > 0 {
            return E_TWICE;
        }
        state.status = status as u16;
        0
    })
}

pub unsafe fn header(name: *const u8, name_length: usize, value: *const u8, value_length: usize) -> i32 {
    let (name, value) = unsafe { (text(bytes(name, name_length)), bytes(value, value_length)) };
    let hosts = ["connection", "keep-alive", "proxy-connection", "content-length", "date", "te", "trailer"];
    let is_hosts =
        |one: &str| hosts.contains(&one) || ["transfer-encoding", "upgrade"].contains(&one) || one.starts_with("inlay-");
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)) {
        return E_NAME;
    }
    if value.iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f) {
        return E_ARGUMENT;
    }
    if is_hosts(&name.to_ascii_lowercase()) {
        return E_DENIED;
    }
    state(|state| {
        let is_same = |one: &(String, String)| one.0.eq_ignore_ascii_case("content-type");
        if state.parts_sent > 0 || (name.eq_ignore_ascii_case("content-type") && state.fields.iter().any(is_same)) {
            return E_TWICE;
        }
        state.fields.push((name, text(value)));
        0
    })
}

/// Ranges of length 0 add nothing.
pub(super) unsafe fn ranges<'b>(ranges: *const Range, count: usize) -> impl Iterator<Item = Range> + 'b {
    let all: &[Range] = if count == 0 { &[] } else { unsafe { slice::from_raw_parts(ranges, count) } };
    all.iter().copied().filter(|range| range.length != 0)
}

pub unsafe fn respond(list: *const Range, count: usize) -> i32 {
    let list = unsafe { ranges(list, count) };
    state(|state| {
        if state.has_responded || state.parts_sent > 0 {
            return E_TWICE;
        }
        state.has_responded = true;
        state.content = list.map(|range| unsafe { state.take_piece(range) }).collect();
        0
    })
}

/// What a part holds leaves now.
pub unsafe fn send(list: *const Range, count: usize) -> i32 {
    let list = unsafe { ranges(list, count) };
    state(|state| {
        if state.has_responded {
            return E_TWICE;
        }
        let pieces: Vec<_> = list.map(|range| unsafe { state.take_piece(range) }).collect();
        if [204, 205, 304].contains(&state.status) && !pieces.is_empty() {
            return E_DENIED;
        }
        let now = state.bytes_of(&pieces);
        state.content.push(Piece::Own(now));
        state.parts_sent += 1;
        0
    })
}

pub unsafe fn publish(
    name: *const u8,
    name_length: usize,
    content_type: *const u8,
    content_type_length: usize,
    list: *const Range,
    count: usize,
) -> i32 {
    let (name, content_type) = unsafe { (bytes(name, name_length), bytes(content_type, content_type_length)) };
    if !is_object_name(name) {
        return E_NAME;
    }
    let list = unsafe { ranges(list, count) };
    state(|state| {
        let pieces = list.map(|range| unsafe { state.take_piece(range) }).collect();
        state.published.push((name.to_vec(), content_type.to_vec(), pieces));
        0
    })
}

pub unsafe fn log(level: u32, line: *const u8, length: usize) -> i32 {
    let level = match level {
        LOG_DEBUG => Level::Debug,
        LOG_INFO => Level::Info,
        LOG_WARN => Level::Warn,
        LOG_ERROR => Level::Error,
        _ => return E_ARGUMENT,
    };
    let line = text(unsafe { bytes(line, length) });
    state(|state| state.logs.push((level, line)));
    0
}

/// The monotonic clock moves by a millisecond whenever it is looked at.
pub unsafe fn clock(clock: u32, nanoseconds: *mut u64) -> i32 {
    let now = state(|state| match clock {
        CLOCK_WALL => Ok(state.host.wall_clock_ns),
        CLOCK_MONOTONIC => {
            state.clock_ns += 1_000_000;
            Ok(state.clock_ns)
        }
        _ => Err(E_ARGUMENT),
    });
    unsafe { give(nanoseconds, now) }
}

/// The same bytes in each run of a test.
pub unsafe fn random(buffer: *mut u8, length: usize) -> i32 {
    if length > 64 << 10 {
        return E_LIMIT;
    }
    state(|state| {
        for number in 0..length {
            state.dice = state.dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            // SAFETY: the buffer has that length.
            unsafe { buffer.add(number).write((state.dice >> 56) as u8) };
        }
        0
    })
}

pub unsafe fn cost(out: *mut CostCounts) -> i32 {
    let counts = |state: &mut State| CostCounts {
        mapped: state.mapped,
        copied: state.copied,
        windows: state.windows() as u64,
        reserved: 0,
    };
    unsafe { give(out, Ok(state(counts))) }
}
