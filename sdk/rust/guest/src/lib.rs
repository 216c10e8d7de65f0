//! What test/rust_sdk_test.py asks of the SDK in WebAssembly: a guest of several ways, chosen by ?way=.
#![no_std]
extern crate alloc;

use alloc::vec::Vec;
use core::arch::wasm32::memory_size;
use inlay::{Answer, Error, Failure, Level, Request, Text};

fn numbers(request: &Request, numbers: &[u64]) -> Answer {
    let mut text = Text::<512>::new();
    for number in numbers {
        text.push_u64(*number).push(" ");
    }
    request.response().bytes(text.as_bytes())
}

/// Where a window comes to lie, and what has become of own memory and of the counts.
fn place(request: &Request) -> Answer {
    core::hint::black_box(Vec::<u8>::with_capacity(1000));
    let before = (memory_size(0) << 16, inlay::heap_bytes());
    let window = request.input()?.map(..)?;
    let touched: u64 = window.chunks(4096).map(|page| u64::from(page[0])).sum();
    let cost = inlay::cost();
    let [address, length] = [window.as_ptr() as u64, window.len() as u64];
    let after = (memory_size(0) << 16, inlay::heap_bytes());
    numbers(request, &[address, length, touched, before.0 as u64, after.0 as u64, before.1 as u64, after.1 as u64, cost.copied])
}

fn lies_in(bytes: &[u8], window: &[u8]) -> bool {
    bytes.as_ptr_range().start < window.as_ptr_range().end && window.as_ptr_range().start < bytes.as_ptr_range().end
}

/// The first allocations come after the first window; then both come in turns. All blocks are written.
fn heap(request: &Request) -> Answer {
    let source = request.input()?;
    let input = source.map(..)?;
    let mut output = request.output(input.len() as u64)?;
    let first_heap = inlay::heap_bytes();
    let mut windows = Vec::new();
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    let mut overlaps = 0;
    for round in 0..3000usize {
        if round % 100 == 0 {
            windows.push(source.map(round as u64..)?);
        }
        let mut block = Vec::new();
        block.resize([24, 700, 5000, 40_000, 300_000][round % 5] + round, round as u8);
        overlaps += windows.iter().filter(|window| lies_in(&block, window)).count();
        overlaps += usize::from(lies_in(&block, &input)) + usize::from(lies_in(&block, &output));
        blocks.push(block);
        if round % 3 == 0 {
            blocks.swap_remove(round * 7 % blocks.len());
        }
        if round % 400 == 399 {
            windows.swap_remove(0);
        }
    }
    let kept: usize = blocks.iter().map(|block| usize::from(block.iter().all(|byte| *byte == block[0]))).sum();
    output.copy_from_slice(&input);
    let is_whole = output[..] == input[..] && windows.iter().all(|window| input.ends_with(window));
    let counts =
        [first_heap as u64, inlay::heap_bytes() as u64, overlaps as u64, u64::from(is_whole), (blocks.len() - kept) as u64];
    numbers(request, &counts)
}

fn lines(request: &Request) -> Answer {
    let (mut count, mut bytes) = (0, 0);
    let mut lines = request.input()?.lines(..)?;
    while let Some(line) = lines.next_line()? {
        count += 1;
        bytes += line.len() as u64;
    }
    numbers(request, &[count, bytes, inlay::cost().windows])
}

/// Records of 12 bytes: their numbers are in order, and the second ones are summed.
fn records(request: &Request) -> Answer {
    let (mut count, mut sum) = (0, 0);
    let mut records = request.input()?.records::<12>(..)?;
    while let Some([a, b, c, d, e, f, g, h, ..]) = records.next_record()? {
        if u32::from_le_bytes([*a, *b, *c, *d]) != count {
            return Err(Failure::Code(3));
        }
        count += 1;
        sum += u64::from(u32::from_le_bytes([*e, *f, *g, *h]));
    }
    numbers(request, &[u64::from(count), sum])
}

/// `rust-wc` of each half of the input, side by side, then of all.
fn calls(request: &Request) -> Answer {
    let input = request.input()?.map(..)?;
    let (left, right) = input.split_at(input.len() / 2);
    let children = [request.spawn("rust-wc", "", &[left.into()])?, request.spawn("rust-wc", "", &[right.into()])?];
    let all = request.call("rust-wc", "stream=0", &[(&input).into()])?.completed()?;
    let mut contents = Vec::new();
    for called in [request.wait(children[0])?, request.wait(children[1])?, all] {
        contents.push(called.content()?.ok_or(Error::Absent)?.map(..)?);
    }
    let ranges: Vec<_> = contents.iter().map(Into::into).collect();
    request.response().ranges(&ranges)
}

/// What is handed over out of the middle of a window begins as far into a page for who gets it: here of a call and of its result.
fn handed(request: &Request) -> Answer {
    let input = request.input()?.map(..)?;
    let called = request.call("rust-guest", "way=handed_over", &[(&input[5..]).into()])?.completed()?;
    let content = called.content()?.ok_or(Error::Absent)?.map(..)?;
    check_place(&content, 14)?;
    request.response().ranges(&[(&content).into()])
}

fn handed_over(request: &Request) -> Answer {
    let input = request.input()?.map(..)?;
    check_place(&input, 5)?;
    request.response().ranges(&[(&input[9..]).into()])
}

/// Below the threshold it was copied on the way, and begins at the begin of a page.
fn check_place(window: &[u8], place: usize) -> Answer {
    let expected = if window.len() < 16 << 10 { 0 } else { place };
    (window.as_ptr() as usize % 4096 == expected).then_some(()).ok_or(Failure::Code(7))
}

fn parts(request: &Request) -> Answer {
    let name = request.part_owned(inlay::Part::Function)?;
    inlay::log(Level::Warn, "a line");
    inlay::log!(Level::Info, "{} bytes", name.len());
    let mut bytes = alloc::vec![0; 100_000];
    inlay::random(&mut bytes)?;
    if bytes.chunks(16).any(|chunk| chunk.iter().all(|byte| *byte == 0)) || inlay::wall_clock_ns() < inlay::elapsed_ns() {
        return Err(Failure::Code(4));
    }
    request.response().status(201).header("X-Own", &name).empty()
}

#[inlay::function]
fn guest(request: &Request) -> Answer {
    let mut way = [0; 16];
    match request.parameter("way", &mut way)?.unwrap_or(b"") {
        b"place" => place(request),
        b"heap" => heap(request),
        b"lines" => lines(request),
        b"records" => records(request),
        b"calls" => calls(request),
        b"handed" => handed(request),
        b"handed_over" => handed_over(request),
        b"parts" => parts(request),
        b"code" => Err(Failure::Code(77)),
        b"panic" => panic!("on purpose"),
        _ => Err(Failure::Status(400, "way: which one?")),
    }
}
