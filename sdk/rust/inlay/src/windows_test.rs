//! Views, lines and records over many borders of windows, which are 64 bytes here, in steps of 16.

use crate::testing::{Host, Outcome};
use crate::{find_byte, Answer, Error, Failure, Request};

fn text(size: usize) -> Vec<u8> {
    let mut dice = 11u64;
    let mut drawn = move || {
        dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (dice >> 33) as usize
    };
    (0..size).map(|_| b"ab cd\nefg hijk"[drawn() % 14]).collect()
}

fn on(content: &[u8], function: fn(&Request) -> Answer) -> Outcome {
    let outcome = Host::new().object("b/k", content).run(function);
    assert_eq!(outcome.windows, 0, "windows are taken away");
    outcome
}

fn views(request: &Request) -> Answer {
    let mut sender = request.response().sender()?;
    let mut views = request.open("b/k")?.windows(..)?;
    while let Some(view) = views.next_view()? {
        assert!(!view.is_empty() && view.len() <= 64);
        sender.send(view)?;
    }
    sender.end()
}

#[test]
fn views_are_the_source_one_after_the_other() {
    for size in [0, 1, 63, 64, 65, 128, 1000] {
        assert_eq!(on(&text(size), views).body, text(size), "{size}");
    }
}

fn units(request: &Request) -> Answer {
    let source = request.open("b/k")?;
    for unit in [1, 3, 7, 16, 33, 48] {
        let mut views = source.windows_of(unit, 5..)?;
        let (mut at, mut cut) = (5, 0);
        while let Some(view) = views.next_view()? {
            assert_eq!(cut, 0, "only the last view may end in a part of one");
            assert!(view == &text(1000)[at..at + view.len()]);
            cut = view.len() % unit as usize;
            at += view.len();
        }
        assert_eq!(at, 1000, "{unit}");
    }
    for unit in [0, 49] {
        assert_eq!(source.windows_of(unit, ..).err(), Some(Error::Argument));
    }
    Ok(())
}

#[test]
fn units_are_not_cut() {
    assert_eq!(on(&text(1000), units).status, 200);
}

fn lines(request: &Request) -> Answer {
    let mut sender = request.response().sender()?;
    let mut lines = request.open("b/k")?.lines(..)?;
    while let Some(line) = lines.next_line()? {
        sender.send_ranges(&[line.into(), "|".into()])?;
    }
    sender.end()
}

fn lines_of(content: &[u8]) -> Vec<u8> {
    let content = content.strip_suffix(b"\n").map_or(content, |one| one);
    let lines = content.split(|byte| *byte == b'\n');
    lines.flat_map(|line| [line, b"|"].concat()).collect()
}

#[test]
fn lines_are_whole_wherever_they_begin() {
    for size in 1..300 {
        assert_eq!(on(&text(size), lines).body, lines_of(&text(size)), "{size}");
    }
    assert_eq!(on(b"", lines).body, b"");
    assert_eq!(on(b"\n\na", lines).body, b"||a|");
}

#[test]
fn a_line_may_be_as_long_as_what_a_window_holds() {
    let long = [&b"0123456789abcde\n"[..], &[b'x'; 47], b"\ny\n"].concat();
    assert_eq!(on(&long, lines).body, lines_of(&long));
    let too_long = [&b"x\n"[..], &[b'x'; 65], b"\ny\n"].concat();
    assert_eq!(on(&too_long, lines).code, Error::Limit.code());
    assert_eq!(Host::new().object("b/k", too_long).run(limit).code, 7);
}

fn limit(request: &Request) -> Answer {
    let mut lines = request.open("b/k")?.lines(..)?;
    assert_eq!(lines.next_line(), Ok(Some(&b"x"[..])));
    assert_eq!(lines.next_line(), Err(Error::Limit));
    Err(Failure::Code(7))
}

fn records(request: &Request) -> Answer {
    let mut sender = request.response().sender()?;
    let mut records = request.open("b/k")?.records::<12>(..)?;
    while let Some(record) = records.next_record()? {
        sender.send(record)?;
    }
    sender.end()
}

#[test]
fn records_come_whole_and_a_part_of_one_does_not() {
    for size in 0..300 {
        assert_eq!(on(&text(size), records).body, text(size - size % 12), "{size}");
    }
}

fn early(request: &Request) -> Answer {
    let source = request.open("b/k")?;
    assert!(source.windows(..)?.next_view()?.is_some());
    assert!(source.lines(..)?.next_line()?.is_some());
    assert!(source.records::<4>(..)?.next_record()?.is_some());
    assert_eq!(source.lines(1001..).err(), Some(Error::Range));
    Ok(())
}

#[test]
fn what_is_left_early_is_unmapped() {
    on(&text(1000), early);
}

#[test]
fn bytes_are_found_where_they_are_first() {
    for size in 0..40 {
        for at in 0..size {
            let mut bytes = vec![b'\x0b'; size];
            bytes[at..].fill(b'\n');
            assert_eq!(find_byte(&bytes, b'\n'), Some(at));
        }
        assert_eq!(find_byte(&vec![0x8a; size], b'\n'), None);
    }
}
