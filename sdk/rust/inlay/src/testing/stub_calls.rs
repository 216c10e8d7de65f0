//! Calls of other functions over the [`State`](super::state::State), as in [`stub`](super::stub).
#![allow(clippy::missing_safety_doc)]

use std::slice;

use super::state::{text, Content};
use super::stub::{bytes, ranges};
use super::{state, Host};
use crate::raw::*;

/// Runs the function as an invocation of its own, and gives what it has come to.
unsafe fn run_callee(name: &[u8], query: &[u8], inputs: Vec<Content>) -> Option<CallResult> {
    let (host, function) = state(|state| Some((state.host.clone(), *state.host.functions.get(name)?)))?;
    let mut callee = Host { functions: host.functions, objects: host.objects, inputs, ..Host::new() };
    callee = callee.query(&text(query)).path(&format!("/f/{}", text(name)), "");
    for pair in query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let (key, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        callee = callee.parameter(&text(key), value);
    }
    let outcome = callee.run(function);
    Some(state(|state| {
        state.logs.extend(outcome.logs);
        let ending = if outcome.code == 0 { ENDING_COMPLETED } else { ENDING_FAILED };
        let content = if outcome.code == 0 { outcome.body } else { format!("it returned {}", outcome.code).into_bytes() };
        state.called.extend(outcome.published);
        let size = content.len() as u64;
        let first = state.add_source(Content { bytes: content.into(), place: outcome.place }).id;
        let status = if outcome.code == 0 { outcome.status.into() } else { 0 };
        CallResult { ending, code: outcome.code, status, first, count: u32::from(size != 0), reserved: 0, size }
    }))
}

unsafe fn run_with(
    name: *const u8,
    name_length: usize,
    query: *const u8,
    query_length: usize,
    list: Vec<Range>,
) -> Option<CallResult> {
    let (name, query) = unsafe { (bytes(name, name_length), bytes(query, query_length)) };
    let inputs = state(|state| {
        let take = |range| {
            let piece = unsafe { state.take_piece(range) };
            state.content_of(&[piece])
        };
        list.into_iter().map(take).collect()
    });
    unsafe { run_callee(name, query, inputs) }
}

pub unsafe fn call(
    name: *const u8,
    name_length: usize,
    query: *const u8,
    query_length: usize,
    inputs: *const Range,
    count: usize,
    out: *mut CallResult,
) -> i32 {
    let list = unsafe { ranges(inputs, count) }.collect();
    match unsafe { run_with(name, name_length, query, query_length, list) } {
        None => E_ABSENT,
        Some(result) => {
            unsafe { out.write(result) };
            code_of(&result)
        }
    }
}

fn code_of(result: &CallResult) -> i32 {
    if result.ending == ENDING_COMPLETED {
        0
    } else {
        E_CALLEE
    }
}

pub unsafe fn spawn(
    name: *const u8,
    name_length: usize,
    query: *const u8,
    query_length: usize,
    inputs: *const Range,
    count: usize,
) -> i32 {
    let list = unsafe { ranges(inputs, count) }.collect();
    let refused = CallResult { ending: ENDING_REFUSED, ..CallResult::default() };
    let result = unsafe { run_with(name, name_length, query, query_length, list) }.unwrap_or(refused);
    state(|state| {
        state.children.push(Some(result));
        state.children.len() as i32 - 1
    })
}

pub unsafe fn wait(child: u32, out: *mut CallResult) -> i32 {
    let Some(result) = state(|state| state.children.get_mut(child as usize)?.take()) else {
        return E_ARGUMENT;
    };
    unsafe { out.write(result) };
    code_of(&result)
}

pub unsafe fn wait_any(children: *const u32, count: usize, out: *mut CallResult) -> i32 {
    let asked: &[u32] = if count == 0 { &[] } else { unsafe { slice::from_raw_parts(children, count) } };
    let first = match asked.first() {
        Some(child) => Some(*child),
        None => state(|state| state.children.iter().position(Option::is_some).map(|number| number as u32)),
    };
    match first {
        None => E_ABSENT,
        Some(child) if unsafe { wait(child, out) } == E_ARGUMENT => E_ARGUMENT,
        Some(child) => child as i32,
    }
}
