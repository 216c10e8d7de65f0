//! The allocator over pages that others take pieces of, as windows do.

use super::*;
use std::alloc;

const ROOM: usize = 64 << 20;

/// Pages of one native piece. After each grow a page is somebody else's.
struct Room {
    begin: *mut u8,
    at: usize,
    others: Vec<usize>,
}

impl Room {
    fn layout() -> Layout {
        Layout::from_size_align(ROOM, PAGE).unwrap()
    }

    fn new() -> Room {
        Room { begin: unsafe { alloc::alloc_zeroed(Room::layout()) }, at: 0, others: Vec::new() }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        unsafe { alloc::dealloc(self.begin, Room::layout()) };
    }
}

impl Pages for Room {
    fn grow(&mut self, bytes: usize) -> Option<*mut u8> {
        if self.at + bytes + PAGE > ROOM {
            return None;
        }
        let begin = self.begin.wrapping_add(self.at);
        self.others.push(begin as usize + bytes);
        self.at += bytes + PAGE;
        Some(begin)
    }
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

#[test]
fn blocks_neither_overlap_nor_lie_in_what_others_took() {
    let mut heap = Heap::new(Room::new());
    let mut blocks: Vec<(*mut u8, Layout, u8)> = Vec::new();
    let mut dice = 7u64;
    for round in 0..20_000u32 {
        dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let drawn = (dice >> 33) as usize;
        if blocks.len() > 200 || (drawn % 3 == 0 && !blocks.is_empty()) {
            let (block, layout, mark) = blocks.swap_remove(drawn % blocks.len());
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            assert!(bytes.iter().all(|byte| *byte == mark), "a block was written by another");
            unsafe { heap.free(block, layout) };
            continue;
        }
        let size = 1 + drawn % if drawn % 50 == 0 { 300_000 } else { 3000 };
        let wanted = layout(size, 1 << ((drawn >> 8) % 9));
        let block = unsafe { heap.allocate(wanted) };
        assert!(!block.is_null() && block as usize % wanted.align() == 0);
        let (begin, end) = (block as usize, block as usize + size);
        assert!(heap.pages.others.iter().all(|other| end <= *other || begin >= other + PAGE));
        unsafe { block.write_bytes(round as u8, size) };
        blocks.push((block, wanted, round as u8));
    }
}

#[test]
fn what_is_freed_is_used_again() {
    let mut heap = Heap::new(Room::new());
    for size in [16, 100, 5000, 40_000, 1_000_000] {
        for _ in 0..10_000 {
            let block = unsafe { heap.allocate(layout(size, 8)) };
            assert!(!block.is_null());
            unsafe { heap.free(block, layout(size, 8)) };
        }
    }
    assert!(heap.taken() <= 4 << 20, "{}", heap.taken());
}

#[test]
fn neighbours_are_joined() {
    let mut heap = Heap::new(Room::new());
    let whole = unsafe { heap.allocate(layout(8 * PAGE, 8)) };
    unsafe { heap.free(whole, layout(8 * PAGE, 8)) };
    let pieces: Vec<_> = (0..8).map(|_| unsafe { heap.allocate(layout(PAGE, 8)) }).collect();
    for number in [1, 3, 0, 2, 7, 5, 6, 4] {
        unsafe { heap.free(pieces[number], layout(PAGE, 8)) };
    }
    let taken = heap.taken();
    assert_eq!(unsafe { heap.allocate(layout(8 * PAGE, 8)) }, whole);
    assert_eq!(heap.taken(), taken);
}

#[test]
fn no_room_is_null() {
    let mut heap = Heap::new(Room::new());
    assert!(unsafe { heap.allocate(layout(2 * ROOM, 8)) }.is_null());
    assert!(unsafe { heap.allocate(layout(16, 4 * PAGE)) }.is_null());
    assert!(!unsafe { heap.allocate(layout(ROOM / 2, 8)) }.is_null());
}
